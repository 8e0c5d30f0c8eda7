"""doubt: says how much detail an enlargement lacks, from the small picture alone, so that grain can be as strong as what is missing.

It is no family: it makes no picture. Its result has the size of its input, one number for each small pixel.
"""

import torch
import torch.nn.functional as F
from torch import nn

from training.data import luma

CHANNELS = 16
CONVOLUTIONS = 4
KERNEL = 3
USUAL = -3.5
"""Logarithm of a deviation that many places have: about 8 levels of 255."""
LEAST = 1e-6
"""Added to a mean square: a quarter of a grey level."""


class Doubt(nn.Module):
    """RGB in 0..=1, [n, 3, h, w] -> [n, 1, h, w]: the natural logarithm of the standard deviation, in 0..=1 of full-range luma, of what an
    enlargement by `of` lacks around a small pixel (`missing`)."""

    COLOURS = 1
    """Of the result."""
    PLANES = 3
    scale = 1
    HALO = CONVOLUTIONS * (KERNEL // 2)

    def __init__(self, of: int):
        super().__init__()
        self.of, self.NAME = of, f"doubt-at-{of}"
        inputs = [self.PLANES] + [CHANNELS] * (CONVOLUTIONS - 1)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(i, CHANNELS, KERNEL, padding=KERNEL // 2, padding_mode="replicate") for i in inputs
        )
        self.last = nn.Conv2d(CHANNELS, self.COLOURS, 1)
        nn.init.constant_(self.last.bias, USUAL)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for convolution in self.convolutions:
            x = F.relu(convolution(x))
        return self.last(x)

    def lay_out(self, graph) -> str:
        """Write `forward` into an ONNX graph in the making; returns the name of its result."""
        source = "input"
        for i, convolution in enumerate(self.convolutions):
            source = graph.convolution(f"conv{i}", source, convolution.weight, convolution.bias)
            source = graph.node("Relu", [source], f"relu{i}")
        return graph.convolution("output", source, self.last.weight, self.last.bias)


def missing(high: torch.Tensor, made: torch.Tensor, scale: int) -> torch.Tensor:
    """What `Doubt` is to say, [n, 1, h / scale, w / scale]: of the luma of `high - made` on the 3x3 small pixels around each."""
    error = luma.of_planes(high)[:, None] - luma.of_planes(made)[:, None]
    square = F.avg_pool2d(F.avg_pool2d(error.square(), scale), 3, 1, 1, count_include_pad=False)
    return 0.5 * square.add(LEAST).log()
