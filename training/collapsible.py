"""Collapsible linear block (SESR, Bhardwaj et al. 2022): trained wide, run as one small convolution."""

import torch
import torch.nn.functional as F
from torch import nn


class CollapsibleConv(nn.Module):
    """A k x k convolution to `expanded` channels, a 1x1 convolution, and optionally an identity.

    The three are merged into one k x k kernel before every forward pass, so a training step costs what the small
    convolution costs; the edges are padded by replication.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, expanded: int, *, skip: bool = False, gain: float = 1.0):
        super().__init__()
        fan_in = inputs * kernel * kernel
        self.expand = nn.Parameter(torch.randn(expanded, inputs, kernel, kernel) * 0.5 * (2.0 / fan_in) ** 0.5)
        self.project = nn.Parameter(torch.randn(outputs, expanded) * gain / expanded**0.5)
        self.bias = nn.Parameter(torch.zeros(outputs))
        identity = torch.zeros(outputs, inputs, kernel, kernel)
        if skip:
            identity[:, :, kernel // 2, kernel // 2] = torch.eye(outputs)
        self.register_buffer("identity", identity, persistent=False)

    def collapsed(self) -> torch.Tensor:
        """The merged kernel, [outputs, inputs, k, k]."""
        return (self.project @ self.expand.flatten(1)).view_as(self.identity) + self.identity

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[n, inputs, h, w] -> [n, outputs, h, w]."""
        kernel = self.collapsed()
        padding = [kernel.shape[-1] // 2] * 4
        return F.conv2d(F.pad(x, padding, mode="replicate"), kernel, self.bias)
