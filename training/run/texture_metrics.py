"""Figures of invented texture: grain, grid, what the small picture says, and ST-LPIPS. Pictures are uint8 RGB [h, w, 3]."""

import importlib.util
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from training.data import luma

HIGH_BAND = 0.15
"""Cycles in a pixel from which on a picture four times smaller can hold little."""
NEAR, FAR = 3, 7
"""Frequencies around one of the grid's that count as beside it."""
STLPIPS = "weights/vST0.0/alex_shift_tolerant.pth"


def studio(pixels: np.ndarray) -> np.ndarray:
    """Studio-range Y."""
    return luma.full_to_studio(luma.full_range(pixels))


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """dB of two arrays in 0..=255."""
    return float(10 * np.log10(255**2 / max(np.mean((a - b) ** 2), 1e-6)))


def lr_psnr(made: np.ndarray, low: np.ndarray) -> float:
    """How well `made`, shrunk by bicubic, is the small picture: dB of Y."""
    small = Image.fromarray(made).resize(low.shape[1::-1], Image.Resampling.BICUBIC)
    return psnr(studio(np.asarray(small)), studio(low))


def fine_energy(pixels: np.ndarray) -> float:
    """Energy above `HIGH_BAND`."""
    grey = studio(pixels)
    spectrum = np.abs(np.fft.rfft2(grey * np.hanning(grey.shape[0])[:, None] * np.hanning(grey.shape[1]))) ** 2
    y, x = np.fft.fftfreq(grey.shape[0])[:, None], np.fft.rfftfreq(grey.shape[1])[None]
    return float(spectrum[np.hypot(y, x) > HIGH_BAND].sum())


def grain(made: np.ndarray, real: np.ndarray) -> float:
    """log2 of the fine energy beside that of the original: 0 is right, below it is smooth."""
    return float(np.log2(fine_energy(made) / fine_energy(real)))


def grid(pixels: np.ndarray, scale: int = 4) -> float:
    """How much the picture repeats every `scale` pixels: energy at multiples of 1 / scale beside that around them, in dB; photographs
    have about 3."""
    grey = luma.full_range(pixels)
    side = min(grey.shape) // (4 * scale) * 4 * scale
    window = np.hanning(side - 1)
    grey = np.diff(grey[:side, :side], axis=1)[:-1] * window[:, None] * window
    power = np.abs(np.fft.fft2(grey, (side, side))) ** 2
    reach = np.arange(-FAR, FAR + 1)
    beside = np.maximum(np.abs(reach)[:, None], np.abs(reach)) > NEAR
    peaks, around = [], []
    for place in range(1, scale**2):
        y, x = (side // scale * step for step in divmod(place, scale))
        square = power[np.ix_((y + reach) % side, (x + reach) % side)]
        peaks.append(square[FAR - 1 : FAR + 2, FAR - 1 : FAR + 2].max())
        around.append(square[beside].mean())
    return float(10 * np.log10(np.sum(peaks) / np.sum(around)))


class StLpips:
    """ST-LPIPS with AlexNet (Ghildyal and Liu 2022), to measure with, never to train on; its weights come with the package
    `stlpips-pytorch` (BSD-2)."""

    def __init__(self) -> None:
        found = importlib.util.find_spec("stlpips_pytorch")
        if found is None or not found.submodule_search_locations:
            raise FileNotFoundError("ST-LPIPS is missing: run `pip install -r training/requirements-measuring.txt`")
        self.state = torch.load(Path(found.submodule_search_locations[0]) / STLPIPS, weights_only=True, map_location="cpu")

    @torch.no_grad()
    def __call__(self, made: np.ndarray, real: np.ndarray) -> float:
        """The distance; 0 is alike."""
        total = 0.0
        pairs = zip(self._features(_tensor(made)), self._features(_tensor(real)), strict=True)
        for i, (p, q) in enumerate(pairs):
            p, q = (f / (f.square().sum(1, keepdim=True).sqrt() + 1e-10) for f in (p, q))
            total += float(F.conv2d((p - q).square(), self.state[f"lin{i}.model.1.weight"]).mean())
        return total

    def _convolved(self, x: torch.Tensor, name: str, padding: int) -> torch.Tensor:
        return F.conv2d(x, self.state[f"net.{name}.weight"], self.state[f"net.{name}.bias"], padding=padding)

    def _features(self, x: torch.Tensor) -> list[torch.Tensor]:
        x = ((2 * x - 1) - self.state["scaling_layer.shift"]) / self.state["scaling_layer.scale"]
        a = F.relu(_blurred(self._convolved(x, "slice1.0", 2)))
        b = F.relu(self._convolved(_blurred(F.max_pool2d(a, 3, 1)), "slice2.5", 2))
        c = F.relu(self._convolved(_blurred(F.max_pool2d(b, 3, 1)), "slice3.9", 1))
        d = F.relu(self._convolved(c, "slice4.11", 1))
        return [a, b, c, d, F.relu(self._convolved(d, "slice5.13", 1))]


def _tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels.astype(np.float32) / 255).permute(2, 0, 1)[None]


def _blurred(x: torch.Tensor) -> torch.Tensor:
    """Halved behind a binomial blur."""
    taps = torch.tensor([1.0, 2.0, 1.0])
    kernel = (taps[:, None] * taps / 16).expand(x.shape[1], 1, 3, 3)
    return F.conv2d(F.pad(x, [2, 2, 2, 2], mode="reflect"), kernel, stride=2, groups=x.shape[1])
