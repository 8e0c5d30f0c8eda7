"""The web degradation and the pool of degraded copies."""

import subprocess
import sys
import unittest
import unittest.mock

import numpy as np
import torch
from PIL import Image

from training.data import degrade
from training.data.corpus import Corpus, PatchSampler
from training.data.web import WebPool
from training.paths import PROJECT
from training.tests.test_trainer import smooth_corpus

CPU = torch.device("cpu")


def pool(copies: int, workers: int = 0, seed: int = 0) -> WebPool:
    """Of a synthetic corpus of four tiles."""
    return WebPool(smooth_corpus(2), copies=copies, seed=seed, workers=workers, device=CPU)


class Degradation(unittest.TestCase):
    def setUp(self):
        rng = np.random.default_rng(0)
        coarse = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
        self.tile = np.asarray(Image.fromarray(coarse).resize((64, 64), Image.Resampling.BICUBIC))

    def twin(self, seed: int) -> np.ndarray:
        return degrade.degraded("web", self.tile[None], 2, (1, seed)).low

    def test_same_seed_same_picture_and_another_seed_another(self):
        first = self.twin(2)
        np.testing.assert_array_equal(first, self.twin(2))
        others = [self.twin(n) for n in range(3, 9)]
        self.assertTrue(any((first != other).any() for other in others))

    def test_every_kernel_keeps_the_place_and_the_mean(self):
        ramp = np.broadcast_to(np.arange(64, dtype=np.uint8)[None, :, None] * 3, (64, 64, 3))
        expected = (np.arange(16) * 4 + 1.5) * 3
        for kernel in degrade.KERNELS:
            small = np.asarray(degrade.shrink(ramp, 4, kernel)).astype(float)
            self.assertEqual(small.shape, (16, 16, 3))
            self.assertLess(np.abs(small[:, 3:-3, 1] - expected[3:-3]).max(), 1.01)
        nearest = np.asarray(degrade.shrink(ramp, 4, Image.Resampling.NEAREST)).astype(float)
        self.assertGreater(np.abs(nearest[:, 3:-3, 1] - expected[3:-3]).max(), 1.01)

    def test_a_share_is_clean_and_the_rest_is_compressed(self):
        clean_twins = [np.asarray(degrade.shrink(self.tile, 2, kernel)) for kernel in degrade.KERNELS]
        rng = np.random.default_rng(3)
        made = [degrade.web(self.tile, 2, rng) for _ in range(300)]
        clean = np.mean([any((picture == twin).all() for twin in clean_twins) for picture in made])
        self.assertTrue(0.22 < clean < 0.38, clean)
        nearest_twin = [min(np.abs(p.astype(float) - t).mean() for t in clean_twins) for p in made]
        self.assertTrue(0.5 < np.mean(nearest_twin) < 15, np.mean(nearest_twin))

    def test_sharpening_overshoots_an_edge(self):
        step = np.where(np.arange(32)[None, :, None] < 16, 60, 200).astype(np.uint8)
        edge = Image.fromarray(step.repeat(32, 0).repeat(3, 2))
        sharp = np.asarray(degrade.sharpen(edge, np.random.default_rng(0)))
        self.assertTrue(sharp.min() < 60 and sharp.max() > 200)
        self.assertGreater(sharp.min(), 20)

    def test_text_is_soft_at_times(self):
        def contrast(mix: str) -> np.ndarray:
            checks = np.kron(np.indices((16, 16)).sum(0) % 2, np.ones((4, 4)))[..., None].repeat(3, 2)
            tiles = np.broadcast_to((checks * 255).astype(np.uint8), (100, 64, 64, 3))
            return degrade.degraded(mix, tiles, 2, (1, 2)).low[:, 8:-8, 8:-8].std((1, 2, 3)) / 127.5

        soft = np.mean(contrast("soft") < 0.5)
        self.assertTrue(0.08 < soft < 0.35, soft)
        self.assertGreater(contrast("web").min(), 0.5)

    def test_quality_stays_in_its_range(self):
        qualities = []
        original = Image.Image.save

        def recording(picture, stream, codec, **options):
            qualities.append((codec, options["quality"]))
            original(picture, stream, codec, **options)

        rng = np.random.default_rng(5)
        with unittest.mock.patch.object(Image.Image, "save", recording):
            for _ in range(200):
                degrade.web(self.tile[:32, :32], 2, rng)
        self.assertEqual({codec for codec, _ in qualities}, {"JPEG", "WEBP"})
        self.assertTrue(75 <= min(q for _, q in qualities) < 80 and 90 < max(q for _, q in qualities) <= 95)


class Pool(unittest.TestCase):
    def test_copies_appear_in_their_places_and_are_renewed(self):
        made = pool(copies=2)
        self.assertEqual(made.corpus.copies, 1)
        first = made.corpus.low[:4].clone()
        for _ in range(2):
            made.poll()
        self.assertEqual(made.corpus.copies, 2)
        self.assertTrue(torch.equal(first, made.corpus.low[:4]))
        for _ in range(2):
            made.poll()
        self.assertFalse(torch.equal(first, made.corpus.low[:4]))

    def test_every_copy_shows_its_own_tile(self):
        made = pool(copies=2)
        made.poll()
        made.poll()
        clean = smooth_corpus(2).low.float()
        own = (made.corpus.low.view(2, *clean.shape).float() - clean).abs().mean()
        others = (made.corpus.low.view(2, *clean.shape).float() - clean.roll(1, 0)).abs().mean()
        self.assertLess(own, 8)
        self.assertGreater(others, 3 * own)

    def test_processes_make_the_same_first_copy_as_no_processes_with_their_chunks(self):
        made = pool(copies=2, workers=1)
        try:
            expected = degrade.degraded("web", made.high, 2, (0, 0)).low
            np.testing.assert_array_equal(made.corpus.low[:4].numpy(), expected)
            while made.corpus.copies < 2:
                made.poll()
        finally:
            made.close()

    def test_sampler_draws_the_twins_of_the_right_tile(self):
        flat = torch.tensor([10, 60, 120, 200], dtype=torch.uint8)[:, None, None, None]
        high = flat.expand(4, 32, 32, 3).contiguous()
        low = torch.cat([flat, flat + 5]).expand(8, 16, 16, 3).contiguous()
        corpus = Corpus(high, low, torch.ones(4), 2, copies=2)
        drawn_low, drawn_high = PatchSampler(corpus, 32, 8, torch.Generator().manual_seed(0), colours=3).draw()
        difference = 255 * (drawn_low.mean((1, 2, 3)) - drawn_high.mean((1, 2, 3)))
        self.assertEqual({round(d) for d in difference.tolist()}, {0, 5})
        corpus.copies = 1
        drawn_low, drawn_high = PatchSampler(corpus, 32, 8, torch.Generator().manual_seed(0), colours=3).draw()
        self.assertLess((drawn_low.mean((1, 2, 3)) - drawn_high.mean((1, 2, 3))).abs().max(), 1e-6)


class Processes(unittest.TestCase):
    def test_what_a_worker_imports_leaves_pytorch_out(self):
        """A dozen processes that import it first would hold up a run on a machine with many cores."""
        check = "import sys, training.data.degrade; sys.exit('torch' in sys.modules)"
        self.assertEqual(subprocess.run([sys.executable, "-c", check], cwd=PROJECT).returncode, 0)


if __name__ == "__main__":
    unittest.main()
