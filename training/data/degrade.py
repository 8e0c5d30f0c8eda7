"""What the web does to a picture before anyone enlarges it: a resize of some kernel, light sharpening, a codec; the
stronger compression and noise that `art` removes, by level; and how worn the pictures are that `restore` is for.

Imports no PyTorch, so that the processes which degrade in the background start quickly.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

KERNELS = (
    Image.Resampling.BOX,
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
)
"""Area, and the antialiased bilinear, Keys bicubic (a = -0.5) and three-lobed Lanczos."""
CLEAN_SHARE = 0.3
"""Pictures that are only resized."""
SHARPENED_SHARE = 0.3
JPEG_SHARE = 0.65
LEVEL_JPEG_SHARE = 0.8
NOISY_SHARE = 0.15
STRONGEST_LEVEL = 3.0
"""Of the denoise levels."""
NOISE = 1.5
"""Deviation of the noise for each denoise level."""
QUALITY = (75, 95)
RADIUS = (0.5, 1.2)
PERCENT = (10, 60)
SOFT_SHARE = 0.4
"""Of the text: blurred, or enlarged before."""
SOFT_BLUR = (0.4, 1.3)
"""Deviation in pixels of the small picture."""
ENLARGED = (1.2, 2.0)
UNWORN_SHARE = 0.08
BLURRED_SHARE = {1: 0.3, 4: 0.5}
BLUR = (0.3, 1.0)
"""Deviation in pixels of the small picture."""
GRAINY_SHARE = {1: 0.35, 4: 0.6}
GRAIN = (1.0, 8.0)
"""Deviation in levels of 255."""
COMPRESSED_SHARE = 0.85
WORN_JPEG_SHARE = 0.9
WORN_QUALITY = {1: (7, 92), 4: (25, 92)}
"""By scale; all ratios of two qualities are as likely, so that half of them are below 25 and 48."""

MIXED_SOFT_SHARE = 0.5
MIXED_GRAINY_SHARE = 0.4
MIXED_QUALITY = (30, 95)


def shrink(tile: np.ndarray, scale: int, kernel: Image.Resampling) -> Image.Image:
    """An RGB uint8 HWC tile made `scale` times smaller."""
    height, width = tile.shape[:2]
    return Image.fromarray(tile).resize((width // scale, height // scale), kernel)


def sharpen(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Light unsharp masking, which leaves faint halos."""
    radius, percent = rng.uniform(*RADIUS), int(rng.integers(PERCENT[0], PERCENT[1] + 1))
    return picture.filter(ImageFilter.UnsharpMask(radius=radius, percent=percent, threshold=0))


def compress(picture: Image.Image, rng: np.random.Generator, quality: int, jpeg_share: float) -> Image.Image:
    """Through JPEG, two in three times with halved chroma, or through lossy WebP."""
    stream = io.BytesIO()
    if rng.random() < jpeg_share:
        picture.save(stream, "JPEG", quality=quality, subsampling="4:4:4" if rng.random() < 1 / 3 else "4:2:0")
    else:
        picture.save(stream, "WEBP", quality=quality, method=2)
    return Image.open(stream).convert("RGB")


