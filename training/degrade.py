"""What the web does to a picture before anyone enlarges it: a resize of some kernel, light sharpening, a codec.

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


def web_all(tiles: np.ndarray, scale: int, seed: tuple[int, ...]) -> np.ndarray:
    """`web` of each of `tiles` [n, h, w, 3]; the same for the same seed."""
    rng = np.random.default_rng(seed)
    return np.stack([web(tile, scale, rng) for tile in tiles])


_tiles: np.ndarray


def open_tiles(path: str) -> None:
    """Prepare a process for `web_chunk`: map the tiles in the .npy file at `path`."""
    global _tiles
    _tiles = np.load(path, mmap_mode="r")


def web_chunk(first: int, count: int, scale: int, seed: tuple[int, ...]) -> np.ndarray:
    """`web_all` of `count` of the mapped tiles."""
    return web_all(_tiles[first : first + count], scale, seed)
