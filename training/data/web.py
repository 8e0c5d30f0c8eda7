"""Degraded copies of a corpus, made with real codecs and renewed while a run goes on."""

import multiprocessing
import tempfile
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch

from training.data import degrade
from training.data.corpus import Corpus

CHUNK = 64
INLINE_CHUNK = 2
"""Tiles that are renewed at a time where there are no worker processes."""


class WebPool:
    """Fills `corpus.low` with `copies` degraded twins of every tile and goes on renewing them, oldest first.

    The first copy is there once the constructor returns; the others are added to `corpus.copies` as they are made.
    `mix` is one of `degrade.MIXES`. With `workers` the renewal happens in so many processes, in an order that no seed fixes; without, in `poll`.
    """

    def __init__(self, clean: Corpus, *, copies: int, seed: int, workers: int, device: torch.device, mix: str = "web"):
        self.scale, self.seed, self.workers, self.mix = clean.scale, seed, workers, mix
        self.high = clean.high.numpy()
        self.tiles, self.wanted = len(self.high), copies
        side = self.high.shape[1] // self.scale
        low = torch.empty(copies * self.tiles, side, side, 3, dtype=torch.uint8)
        level = torch.zeros(len(low)) if mix == "levelled" else None
        noise = torch.zeros(low.shape, dtype=torch.int16) if mix == "levelled" else None
        self.corpus = Corpus(clean.high, low, clean.weight, clean.scale, level=level, noise=noise).to(device)
        self.chunk = CHUNK if workers else INLINE_CHUNK
        self.next = 0
        self.under_way: deque[tuple[int, Future]] = deque()
        self.folder = tempfile.TemporaryDirectory(prefix="web-pool-") if workers else None
        self.executor = self._start() if workers else None
        while self.next < self.tiles or self.under_way:
            self._renew(wait=True, more=self.next < self.tiles)

    def _start(self) -> ProcessPoolExecutor:
        path = Path(self.folder.name) / "tiles.npy"
        np.save(path, self.high)
        # A forked process must not touch the GPU's context that its parent holds.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self.workers, context, degrade.open_tiles, (str(path),))

    def poll(self) -> None:
        """Take over what has been made since the last call, at most one chunk of it; call it every few steps."""
        self._renew(wait=False, more=True)

    def close(self) -> None:
        """End the worker processes."""
        if self.executor:
            self.executor.shutdown(wait=True, cancel_futures=True)
            self.folder.cleanup()

    def _take(self) -> tuple[int, int, tuple[int, ...]]:
        """Place in `low`, number of tiles and seed of the next chunk; chunks never cross from one copy to the next."""
        position = self.next
        tile = position % self.tiles
        count = min(self.chunk, self.tiles - tile)
        self.next += count
        return position, count, (self.seed, position)

    def _renew(self, *, wait: bool, more: bool) -> None:
        if not self.executor:
            position, count, seed = self._take()
            first = position % self.tiles
            self._put(position, degrade.degraded(self.mix, self.high[first : first + count], self.scale, seed))
            return
        while more and len(self.under_way) < 2 * self.workers:
            position, count, seed = self._take()
            job = self.executor.submit(degrade.chunk, self.mix, position % self.tiles, count, self.scale, seed)
            self.under_way.append((position, job))
        if self.under_way and (wait or self.under_way[0][1].done()):
            position, job = self.under_way.popleft()
            self._put(position, job.result())

    def _put(self, position: int, made: degrade.Twins) -> None:
        place = position % (self.wanted * self.tiles)
        for name in ("low", "level", "noise"):
            kept, new = getattr(self.corpus, name), getattr(made, name)
            if kept is not None:
                kept[place : place + len(new)] = torch.from_numpy(new).to(kept.device)
        filled = (position + len(made.low)) // self.tiles
        self.corpus.copies = max(self.corpus.copies, min(self.wanted, filled))
