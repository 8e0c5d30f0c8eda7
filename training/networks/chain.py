"""A chain of collapsible convolutions with PReLU: the shape of photo-fast, text and art."""

import torch
import torch.nn.functional as F
from torch import nn

from training.networks.anchor import repeated
from training.networks.collapsible import CollapsibleConv

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
        return F.pixel_shuffle(self.residual(x).to(x.dtype) + repeated(x, self.scale), self.scale)

    def residual(self, x: torch.Tensor, shifts: torch.Tensor | None = None) -> torch.Tensor:
        """[n, colours, h, w] -> [n, colours * scale * scale, h, w], in PyTorch on any device. `shifts`, one for the head and one for
        each convolution of the body, are added to their biases."""

        def shifted(features: torch.Tensor, place: int) -> torch.Tensor:
            return features if shifts is None else features + shifts[place]

        skip = self.head_activation(shifted(self.head(x), 0))
        features = skip
        for i, (convolution, activation) in enumerate(zip(self.body, self.body_activations, strict=True), start=1):
            features = activation(shifted(convolution(features), i))
        return self.tail(features + skip)

    def lay_out_bias(self, graph, name: str, bias: torch.Tensor) -> str:
        """Write the bias of the convolution `name` into an ONNX graph in the making; returns its name."""
        return graph.constant(f"{name}.bias", bias)

    def lay_out_convolution(self, graph, name: str, source: str, block: CollapsibleConv) -> str:
        """Write a convolution of the head or the body; returns the name of its result."""
        return graph.convolution(name, source, block.collapsed(), self.lay_out_bias(graph, name, block.bias))

    def lay_out(self, graph) -> str:
        """Write `forward` into an ONNX graph in the making; returns the name of its result."""
        skip = graph.prelu("head_prelu", self.lay_out_convolution(graph, "head", "input", self.head), self.head_activation.weight)
        features = skip
        for i, (block, activation) in enumerate(zip(self.body, self.body_activations, strict=True)):
            features = self.lay_out_convolution(graph, f"body{i}", features, block)
            features = graph.prelu(f"body{i}_prelu", features, activation.weight)
        residual = graph.collapsed("tail", graph.node("Add", [features, skip], "skip"), self.tail)
        return graph.over_nearest(residual, self.scale)
