"""Rendered line art, the levelled degradation, and the denoise level of the art network."""

import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx
import torch

from training.data import corpus, degrade, matlab_bicubic, pack, render_art, strokes
from training.data.corpus import Corpus, PatchSampler
from training.data.tiles import ART_ARCHIVE, read_index
from training.networks import art, onnx_export
from training.networks.families import build
from training.report.onnx_reference import OnnxReference


class Strokes(unittest.TestCase):
    def test_ink_covers_its_width_and_tapers(self):
        path = np.linspace([20.0, 40.0], [236.0, 40.0], 60)
        for taper, edge in ((0.0, 6.0), (1.0, 0.0)):
            sheet = strokes.Sheet(np.random.default_rng(0), np.full(3, 255.0))
            sheet.ink(path, 6.0, np.zeros(3), taper)
            dark = (255.0 - sheet.finished()[..., 0]).sum(axis=0) / 255.0
            self.assertAlmostEqual(dark[128], 6.0, delta=0.4)
            self.assertAlmostEqual(dark[24], edge, delta=1.2)

    def test_screentone_covers_its_share(self):
        for share in (0.1, 0.5):
            self.assertAlmostEqual(strokes.screentone(200, 17.0, share, 0.8).mean(), share, delta=0.03)

    def test_edges_are_antialiased(self):
        sheet = strokes.Sheet(np.random.default_rng(0), np.full(3, 255.0))
        sheet.fill(strokes.ellipse(np.array([100.3, 90.2]), np.array([40.0, 30.0])), np.zeros(3))
        self.assertGreater(len(np.unique(sheet.finished())), 8)


class Tiles(unittest.TestCase):
    def test_every_scene_draws_something_and_the_same_for_the_same_seed(self):
        for scene, _ in (*render_art.SCENES, *render_art.HELD_OUT):
            with self.subTest(scene=scene.__name__):
                made = []
                for _ in range(2):
                    art = render_art.Drawing(np.random.default_rng(4))
                    blank = art.finished()
                    scene(art)
                    made.append(art.finished())
                np.testing.assert_array_equal(*made)
                self.assertGreater((made[0] != blank).any(axis=2).mean(), 0.03)

    def test_training_never_draws_a_held_out_scene(self):
        drawn = {scene.__name__ for scene, _ in render_art.SCENES}
        kept = {scene.__name__ for scene, _ in render_art.HELD_OUT}
        self.assertEqual(drawn & kept, set())
        self.assertEqual({render_art.tile((9, n))[1] for n in range(12)} & kept, set())
        self.assertLessEqual({render_art.tile((9, n), held_out=True)[1] for n in range(6)}, kept)

    def test_archive_is_read_as_a_corpus_of_art(self):
        with tempfile.TemporaryDirectory() as folder:
            pack.write_part(render_art.render(3, seed=3), Path(folder) / ART_ARCHIVE)
            held = [record.held_out for record in read_index(Path(folder) / ART_ARCHIVE)]
            loaded = corpus.load(Path(folder), 2, held_out=False, limit=9, kinds=art.KINDS)
            self.assertEqual(len(loaded.high), held.count(False))


