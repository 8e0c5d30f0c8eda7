"""Collapsible linear block (SESR, Bhardwaj et al. 2022): trained wide, run as one small convolution."""

import torch
import torch.nn.functional as F
from torch import nn


class CollapsibleConv(nn.Module):
    """A k x k convolution to `expanded` channels, a 1x1 convolution, and optionally an identity.

    The three are merged into one k x k kernel before every forward pass, so a training step costs what the small
    convolution costs. The edges are padded by replication, or with zeros where `zero_edge` is set.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, expanded: int, *, skip: bool = False, gain: float = 1.0):
        super().__init__()
        fan_in = inputs * kernel * kernel
        self.expand = nn.Parameter(torch.randn(expanded, inputs, kernel, kernel) * 0.5 * (2.0 / fan_in) ** 0.5)
        self.project = nn.Parameter(torch.randn(outputs, expanded) * gain / expanded**0.5)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.zero_edge = False
        identity = torch.zeros(outputs, inputs, kernel, kernel)
        if skip:
            identity[:, :, kernel // 2, kernel // 2] = torch.eye(outputs)
        self.register_buffer("identity", identity, persistent=False)

    def collapsed(self) -> torch.Tensor:
        """The merged kernel, [outputs, inputs, k, k], in the precision of the parameters even under autocast."""
        with torch.autocast(self.project.device.type, enabled=False):
            return (self.project @ self.expand.flatten(1)).view_as(self.identity) + self.identity

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[n, inputs, h, w] -> [n, outputs, h, w]."""
        kernel = self.collapsed()
        reach = kernel.shape[-1] // 2
        if self.zero_edge:
            return F.conv2d(x, kernel, self.bias, padding=reach)
        return F.conv2d(F.pad(x, [reach] * 4, mode="replicate"), kernel, self.bias)


def set_zero_edges(network: nn.Module, zero: bool) -> None:
    """Choose the padding of every collapsible block in `network`.

    Replication costs a pass over memory for each convolution. Zeros cost nothing, but reach the output near the
    edge: the loss then has to leave a margin out.
    """
    for module in network.modules():
        if isinstance(module, CollapsibleConv):
            module.zero_edge = zero
