"""Weights files: the averaged network of a run with its recipe, without the optimiser."""

from pathlib import Path

import torch

from training.photo_fast import PhotoFast


def read(path: Path) -> PhotoFast:
    """The averaged network in a weights file or a checkpoint."""
    saved = torch.load(path, weights_only=True, map_location="cpu")
    network = PhotoFast(saved["recipe"]["scale"])
    network.load_state_dict(saved["average"])
    return network


def extract(checkpoint: Path, path: Path) -> None:
    """Keep of a checkpoint what a later run can start from."""
    saved = torch.load(checkpoint, weights_only=True, map_location="cpu")
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({key: saved[key] for key in ("recipe", "done", "average")}, path)
