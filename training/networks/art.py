"""art: RGB, 32 channels, a chain of ten 3x3 convolutions with a denoise level, for line art, comics and cartoons."""

import torch
import torch.nn.functional as F
from torch import nn

from training.data.degrade import STRONGEST_LEVEL
from training.networks.anchor import repeated
from training.networks.chain import BODY_KERNEL, ChainNetwork
from training.networks.facts import Facts

CHANNELS = 32
BODY_CONVOLUTIONS = 8
HEAD_KERNEL = 3
KINDS = {"line": 1.0 / 10.0, "art": 1.0, "photo": 1.0 / 10.0}
"""Half of what it sees is rendered, the rest is drawn by hand or photographed."""


class Art(ChainNetwork):
    """RGB in 0..=1 and, as a fourth plane, the denoise level in 0..=3: [n, 3 or 4, h, w] -> [n, 3, scale * h, scale * w].

    The plane is constant within a picture: it shifts the biases of the head and of the body. Without it the level is 0. The exported
    file holds it as an initializer named `denoise`.
    """

    NAME = "art"
    FACTS = Facts(kinds=KINDS, mix="levelled", strongest=STRONGEST_LEVEL, chosen_for="art")
    COLOURS = PLANES = 3
    HALO = HEAD_KERNEL // 2 + (BODY_CONVOLUTIONS + 1) * (BODY_KERNEL // 2)
    """Low-resolution pixels that one output pixel sees on each side."""

    def __init__(self, scale: int):
        super().__init__(scale, self.COLOURS, CHANNELS, BODY_CONVOLUTIONS, HEAD_KERNEL)
        self.levels = nn.Parameter(torch.zeros(1 + BODY_CONVOLUTIONS, CHANNELS))
        """Of the head's bias and of each in the body: how far a level of 1 shifts it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        picture = x[:, : self.COLOURS]
        shifts = None
        if x.shape[1] > self.COLOURS:
            shifts = self.levels[:, None, :, None, None] * x[None, :, self.COLOURS :, :1, :1]
        return F.pixel_shuffle(self.residual(picture, shifts).to(x.dtype) + repeated(picture, self.scale), self.scale)

    def lay_out_bias(self, graph, name: str, bias: torch.Tensor) -> str:
        """A bias that the level shifts."""
        place = 0 if name == "head" else 1 + int(name.removeprefix("body"))
        direction = graph.constant(f"{name}.level", self.levels[place])
        shift = graph.node("Mul", [direction, graph.setting("denoise", 0.0)], f"{name}_shift")
        return graph.node("Add", [graph.constant(f"{name}.bias", bias), shift], f"{name}_bias")
