"""Writes a small state of a GAN's run, to be kept beside the code: `python -m training.run.keep RUN FILE`.

Numbers are halved and the network's Adam state is left out: a run that goes on from it (`training.run.train --state FILE`) has to find its
step sizes again, which takes some hundred steps. Everything else is there: network, average, critic with its Adam state, generator, schedule.
"""

import argparse
from pathlib import Path

import torch

from training.run.runs import CHECKPOINT


def halved(values: object) -> object:
    """The same structure with its f32 tensors in half precision, but single numbers as they are."""
    if isinstance(values, torch.Tensor):
        return values.half() if values.dtype == torch.float32 and values.numel() > 1 else values
    if isinstance(values, dict):
        return {name: halved(value) for name, value in values.items()}
    return [halved(value) for value in values] if isinstance(values, list) else values


def small(state: dict) -> dict:
    """What is kept of a checkpoint; a ValueError where it is not a GAN's."""
    if "critic" not in state["optimiser"]:
        raise ValueError("only the runs of a GAN are kept: for others `python -m training.run.export` keeps weights to start from")
    return halved({**state, "optimiser": {**state["optimiser"], "painter": None}})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("file", type=Path, help="file to write")
    options = parser.parse_args()
    kept = small(torch.load(options.run / CHECKPOINT, weights_only=True, map_location="cpu"))
    options.file.parent.mkdir(parents=True, exist_ok=True)
    partial = options.file.with_suffix(".partial")
    torch.save(kept, partial)
    partial.replace(options.file)
    print(f"{options.file}: step {kept['done']}, {options.file.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
