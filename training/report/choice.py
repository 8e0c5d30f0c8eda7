"""Fits what tells photographs, art and text apart: `models/choice.json`. `python -m training.report.choice ENGINE`.

The statistics are the engine's own (`inlarge kind --json`); this fits one weight of each for each kind, by logistic
regression, on training tiles as the web leaves them: resized by a random factor, most of them compressed.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from training.data import degrade
from training.data.tiles import archives, read_index, read_tiles
from training.paths import DEFAULT_DATA, MODELS

CHOICE = MODELS / "choice.json"
KIND_OF_TILE = {"photo": "photo", "art": "art", "line": "art", "text": "text", "ui": "text"}
KINDS = ("photo", "art", "text")
TILES = 700
"""Of each kind of tile."""
FACTORS = (0.5, 2.5)
COMPRESSED_SHARE = 0.6
QUALITY = (45, 96)
PENALTY = 1e-3
PHOTO_PRIOR = 1.0
"""Added to the score of photographs: they are what most people bring, and the model for them harms other pictures least."""
SEED = 7


def examples(data: Path) -> list[tuple[str, np.ndarray]]:
    """The kind and the pixels of tiles that training may see."""
    rng = np.random.default_rng(SEED)
    chosen: dict[str, list] = {}
    for archive in archives(data, KIND_OF_TILE):
        for record in read_index(archive):
            if not record.held_out and record.kind in KIND_OF_TILE:
                chosen.setdefault(record.kind, []).append((archive, record))
    found = []
    for kind, candidates in sorted(chosen.items()):
        picked = [candidates[i] for i in rng.permutation(len(candidates))[:TILES]]
        for archive in sorted({archive for archive, _ in picked}):
            records = [record for a, record in picked if a == archive]
            found += [(KIND_OF_TILE[kind], tile) for tile in read_tiles(archive, records)]
    return found


def as_found(tile: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """A tile as it may be met: of another size, and compressed."""
    picture = Image.fromarray(tile)
    side = round(tile.shape[0] * np.exp(rng.uniform(*np.log(FACTORS))))
    picture = picture.resize((side, side), degrade.KERNELS[rng.integers(1, len(degrade.KERNELS))])
    if rng.random() < COMPRESSED_SHARE:
        picture = degrade.compress(picture, rng, int(rng.integers(*QUALITY)), degrade.JPEG_SHARE)
    return picture


def guesses(engine: Path, pictures: list[Image.Image]) -> list[dict]:
    """What the engine says of pictures."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number, picture in enumerate(pictures):
            files.append(Path(folder) / f"{number:05}.png")
            picture.save(files[-1], compress_level=1)
        said = subprocess.run([engine, "kind", "--json", *files], capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in said.splitlines()]


def fit(values: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """Weights [kinds, statistics + 1] of a logistic regression on `values` [n, statistics]; every kind counts the same."""
    mean, deviation = values.mean(axis=0), values.std(axis=0) + 1e-6
    x = torch.tensor(np.hstack([(values - mean) / deviation, np.ones((len(values), 1))]), dtype=torch.float64)
    y = torch.tensor(kinds)
    share = 1.0 / torch.bincount(y, minlength=len(KINDS)).double()
    weights = torch.zeros(len(KINDS), x.shape[1], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=500, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        error = torch.nn.functional.cross_entropy(x @ weights.T, y, weight=share)
        total = error + PENALTY * weights[:, :-1].square().sum()
        total.backward()
        return total

    optimiser.step(loss)
    fitted = weights.detach().numpy()
    plain = fitted[:, :-1] / deviation
    return np.hstack([plain, fitted[:, -1:] - (plain * mean).sum(axis=1, keepdims=True)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", type=Path, help="the inlarge command line")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the tars")
    options = parser.parse_args()
    rng = np.random.default_rng(SEED)
    found = examples(options.data)
    said = guesses(options.engine, [as_found(tile, rng) for _, tile in found])
    names = json.loads(CHOICE.read_text())["statistics"]
    values = np.array([[guess["statistics"][name] for name in names] for guess in said])
    kinds = np.array([KINDS.index(kind) for kind, _ in found])
    weights = fit(values, kinds)
    weights[KINDS.index("photo"), -1] += PHOTO_PRIOR
    right = (np.hstack([values, np.ones((len(values), 1))]) @ weights.T).argmax(axis=1) == kinds
    for number, kind in enumerate(KINDS):
        print(f"{kind}: {right[kinds == number].mean():.1%} of {np.sum(kinds == number)} tiles that it was fitted to")
    table = {kind: [round(float(w), 4) for w in row] for kind, row in zip(KINDS, weights, strict=True)}
    CHOICE.write_text(json.dumps({"statistics": names, "weights": table}, indent=2) + "\n")


if __name__ == "__main__":
    main()
