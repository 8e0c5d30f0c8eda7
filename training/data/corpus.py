"""High- and low-resolution tiles resident in memory, and the patch sampler."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from training.data import degrade, luma, matlab_bicubic
from training.data.cache import cached
from training.data.tiles import TileRecord, archives, read_index, read_tiles
from training.networks.facts import PHOTOGRAPHS

FLAT_SHARE = 3 / 16
SHRINK_GROUP = 64
SMALLER_SIDES = (192, 128)
"""Of the smaller copies of a tile, in pixels."""


@dataclass
class Corpus:
    """Pairs of uint8 RGB tiles: `high` [n, 256, 256, 3], `low` [copies * n, 256/scale, 256/scale, 3], `weight` [n].

    Low-resolution tile `copy * n + i` belongs to high-resolution tile `i`; only the first `copies` are drawn from.
    """

    high: torch.Tensor
    low: torch.Tensor
    weight: torch.Tensor
    scale: int
    copies: int = 1
    level: torch.Tensor | None = None
    """The denoise level of every low-resolution tile, for the networks that take one."""
    noise: torch.Tensor | None = None
    """What that level removes of them, in levels of 255: int16 of the shape of `low`."""

    def to(self, device: torch.device) -> "Corpus":
        """The same pairs on `device`."""
        names = ("high", "low", "weight", "level", "noise")
        there = {name: value for name in names if (value := getattr(self, name)) is not None}
        return replace(self, **{name: value.to(device) for name, value in there.items()})


def with_level(planes: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
    """`planes` [n, c, h, w] and one more that holds the level [n] of each."""
    return torch.cat([planes, level[:, None, None, None].expand(-1, 1, *planes.shape[2:])], dim=1)


def shrink_all(tiles: np.ndarray, scale: int) -> np.ndarray:
    """Bicubic low-resolution twin of every tile: all tiles share their taps, so they are resized in groups."""
    side = tiles.shape[1] // scale
    low = np.empty((len(tiles), side, side, 3), np.uint8)

    def shrink_from(first: int) -> None:
        group = np.moveaxis(tiles[first : first + SHRINK_GROUP], 0, 2)
        low[first : first + SHRINK_GROUP] = np.moveaxis(matlab_bicubic.resize(group, side, side), 2, 0)

    with ThreadPoolExecutor() as threads:
        list(threads.map(shrink_from, range(0, len(tiles), SHRINK_GROUP)))
    return low


def smaller_copies(tiles: np.ndarray, side: int) -> np.ndarray:
    """Every tile [n, 256, 256, 3] with its sides shrunk to `side` pixels and mirrored until it is 256 wide again: what the
    same picture looks like where it has fewer pixels."""
    whole = tiles.shape[1]
    index = np.pad(np.arange(side), (0, whole - side), mode="symmetric")
    made = np.empty_like(tiles)

    def shrink_from(first: int) -> None:
        for i in range(first, min(first + SHRINK_GROUP, len(tiles))):
            small = np.asarray(Image.fromarray(tiles[i]).resize((side, side), Image.Resampling.LANCZOS))
            made[i] = small[index][:, index]

    with ThreadPoolExecutor() as threads:
        list(threads.map(shrink_from, range(0, len(tiles), SHRINK_GROUP)))
    return made


def with_smaller(corpus: "Corpus", weight: float) -> "Corpus":
    """The corpus and the smaller copies of its tiles, drawn at `weight` of the tiles' rate, all sizes together."""
    tiles = corpus.high.numpy()
    copies = [smaller_copies(tiles, side) for side in SMALLER_SIDES]
    low = [corpus.low] + [torch.from_numpy(shrink_all(made, corpus.scale)) for made in copies]
    high = [corpus.high] + [torch.from_numpy(made) for made in copies]
    weights = [corpus.weight] + [corpus.weight * (weight / len(copies)) for _ in copies]
    return Corpus(torch.cat(high), torch.cat(low), torch.cat(weights), corpus.scale)


def load(
    data: Path,
    scale: int,
    held_out: bool,
    limit: int | None = None,
    kinds: dict[str, float] = PHOTOGRAPHS,
    *,
    textured: bool = False,
    free: bool = False,
) -> Corpus:
    """Read every archive under `data`, also those of textured photographs where asked, and keep one side of the split, and of it the
    tiles of the `kinds` given with their weights; `limit` keeps so many tiles of each archive, `free` those under free licences."""

    def wanted(record: TileRecord) -> bool:
        fit = record.held_out == held_out and record.kind in kinds
        return fit and not record.doubtful and (record.free or not free)

    weights: list[float] = []
    high: list[np.ndarray] = []
    low: list[np.ndarray] = []
    for archive in archives(data, kinds, textured):
        records = read_index(archive)
        chosen = [i for i, r in enumerate(records) if wanted(r)][:limit]
        if limit is None:
            tiles = cached(archive, "tiles", lambda: read_tiles(archive, records))
            small = cached(archive, f"bicubic-x{scale}", lambda: shrink_all(tiles, scale))
            high.append(tiles[chosen])
            low.append(small[chosen])
        else:
            high.append(read_tiles(archive, [records[i] for i in chosen]))
            low.append(shrink_all(high[-1], scale))
        weights += [kinds[records[i].kind] for i in chosen]
    if not weights:
        raise FileNotFoundError(
            f"{data} holds no {'held-out' if held_out else 'training'} tile of {', '.join(kinds)}; "
            "text and art are made by `python -m training.data.render_text` and `python -m training.data.render_art`"
        )
    return Corpus(
        torch.from_numpy(np.concatenate(high)), torch.from_numpy(np.concatenate(low)), torch.tensor(weights), scale
    )


