"""The test sets: read for reported figures only, never for training or for a choice."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from training.data import luma, matlab_bicubic
from training.report import metrics

NAMES = ("Set5", "Set14", "BSD100")

Enlarger = Callable[[np.ndarray], np.ndarray]
"""The low-resolution picture, HWC uint8 RGB -> full-range Y in 0..=1 of the enlarged picture, HW."""


@dataclass(frozen=True)
class TestPicture:
    """`pixels`: HWC uint8 RGB, cropped to multiples of the scale; `grey`: the file holds one channel."""

    pixels: np.ndarray
    grey: bool

    def scored(self, y: np.ndarray) -> np.ndarray:
        """What the tables score, of full-range Y in 0..=1: studio range, but the grey values of a grey picture."""
        return luma.scored(y, self.grey)


def to_8_bits(y: np.ndarray) -> np.ndarray:
    """Round and clip luma in 0..=255, as float64."""
    return np.clip(np.round(y), 0, 255)


def pictures(folder: Path, scale: int) -> list[TestPicture]:
    """The pictures of one set, by name."""
    found = []
    for path in sorted(p for p in folder.iterdir() if p.suffix in (".png", ".webp")):
        file = Image.open(path)
        pixels = np.asarray(file.convert("RGB"))
        height, width = (side - side % scale for side in pixels.shape[:2])
        found.append(TestPicture(pixels[:height, :width], file.mode == "L"))
    if not found:
        raise FileNotFoundError(f"{folder} holds no .png or .webp picture")
    return found


def _mean(scores: list[tuple[float, float]]) -> dict[str, float]:
    psnr, ssim = np.mean(scores, axis=0)
    return {"psnr_y": round(float(psnr), 3), "ssim_y": round(float(ssim), 4)}


def score(folder: Path, scale: int, enlarge: Enlarger) -> dict[str, float]:
    """Mean PSNR-Y in dB and SSIM-Y over one set; the low-resolution RGB and the enlarged luma have 8 bits."""
    scores = []
    for picture in pictures(folder, scale):
        low = matlab_bicubic.shrink(picture.pixels, scale)
        y = to_8_bits(picture.scored(enlarge(low)))
        reference = picture.scored(luma.full_range(picture.pixels))
        scores.append((metrics.psnr(y, reference, scale), metrics.ssim(y, reference, scale)))
    return _mean(scores)


def score_bicubic(folder: Path, scale: int) -> dict[str, float]:
    """The published bicubic row: Y rounded to 8 bits, its low-resolution twin not rounded, the enlarged Y rounded."""
    scores = []
    for picture in pictures(folder, scale):
        reference = to_8_bits(picture.scored(luma.full_range(picture.pixels)))
        height, width = reference.shape
        low = matlab_bicubic.resize_float(reference, height // scale, width // scale)
        y = to_8_bits(matlab_bicubic.resize_float(low, height, width))
        scores.append((metrics.psnr(y, reference, scale), metrics.ssim(y, reference, scale)))
    return _mean(scores)
