"""art: RGB, 32 channels, a chain of ten 3x3 convolutions with a denoise level, for line art, comics and cartoons."""

import torch
from torch import nn

from training.chain import BODY_KERNEL, ChainNetwork

CHANNELS = 32
BODY_CONVOLUTIONS = 8
HEAD_KERNEL = 3
STRONGEST_LEVEL = 3.0
"""Of the denoise levels that it is trained for."""


class Art(ChainNetwork):
    """RGB in 0..=1 and, as a fourth plane, the denoise level in 0..=3: [n, 3 or 4, h, w] -> [n, 3, scale * h, scale * w].

    The plane is constant within a picture, so a convolution of it is a shift of the head's bias; without it the level
    is 0. The exported file holds the level as an initializer named `denoise`.
    """

    NAME = "art"
    COLOURS = 3
    HALO = HEAD_KERNEL // 2 + (BODY_CONVOLUTIONS + 1) * (BODY_KERNEL // 2)
    """Low-resolution pixels that one output pixel sees on each side."""

    def __init__(self, scale: int):
        super().__init__(scale, self.COLOURS, CHANNELS, BODY_CONVOLUTIONS, HEAD_KERNEL)
        self.level = nn.Parameter(torch.zeros(CHANNELS))

    def head_features(self, x: torch.Tensor) -> torch.Tensor:
        features = self.head(x[:, : self.COLOURS])
        if x.shape[1] == self.COLOURS:
            return features
        return features + self.level[:, None, None] * x[:, self.COLOURS :, :1, :1]

    def lay_out_head(self, graph) -> str:
        direction = graph.constant("head.level", self.level)
        shift = graph.node("Mul", [direction, graph.setting("denoise", 0.0)], "head_shift")
        bias = graph.node("Add", [graph.constant("head.bias", self.head.bias), shift], "head_bias")
        return graph.convolution("head", "input", self.head.collapsed(), bias)
