"""The map of what is missing: what it says, that it can be learned, and its file."""

import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from training.data.corpus import Corpus
from training.networks import onnx_export
from training.networks.doubt import CHANNELS, Doubt, missing
from training.report import doubt_grain
from training.report.onnx_reference import OnnxReference
from training.run import doubt

TOLERANCE = 1e-5


class Map(unittest.TestCase):
    def setUp(self):
        torch.set_num_threads(1)
        torch.manual_seed(2)

    def test_it_is_the_deviation_of_what_is_missing(self):
        high = torch.full((1, 3, 64, 64), 0.5)
        made = high.clone()
        made[..., 32:] += 0.1 * torch.randn(1, 1, 64, 32)
        said = missing(high, made, 4).exp()[0, 0]
        self.assertEqual(said.shape, (16, 16))
        self.assertAlmostEqual(said[:, 10:].mean().item(), 0.1, delta=0.01)
        self.assertAlmostEqual(said[:, :6].mean().item(), 0.001, delta=1e-4)

    def test_file_is_the_network(self):
        for of in (2, 4):
            head = Doubt(of)
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "doubt.onnx"
                onnx_export.write(head, path)
                file = OnnxReference(path)
                self.assertEqual((file.scale, file.planes, file.noise), (1, 3, 0))
                self.assertEqual(file.halo, head.HALO)
                x = torch.rand(1, 3, 20, 22)
                inner = slice(head.HALO, -head.HALO)
                with torch.no_grad():
                    expected = head(x)
                    torch.testing.assert_close(file(x)[..., inner, inner], expected[..., inner, inner], atol=TOLERANCE, rtol=0)
                    head.convolutions[1].weight[0, 0, 1, 1] += 0.5
                    self.assertGreater((head(x) - expected).abs().max().item(), TOLERANCE)

    def test_grain_keeps_what_the_small_picture_says_and_spares_edges(self):
        low = torch.full((1, 3, 24, 24), 0.5)
        low[..., 12:] = 0.2
        made = F.interpolate(low, scale_factor=4, mode="nearest")
        doubt = torch.full((1, 1, 24, 24), 0.05).log()
        change = doubt_grain.grained(made, low, doubt, 0.5) - made
        flat, edge = change[..., :32], change[..., 46:50]
        self.assertAlmostEqual(flat.std().item(), 0.025, delta=0.004)
        self.assertLess(F.avg_pool2d(change, 4)[..., :8].abs().max().item(), 1e-6)
        self.assertLess(edge.std().item(), 0.3 * flat.std().item())
        self.assertTrue(torch.equal(change[:, 0], change[:, 2]))
        self.assertEqual(doubt_grain.grained(made, low, doubt, 0.0).sub(made).abs().max().item(), 0.0)

    def test_it_is_small(self):
        self.assertLess(sum(p.numel() for p in Doubt(4).parameters()), 10_000)
        self.assertEqual(CHANNELS % 8, 0)

    def test_it_learns_where_detail_is_missing(self):
        """What is missing goes with the small picture's own contrast."""
        rng = np.random.default_rng(3)
        strength = np.repeat(np.repeat(rng.uniform(0, 50, (12, 4, 4)), 10, 1), 10, 2)
        low = np.clip(128 + strength[..., None] * rng.normal(size=(12, 40, 40, 1)), 0, 255).astype(np.uint8).repeat(3, axis=3)
        truth = torch.from_numpy(np.log(0.01 + strength / 255)).float()[:, None]
        truth = F.avg_pool2d(truth, 5, 1, 2, count_include_pad=False)
        corpus = Corpus(torch.from_numpy(low), torch.from_numpy(low), torch.ones(12), 4)
        corpus.weight = torch.ones(12)
        batch = doubt.BATCH
        doubt.BATCH = 8
        try:
            fresh, trained = Doubt(4), doubt.train(4, corpus, truth, 150, 1e-2)
        finally:
            doubt.BATCH = batch
        before, after = (doubt.measured(head, truth, corpus) for head in (fresh, trained))
        self.assertGreater(after["over_all"], 0.6)
        self.assertGreater(after["inside"], before["inside"])
        self.assertLess(after["error"], before["error"])


if __name__ == "__main__":
    unittest.main()
