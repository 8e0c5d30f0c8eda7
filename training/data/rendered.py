"""Archives of rendered tiles, and the command line of what renders them."""

import argparse
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from training.data import pack
from training.data.tiles import TileRecord

Render = Callable[[int, int], list[pack.PackedTile]]
"""From a count and a seed to so many tiles."""


def packed(pixels: np.ndarray, file: str, source: str, kind: str, licence: str) -> pack.PackedTile:
    """One tile, uint8 RGB HWC, lossless, with its record."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "WEBP", lossless=True, method=2)
    return pack.PackedTile(TileRecord(file, source, 1, 0, 0, kind, "A", licence), stream.getvalue())


def main(description: str, render: Render, count: int, out: Path) -> None:
    """Write an archive of `count` tiles at `out`, unless the command line says otherwise."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=count)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=out, help="archive to write")
    options = parser.parse_args()
    pack.write_part(render(options.count, options.seed), options.out)
    print(f"{options.out}: {options.count} tiles, {options.out.stat().st_size / pack.MEBIBYTE:.1f} MiB")
