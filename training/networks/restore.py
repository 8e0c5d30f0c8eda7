"""restore: RGB, a gated trunk like photo's, for photographs that JPEG, noise or blur have worn, at the same size or four times as
large."""

import torch
import torch.nn.functional as F

from training.networks.facts import Facts
from training.networks.photo import GatedNetwork

SHUFFLE = 2
"""At the same size the trunk works on squares of so many pixels each way, for a quarter of the work."""
CHANNELS = 32
BLOCKS = 5


class Restore(GatedNetwork):
    """RGB in 0..=1, [n, 3, h, w] -> [n, 3, scale * h, scale * w]; at scale 1, h and w are even.

    The result is an ordinary picture plus a residual: at scale 1 the input, else its bilinear enlargement. The exported file
    holds the residual's share as an initializer named `denoise`, 1 until someone sets it.
    """

    NAME = "restore"
    FACTS = Facts(mix="worn", scales=(1, 4), only_web=True, strongest=1.0)

    def __init__(self, scale: int):
        shuffle = SHUFFLE if scale == 1 else 1
        super().__init__(scale, self.COLOURS * shuffle**2, self.COLOURS * (scale * shuffle) ** 2, CHANNELS, BLOCKS)
        self.shuffle = shuffle
        self.HALO = self.reach * shuffle
        """Input pixels that one output pixel sees on each side."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        residual = F.pixel_shuffle(self.residual(self._squares(x)).to(x.dtype), self.scale * self.shuffle)
        return residual + enlarged(x, self.scale)

    def excess(self, x: torch.Tensor, peak_share: float = 0.0) -> torch.Tensor:
        return super().excess(self._squares(x), peak_share)

    def peaks(self, x: torch.Tensor) -> torch.Tensor:
        return super().peaks(self._squares(x))

    def _squares(self, x: torch.Tensor) -> torch.Tensor:
        """What the trunk takes of a picture."""
        return F.pixel_unshuffle(x, self.shuffle) if self.shuffle > 1 else x

    def lay_out(self, graph) -> str:
        """Write `forward` into an ONNX graph in the making; returns the name of its result."""
        features = self.lay_out_blocks(graph, self.shuffle)
        share = graph.setting("denoise", 1.0)
        residual = graph.convolution("tail", features, self.tail.collapsed(), self.tail.bias, factor=share)
        if self.scale > 1:
            kernel = bilinear_kernel(self.COLOURS, self.scale)
            anchor = graph.convolution("anchor", "input", kernel, torch.zeros(len(kernel)))
            residual = graph.node("Add", [residual, anchor], "sum")
            return graph.node("DepthToSpace", [residual], "output", blocksize=self.scale, mode="CRD")
        shuffled = graph.node("DepthToSpace", [residual], "residual", blocksize=self.shuffle, mode="CRD")
        return graph.node("Add", [shuffled, "input"], "output")


def enlarged(x: torch.Tensor, scale: int) -> torch.Tensor:
    """Bilinear, of pixels that are areas: [n, c, h, w] -> [n, c, scale * h, scale * w]."""
    if scale == 1:
        return x
    return F.interpolate(x, scale_factor=scale, mode="bilinear", align_corners=False)


def bilinear_kernel(colours: int, scale: int) -> torch.Tensor:
    """`enlarged` as a convolution before a pixel shuffle: [colours * scale², colours, 3, 3]."""
    offset = (torch.arange(scale) + 0.5) / scale - 0.5
    along = torch.stack([(-offset).clamp(min=0), 1 - offset.abs(), offset.clamp(min=0)], dim=1)
    square = along[:, None, :, None] * along[None, :, None, :]
    kernel = torch.zeros(colours, scale, scale, colours, 3, 3)
    for colour in range(colours):
        kernel[colour, :, :, colour] = square
    return kernel.reshape(colours * scale * scale, colours, 3, 3)
