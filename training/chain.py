"""A chain of collapsible convolutions with PReLU: the shape of photo-fast, text and art."""

import torch
import torch.nn.functional as F
from torch import nn

from training.anchor import repeated
from training.collapsible import CollapsibleConv

BODY_KERNEL = 3
EXPANDED = 128
TAIL_GAIN = 0.05


class ChainNetwork(nn.Module):
    """[n, colours, h, w] in 0..=1 -> [n, colours, scale * h, scale * w]: a head, a body, a skip around the body, a
    tail, pixel shuffle, plus the nearest-neighbour picture."""

    def __init__(self, scale: int, colours: int, channels: int, body: int, head_kernel: int):
        super().__init__()
        self.scale = scale
        self.head = CollapsibleConv(colours, channels, head_kernel, EXPANDED)
        self.head_activation = nn.PReLU(channels)
        self.body = nn.ModuleList(
            CollapsibleConv(channels, channels, BODY_KERNEL, EXPANDED, skip=True) for _ in range(body)
        )
        self.body_activations = nn.ModuleList(nn.PReLU(channels) for _ in range(body))
        self.tail = CollapsibleConv(channels, colours * scale * scale, BODY_KERNEL, EXPANDED, gain=TAIL_GAIN)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        picture = x[:, : self.COLOURS]
        return F.pixel_shuffle(self.residual(x).to(x.dtype) + repeated(picture, self.scale), self.scale)

    def head_features(self, x: torch.Tensor) -> torch.Tensor:
        """What the first convolution makes of the input."""
        return self.head(x)

    def lay_out_head(self, graph) -> str:
        """Write `head_features` into an ONNX graph in the making; returns the name of its result."""
        return graph.collapsed("head", "input", self.head)

    def residual(self, x: torch.Tensor) -> torch.Tensor:
        """[n, colours, h, w] -> [n, colours * scale * scale, h, w], in PyTorch on any device."""
        skip = self.head_activation(self.head_features(x))
        features = skip
        for convolution, activation in zip(self.body, self.body_activations, strict=True):
            features = activation(convolution(features))
        return self.tail(features + skip)

    def lay_out(self, graph) -> str:
        """Write `residual` into an ONNX graph in the making; returns the name of its result."""
        skip = graph.prelu("head_prelu", self.lay_out_head(graph), self.head_activation.weight)
        features = skip
        for i, (block, activation) in enumerate(zip(self.body, self.body_activations, strict=True)):
            features = graph.collapsed(f"body{i}", features, block)
            features = graph.prelu(f"body{i}_prelu", features, activation.weight)
        return graph.collapsed("tail", graph.node("Add", [features, skip], "skip"), self.tail)