def to_planes(pixels: torch.Tensor, colours: int) -> torch.Tensor:
    """What a network reads of 8-bit RGB [n, h, w, 3]: Y (`colours` 1) or RGB (3) in 0..=1, [n, colours, h, w].

    RGB keeps the pixels' order in memory, which is the channels-last format.
    """
    if colours == 1:
        return luma.full_range_tensor(pixels).unsqueeze(1)
    return (pixels.float() / 255.0).permute(0, 3, 1, 2)


@dataclass
class PatchSampler:
    """Random patches with flips and rotations; half of the flat ones are dropped.

    Where tiles have a level, a sixth of the patches asks for nothing of it to go, a third for a part, a quarter for all of it
    and a quarter for more than there is, which takes no more than that.

    Twice the batch is drawn and sorted by the deviation of the low-resolution luma: a batch is the most textured
    of them with `flat` of it taken from the flatter half; at a half, no texture is preferred. `colours` is 1 for luma and 3 for RGB;
    `permute_colours` puts red, green and blue of each patch in a random order. The generator is on the corpus's device.
    """

    corpus: Corpus
    batch: int
    patch: int
    generator: torch.Generator
    colours: int = 1
    permute_colours: bool = False
    flat: float = FLAT_SHARE

    def draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Low [batch, colours, patch, patch] and high [batch, colours, scale * patch, scale * patch] in 0..=1."""
        corpus, scale, count = self.corpus, self.corpus.scale, 2 * self.batch
        tile = torch.multinomial(corpus.weight, count, replacement=True, generator=self.generator)
        corner = self._below(corpus.low.shape[1] - self.patch + 1, (count, 2))
        turn = self._below(8, (count,))
        twin = tile
        if corpus.copies > 1:
            twin = tile + len(corpus.high) * self._below(corpus.copies, (count,))
        low = _gather(corpus.low, twin, corner, turn, self.patch)
        order = self._colour_orders(count) if self.permute_colours else None
        if order is not None:
            low = _reordered(low, order)
        low = to_planes(low, self.colours)
        kept = self._drop_flat(luma.of_planes(low))
        high = _gather(corpus.high, tile[kept], corner[kept] * scale, turn[kept], self.patch * scale)
        if order is not None:
            high = _reordered(high, order[kept])
        low, high, twin = low[kept], to_planes(high, self.colours), twin[kept]
        if corpus.level is None:
            return low, high
        draws = torch.rand(len(twin), generator=self.generator, device=self.generator.device)
        asked = ((draws - 1 / 6) * 3).clamp(0.0, 1.0)
        if corpus.noise is not None:
            noise = _gather(corpus.noise, twin, corner[kept], turn[kept], self.patch)
            left = F.interpolate(to_planes(noise, self.colours), scale_factor=scale, mode="bicubic", align_corners=False)
            high = high + (1.0 - asked)[:, None, None, None] * left
        level = corpus.level[twin]
        beyond = ((draws - 3 / 4) * 4).clamp(min=0.0)
        return with_level(low, asked * level + beyond * (degrade.STRONGEST_LEVEL - level)), high

    def _below(self, bound: int, shape: tuple[int, ...]) -> torch.Tensor:
        return torch.randint(bound, shape, generator=self.generator, device=self.generator.device)

    def _colour_orders(self, count: int) -> torch.Tensor:
        """One of the six orders of three colours for each patch, [count, 3]."""
        return torch.rand(count, 3, generator=self.generator, device=self.generator.device).argsort(dim=1)

    def _drop_flat(self, low: torch.Tensor) -> torch.Tensor:
        order = low.flatten(1).std(dim=1).argsort(descending=True)
        flat = round(self.batch * self.flat)
        return torch.cat([order[: self.batch - flat], order[self.batch : self.batch + flat]])


def _reordered(pixels: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    """`pixels` [n, h, w, 3] with the colours of each patch in its `order` [n, 3]."""
    return pixels.gather(3, order[:, None, None, :].expand(pixels.shape))


def _gather(
    tiles: torch.Tensor, tile: torch.Tensor, corner: torch.Tensor, turn: torch.Tensor, side: int
) -> torch.Tensor:
    """Pixels [n, side, side, 3] of the patches at `corner` (y, x), each under one of the 8 symmetries of the square."""
    step = torch.arange(side, device=tiles.device)
    step = torch.stack([step, side - 1 - step])
    along_y, along_x = step[turn & 1][:, :, None], step[turn >> 1 & 1][:, None, :]
    transposed = (turn >> 2 & 1).bool()[:, None, None]
    row = torch.where(transposed, along_x, along_y) + corner[:, :1, None]
    column = torch.where(transposed, along_y, along_x) + corner[:, 1:, None]
    height, width = tiles.shape[1:3]
    index = (tile[:, None, None] * height + row) * width + column
    return tiles.view(-1, 3).index_select(0, index.flatten()).view(len(tile), side, side, 3)
