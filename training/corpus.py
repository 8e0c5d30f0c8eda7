"""High- and low-resolution tiles resident in memory, and the patch sampler."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from training import luma, matlab_bicubic
from training.cache import cached
from training.tiles import ARCHIVES, read_index, read_tiles

KIND_WEIGHT = {"photo": 1.0, "art": 1.0 / 3.0, "ui": 1.0 / 4.0}
FLAT_SHARE = 3 / 16


@dataclass
class Corpus:
    """Pairs of uint8 RGB tiles: `high` [n, 256, 256, 3] and `low` [n, 256/scale, 256/scale, 3]; `weight` [n]."""

    high: torch.Tensor
    low: torch.Tensor
    weight: torch.Tensor
    scale: int

    def to(self, device: torch.device) -> "Corpus":
        """The same pairs on `device`; the sampling weights stay on the CPU with the generator."""
        return Corpus(self.high.to(device), self.low.to(device), self.weight, self.scale)


def _shrink_all(tiles: np.ndarray, scale: int) -> np.ndarray:
    """Bicubic low-resolution twin of every tile: all tiles share their taps, so they are resized in groups."""
    side = tiles.shape[1] // scale
    low = np.empty((len(tiles), side, side, 3), np.uint8)
    for first in range(0, len(tiles), 64):
        group = np.moveaxis(tiles[first : first + 64], 0, 2)
        low[first : first + 64] = np.moveaxis(matlab_bicubic.resize(group, side, side), 2, 0)
    return low


def load(data: Path, scale: int, held_out: bool) -> Corpus:
    """Read every archive under `data` and keep one side of the split."""
    weights: list[float] = []
    high: list[np.ndarray] = []
    low: list[np.ndarray] = []
    for name in ARCHIVES:
        archive = data / name
        records = read_index(archive)
        tiles = cached(archive, "tiles", lambda: read_tiles(archive, records))
        small = cached(archive, f"bicubic-x{scale}", lambda: _shrink_all(tiles, scale))
        side = [i for i, record in enumerate(records) if record.held_out == held_out]
        high.append(tiles[side])
        low.append(small[side])
        weights += [KIND_WEIGHT[records[i].kind] for i in side]
    return Corpus(
        torch.from_numpy(np.concatenate(high)), torch.from_numpy(np.concatenate(low)), torch.tensor(weights), scale
    )


@dataclass
class PatchSampler:
    """Random luma patches with flips and rotations; half of the flat ones are dropped.

    Twice the batch is drawn and sorted by the deviation of the low-resolution luma: a batch is the most textured
    of them with `FLAT_SHARE` of it taken from the flatter half.
    """

    corpus: Corpus
    batch: int
    patch: int
    generator: torch.Generator

    def draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Low [batch, 1, patch, patch] and high [batch, 1, scale * patch, scale * patch], Y in 0..=1."""
        count = 2 * self.batch
        tile = torch.multinomial(self.corpus.weight, count, replacement=True, generator=self.generator)
        room = self.corpus.low.shape[1] - self.patch + 1
        corner = torch.randint(room, (count, 2), generator=self.generator)
        turn = torch.randint(8, (count,), generator=self.generator)
        low = self._gather(self.corpus.low, tile, corner, turn, self.patch)
        kept = self._drop_flat(low).cpu()
        high = self._gather(
            self.corpus.high,
            tile[kept],
            corner[kept] * self.corpus.scale,
            turn[kept],
            self.patch * self.corpus.scale,
        )
        return low[kept.to(low.device)].unsqueeze(1), high.unsqueeze(1)

    def _drop_flat(self, low: torch.Tensor) -> torch.Tensor:
        order = low.flatten(1).std(dim=1).argsort(descending=True)
        flat = round(self.batch * FLAT_SHARE)
        return torch.cat([order[: self.batch - flat], order[self.batch : self.batch + flat]])

    @staticmethod
    def _gather(
        tiles: torch.Tensor, tile: torch.Tensor, corner: torch.Tensor, turn: torch.Tensor, side: int
    ) -> torch.Tensor:
        """Luma of the patches at `corner` (y, x), each under one of the 8 symmetries of the square."""
        step = torch.arange(side)
        step = torch.stack([step, side - 1 - step])
        along_y, along_x = step[turn & 1][:, :, None], step[turn >> 1 & 1][:, None, :]
        transposed = (turn >> 2 & 1).bool()[:, None, None]
        row = torch.where(transposed, along_x, along_y) + corner[:, :1, None]
        column = torch.where(transposed, along_y, along_x) + corner[:, 1:, None]
        height, width = tiles.shape[1:3]
        index = ((tile[:, None, None] * height + row) * width + column).to(tiles.device)
        pixels = tiles.view(-1, 3).index_select(0, index.flatten())
        return luma.full_range_tensor(pixels).view(len(tile), side, side)
