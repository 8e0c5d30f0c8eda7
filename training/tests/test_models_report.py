"""The report of the shipped models: its scores, its tables and how it calls the engine."""

import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from PIL import Image

from training.data import pack, rendered
from training.networks import onnx_export
from training.networks.families import build
from training.report import models_report, own_sets
from training.report.engine import Engine, with_setting
from training.report.own_sets import Pair

STAND_IN = """#!{python}
import sys
from pathlib import Path
from PIL import Image
if {refuse}:
    sys.exit("error: refused")
out = Path(sys.argv[sys.argv.index("--out-dir") + 1])
out.mkdir()
(out / "arguments").write_text(" ".join(sys.argv))
for name in (word for word in sys.argv[1:] if word.endswith(".png")):
    low = Image.open(name)
    assert low.mode == ("L" if "grey" in name else "RGB"), low.mode
    assert sys.argv[sys.argv.index("--fidelity") + 1] == "off"
    low.resize((2 * low.width, 2 * low.height), Image.Resampling.NEAREST).save(out / (Path(name).stem + "-2x.png"))
"""


def pair(name: str, high: np.ndarray, grey: bool = False) -> Pair:
    """With every second pixel as the small picture."""
    return Pair(name, high, high[::2, ::2].copy(), grey)


def picture(seed: int = 0) -> np.ndarray:
    """A smooth colour picture, 48 x 40."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((40, 48), Image.Resampling.BICUBIC))


class Scores(unittest.TestCase):
    def test_grey_pictures_are_scored_on_their_values(self):
        high = picture().mean(axis=2, keepdims=True).astype(np.uint8).repeat(3, axis=2)
        result = np.clip(high.astype(int) + 10, 0, 255).astype(np.uint8)
        grey = models_report.scores([result], [pair("a", high, grey=True)], 2)[0, 0]
        colour = models_report.scores([result], [pair("a", high)], 2)[0, 0]
        self.assertGreater(colour, grey + 1.0)

    def test_lr_psnr_falls_with_the_distance_from_the_input(self):
        made = pair("a", picture())
        near = models_report.resampled([made], 2, models_report.KERNELS["bicubic"])
        far = [np.clip(near[0].astype(int) + 9, 0, 255).astype(np.uint8)]
        values = [models_report.lr_psnr(results, [made], 2) for results in (near, far)]
        self.assertGreater(values[0], values[1] + 5)

    def test_tables_flag_a_picture_that_loses_to_bicubic(self):
        pairs = [pair(str(n), picture(n)) for n in range(2)]
        noisy = [np.where(np.arange(40)[None, :, None] % 3, p.high, 255 - p.high).astype(np.uint8) for p in pairs]
        table = "\n".join(models_report.gain_table("T", pairs, {"good": [p.high for p in pairs]}, 2))
        self.assertNotIn("worse", table)
        self.assertIn("**noisy**", "\n".join(models_report.gain_table("T", pairs, {"noisy": noisy}, 2)))
        self.assertIn("worse", "\n".join(models_report.gain_table("T", pairs, {"noisy": noisy}, 2)))

    def test_edit_distance(self):
        for a, b, distance in (("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("same", "same", 0), ("ab", "ba", 2)):
            self.assertEqual(models_report.edit_distance(a, b), distance)
            self.assertEqual(models_report.edit_distance(b, a), distance)


class Sets(unittest.TestCase):
    def test_art_is_the_same_each_time_and_jpeg_only_where_asked(self):
        clean, again, jpeg = (own_sets.art(2, quality) for quality in (None, None, 65))
        for one, other, compressed in zip(clean, again, jpeg, strict=True):
            np.testing.assert_array_equal(one.low, other.low)
            self.assertEqual(one.low.shape[0] * 2, one.high.shape[0])
            self.assertGreater(np.abs(one.low.astype(int) - compressed.low).max(), 0)

    def test_drawings_are_the_held_out_ones_of_their_kind(self):
        tile = np.zeros((256, 256, 3), np.uint8)
        packed = [rendered.packed(tile + n, f"{n}.webp", f"source {n}", "art" if n % 2 else "photo", "own") for n in range(160)]
        with tempfile.TemporaryDirectory() as folder:
            pack.write_part(packed, Path(folder) / "train-free.tar")
            drawn = own_sets.drawings(2, Path(folder))
        wanted = [p.record.source for p in packed if p.record.held_out and p.record.kind == "art"]
        self.assertGreater(len(wanted), 0)
        self.assertEqual([pair.source for pair in drawn], wanted)
        self.assertEqual([pair.low[0, 0, 0] for pair in drawn], [int(source.removeprefix("source ")) for source in wanted])

    def test_text_is_measured_in_all_of_its_fonts_or_not_at_all(self):
        files = [f"{family}{n}.ttf" for family, (count, _) in own_sets.HELD_OUT_FONTS.items() for n in range(count)]

        def found(names: list[str]) -> int:
            with tempfile.TemporaryDirectory() as folder:
                for name in [*names, "DejaVuSans.ttf"]:
                    (Path(folder) / name).touch()
                return len(own_sets.held_out_fonts((folder,)))

        self.assertEqual(found(files), 16)
        noto = "4 files of NotoSerif .fonts-noto-core"
        for names, refused in (
            ([name for name in files if name != "NotoSerif-3.ttf"], f"3 of the {noto}"),
            ([*files, "NotoSerif-4.ttf"], f"5 of the {noto}"),
            (files[8:], "0 of the 8 files of RobotoCondensed .fonts-roboto-unhinted"),
            ([], "fonts-liberation"),
        ):
            with self.assertRaisesRegex(FileNotFoundError, refused):
                found(names)


class Calls(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def stand_in(self, refuse: bool = False) -> Engine:
        program = self.folder / "engine"
        program.write_text(STAND_IN.format(python=sys.executable, refuse=refuse))
        program.chmod(0o755)
        return Engine(program)

    def test_results_come_in_order_unlocked_and_grey_goes_in_as_grey(self):
        pairs = [pair("b", picture(1)), pair("a-grey", picture(2)[..., :1].repeat(3, axis=2), grey=True)]
        made = self.stand_in().enlarge(Path("m.onnx"), pairs)
        for result, given in zip(made, pairs, strict=True):
            self.assertEqual(result.shape, given.high.shape)
            self.assertLess(np.abs(result[::2, ::2].astype(int) - given.low)[given.low > 0].max(), 1)

    def test_a_refusal_is_an_error(self):
        with self.assertRaisesRegex(RuntimeError, "refused"):
            self.stand_in(refuse=True).enlarge(Path("m.onnx"), [pair("a", picture())])

    def test_a_setting_is_changed_in_the_copy_alone(self):
        path = self.folder / "art.onnx"
        onnx_export.write(build("art", 2), path)
        with_setting(path, "denoise", 1.5, self.folder / "copy.onnx")
        found = []
        for name in ("art.onnx", "copy.onnx"):
            tensors = onnx.load(self.folder / name).graph.initializer
            found.append(numpy_helper.to_array(next(t for t in tensors if t.name == "denoise")).tolist())
        self.assertEqual(found, [[0.0], [1.5]])


if __name__ == "__main__":
    unittest.main()
