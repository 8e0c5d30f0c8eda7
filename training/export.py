"""Command line: export a run as ONNX and keep its weights. `python -m training.export RUN`."""

import argparse
from pathlib import Path

from training import onnx_export, weights
from training.paths import CHECKPOINTS, MODELS
from training.train import CHECKPOINT


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("--variant", default="bicubic", help="degradation that the run was trained for")
    options = parser.parse_args()
    checkpoint = options.run / CHECKPOINT
    network = weights.read(checkpoint)
    name = f"photo-fast-x{network.scale}-{options.variant}"
    MODELS.mkdir(exist_ok=True)
    onnx_export.write(network, MODELS / f"{name}.onnx")
    weights.extract(checkpoint, CHECKPOINTS / f"{name}.pt")
    print(f"{name}: {(MODELS / f'{name}.onnx').stat().st_size} bytes of ONNX")


if __name__ == "__main__":
    main()
