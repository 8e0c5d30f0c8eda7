"""photo: RGB, 48 channels, six gated blocks of three convolutions, after SPANV2 (NTIRE 2026, efficient SR)."""

import torch
import torch.nn.functional as F
from torch import nn

from training.networks.anchor import repeated
from training.networks.collapsible import CollapsibleConv
from training.networks.facts import Facts

CHANNELS = 48
BLOCKS = 6
CONVOLUTIONS = 3
KERNEL = 3
EXPANDED = 128
TAIL_GAIN = 0.05
CALM = 6.0
"""Photographs make features of up to 8 or so."""
LAST_GAIN = 0.3
"""Of a block's last convolution: a fresh block is close to the identity, so that many of them keep their range."""


class GatedBlock(nn.Module):
    """`(skip + f3) * gate(f3)`, f3 the third of three convolutions with ReLU between them, the gate a 1x1 convolution
    that starts as the constant one. The skip is the input, but the first convolution's output where the input is a
    picture: the first block is the head as well."""

    def __init__(self, inputs: int, channels: int):
        super().__init__()
        self.is_head = inputs != channels
        self.convolutions = nn.ModuleList(
            [
                CollapsibleConv(inputs, channels, KERNEL, EXPANDED, skip=not self.is_head),
                CollapsibleConv(channels, channels, KERNEL, EXPANDED, skip=True),
                CollapsibleConv(channels, channels, KERNEL, EXPANDED, gain=LAST_GAIN),
            ]
        )
        self.gate = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(self.gate.weight)
        nn.init.ones_(self.gate.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[n, inputs, h, w] -> [n, channels, h, w]."""
        return self.features(x)[-1]

    def features(self, x: torch.Tensor) -> list[torch.Tensor]:
        """What the three convolutions and the gate make of x, and the result last."""
        first, second, third = self.convolutions
        f1 = first(x)
        f2 = second(F.relu(f1))
        f3 = third(F.relu(f2))
        gate = self.gate(f3)
        return [f1, f2, f3, gate, ((f1 if self.is_head else x) + f3) * gate]

    def lay_out(self, graph, name: str, source: str, shuffle: int = 1) -> str:
        """Write `forward` into an ONNX graph in the making; returns the name of its result. `source` is what a pixel unshuffle by
        `shuffle` makes the input of."""
        first, second, third = self.convolutions
        kernel = spread(first.collapsed(), shuffle)
        f1 = graph.convolution(f"{name}_conv1", source, kernel, first.bias, stride=shuffle)
        f2 = graph.collapsed(f"{name}_conv2", graph.node("Relu", [f1], f"{name}_relu1"), second)
        f3 = graph.collapsed(f"{name}_conv3", graph.node("Relu", [f2], f"{name}_relu2"), third)
        gate = graph.convolution(f"{name}_gate", f3, self.gate.weight, self.gate.bias)
        total = graph.node("Add", [f1 if self.is_head else source, f3], f"{name}_sum")
        return graph.node("Mul", [total, gate], name)


def spread(kernel: torch.Tensor, shuffle: int) -> torch.Tensor:
    """The kernel of stride `shuffle` that does to a picture what `kernel` [o, c * shuffle², k, k] does to its pixel unshuffle:
    [o, c, k * shuffle, k * shuffle]."""
    outputs, inputs, side, _ = kernel.shape
    apart = kernel.view(outputs, inputs // shuffle**2, shuffle, shuffle, side, side).permute(0, 1, 4, 2, 5, 3)
    return apart.reshape(outputs, -1, side * shuffle, side * shuffle)


class GatedNetwork(nn.Module):
    """The trunk of photo and of restore: gated blocks and a tail."""

    COLOURS = PLANES = 3

    def __init__(self, scale: int, inputs: int, outputs: int, channels: int = CHANNELS, blocks: int = BLOCKS):
        super().__init__()
        self.scale = scale
        self.blocks = nn.ModuleList(GatedBlock(channels if i else inputs, channels) for i in range(blocks))
        self.tail = CollapsibleConv(channels, outputs, KERNEL, EXPANDED, gain=TAIL_GAIN)

    @property
    def reach(self) -> int:
        """Pixels on each side that a pixel of `residual` sees."""
        return (len(self.blocks) * CONVOLUTIONS + 1) * (KERNEL // 2)

    def residual(self, x: torch.Tensor) -> torch.Tensor:
        """[n, inputs, h, w] -> [n, outputs, h, w]; outputs are for a pixel shuffle: channel c * scale² + dy * scale + dx."""
        for block in self.blocks:
            x = block(x)
        return self.tail(x)

    def excess(self, x: torch.Tensor, peak_share: float = 0.0) -> torch.Tensor:
        """By how much the features of x pass `CALM`, on a logarithmic scale: their mean, and `peak_share` of each picture's largest.

        A gate multiplies: what one block makes ten times too large, six of them make a million times too large, and training on
        photographs alone does not forbid it. What a block is given here is cut off at twice `CALM`.
        """
        total = torch.zeros((), device=x.device)
        for block in self.blocks:
            made = block.features(x)
            beyond = [(features.abs() - CALM).relu().log1p() for features in made]
            total = total + sum(part.mean() + peak_share * part.amax((1, 2, 3)).mean() for part in beyond)
            x = made[-1].clamp(-2 * CALM, 2 * CALM)
        return total

    def peaks(self, x: torch.Tensor) -> torch.Tensor:
        """The largest feature that the trunk makes of each picture of x, [n]."""
        largest = torch.zeros(len(x), device=x.device)
        for block in self.blocks:
            made = block.features(x)
            largest = torch.stack([largest, *(features.abs().amax((1, 2, 3)) for features in made)]).amax(0)
            x = made[-1]
        return largest

    def lay_out_blocks(self, graph, shuffle: int = 1) -> str:
        """Write the blocks into an ONNX graph in the making; returns the name of what the tail takes."""
        features = "input"
        for i, block in enumerate(self.blocks):
            features = block.lay_out(graph, f"block{i}", features, shuffle=1 if i else shuffle)
        return features


class Photo(GatedNetwork):
    """RGB in 0..=1, [n, 3, h, w] -> [n, 3, scale * h, scale * w]."""

    NAME = "photo"
    FACTS = Facts()

    def __init__(self, scale: int):
        super().__init__(scale, self.COLOURS, self.COLOURS * scale * scale)
        self.HALO = self.reach
        """Low-resolution pixels that one output pixel sees on each side."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.pixel_shuffle(self.residual(x).to(x.dtype) + repeated(x, self.scale), self.scale)

    def lay_out(self, graph) -> str:
        """Write `forward` into an ONNX graph in the making; returns the name of its result."""
        return graph.over_nearest(graph.collapsed("tail", self.lay_out_blocks(graph), self.tail), self.scale)
