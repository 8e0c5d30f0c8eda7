"""Resuming, schedule, sampling and losses, on a synthetic corpus."""

import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

from training import matlab_bicubic
from training.corpus import Corpus, PatchSampler
from training.losses import pixel_loss
from training.photo_fast import PhotoFast
from training.schedule import Schedule
from training.tiles import TileRecord
from training.trainer import Recipe, Trainer

CPU = torch.device("cpu")


def smooth_corpus(scale: int, tiles: int = 4, side: int = 64) -> Corpus:
    """Random smooth colour tiles with their bicubic twins."""
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 256, (tiles, side // 8, side // 8, 3), dtype=np.uint8)
    high = np.stack([matlab_bicubic.resize(tile, side, side) for tile in coarse])
    low = np.stack([matlab_bicubic.shrink(tile, scale) for tile in high])
    return Corpus(torch.from_numpy(high), torch.from_numpy(low), torch.ones(tiles), scale)


def new_trainer(seed: int = 0) -> Trainer:
    """A small run."""
    torch.manual_seed(seed)
    return Trainer(Recipe(scale=2, batch=4, patch=12, seed=seed), smooth_corpus(2), PhotoFast(2), CPU)


class Resume(unittest.TestCase):
    def straight_and_resumed(self, forget: str | None = None) -> tuple[Trainer, Trainer]:
        """Six steps at once, and three steps, a checkpoint, and three more; `forget` drops a part of the state."""
        straight, first, second = new_trainer(), new_trainer(), new_trainer(seed=9)
        for _ in range(6):
            straight.step()
        for _ in range(3):
            first.step()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "last.pt"
            first.save(path)
            state = torch.load(path, weights_only=True)
        if forget:
            state[forget] = new_trainer().generator.get_state()
        second.restore(state)
        for _ in range(3):
            second.step()
        return straight, second

    @staticmethod
    def same(a: Trainer, b: Trainer) -> bool:
        pairs = list(zip(a.average.parameters(), b.average.parameters(), strict=True))
        pairs += zip(a.network.parameters(), b.network.parameters(), strict=True)
        return all(torch.equal(x, y) for x, y in pairs)

    def test_resumed_run_is_the_uninterrupted_run(self):
        self.assertTrue(self.same(*self.straight_and_resumed()))

    def test_notices_a_forgotten_generator(self):
        self.assertFalse(self.same(*self.straight_and_resumed(forget="generator")))


class Training(unittest.TestCase):
    def test_loss_falls(self):
        trainer = new_trainer()
        losses = [trainer.step().item() for _ in range(150)]
        self.assertLess(np.mean(losses[-20:]), 0.7 * np.mean(losses[:20]))

    def test_schedule_warms_up_holds_and_decays_to_zero(self):
        schedule = Schedule(peak=1.0, warm_up=10, decay_start=50, decay_steps=20)
        self.assertEqual([schedule.rate(s) for s in (0, 4, 9, 49, 50, 60, 70)], [0.1, 0.5, 1.0, 1.0, 1.0, 0.5, 0.0])
        self.assertFalse(schedule.finished(69))
        self.assertTrue(schedule.finished(70))
        self.assertFalse(Schedule(1.0, 10).finished(10**9))

    def test_decay_under_way_goes_on_from_its_rate(self):
        trainer = new_trainer()
        trainer.done = 1000
        trainer.decay_over(100)
        trainer.done = 1050
        before = trainer.schedule.rate(1050)
        trainer.decay_over(20)
        self.assertAlmostEqual(trainer.schedule.rate(1050), before)
        self.assertAlmostEqual(trainer.schedule.rate(1060), before / 2)
        self.assertTrue(trainer.schedule.finished(1070))

    def test_losses_of_known_differences(self):
        zero, half = torch.zeros(1, 1, 4, 4), torch.full((1, 1, 4, 4), 0.5)
        self.assertAlmostEqual(pixel_loss("l1", half, zero).item(), 0.5)
        self.assertAlmostEqual(pixel_loss("l2", half, zero).item(), 0.25)
        self.assertAlmostEqual(pixel_loss("charbonnier", half, zero).item(), 0.5, places=5)
        self.assertGreater(pixel_loss("l1+fft", half, zero).item(), 0.5)
        with self.assertRaises(ValueError):
            pixel_loss("huber", half, zero)


class Sampling(unittest.TestCase):
    def registration_error(self, shifted: int) -> float:
        """Mean difference of a high-resolution patch's block means from its low-resolution patch."""
        corpus = smooth_corpus(2)
        corpus.high = torch.roll(corpus.high, shifted, dims=2)
        low, high = PatchSampler(corpus, 16, 16, torch.Generator().manual_seed(0)).draw()
        self.assertEqual((low.shape, high.shape), ((16, 1, 16, 16), (16, 1, 32, 32)))
        return (torch.nn.functional.avg_pool2d(high, 2) - low).abs().mean().item()

    def test_patches_are_registered_under_every_symmetry(self):
        self.assertLess(self.registration_error(0), 0.01)

    def test_notices_a_shifted_twin(self):
        self.assertGreater(self.registration_error(2), 0.01)

    def test_textured_patches_are_preferred(self):
        corpus = smooth_corpus(2)
        corpus.low[:2], corpus.high[:2] = 90, 90
        low, _ = PatchSampler(corpus, 16, 16, torch.Generator().manual_seed(0)).draw()
        flat = int((low.flatten(1).std(dim=1) < 1e-6).sum())
        self.assertLessEqual(flat, 5)

    def test_all_tiles_of_a_picture_are_on_one_side_of_the_split(self):
        records = [
            TileRecord(f"{n}.webp", f"owner/repository@0:{n // 4}.png", 1, n, 0, "photo", "A", "CC0-1.0")
            for n in range(4000)
        ]
        sides = {(r.source, r.held_out) for r in records}
        self.assertEqual(len(sides), 1000)
        self.assertTrue(10 < sum(held for _, held in sides) < 60)


if __name__ == "__main__":
    unittest.main()
