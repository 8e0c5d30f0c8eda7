"""detail: RGB and noise, photo's trunk with two blocks more, trained as a GAN to put believable texture where a small picture has none."""

import torch
import torch.nn.functional as F
from torch import nn

from training.networks.anchor import repeated
from training.networks.collapsible import CollapsibleConv
from training.networks.facts import Facts
from training.networks.photo import CHANNELS, GatedNetwork, Photo

NOISE = 16
"""Planes of noise, one for each pixel that a small one becomes: a picture of noise of the result's size, pixel-unshuffled. With fewer, texture comes
in lumps of the small pixels' size."""
BLOCKS = 8
KINDS = {"photo": 1.0, "art": 1.0 / 6.0, "ui": 1.0 / 10.0}
NOISE_START = 0.004
"""Deviation of the kernels on noise at first, beside about 0.1 of those on colours."""


class Detail(GatedNetwork):
    """RGB in 0..=1 and noise evenly spread over -1..=1: [n, 3 + NOISE, h, w] -> [n, 3, scale * h, scale * w].

    Without the planes of noise they are 0, for what measures networks of pictures alone.
    """

    NAME = "detail"
    FACTS = Facts(kinds=KINDS, mix="mixed", scales=(4,), only_web=True, textured=True)
    PLANES = GatedNetwork.COLOURS + NOISE
    """Of its input."""

    def __init__(self, scale: int):
        super().__init__(scale, self.PLANES, self.COLOURS * scale * scale, CHANNELS, BLOCKS)
        self.HALO = self.reach
        """Low-resolution pixels that one output pixel sees on each side."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.shape[1] == self.COLOURS:
            x = F.pad(x, [0, 0, 0, 0, 0, NOISE])
        residual = self.residual(x)
        return F.pixel_shuffle(residual.to(x.dtype) + repeated(x[:, : self.COLOURS], self.scale), self.scale)

    def excess(self, x: torch.Tensor, peak_share: float = 0.0) -> torch.Tensor:
        return super().excess(noisy(x), peak_share)

    def peaks(self, x: torch.Tensor) -> torch.Tensor:
        return super().peaks(noisy(x))

    def lay_out(self, graph) -> str:
        """Write `forward` into an ONNX graph in the making; returns the name of its result."""
        residual = graph.collapsed("tail", self.lay_out_blocks(graph), self.tail)
        kernel = repeated(torch.eye(self.COLOURS, self.PLANES)[None, :, :, None], self.scale)[0, :, :, :, None]
        anchor = graph.convolution("anchor", "input", kernel, torch.zeros(len(kernel)))
        total = graph.node("Add", [residual, anchor], "sum")
        return graph.node("DepthToSpace", [total], "output", blocksize=self.scale, mode="CRD")


def noisy(x: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
    """`x` [n, 3, h, w] with planes of noise, drawn by `generator` or by PyTorch's own for the device."""
    noise = torch.rand(len(x), NOISE, *x.shape[2:], device=x.device, generator=generator)
    return torch.cat([x, 2 * noise - 1], dim=1).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def from_photo(photo: Photo) -> Detail:
    """A network that makes of a picture what `photo` makes of it, nearly: its new kernels on noise are small, its new blocks give
    their input back."""
    network = Detail(photo.scale)
    network.tail.load_state_dict(photo.tail.state_dict())
    for made, trained in zip(network.blocks, photo.blocks, strict=False):
        state = trained.state_dict()
        if made.is_head:
            kernel = state["convolutions.0.expand"]
            noise = NOISE_START * torch.randn(len(kernel), NOISE, *kernel.shape[2:])
            state["convolutions.0.expand"] = torch.cat([kernel, noise], dim=1)
        made.load_state_dict(state)
    for block in network.blocks[len(photo.blocks) :]:
        last = block.convolutions[-1]
        assert isinstance(last, CollapsibleConv)
        nn.init.zeros_(last.project)
    return network