class Levels(unittest.TestCase):
    def test_a_higher_level_is_further_from_the_clean_picture(self):
        tile = render_art.tile((1, 2))[0]
        clean = np.stack([np.asarray(degrade.shrink(tile, 2, kernel)) for kernel in degrade.KERNELS]).astype(float)
        twins = degrade.degraded("levelled", np.stack([tile] * 120), 2, (5,))
        pictures, levels = twins.low, twins.level
        self.assertTrue((np.abs(twins.noise).max((1, 2, 3))[levels == 0] == 0).all())
        self.assertTrue(all((clean == picture - noise).all((1, 2, 3)).any() for picture, noise in zip(pictures, twins.noise, strict=True)))
        error = np.array([np.abs(clean - picture).mean((1, 2, 3)).min() for picture in pictures])
        self.assertTrue((error[levels == 0] == 0).all())
        self.assertTrue(0.15 < np.mean(levels == 0) < 0.45)
        self.assertGreater(error[levels > 2].mean(), 1.5 * error[(levels > 0) & (levels < 1)].mean())

    def test_sampler_hands_over_the_level_of_the_right_twin(self):
        values = torch.tensor([10, 60, 120, 200], dtype=torch.uint8)
        flat = values[:, None, None, None]
        high, low = (flat.expand(4, side, side, 3).contiguous() for side in (32, 16))
        made = Corpus(high, low, torch.ones(4), 2, level=values / 100.0)
        drawn, _ = PatchSampler(made, 64, 8, torch.Generator().manual_seed(0), colours=3).draw()
        self.assertEqual(drawn.shape, (64, 4, 8, 8))
        share = drawn[:, 3, 0, 0] / (drawn[:, 0, 0, 0] * 2.55)
        self.assertLessEqual(drawn[:, 3].max().item(), degrade.STRONGEST_LEVEL)
        counts = [((share - value).abs() < 1e-4).sum().item() for value in (0.0, 1.0)] + [(share > 1.0001).sum().item()]
        self.assertTrue(4 <= counts[0] <= 20 and all(8 <= count <= 26 for count in counts[1:]), counts)

    def test_noise_that_is_not_asked_away_stays_in_the_target(self):
        torch.manual_seed(0)
        high = torch.full((1, 32, 32, 3), 100, dtype=torch.uint8)
        noise = torch.full((1, 16, 16, 3), 20, dtype=torch.int16)
        made = Corpus(high, (high[:, ::2, ::2] + 20), torch.ones(1), 2, level=torch.tensor([2.0]), noise=noise)
        low, target = PatchSampler(made, 64, 8, torch.Generator().manual_seed(1), colours=3).draw()
        share = low[:, 3, 0, 0] / 2.0
        expected = (100 + 20 * (1 - share).clamp(min=0)) / 255
        torch.testing.assert_close(target.mean((1, 2, 3)), expected, atol=1e-4, rtol=0)
        self.assertTrue(share.min() == 0 and (share == 1).any() and 1 < share.max() <= 1.5)

    def test_worn_pictures_are_further_from_the_clean_one_than_the_webs(self):
        tile = render_art.tile((1, 2))[0]
        tiles = np.stack([tile] * 60)
        for scale in (1, 4):
            worn = degrade.degraded("worn", tiles, scale, (3,)).low
            self.assertEqual(worn.shape[1], tile.shape[0] // scale)
            clean = matlab_bicubic.shrink(tile, scale) if scale > 1 else tile
            error = [np.abs(clean - made.astype(float)).mean() for made in worn]
            web = degrade.degraded("web", tiles, 4, (3,)).low
            usual = np.abs(matlab_bicubic.shrink(tile, 4) - web.astype(float)).mean()
            self.assertGreater(np.mean(error), 1.3 * usual if scale == 4 else 0.5)
            self.assertTrue(all((a == b).all() for a, b in zip(worn, degrade.degraded("worn", tiles, scale, (3,)).low, strict=True)))

    def test_level_plane_is_the_files_setting(self):
        torch.manual_seed(3)
        network, x = build("art", 2), torch.rand(1, 3, 31, 29)
        with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
            network.levels.normal_()
            onnx_export.write(network, Path(folder) / "art.onnx")
            inputs = [value.name for value in onnx.load(Path(folder) / "art.onnx").graph.input]
            self.assertEqual(inputs, ["input", "denoise"])
            file = OnnxReference(Path(folder) / "art.onnx")
            inner = slice(2 * network.HALO, -2 * network.HALO)
            for level in (0.0, 1.7):
                file.constants["denoise"] = torch.tensor([level])
                given = torch.cat([x, torch.full((1, 1, 31, 29), level)], dim=1)
                difference = (network(given) - file(x))[..., inner, inner].abs().max().item()
                self.assertLess(difference, 1e-4)
            self.assertGreater((network(x) - file(x))[..., inner, inner].abs().max().item(), 1e-3)


if __name__ == "__main__":
    unittest.main()
