"""What the web does to a picture before anyone enlarges it: a resize of some kernel, light sharpening, a codec; and the
stronger compression and noise that `art` removes, by level.

Imports no PyTorch, so that the processes which degrade in the background start quickly.
"""

import io

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
NOISE = 1.5
"""Deviation of the noise for each denoise level."""
QUALITY = (75, 95)
RADIUS = (0.5, 1.2)
PERCENT = (10, 60)


def shrink(tile: np.ndarray, scale: int, kernel: Image.Resampling) -> Image.Image:
    """An RGB uint8 HWC tile made `scale` times smaller."""
    height, width = tile.shape[:2]
    return Image.fromarray(tile).resize((width // scale, height // scale), kernel)


def sharpen(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Light unsharp masking, which leaves faint halos."""
    radius, percent = rng.uniform(*RADIUS), int(rng.integers(PERCENT[0], PERCENT[1] + 1))
    return picture.filter(ImageFilter.UnsharpMask(radius=radius, percent=percent, threshold=0))


def compress(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Through JPEG, two in three times with halved chroma, or through lossy WebP."""
    quality = int(rng.integers(QUALITY[0], QUALITY[1] + 1))
    stream = io.BytesIO()
    if rng.random() < JPEG_SHARE:
        picture.save(stream, "JPEG", quality=quality, subsampling="4:4:4" if rng.random() < 1 / 3 else "4:2:0")
    else:
        picture.save(stream, "WEBP", quality=quality, method=2)
    return Image.open(stream).convert("RGB")


def web(tile: np.ndarray, scale: int, rng: np.random.Generator) -> np.ndarray:
    """A degraded low-resolution twin: RGB uint8 HWC, `scale` times smaller."""
    picture = shrink(tile, scale, KERNELS[rng.integers(len(KERNELS))])
    if rng.random() >= CLEAN_SHARE:
        if rng.random() < SHARPENED_SHARE:
            picture = sharpen(picture, rng)
        picture = compress(picture, rng)
    return np.asarray(picture)


def levelled(tile: np.ndarray, scale: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """A low-resolution twin and the denoise level in 0..=3 that undoes what was done to it: 0 only resizes, 1 is JPEG
    of about quality 80, 2 of 64, 3 of 46."""
    picture = shrink(tile, scale, KERNELS[rng.integers(len(KERNELS))])
    if rng.random() < CLEAN_SHARE:
        return np.asarray(picture), 0.0
    level = float(rng.uniform(0.1, 3.0))
    if rng.random() < NOISY_SHARE:
        noisy = np.asarray(picture) + rng.normal(0, level * NOISE, (*picture.size[::-1], 3))
        picture = Image.fromarray(np.clip(np.round(noisy), 0, 255).astype(np.uint8))
    quality = int(np.clip(97 - 17 * level + rng.uniform(-6, 6), 30, 97))
    stream = io.BytesIO()
    if rng.random() < LEVEL_JPEG_SHARE:
        picture.save(stream, "JPEG", quality=quality, subsampling="4:4:4" if rng.random() < 1 / 3 else "4:2:0")
    else:
        picture.save(stream, "WEBP", quality=quality, method=2)
    return np.asarray(Image.open(stream).convert("RGB")), level


def levelled_all(tiles: np.ndarray, scale: int, seed: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """`levelled` of each of `tiles` [n, h, w, 3]: pictures and levels [n]; the same for the same seed."""
    rng = np.random.default_rng(seed)
    pictures, levels = zip(*(levelled(tile, scale, rng) for tile in tiles), strict=True)
    return np.stack(pictures), np.array(levels, np.float32)


def web_all(tiles: np.ndarray, scale: int, seed: tuple[int, ...]) -> np.ndarray:
    """`web` of each of `tiles` [n, h, w, 3]; the same for the same seed."""
    rng = np.random.default_rng(seed)
    return np.stack([web(tile, scale, rng) for tile in tiles])


def degraded(tiles: np.ndarray, scale: int, seed: tuple[int, ...], levels: bool) -> tuple[np.ndarray, np.ndarray]:
    """`levelled_all`, or `web_all` with levels of 0."""
    if levels:
        return levelled_all(tiles, scale, seed)
    return web_all(tiles, scale, seed), np.zeros(len(tiles), np.float32)


_tiles: np.ndarray


def open_tiles(path: str) -> None:
    """Prepare a process for `chunk`: map the tiles in the .npy file at `path`."""
    global _tiles
    _tiles = np.load(path, mmap_mode="r")


def chunk(first: int, count: int, scale: int, seed: tuple[int, ...], levels: bool) -> tuple[np.ndarray, np.ndarray]:
    """`degraded` of `count` of the mapped tiles."""
    return degraded(_tiles[first : first + count], scale, seed, levels)
