"""Pixel losses on luma or RGB patches, [n, c, h, w]."""

import torch
from torch.nn import functional

CHARBONNIER_EPSILON = 1e-3
FOURIER_WEIGHT = 0.05
SMALLEST_ERROR = 1e-6
"""Added to a patch's mean square, a quarter of a grey level: a flat patch would else count without bound."""
REGRET_WEIGHT = 0.0125
"""Of a dB. L1 changes by 0.004 with a dB, so a patch that loses counts about three times as much again."""


def bicubic(low: torch.Tensor, scale: int) -> torch.Tensor:
    """What the network's output is compared with in `regret`, [n, c, scale h, scale w]."""
    size = [scale * side for side in low.shape[-2:]]
    return functional.interpolate(low, size=size, mode="bicubic", antialias=True).clamp(0, 1)


def decibels(difference: torch.Tensor) -> torch.Tensor:
    """PSNR of each patch, negated, [n]."""
    return 10 * (difference**2).mean(dim=(1, 2, 3)).add(SMALLEST_ERROR).log10()


def pixel_loss(
    name: str, output: torch.Tensor, target: torch.Tensor, usual: torch.Tensor | None = None
) -> torch.Tensor:
    """`l1`; `charbonnier` (a smooth L1); `l1+fft`: L1 plus 0.05 of the L1 of the orthonormal 2-D spectra; `l2`;
    `psnr`: the mean of the patches' PSNRs in dB, negated, where a patch of faint texture counts as much as a hard edge;
    `regret`: L1 plus 0.0125 for each dB by which a patch falls behind `usual`, its bicubic enlargement."""
    difference = output - target
    if name == "l1":
        return difference.abs().mean()
    if name == "charbonnier":
        return (difference**2 + CHARBONNIER_EPSILON**2).sqrt().mean()
    if name == "l1+fft":
        spectrum = torch.view_as_real(torch.fft.rfft2(difference, norm="ortho"))
        return difference.abs().mean() + FOURIER_WEIGHT * spectrum.abs().mean()
    if name == "l2":
        return (difference**2).mean()
    if name == "psnr":
        return decibels(difference).mean()
    if name == "regret" and usual is not None:
        behind = (decibels(difference) - decibels(usual - target)).clamp(min=0)
        return difference.abs().mean() + REGRET_WEIGHT * behind.mean()
    raise ValueError(f"unknown loss {name!r}: choose l1, charbonnier, l1+fft, l2, psnr or regret")
