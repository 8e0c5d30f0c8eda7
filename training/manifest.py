"""Writes `models/manifest.json` from the exported files and their scores. `python -m training.manifest`."""

import argparse
import hashlib
import json
from pathlib import Path

import torch

from training import evaluate, sources
from training.onnx_reference import OnnxReference, halo_of
from training.paths import DEFAULT_DATA, MODELS

VERSION = 1
LICENCE = "MIT OR Apache-2.0"


def multiply_adds_per_output_pixel(network: OnnxReference) -> int:
    """Multiply-adds of the convolutions, which all run at low resolution, for one output pixel (rounded)."""
    return round(sum(kernel.numel() for kernel in network.kernels()) / network.scale**2)


def entry(path: Path, credits: list[str], data: Path) -> dict:
    """The manifest's record of one file, named `<network>-x<scale>-<variant>.onnx`."""
    content = path.read_bytes()
    network = OnnxReference(path)
    name, variant = path.stem.split(f"-x{network.scale}-")
    return {
        "id": path.stem,
        "name": name,
        "scale": network.scale,
        "variant": variant,
        "file": path.name,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "colour": "luma",
        "halo": halo_of(network.kernels()),
        "kernel": "bicubic",
        "parameters": network.parameters,
        "macs_per_output_pixel": multiply_adds_per_output_pixel(network),
        "licence": LICENCE,
        "card": f"{name}.md",
        "data": credits,
        "scores": evaluate.scores(network, data),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the tars and testsets/")
    options = parser.parse_args()
    torch.set_num_threads(1)
    credits = sources.credits(sources.all_records(options.data))
    models = [entry(path, credits, options.data) for path in sorted(MODELS.glob("*.onnx"))]
    text = json.dumps({"version": VERSION, "models": models}, indent=2, ensure_ascii=False)
    (MODELS / "manifest.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
