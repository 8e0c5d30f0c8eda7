"""Plans, sessions that are cut short and go on, and the parts of the data."""

import contextlib
import io
import json
import math
import tempfile
import time
import unittest
import unittest.mock
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from training.data import cache, corpus, pack
from training.data.tiles import TileRecord, archives, read_index, read_tiles
from training.networks import weights
from training.paths import PROJECT, TRAINING
from training.run import gpu_session, session
from training.run.runs import Run
from training.run.session import PlannedRun, Session, Settings, read_plan
from training.run.texture_watch import GridShows

PLANS = sorted((TRAINING / "plans").glob("*.json"))
RECIPE = {"model": "photo-fast", "scale": 2, "batch": 2, "patch": 12, "warm_up": 2, "peak_rate": 1e-3}


def packed_tile(name: str, source: str, cells: int) -> pack.PackedTile:
    """A smooth random tile; more `cells` give more detail."""
    coarse = np.random.default_rng(len(name) + cells).integers(60, 200, (cells, cells, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(coarse).resize((256, 256), Image.Resampling.BICUBIC).save(stream, "WEBP", lossless=True, method=0)
    return pack.PackedTile(TileRecord(name, source, 1, 0, 0, "photo", "A", "CC0-1.0"), stream.getvalue())


def pictures() -> tuple[str, str, str]:
    """Sources of which the first two are for training and the last is held out."""
    names = [f"owner/repository@0:{n}.png" for n in range(200)]
    held = {name: TileRecord("", name, 1, 0, 0, "photo", "A", "").held_out for name in names}
    training = [name for name in names if not held[name]]
    return training[0], training[1], next(name for name in names if held[name])


class WithData(unittest.TestCase):
    def setUp(self):
        torch.set_num_threads(1)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        patched = unittest.mock.patch.object(cache, "FOLDER", self.folder / "cache")
        patched.start()
        self.addCleanup(patched.stop)
        first, second, held = pictures()
        self.tiles = [
            packed_tile("a0.webp", first, 8),
            packed_tile("a1.webp", first, 32),
            packed_tile("b0.webp", second, 16),
            packed_tile("c0.webp", held, 8),
        ]


class Parts(WithData):
    def test_parts_hold_every_tile_once_and_none_is_too_large(self):
        ordered = pack.in_order_of_use(self.tiles)
        self.assertEqual({tile.record.file for tile in ordered[:3]}, {"a1.webp", "b0.webp", "c0.webp"})
        most = 20 * pack.BLOCK + max(tile.size for tile in self.tiles) + self.tiles[0].size
        parts = pack.split(ordered, most)
        self.assertGreater(len(parts), 1)
        self.assertEqual([tile for part in parts for tile in part], ordered)
        for number, part in enumerate(parts):
            path = self.folder / f"part-{number}" / f"train-part-{number}.tar"
            pack.write_part(part, path)
            self.assertLessEqual(path.stat().st_size, most)
        found = archives(self.folder)
        self.assertEqual(len(found), len(parts))
        self.assertEqual([record for path in found for record in read_index(path)], [t.record for t in ordered])
        expected = np.asarray(Image.open(io.BytesIO(ordered[0].content)).convert("RGB"))
        np.testing.assert_array_equal(read_tiles(found[0], read_index(found[0]))[0], expected)

    def test_missing_archives_and_missing_tiles_are_named(self):
        with self.assertRaisesRegex(FileNotFoundError, "train-free.tar"):
            archives(self.folder)
        path = self.folder / "train-part-1.tar"
        pack.write_part(self.tiles[:2], path)
        with self.assertRaisesRegex(ValueError, "2 of the 3"):
            read_tiles(path, [tile.record for tile in self.tiles[:3]])

    def test_kinds_choose_the_tiles(self):
        pack.write_part(self.tiles, self.folder / "train-part-1.tar")
        loaded = corpus.load(self.folder, 2, held_out=False, kinds={"photo": 0.5})
        self.assertEqual((len(loaded.high), loaded.weight.tolist()), (3, [0.5] * 3))
        self.assertEqual(len(corpus.load(self.folder, 2, held_out=True).high), 1)
        self.assertEqual(len(corpus.load(self.folder, 2, held_out=False, limit=1).high), 1)
        # Where text was rendered before, the cache has its archive.
        empty = self.folder / "empty"
        empty.mkdir()
        with unittest.mock.patch("training.data.tiles.FOLDER", empty), self.assertRaisesRegex(FileNotFoundError, "render_text"):
            corpus.load(self.folder, 2, held_out=False, kinds={"text": 1.0})


class Sessions(WithData):
    def setUp(self):
        super().setUp()
        silence = contextlib.redirect_stdout(io.StringIO())
        silence.__enter__()
        self.addCleanup(silence.__exit__, None, None, None)
        pack.write_part(self.tiles, self.folder / "data" / "train-part-1.tar")
        self.plan = [
            PlannedRun("small", 0.6, RECIPE, decay_share=0.5),
            PlannedRun("web", 0.4, {**RECIPE, "scale": 4, "variant": "web"}, start="small"),
        ]

    def session(self, seconds: float) -> Session:
        """One that ends `seconds` from now."""
        return Session(
            Settings(
                data=self.folder / "data",
                state=self.folder / "state",
                out=self.folder / "out",
                device=torch.device("cpu"),
                deadline=time.monotonic() + seconds,
                workers=0,
            )
        )

    def logged(self) -> list[dict]:
        """The log so far."""
        return [json.loads(line) for line in (self.folder / "out" / "log.jsonl").read_text().splitlines()]

    def names(self, folder: str) -> set[str]:
        """Files in one of the folders."""
        return {path.name for path in (self.folder / folder).iterdir()}

    def test_session_that_is_cut_short_goes_on_and_finishes_the_plan(self):
        class Cut(Session):
            def left(self) -> float:
                calls.append(0)
                return 100.0 if len(calls) < 4 else -1.0

        calls: list[int] = []
        cut = self.session(1e9)
        cut.__class__ = Cut
        self.assertFalse(cut.run_plan([replace(self.plan[0], seconds=1e6), self.plan[1]]))
        self.assertEqual(self.names("out"), {"small.state.pt", "log.jsonl"})
        stopped_at = self.logged()[-1]["step"]
        self.assertGreater(stopped_at, 0)
        for file in (self.folder / "state").iterdir():
            file.unlink()
        (self.folder / "out" / "small.state.pt").rename(self.folder / "state" / "small.state.pt")
        self.assertTrue(self.session(1e9).run_plan(self.plan))
        self.assertEqual(self.names("out"), {"small.pt", "web.pt", "log.jsonl"})
        self.assertEqual(self.names("state"), {"small.pt", "web.pt", "log.jsonl"})
        opened = [line["opened_at_step"] for line in self.logged() if "opened_at_step" in line]
        self.assertEqual(opened, [0, stopped_at, 0])
        last = [line for line in self.logged() if line["run"] == "web"][-1]
        self.assertEqual(last["rate"], 0.0)
        self.assertEqual(weights.recipe_of(self.folder / "out" / "web.pt")["variant"], "web")
        self.assertEqual(weights.read(self.folder / "out" / "web.pt").scale, 4)
        before = len(self.logged())
        self.assertTrue(self.session(1e9).run_plan(self.plan))
        self.assertEqual(len(self.logged()), before)

    def test_later_run_starts_from_the_weights_of_the_earlier(self):
        planned = self.plan[0]
        self.assertTrue(self.session(1e9).run_plan([planned]))
        made = self.session(1e9)
        tail = weights.read(self.folder / "state" / "small.pt").head.expand
        started = made._open(PlannedRun("next", 1, RECIPE, start="small"), None).trainer.network.head.expand
        fresh = made._open(PlannedRun("next", 1, RECIPE), None).trainer.network.head.expand
        self.assertTrue(torch.equal(tail, started))
        self.assertFalse(torch.equal(tail, fresh))
        with self.assertRaisesRegex(ValueError, "cannot start"):
            made._open(PlannedRun("next", 1, {**RECIPE, "model": "text"}, start="small"), None)

    def test_run_waits_for_the_weights_of_another_lane(self):
        waiting = PlannedRun("next", 1, RECIPE, start="small", lane=1)
        made, before = self.session(1e9), time.monotonic()

        def trained_meanwhile(_seconds: float) -> None:
            self.assertTrue(self.session(1e9).run_plan([self.plan[0]]))

        with unittest.mock.patch.object(session.time, "sleep", trained_meanwhile):
            started = made._open(waiting, None).trainer.network.head.expand
        self.assertTrue(torch.equal(weights.read(self.folder / "state" / "small.pt").head.expand, started))
        # Where nobody trains it, the session's time ends the waiting.
        with self.assertRaises(FileNotFoundError):
            self.session(0.0)._open(PlannedRun("next", 1, RECIPE, start="nobody"), None)
        self.assertLess(time.monotonic() - before, 60)

    def test_a_gan_is_trained_watched_and_gone_on_with(self):
        recipe = {"model": "detail", "scale": 4, "variant": "web", "loss": "texture", "batch": 2, "patch": 12, "margin": 2, "warm_up": 2}
        planned = PlannedRun("detail", 1e6, {**recipe, "shares": "wait=0"}, start="training/checkpoints/photo-x4-web.pt")
        self.assertFalse(self.session(0.0)._go_on(planned))
        kept = self.session(1e9).kept("detail")
        self.assertEqual(kept["done"], kept["optimiser"]["done"])
        self.assertGreater(kept["done"], 0)
        self.assertTrue(self.session(1e9).run_plan([replace(planned, seconds=kept["seconds"] + 1.0)]))
        last = self.logged()[-1]
        self.assertGreater(last["step"], kept["done"])
        self.assertLessEqual({"verdict", "critic_weight", "clean_grid", "clean_psnr", "jpeg50_grain"}, last.keys())
        self.assertEqual(weights.read(self.folder / "out" / "detail.pt").NAME, "detail")
        # A grid that does not go away ends the run.
        with unittest.mock.patch("training.run.texture_watch.GRID_LIMIT", -99.0), unittest.mock.patch("training.run.texture_watch.WEAKER", 0.0):
            with self.assertRaises(GridShows):
                self.session(0.0)._go_on(replace(planned, name="again"))

    def test_budget_is_kept(self):
        started = time.monotonic()
        self.session(1e9).run_plan([PlannedRun("small", 1.0, RECIPE, decay_share=0.5)])
        last = self.logged()[-1]
        self.assertEqual(last["rate"], 0.0)
        self.assertTrue(0.5 < last["seconds"] < time.monotonic() - started, last)

    def test_step_back_after_a_loss_that_is_no_number(self):
        step, calls = Run.step, []

        def failing(run: Run) -> torch.Tensor:
            calls.append(0)
            return step(run) * (math.nan if len(calls) == 5 else 1.0)

        with unittest.mock.patch.object(Run, "step", failing):
            self.assertTrue(self.session(1e9).run_plan(self.plan[:1]))
        diverged = [line for line in self.logged() if "diverged_at_step" in line]
        self.assertEqual([(line["diverged_at_step"], line["back_to"]) for line in diverged], [(5, 0)])
        self.assertEqual(weights.recipe_of(self.folder / "out" / "small.pt")["peak_rate"], RECIPE["peak_rate"] / 2)
        with unittest.mock.patch.object(Run, "step", lambda run: step(run) * math.nan):
            with self.assertRaises(FloatingPointError):
                self.session(1e9).run_plan([PlannedRun("hopeless", 1.0, RECIPE)])


class Plans(unittest.TestCase):
    def test_plans_are_readable_and_name_earlier_runs(self):
        self.assertTrue(PLANS)
        for path in PLANS:
            earlier = set()
            for run in read_plan(path):
                known = run.start is None or run.start in earlier or (PROJECT / run.start).is_file()
                self.assertTrue(known, (path, run.name))
                earlier.add(run.name)

    def test_mistakes_in_a_plan_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "plan.json"
            run = {"name": "a", "seconds": 1, "recipe": {"scale": 2}}
            for runs in (
                [{**run, "recipe": {"scale": 2, "btach": 3}}],
                [run, run],
                [{**run, "name": str(n)} for n in range(8)],
                [{**run, "recipe": {"scale": 2, "variant": "wbe"}}],
            ):
                path.write_text(json.dumps({"runs": runs}))
                with self.assertRaises(ValueError):
                    read_plan(path)
            path.write_text(json.dumps({"defaults": {"batch": 3}, "runs": [run]}))
            self.assertEqual(read_plan(path)[0].recipe, {"batch": 3, "scale": 2})

    def test_missing_modules_are_named(self):
        self.assertEqual(gpu_session.missing_modules(), [])
        with unittest.mock.patch.dict(gpu_session.NEEDED, {"no_such_module": "Nothing"}):
            self.assertEqual(gpu_session.missing_modules(), ["Nothing"])


if __name__ == "__main__":
    unittest.main()
