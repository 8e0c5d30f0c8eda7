"""Grain as strong as the detail that an enlargement lacks: what `--texture` is to make, in PyTorch, to measure it with.

Method: noise averaged over 2x2 pixels, without its means over scale x scale pixels, so that the small picture says what it said; times the
deviation that `doubt` names, enlarged bilinearly; none where the small picture has a clear edge of one direction. Alike in all colours.
"""

import torch
import torch.nn.functional as F

from training.data import luma

NEIGHBOURS = 5
"""Side of the square over which the structure tensor is averaged."""
FAINT, WEAK = 2e-4, 4e-3
"""Gradient energy below which a direction is not believed, and of half a clear edge."""


def coherence(low: torch.Tensor) -> torch.Tensor:
    """Where the small picture [n, 3, h, w] has an edge of one direction: 0 none, 1 clear, [n, 1, h, w]; of the structure tensor."""
    grey = luma.of_planes(low)[:, None]
    across = F.pad(grey, (1, 1, 0, 0), mode="replicate")
    down = F.pad(grey, (0, 0, 1, 1), mode="replicate")
    dx, dy = across[..., 2:] - across[..., :-2], down[..., 2:, :] - down[..., :-2, :]
    reach = NEIGHBOURS // 2
    xx, yy, xy = (F.avg_pool2d(F.pad(t, [reach] * 4, mode="replicate"), NEIGHBOURS, 1) for t in (dx * dx, dy * dy, dx * dy))
    energy = xx + yy
    return ((xx - yy).square() + 4 * xy * xy).sqrt() / (energy + FAINT) * (energy / (energy + WEAK))


def grain(height: int, width: int, scale: int, seed: int) -> torch.Tensor:
    """Noise of deviation 1 with zero means over scale x scale pixels, [1, 1, height, width]."""
    noise = torch.rand(1, 1, height, width, generator=torch.Generator().manual_seed(seed)) - 0.5
    noise = F.avg_pool2d(F.pad(noise, (1, 0, 1, 0), mode="circular"), 2, 1)
    noise = noise - F.interpolate(F.avg_pool2d(noise, scale), scale_factor=scale, mode="nearest")
    return noise / noise.std()


def grained(made: torch.Tensor, low: torch.Tensor, doubt: torch.Tensor, strength: float, seed: int = 0) -> torch.Tensor:
    """`made` [1, 3, scale * h, scale * w] with grain of `strength` times what is missing by `doubt` [1, 1, h, w]."""
    scale = made.shape[-1] // low.shape[-1]
    amount = doubt.exp() * (1 - coherence(low)).clamp(0, 1)
    amount = F.interpolate(amount, scale_factor=scale, mode="bilinear", align_corners=False)
    return (made + strength * amount * grain(*made.shape[2:], scale, seed)).clamp(0, 1)
