"""Writes `models/manifest.json`, and the cards' tables, from the exported files. `python -m training.report.manifest`."""

import argparse
import hashlib
import json
from pathlib import Path

import torch

from training.data import sources
from training.data.tiles import archives, read_index
from training.networks.families import FAMILIES
from training.paths import DEFAULT_DATA, MODELS
from training.report import card, evaluate
from training.report.onnx_reference import OnnxReference

VERSION = 1
LICENCE = "MIT OR Apache-2.0"
KERNELS = {"bicubic": "bicubic", "web": "mixed"}
"""What made the training pictures small, by variant; the web mix is area, bilinear, bicubic and Lanczos."""


def known_scores(manifest: Path) -> dict[str, dict]:
    """Scores in an earlier manifest, by the SHA-256 of the file that they belong to."""
    if not manifest.exists():
        return {}
    return {model["sha256"]: model["scores"] for model in json.loads(manifest.read_text())["models"]}


def credits_of(name: str, data: Path) -> list[str]:
    """What the model `name` was trained on, one line for each source. Refused where tiles of a kind are missing: nobody loses
    their credit by that."""
    facts = FAMILIES[name].FACTS
    kinds = facts.kinds
    found = [r for archive in archives(data, kinds, facts.textured) for r in read_index(archive) if r.kind in kinds]
    # Older families learned from the doubtful ones before they were left out.
    records = [r for r in found if not (facts.textured and r.doubtful)]
    if missing := set(kinds) - {record.kind for record in records}:
        raise FileNotFoundError(
            f"{name} learned from tiles of {', '.join(sorted(missing))} too, and there are none in {data} nor in the cache: "
            "text and art are made by `python -m training.data.render_text` and `python -m training.data.render_art`"
        )
    return sources.credits(records)


def entry(path: Path, known: dict[str, dict], data: Path) -> dict:
    """The manifest's record of one file, named `<network>-x<scale>-<variant>.onnx`; it is scored unless `known`."""
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    network = OnnxReference(path)
    name, variant = path.stem.split(f"-x{network.scale}-")
    return {
        "id": path.stem,
        "name": name,
        "scale": network.scale,
        "variant": variant,
        "file": path.name,
        "bytes": len(content),
        "sha256": sha256,
        "colour": "luma" if network.colours == 1 else "rgb",
        **({"noise": network.noise} if network.noise else {}),
        "halo": network.halo,
        "kernel": KERNELS[variant],
        "parameters": network.parameters,
        "macs_per_output_pixel": network.multiply_adds_per_output_pixel,
        **({"denoise": FAMILIES[name].FACTS.strongest} if "denoise" in network.constants else {}),
        "licence": LICENCE,
        "card": f"{name}.md",
        "data": credits_of(name, data),
        # At the same size there is nothing that the published sets could score.
        "scores": known.get(sha256) or ({} if network.scale == 1 else evaluate.scores(network, data)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the tars and testsets/")
    parser.add_argument("--afresh", action="store_true", help="score unchanged files again")
    options = parser.parse_args()
    torch.set_num_threads(1)
    manifest = MODELS / "manifest.json"
    known = {} if options.afresh else known_scores(manifest)
    models = [entry(path, known, options.data) for path in sorted(MODELS.glob("*.onnx"))]
    models.sort(key=lambda model: (list(FAMILIES).index(model["name"]), model["id"]))
    auto = {family.FACTS.chosen_for: name for name, family in FAMILIES.items() if family.FACTS.chosen_for}
    text = json.dumps({"version": VERSION, "auto": auto, "models": models}, indent=2, ensure_ascii=False)
    manifest.write_text(text + "\n")
    scales = {model["scale"] for model in models} - {1}
    bicubic = {scale: evaluate.bicubic_scores(scale, options.data) for scale in scales}
    for name in sorted({model["card"] for model in models}):
        described = [model for model in models if model["card"] == name]
        page = (MODELS / name).read_text()
        published = {scale: bicubic[scale] for scale in {model["scale"] for model in described} & scales}
        page = card.fill(page, "scores", card.score_table(described, published))
        (MODELS / name).write_text(card.fill(page, "credits", card.credit_list(described)))


if __name__ == "__main__":
    main()
