"""The networks by name, in the order in which people are offered them. Each class has NAME, FACTS, COLOURS (1: luma, 3: RGB), PLANES (of its input: the
colours, and noise where it takes any), HALO, `scale`, `tail` and `lay_out`; a new family is a class of its own and a place in `FAMILIES`."""

import torch
from torch import nn

from training.networks.art import Art
from training.networks.detail import Detail
from training.networks.facts import Facts
from training.networks.photo import Photo
from training.networks.photo_fast import PhotoFast
from training.networks.restore import Restore
from training.networks.text import Text

FAMILIES = {family.NAME: family for family in (PhotoFast, Photo, Text, Art, Restore, Detail)}


def family(model: str) -> type[nn.Module]:
    """The class of the family `model`; a ValueError names the families that there are."""
    if model not in FAMILIES:
        raise ValueError(f"there is no model {model!r}: choose one of {', '.join(FAMILIES)}")
    return FAMILIES[model]


def facts(model: str) -> Facts:
    """What is to be known of the family `model`."""
    return family(model).FACTS


def build(model: str, scale: int) -> nn.Module:
    """A fresh network of the family `model`."""
    return family(model)(scale)


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
