"""Losses for texture: what the small picture says stays, features are alike in place or in their statistics, and nothing repeats
with the grid of the pixel shuffle. Pictures are [n, 3, h, w] in 0..=1."""

import torch
import torch.nn.functional as F

from training.data import luma

WINDOW = 8
"""Side of the squares whose features' statistics are compared, in features of the first level."""
BESIDE = (3, 5)
"""How far from one of the grid's frequencies those are that it is compared with."""
FLOOR = (0.5 / 255) ** 2
"""Energy of a difference below which nothing is seen."""
SHARPNESS = 0.2
"""Power of the residual's variance in LDL's map."""


def lowered(x: torch.Tensor, scale: int) -> torch.Tensor:
    """What the small picture says: the mean of every scale x scale pixels."""
    return F.avg_pool2d(x, scale)


def structure(made: list[torch.Tensor], real: list[torch.Tensor]) -> torch.Tensor:
    """L1 of features in place, relative to their mean size."""
    return sum((p - q).abs().mean() / q.abs().mean() for p, q in zip(made, real, strict=True))


def moments(features: torch.Tensor, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Local means and deviations over squares of `side`."""
    step = max(side // 2, 1)
    mean = F.avg_pool2d(features, side, step)
    return mean, (F.avg_pool2d(features * features, side, step) - mean * mean).clamp_min(1e-6).sqrt()


def texture(made: list[torch.Tensor], real: list[torch.Tensor]) -> torch.Tensor:
    """Local means and deviations of features (Wasserstein distortion, Qiu et al. 2023): asks for as much texture, not for the same."""
    total = 0.0
    for level, (p, q) in enumerate(zip(made, real, strict=True)):
        side = max(WINDOW >> level, 2)
        (m, s), (n, t) = moments(p, side), moments(q, side)
        total = total + ((m - n).abs().mean() + (s - t).abs().mean()) / q.abs().mean()
    return total


def differences(x: torch.Tensor, scale: int) -> torch.Tensor:
    """Horizontal and vertical differences of luma, [2 n, h', w'], cut to whole squares of `scale` pixels."""
    y = luma.of_planes(x)
    height, width = (side // scale * scale for side in y.shape[1:])
    y = torch.cat([y, y[:, :, -1:]], 2)
    y = torch.cat([y, y[:, -1:]], 1)
    across, down = y[:, :-1, 1:] - y[:, :-1, :-1], y[:, 1:, :-1] - y[:, :-1, :-1]
    return torch.cat([across, down])[:, :height, :width]


def by_phase(x: torch.Tensor, scale: int) -> torch.Tensor:
    """[n, h, w] -> [n, scale², h / scale, w / scale]: a plane for each place in a square."""
    return F.pixel_unshuffle(x[:, None], scale)


def phases(made: torch.Tensor, real: torch.Tensor, scale: int) -> torch.Tensor:
    """How much the energy of the differences depends on the place in a square of `scale` pixels beyond what it does in `real`."""
    spread = []
    for x in (made, real):
        energy = by_phase(differences(x, scale).square(), scale).mean((0, 2, 3)) + FLOOR
        spread.append((energy / energy.mean() - 1).abs().mean())
    return (spread[0] - spread[1].detach()).relu()


def grid_ratios(x: torch.Tensor, scale: int) -> torch.Tensor:
    """Energy at each frequency at which the squares of `scale` pixels repeat beside that around it, [2 n, scale² - 1]: about 1 in
    photographs. Of the differences under a Hann window."""
    differing = differences(x, scale)
    height, width = differing.shape[1:]
    rows, columns = (torch.hann_window(side, device=x.device) for side in (height, width))
    power = torch.fft.fft2(differing * rows[:, None] * columns).abs().square()
    reach = torch.arange(-BESIDE[1], BESIDE[1] + 1, device=x.device)
    far = torch.maximum(reach.abs()[:, None], reach.abs())
    ratios = []
    for place in range(1, scale**2):
        y, x_ = (place // scale * (height // scale), place % scale * (width // scale))
        square = power[:, (y + reach) % height][:, :, (x_ + reach) % width]
        peak = (square * (far <= 1)).sum((1, 2)) / 9
        around = (square * (far >= BESIDE[0])).sum((1, 2)) / (far >= BESIDE[0]).sum()
        floor = FLOOR * height * width
        ratios.append((peak + floor) / (around + floor))
    return torch.stack(ratios, 1)


def grid(made: torch.Tensor, real: torch.Tensor, scale: int) -> torch.Tensor:
    """By how much more `made` repeats with the squares than `real`: logarithms of `grid_ratios`, in the mean of its frequencies."""
    ours, theirs = (grid_ratios(x, scale).mean(0).log() for x in (made, real))
    return (ours - theirs.clamp_min(0)).relu().mean()


def artefacts(made: torch.Tensor, steady: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """L1 where the picture errs in an unsteady way and `steady`, the averaged network's, errs less: LDL (Liang et al. 2022)."""
    with torch.no_grad():
        error, calm = ((x - real).abs().sum(1, keepdim=True) for x in (made, steady))
        mean = F.avg_pool2d(error, 7, 1, 3)
        local = (F.avg_pool2d(error * error, 7, 1, 3) - mean * mean).clamp_min(0)
        whole = error.flatten(1).var(1).pow(SHARPNESS)[:, None, None, None]
        share = torch.where(error < calm, torch.zeros_like(error), whole * local)
    return (share * (made - real)).abs().mean()
