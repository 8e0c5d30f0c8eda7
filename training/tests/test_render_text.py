"""Rendered text: letters, antialiasing, scenes and the archive."""

import tempfile
import unittest
from pathlib import Path

import numpy as np

from training.data import corpus, glyphs, pack, render_text
from training.data.tiles import TEXT_ARCHIVE, read_index
from training.networks import text

FONTS = glyphs.fonts()


class Letters(unittest.TestCase):
    def test_grey_covers_the_channels_alike_and_subpixels_do_not(self):
        for size in (12, 33):
            grey = glyphs.coverage("mill", FONTS[0], size, subpixel=False)
            lcd = glyphs.coverage("mill", FONTS[0], size, subpixel=True)
            self.assertTrue((grey[..., 0] == grey[..., 2]).all())
            self.assertGreater(np.abs(lcd[..., 0] - lcd[..., 2]).max(), 0.1)
            self.assertTrue(0 <= lcd.min() and lcd.max() <= 1 + 1e-6)

    def test_subpixels_put_red_left_of_blue(self):
        covered = glyphs.coverage("l", FONTS[0], 40, subpixel=True).sum(axis=0)
        place = np.arange(len(covered))
        red, green, blue = (place @ covered[:, i] / covered[:, i].sum() for i in range(3))
        # A mark at the same place covers a channel that lies further right in an earlier pixel.
        self.assertTrue(blue < green < red, (red, green, blue))
        self.assertAlmostEqual(red - blue, 2 / 3, places=1)

    def test_both_ways_give_the_same_amount_of_ink(self):
        grey = glyphs.coverage("Hamburg", FONTS[0], 40, subpixel=False)
        lcd = glyphs.coverage("Hamburg", FONTS[0], 40, subpixel=True)
        self.assertAlmostEqual(lcd.sum() / grey.sum(), 1.0, delta=0.1)

    def test_text_is_cut_off_at_the_edges(self):
        for corner in ((-5, -4), (12, 10), (-500, 3), (3, 500), (2, 2)):
            canvas = np.full((24, 24, 3), 255.0, np.float32)
            glyphs.draw_text(canvas, "Wide word", corner, FONTS[0], 14, np.zeros(3, np.float32), False)
            self.assertEqual(bool((canvas < 128).any()), max(map(abs, corner)) < 22, corner)

    def test_words_of_a_line_share_their_baseline(self):
        bottoms = {}
        for text in ("x", "xH", "H"):
            ink = glyphs.coverage(text, FONTS[0], 40, subpixel=False)[..., 0].sum(axis=1)
            bottoms[text] = np.nonzero(ink > 0.5)[0].max()
        self.assertEqual(len(set(bottoms.values())), 1, bottoms)

    def test_only_fonts_of_known_licence_are_used(self):
        for font in FONTS:
            self.assertTrue(any(font.path.name.startswith(name) for name in glyphs.LICENCES))
            self.assertFalse(font.path.name.startswith(glyphs.HELD_OUT))
        with tempfile.TemporaryDirectory() as folder:
            for name in ("LiberationMono-Bold.ttf", "LiberationSans-Bold.ttf", "DejaVuSans.ttf", "NotoSansAdlam-Bold.ttf"):
                (Path(folder) / name).touch()
            for held_out, name in ((True, "LiberationMono-Bold"), (False, "DejaVuSans")):
                self.assertEqual([font.path.stem for font in glyphs.fonts((folder,), held_out)], [name])
        self.assertTrue(all(name.startswith(glyphs.HELD_OUT) for name in glyphs.MEASURED))
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "Arial.ttf").touch()
            with self.assertRaises(FileNotFoundError):
                glyphs.fonts((folder,))


class Tiles(unittest.TestCase):
    def test_every_scene_draws_something_and_the_same_for_the_same_seed(self):
        for scene, _ in render_text.SCENES:
            with self.subTest(scene=scene.__name__):
                made = []
                for _ in range(2):
                    page = render_text.Page(np.random.default_rng(4))
                    blank = page.finished()
                    scene(page)
                    made.append(page.finished())
                self.assertEqual((made[0].shape, made[0].dtype), ((256, 256, 3), np.uint8))
                np.testing.assert_array_equal(*made)
                self.assertGreater((made[0] != blank).any(axis=2).mean(), 0.03)

    def test_tiles_are_light_and_dark_and_small_and_large(self):
        pages = [render_text.Page(np.random.default_rng(n)) for n in range(200)]
        light = np.mean([page.paper.mean() > 128 for page in pages])
        self.assertTrue(0.5 < light < 0.8, light)
        for page in pages:
            self.assertGreater(abs(page.paper.mean() - page.ink.mean()), 90)
        self.assertTrue(min(p.size for p in pages) < 14 and max(p.size for p in pages) > 70)
        self.assertEqual({p.subpixel for p in pages}, {True, False})

    def test_archive_is_read_as_a_corpus_of_text(self):
        with tempfile.TemporaryDirectory() as folder:
            made = render_text.render(4, seed=3)
            pack.write_part(made, Path(folder) / TEXT_ARCHIVE)
            records = read_index(Path(folder) / TEXT_ARCHIVE)
            self.assertEqual({(r.kind, bool(r.licence)) for r in records}, {("text", True)})
            held = [record.held_out for record in records]
            loaded = corpus.load(Path(folder), 2, held_out=False, limit=9, kinds=text.KINDS)
            self.assertEqual(len(loaded.high), held.count(False))
            np.testing.assert_array_equal(loaded.high[0].numpy(), render_text.tile((3, held.index(False)))[0])


if __name__ == "__main__":
    unittest.main()
