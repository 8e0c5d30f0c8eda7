"""The networks by name. Each class has NAME, COLOURS (1: luma, 3: RGB), HALO, `scale`, `tail` and `lay_out`."""

import torch
from torch import nn

from training.art import Art
from training.detail import Detail
from training.photo import Photo
from training.photo_fast import PhotoFast
from training.restore import Restore
from training.text import Text

FAMILIES = {family.NAME: family for family in (PhotoFast, Photo, Text, Art, Restore, Detail)}


def build(model: str, scale: int) -> nn.Module:
    """A fresh network of the family `model`; a ValueError names the families that there are."""
    if model not in FAMILIES:
        raise ValueError(f"there is no model {model!r}: choose one of {', '.join(FAMILIES)}")
    return FAMILIES[model](scale)


def widen(trained: nn.Module, scale: int) -> nn.Module:
    """A network for a larger `scale` that starts from `trained`: each new subpixel copies the tail of the old
    subpixel that covers it, in each colour."""
    network = build(trained.NAME, scale)
    state = trained.state_dict()
    covering = torch.arange(scale) * trained.scale // scale
    subpixel = (covering[:, None] * trained.scale + covering[None]).flatten()
    colour = torch.arange(trained.COLOURS) * trained.scale**2
    outputs = (colour[:, None] + subpixel[None]).flatten()
    for name in ("tail.project", "tail.bias"):
        state[name] = state[name][outputs]
    network.load_state_dict(state)
    return network