def soften(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Blurred, or as one that was smaller and enlarged to this size."""
    if rng.random() < 0.5:
        return picture.filter(ImageFilter.GaussianBlur(rng.uniform(*SOFT_BLUR)))
    factor = rng.uniform(*ENLARGED)
    smaller = picture.resize([round(side / factor) for side in picture.size], KERNELS[rng.integers(len(KERNELS))])
    return smaller.resize(picture.size, KERNELS[1:][rng.integers(len(KERNELS) - 1)])


def web(tile: np.ndarray, scale: int, rng: np.random.Generator, soft_share: float = 0.0) -> np.ndarray:
    """A degraded low-resolution twin: RGB uint8 HWC, `scale` times smaller."""
    picture = shrink(tile, scale, KERNELS[rng.integers(len(KERNELS))])
    if soft_share > 0.0 and rng.random() < soft_share:
        picture = soften(picture, rng)
    if rng.random() >= CLEAN_SHARE:
        if rng.random() < SHARPENED_SHARE:
            picture = sharpen(picture, rng)
        picture = compress(picture, rng, int(rng.integers(QUALITY[0], QUALITY[1] + 1)), JPEG_SHARE)
    return np.asarray(picture)


def levelled(tile: np.ndarray, scale: int, rng: np.random.Generator) -> tuple[np.ndarray, float, np.ndarray]:
    """A low-resolution twin, the denoise level in 0..=3 that undoes what was done to it, and what it was before: level 0
    only resizes, 1 is JPEG of about quality 80, 2 of 64, 3 of 46."""
    picture = shrink(tile, scale, KERNELS[rng.integers(len(KERNELS))])
    clean = np.asarray(picture)
    if rng.random() < CLEAN_SHARE:
        return clean, 0.0, clean
    level = float(rng.uniform(0.1, STRONGEST_LEVEL))
    if rng.random() < NOISY_SHARE:
        picture = grainy(picture, rng, level * NOISE)
    quality = int(np.clip(97 - 17 * level + rng.uniform(-6, 6), 30, 97))
    return np.asarray(compress(picture, rng, quality, LEVEL_JPEG_SHARE)), level, clean


def grainy(picture: Image.Image, rng: np.random.Generator, deviation: float) -> Image.Image:
    """With Gaussian noise of this deviation in levels of 255."""
    noisy = np.asarray(picture) + rng.normal(0, deviation, (*picture.size[::-1], 3))
    return Image.fromarray(np.clip(np.round(noisy), 0, 255).astype(np.uint8))


def worn(tile: np.ndarray, scale: int, rng: np.random.Generator) -> np.ndarray:
    """A twin `scale` times smaller, most of them blurred, noisy or compressed beyond what `web` does."""
    picture = shrink(tile, scale, KERNELS[rng.integers(len(KERNELS))]) if scale > 1 else Image.fromarray(tile)
    if rng.random() < UNWORN_SHARE:
        return np.asarray(picture)
    if rng.random() < BLURRED_SHARE[scale]:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(*BLUR)))
    if rng.random() < GRAINY_SHARE[scale]:
        picture = grainy(picture, rng, rng.uniform(*GRAIN))
    if rng.random() < COMPRESSED_SHARE:
        low, high = np.log(WORN_QUALITY[scale])
        picture = compress(picture, rng, round(np.exp(rng.uniform(low, high))), WORN_JPEG_SHARE)
    return np.asarray(picture)


def mixed(tile: np.ndarray, scale: int, rng: np.random.Generator) -> np.ndarray:
    """What `detail` is for: a third only resized, a third as the web does it, a third worn: soft from a blur or an earlier enlargement,
    grainy, and JPEG of any quality from 30 on."""
    kind = rng.random()
    picture = shrink(tile, scale, KERNELS[rng.integers(len(KERNELS))])
    if kind < 1 / 3:
        return np.asarray(picture)
    if kind < 2 / 3:
        return web(tile, scale, rng)
    if rng.random() < MIXED_SOFT_SHARE:
        picture = soften(picture, rng)
    if rng.random() < MIXED_GRAINY_SHARE:
        picture = grainy(picture, rng, rng.uniform(*GRAIN))
    quality = int(rng.integers(MIXED_QUALITY[0], MIXED_QUALITY[1] + 1))
    return np.asarray(compress(picture, rng, quality, WORN_JPEG_SHARE))


@dataclass(frozen=True)
class Twins:
    """Low-resolution twins of tiles."""

    low: np.ndarray
    """uint8 RGB [n, h, w, 3]."""
    level: np.ndarray | None = None
    """The denoise level of each [n], where they have one."""
    noise: np.ndarray | None = None
    """What was done to them, int16 [n, h, w, 3] in levels of 255: `low` minus what it was before."""


def levelled_all(tiles: np.ndarray, scale: int, rng: np.random.Generator) -> Twins:
    """`levelled` of each of `tiles` [n, h, w, 3]."""
    low, level, clean = zip(*(levelled(tile, scale, rng) for tile in tiles), strict=True)
    return Twins(np.stack(low), np.array(level, np.float32), np.stack(low).astype(np.int16) - np.stack(clean))


MIXES: dict[str, Callable[[np.ndarray, int, np.random.Generator], Twins]] = {
    "web": lambda tiles, scale, rng: Twins(np.stack([web(tile, scale, rng) for tile in tiles])),
    "soft": lambda tiles, scale, rng: Twins(np.stack([web(tile, scale, rng, SOFT_SHARE) for tile in tiles])),
    "levelled": levelled_all,
    "mixed": lambda tiles, scale, rng: Twins(np.stack([mixed(tile, scale, rng) for tile in tiles])),
    "worn": lambda tiles, scale, rng: Twins(np.stack([worn(tile, scale, rng) for tile in tiles])),
}


def degraded(mix: str, tiles: np.ndarray, scale: int, seed: tuple[int, ...]) -> Twins:
    """Twins of `tiles` [n, h, w, 3] by one of `MIXES`; the same for the same seed."""
    return MIXES[mix](tiles, scale, np.random.default_rng(seed))


_tiles: np.ndarray


def open_tiles(path: str) -> None:
    """Prepare a process for `chunk`: map the tiles in the .npy file at `path`."""
    global _tiles
    _tiles = np.load(path, mmap_mode="r")


def chunk(mix: str, first: int, count: int, scale: int, seed: tuple[int, ...]) -> Twins:
    """`degraded` of `count` of the mapped tiles."""
    return degraded(mix, _tiles[first : first + count], scale, seed)
