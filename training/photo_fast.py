"""photo-fast: luma only, 16 channels, eight convolutions, nearest anchor plus pixel-shuffled residual."""

import torch
import torch.nn.functional as F
from torch import nn

from training.collapsible import CollapsibleConv
from training.native import library, trunk

CHANNELS = 16
BODY_CONVOLUTIONS = 6
HEAD_KERNEL = 5
BODY_KERNEL = 3
EXPANDED = 128
TAIL_GAIN = 0.05
HALO = HEAD_KERNEL // 2 + (BODY_CONVOLUTIONS + 1) * (BODY_KERNEL // 2)
"""Low-resolution pixels that one output pixel sees on each side."""


class PhotoFast(nn.Module):
    """Y in 0..=1, [n, 1, h, w] -> [n, 1, scale * h, scale * w]."""

    def __init__(self, scale: int):
        super().__init__()
        self.scale = scale
        self.head = CollapsibleConv(1, CHANNELS, HEAD_KERNEL, EXPANDED)
        self.head_activation = nn.PReLU(CHANNELS)
        self.body = nn.ModuleList(
            CollapsibleConv(CHANNELS, CHANNELS, BODY_KERNEL, EXPANDED, skip=True) for _ in range(BODY_CONVOLUTIONS)
        )
        self.body_activations = nn.ModuleList(nn.PReLU(CHANNELS) for _ in range(BODY_CONVOLUTIONS))
        self.tail = CollapsibleConv(CHANNELS, scale * scale, BODY_KERNEL, EXPANDED, gain=TAIL_GAIN)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        runs_native = x.device.type == "cpu" and x.dtype == torch.float32 and library.available()
        residual = trunk.residual(self, x) if runs_native else self.residual(x)
        return F.pixel_shuffle(residual + x, self.scale)

    def residual(self, x: torch.Tensor) -> torch.Tensor:
        """[n, 1, h, w] -> [n, scale * scale, h, w], in PyTorch on any device."""
        skip = self.head_activation(self.head(x))
        features = skip
        for convolution, activation in zip(self.body, self.body_activations, strict=True):
            features = activation(convolution(features))
        return self.tail(features + skip)


def widen(trained: PhotoFast, scale: int) -> PhotoFast:
    """A network for a larger `scale` that starts from `trained`: each new subpixel copies the tail of the old
    subpixel that covers it."""
    network = PhotoFast(scale)
    state = trained.state_dict()
    covering = torch.arange(scale) * trained.scale // scale
    subpixel = (covering[:, None] * trained.scale + covering[None]).flatten()
    for name in ("tail.project", "tail.bias"):
        state[name] = state[name][subpixel]
    network.load_state_dict(state)
    return network
