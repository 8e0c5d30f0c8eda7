"""The bench of texture: its kinds and groups, and that it notices what is worse."""

import tempfile
import unittest
import unittest.mock
from pathlib import Path

import numpy as np
from PIL import Image

from training.report import texture_bench
from training.report.texture_bench import GROUPS, KINDS, SCALE, Shown, bicubic, measured, middle, tables


def shown(seed: int, group: str) -> Shown:
    """A picture with texture."""
    coarse = np.random.default_rng(seed).integers(40, 210, (32, 32, 3), dtype=np.uint8)
    return Shown(f"{seed}", group, np.asarray(Image.fromarray(coarse).resize((128, 128), Image.Resampling.BICUBIC)))


def distance(made: np.ndarray, real: np.ndarray) -> float:
    """In the place of ST-LPIPS."""
    return float(np.abs(made.astype(float) - real).mean())


class Bench(unittest.TestCase):
    def setUp(self):
        self.shown = [shown(1, "foliage"), shown(2, "foliage"), shown(3, "fabric")]

    def test_groups_have_forty_pictures_and_each_but_once(self):
        names = [name for group in GROUPS.values() for name in group.split()]
        self.assertEqual(len(GROUPS), 6)
        self.assertGreaterEqual(len(names), 40)
        self.assertEqual(len(names), len(set(names)))

    def test_every_kind_is_worse_than_clean(self):
        picture = self.shown[0]
        clean = picture.low("clean")
        self.assertEqual(clean.shape, (32, 32, 3))
        for kind in KINDS.keys() - {"clean"}:
            self.assertGreater(distance(picture.low(kind), clean), 0.5, kind)

    def test_figures_tell_a_good_result_from_a_bad_one(self):
        high = {p.low(kind).tobytes(): p.high for p in self.shown for kind in KINDS}
        columns = {"perfect": lambda low: high[low.tobytes()], "bicubic": bicubic, "dark": lambda low: bicubic(low) // 2}
        found = {name: measured(enlarge, self.shown, distance) for name, enlarge in columns.items()}
        perfect, plain, dark = (found[name]["clean"]["all"] for name in columns)
        self.assertEqual((perfect["stlpips"], perfect["grain"]), (0.0, 0.0))
        self.assertLess(plain["grain"], -0.5)
        self.assertGreater(plain["psnr"], dark["psnr"])
        self.assertGreater(dark["colour"], 30)
        self.assertLess(plain["colour"], 2)
        self.assertEqual(set(found["dark"]["soft"]), {"foliage", "fabric", "all"})
        lines = tables(found)
        self.assertTrue(any(line.startswith("| clean | perfect | 0.000 |") for line in lines), lines)
        self.assertEqual(sum(line.startswith("| fabric |") for line in lines), len(KINDS))

    def test_the_middle_is_whole_squares(self):
        self.assertEqual(middle(np.zeros((481, 321, 3), np.uint8)).shape, (256, 256, 3))
        self.assertEqual(middle(np.zeros((90, 120, 3), np.uint8)).shape[0] % SCALE, 0)

    def test_what_is_missing_is_named(self):
        with tempfile.TemporaryDirectory() as folder, unittest.mock.patch.object(texture_bench, "archives", return_value=[]):
            with self.assertRaisesRegex(FileNotFoundError, "189080"):
                texture_bench.pictures(Path(folder))


if __name__ == "__main__":
    unittest.main()
