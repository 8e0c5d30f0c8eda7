"""Weights files: the averaged network of a run with its recipe, without the optimiser."""

from pathlib import Path

import torch
from torch import nn

from training.networks import families

DEFAULT_MODEL = "photo-fast"
"""Of a checkpoint written before recipes named their model."""


def read(path: Path) -> nn.Module:
    """The averaged network in a weights file or a checkpoint."""
    saved = torch.load(path, weights_only=True, map_location="cpu")
    recipe = saved["recipe"]
    network = families.build(recipe.get("model", DEFAULT_MODEL), recipe["scale"])
    network.load_state_dict(saved["average"])
    return network


def recipe_of(path: Path) -> dict:
    """The recipe in a weights file or a checkpoint."""
    return torch.load(path, weights_only=True, map_location="cpu")["recipe"]


def extract(checkpoint: Path, path: Path, *, half: bool = False) -> None:
    """Keep of a checkpoint what a later run can start from; `half` keeps it in half precision, which `read` takes as well."""
    saved = torch.load(checkpoint, weights_only=True, map_location="cpu")
    if half:
        saved["average"] = {name: values.half() for name, values in saved["average"].items()}
    write(saved, path)


def write(saved: dict, path: Path) -> None:
    """Write of a checkpoint's contents what a weights file has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({key: saved[key] for key in ("recipe", "done", "average")}, path)
