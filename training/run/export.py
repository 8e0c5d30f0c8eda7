"""Command line: export a run as ONNX and keep its weights. `python -m training.run.export RUN`."""

import argparse
from pathlib import Path

from training.networks import onnx_export, weights
from training.paths import CHECKPOINTS, MODELS
from training.run.runs import CHECKPOINT


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, nargs="+", help="folder of a run, or a weights file")
    parser.add_argument("--variant", help="degradation that the run was trained for; the recipe's unless given")
    parser.add_argument("--full", action="store_true", help="keep the kernels in f32; they are halved otherwise")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder for the ONNX files")
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS, help="folder for the weights")
    options = parser.parse_args()
    options.models.mkdir(parents=True, exist_ok=True)
    for run in options.run:
        saved = run / CHECKPOINT if run.is_dir() else run
        network = weights.read(saved)
        variant = options.variant or weights.recipe_of(saved).get("variant", "bicubic")
        name = f"{network.NAME}-x{network.scale}-{variant}"
        onnx_export.write(network, options.models / f"{name}.onnx", half=not options.full)
        weights.extract(saved, options.checkpoints / f"{name}.pt", half=True)
        print(f"{name}: {(options.models / f'{name}.onnx').stat().st_size} bytes of ONNX")


if __name__ == "__main__":
    main()
