"""The critic of a GAN: heads with spectral norm on frozen features (Projected GANs, Sauer et al. 2021)."""

import torch
import torch.nn.functional as F
from torch import nn

from training.networks.eyes import WIDTHS

HEADS = (32, 48, 48, 64)
SLOPE = 0.2
KERNELS = (1, 3, 3, 3)
STRIDES = (1, 1, 2, 1)


class SpectralConv(nn.Module):
    """A convolution whose kernel is divided by its largest singular value (Miyato et al. 2018), which `refresh` follows."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int):
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(outputs, inputs, kernel, kernel))
        nn.init.kaiming_uniform_(self.kernel, a=5**0.5)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.stride = stride
        self.register_buffer("left", F.normalize(torch.randn(outputs), dim=0))
        self.register_buffer("right", F.normalize(torch.randn(self.kernel[0].numel()), dim=0))
        for _ in range(10):
            self.refresh()

    @torch.no_grad()
    def refresh(self) -> None:
        """One round of the power iteration."""
        matrix = self.kernel.flatten(1)
        self.right.copy_(F.normalize(self.left @ matrix, dim=0, eps=1e-12))
        self.left.copy_(F.normalize(matrix @ self.right, dim=0, eps=1e-12))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.autocast(x.device.type, enabled=False):
            kernel = self.kernel / (self.left @ (self.kernel.flatten(1) @ self.right))
        return F.conv2d(x, kernel, self.bias, self.stride, kernel.shape[-1] // 2)


class Critic(nn.Module):
    """Features of `Eyes` -> a map of verdicts for each level, above 0 for what looks like a photograph.

    `sizes` are the mean absolute features of photographs, by which they are divided.
    """

    def __init__(self, sizes: torch.Tensor):
        super().__init__()
        self.register_buffer("sizes", sizes)
        self.heads = nn.ModuleList()
        for inputs, width in zip(WIDTHS, HEADS, strict=True):
            channels = (inputs, width, width, width, 1)
            pairs = zip(channels[:-1], channels[1:], KERNELS, STRIDES, strict=True)
            self.heads.append(nn.ModuleList(SpectralConv(*shape) for shape in pairs))

    def refresh(self) -> None:
        """Follow the singular values after the kernels have moved."""
        for module in self.modules():
            if isinstance(module, SpectralConv):
                module.refresh()

    def forward(self, features: list[torch.Tensor]) -> list[torch.Tensor]:
        verdicts = []
        for head, x, size in zip(self.heads, features, self.sizes, strict=True):
            x = x / size
            for i, convolution in enumerate(head):
                x = convolution(F.leaky_relu(x, SLOPE) if i else x)
            verdicts.append(x.float())
        return verdicts


def sizes_of(features: list[torch.Tensor]) -> torch.Tensor:
    """What `Critic` divides features by, measured on those of photographs."""
    return torch.stack([level.abs().mean() for level in features])
