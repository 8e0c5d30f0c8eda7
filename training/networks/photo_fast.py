"""photo-fast: luma only, 16 channels, eight convolutions, nearest anchor plus pixel-shuffled residual."""

import torch
import torch.nn.functional as F

from training.networks.chain import BODY_KERNEL, ChainNetwork
from training.networks.facts import Facts
from training.networks.native import library, trunk

CHANNELS = 16
BODY_CONVOLUTIONS = 6
HEAD_KERNEL = 5


class PhotoFast(ChainNetwork):
    """Y in 0..=1, [n, 1, h, w] -> [n, 1, scale * h, scale * w]."""

    NAME = "photo-fast"
    FACTS = Facts(chosen_for="photo")  # The small one, which is quick everywhere.
    COLOURS = PLANES = 1
    HALO = HEAD_KERNEL // 2 + (BODY_CONVOLUTIONS + 1) * (BODY_KERNEL // 2)
    """Low-resolution pixels that one output pixel sees on each side."""

    def __init__(self, scale: int):
        super().__init__(scale, self.COLOURS, CHANNELS, BODY_CONVOLUTIONS, HEAD_KERNEL)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        native = x.device.type == "cpu" and x.dtype == torch.float32 and not self.head.zero_edge
        if native and library.available():
            return F.pixel_shuffle(trunk.residual(self, x) + x, self.scale)
        return super().forward(x)
