"""Trains `doubt` beside a frozen photo, in minutes: `python -m training.run.doubt --scale 4`.

Writes the weights with the figures on held-out photographs: how well the map goes with what is really missing, inside each picture and
over all of them, and how much more the other photo networks lack.
"""

import argparse
import copy
from pathlib import Path

import numpy as np
import torch

from training.data import corpus as corpora
from training.data import degrade
from training.data.corpus import Corpus, to_planes
from training.networks import onnx_export, weights
from training.networks.doubt import Doubt, missing
from training.networks.facts import PHOTOGRAPHS
from training.paths import CHECKPOINTS, DEFAULT_DATA
from training.run.schedule import Schedule

FOLDER = CHECKPOINTS / "doubt"
BATCH, PATCH, WARM_UP = 16, 40, 100
TILES = 600
"""Of each archive."""
SEED, HELD_OUT_SEED = 31, 1_000_003
EMA = 0.99
FLAT = 1e-3
"""Deviation below which a map says nothing about places."""
REPORTED = 500
"""Steps between two lines."""


def twins(data: Path, scale: int, held_out: bool) -> Corpus:
    """Tiles with twins as the web leaves them."""
    kinds = {"photo": 1.0} if held_out else PHOTOGRAPHS
    corpus = corpora.load(data, scale, held_out, TILES, kinds, textured=True)
    seed = (HELD_OUT_SEED if held_out else SEED,)
    corpus.low = torch.from_numpy(degrade.degraded("web", corpus.high.numpy(), scale, seed).low)
    return corpus


def enlarged(network: torch.nn.Module, low: torch.Tensor) -> torch.Tensor:
    """What `network` makes of RGB [n, 3, h, w]: a network of luma takes and gives that alone."""
    if network.COLOURS == 3:
        return network(low)
    weight = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    return network((low * weight).sum(1, keepdim=True)).expand(-1, 3, -1, -1)


@torch.no_grad()
def lacking(network: torch.nn.Module, corpus: Corpus) -> torch.Tensor:
    """What `network` lacks of every tile: [n, 1, h, w] at the size of the twins."""
    maps = []
    for i in range(len(corpus.high)):
        low, high = (to_planes(tiles[i : i + 1], 3) for tiles in (corpus.low, corpus.high))
        with torch.autocast("cpu", torch.bfloat16, enabled=network.COLOURS == 3):
            made = enlarged(network, low).float()
        maps.append(missing(high, made, network.scale))
    return torch.cat(maps)


def train(of: int, corpus: Corpus, truth: torch.Tensor, steps: int, peak_rate: float = 4e-3) -> Doubt:
    """A `Doubt` that says `truth` of the twins, the moving average of the last hundred steps; edges do not count."""
    torch.manual_seed(SEED)
    head = Doubt(of)
    average = copy.deepcopy(head).requires_grad_(False)
    optimiser = torch.optim.Adam(head.parameters(), lr=0.0)
    schedule = Schedule(peak_rate, WARM_UP, steps // 3, steps - steps // 3)
    inner = slice(head.HALO, -head.HALO)
    total = 0.0
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate(step)
        chosen = torch.multinomial(corpus.weight, BATCH)
        y, x = (int(torch.randint(corpus.low.shape[1] - PATCH + 1, ())) for _ in range(2))
        low = to_planes(corpus.low[chosen, y : y + PATCH, x : x + PATCH], 3)
        wanted = truth[chosen, :, y : y + PATCH, x : x + PATCH]
        loss = (head(low) - wanted)[..., inner, inner].abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.item()
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(head.parameters()), 1 - min(EMA, (step + 1) / (step + 10)))
        if step % REPORTED == REPORTED - 1:
            print(f"step {step + 1}: {total / REPORTED:.4f}", flush=True)
            total = 0.0
    return average


@torch.no_grad()
def measured(head: Doubt, truth: torch.Tensor, corpus: Corpus) -> dict[str, float]:
    """`inside`: the mean over pictures that are not flat of the correlation with what is missing; `over_all` of them together; `error`: the mean absolute
    error of the logarithm; `offset`: how much more of it is missing than said, in the mean."""
    said = torch.cat([head(to_planes(corpus.low[i : i + 1], 3)) for i in range(len(corpus.low))])
    pairs = [(a.flatten(), b.flatten()) for a, b in zip(said.numpy(), truth.numpy(), strict=True)]
    inside = [np.corrcoef(a, b)[0, 1] for a, b in pairs if min(a.std(), b.std()) > FLAT]
    figures = {
        "inside": np.mean(inside),
        "over_all": np.corrcoef(said.flatten(), truth.flatten())[0, 1],
        "error": (said - truth).abs().mean(),
        "offset": (truth - said).mean(),
    }
    return {name: round(float(value), 4) for name, value in figures.items()}


def read(path: Path) -> Doubt:
    """The trained network in a file of `main`."""
    saved = torch.load(path, weights_only=True, map_location="cpu")
    head = Doubt(saved["of"])
    head.load_state_dict({name: value.float() for name, value in saved["average"].items()})
    return head


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, default=4, choices=(2, 4))
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the tars")
    parser.add_argument("--export", type=Path, help="only write the trained network as ONNX, to this file")
    options = parser.parse_args()
    torch.set_num_threads(1)
    path = FOLDER / f"doubt-at-{options.scale}.pt"
    if options.export:
        return onnx_export.write(read(path), options.export, half=True)
    names = [f"{name}-x{options.scale}-{variant}" for name in ("photo", "photo-fast") for variant in ("web", "bicubic")]
    networks = {name: weights.read(CHECKPOINTS / f"{name}.pt").requires_grad_(False) for name in names}
    corpus = twins(options.data, options.scale, False)
    head = train(options.scale, corpus, lacking(networks[names[0]], corpus), options.steps)
    held_out = twins(options.data, options.scale, True)
    figures = {name: measured(head, lacking(network, held_out), held_out) for name, network in networks.items()}
    for name, found in figures.items():
        print(name, found, flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    average = {name: value.half() for name, value in head.state_dict().items()}
    torch.save({"of": options.scale, "steps": options.steps, "average": average, "figures": figures}, path)
    return None


if __name__ == "__main__":
    main()
