"""Resuming, schedule, sampling and losses, on a synthetic corpus."""

import argparse
import contextlib
import copy
import io
import tempfile
import unittest
import unittest.mock
from pathlib import Path

import numpy as np
import torch

from training.data import luma, matlab_bicubic
from training.data.corpus import Corpus, PatchSampler, to_planes, with_smaller
from training.data.tiles import TileRecord
from training.networks import families
from training.networks.collapsible import set_zero_edges
from training.run import train
from training.run.calm import calm_down
from training.run.held_out import held_out_psnr
from training.run.losses import pixel_loss
from training.run.schedule import Schedule
from training.run.trainer import Recipe, Trainer
from training.run.update import Update, wild_patches

CPU = torch.device("cpu")


def smooth_corpus(scale: int, tiles: int = 4, side: int = 64) -> Corpus:
    """Random smooth colour tiles with their bicubic twins."""
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 256, (tiles, side // 8, side // 8, 3), dtype=np.uint8)
    high = np.stack([matlab_bicubic.resize(tile, side, side) for tile in coarse])
    low = np.stack([matlab_bicubic.shrink(tile, scale) for tile in high])
    return Corpus(torch.from_numpy(high), torch.from_numpy(low), torch.ones(tiles), scale)


def new_trainer(seed: int = 0, threads: int = 1, **recipe) -> Trainer:
    """A small run."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    chosen = Recipe(**{"scale": 2, "batch": 4, "patch": 12, "seed": seed, **recipe})
    return Trainer(chosen, smooth_corpus(chosen.scale), families.build(chosen.model, chosen.scale), CPU, threads)


class Resume(unittest.TestCase):
    def straight_and_resumed(self, forget: str | None = None, **recipe) -> tuple[Trainer, Trainer]:
        """Six steps at once, and three steps, a checkpoint, and three more; `forget` drops a part of the state."""
        straight, first, second = (new_trainer(seed, **recipe) for seed in (0, 0, 9))
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
        for model in ("photo-fast", "photo"):
            with self.subTest(model=model):
                self.assertTrue(self.same(*self.straight_and_resumed(model=model)))

    def test_notices_a_forgotten_generator(self):
        self.assertFalse(self.same(*self.straight_and_resumed(forget="generator")))


    def test_state_of_an_older_run_is_taken_over(self):
        older = new_trainer()
        older.step()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "last.pt"
            older.save(path)
            state = torch.load(path, weights_only=True)
        del state["seconds"]
        for name in ("model", "variant", "precision", "margin"):
            del state["recipe"][name]
        newer = new_trainer(seed=3, **{k: v for k, v in state["recipe"].items() if k != "seed"})
        newer.restore(state)
        older.step(), newer.step()
        self.assertTrue(self.same(older, newer))


class Training(unittest.TestCase):
    def fall(self, steps: int, **recipe) -> float:
        """Loss of the last steps over the loss of the first."""
        trainer = new_trainer(**recipe)
        losses = [trainer.step().item() for _ in range(steps)]
        return np.mean(losses[-20:]) / np.mean(losses[:20])

    def test_loss_falls(self):
        self.assertLess(self.fall(150), 0.7)

    def test_loss_of_the_gated_network_falls(self):
        self.assertLess(self.fall(50, model="photo", warm_up=20, peak_rate=1e-3), 0.8)

    def test_loss_falls_with_margin_and_half_precision(self):
        self.assertLess(self.fall(80, model="text", warm_up=20, margin=2, precision="bf16"), 0.8)

    def test_loss_with_regret_falls(self):
        self.assertLess(self.fall(60, loss="regret", warm_up=20, margin=2), 0.9)

    def test_wrong_network_is_refused(self):
        with self.assertRaises(ValueError):
            Trainer(Recipe(scale=2, model="photo"), smooth_corpus(2), families.build("text", 2), CPU)
        with self.assertRaises(ValueError):
            families.build("photograph", 2)

    def test_step_with_its_numbers_on_the_device_is_the_plain_step(self):
        """The variant that a CUDA graph records, run on the CPU."""

        def weights_after(captured: bool, rate: float) -> list[torch.Tensor]:
            trainer = new_trainer(model="text")
            average = families.build("text", 2)
            average.load_state_dict(trainer.network.state_dict())
            update = Update(
                trainer.network, average.requires_grad_(False), loss="l1", margin=0, precision="f32", captured=captured
            )
            generator = torch.Generator().manual_seed(2)
            for step in range(4):
                low, high = PatchSampler(trainer.corpus, 4, 12, generator, colours=3).draw()
                update(low, high, rate * (step + 1), 0.25)
            resumed = Update(
                trainer.network, average, loss="l1", margin=0, precision="f32", captured=not captured
            )
            resumed.load(update.state())
            resumed(low, high, rate, 0.25)
            return [p.detach().clone() for p in (*trainer.network.parameters(), *average.parameters())]

        def largest(a: list[torch.Tensor], b: list[torch.Tensor]) -> float:
            return max((x - y).abs().max().item() for x, y in zip(a, b, strict=True))

        plain = weights_after(False, 1e-3)
        self.assertLess(largest(plain, weights_after(True, 1e-3)), 1e-5)
        self.assertGreater(largest(plain, weights_after(True, 1.5e-3)), 1e-5)

    def test_wild_patches_are_noise_and_black_and_white(self):
        drawn = wild_patches(torch.zeros(64, 3, 9, 7), torch.Generator().manual_seed(0))
        self.assertEqual(drawn.shape, (64, 3, 9, 7))
        self.assertTrue(0.0 <= drawn.min() and drawn.max() <= 1.0)
        two_valued = (drawn == drawn.round()).flatten(1).all(dim=1).float().mean().item()
        squares = (drawn[..., :8:2, :6:2] == drawn[..., 1:9:2, 1:7:2]).flatten(1).all(dim=1).float().mean().item()
        self.assertTrue(0.2 < two_valued < 0.6 and 0.1 < squares < 0.45, (two_valued, squares))

    def test_calm_brings_down_what_noise_makes_too_large(self):
        def excess(trainer: Trainer) -> float:
            with torch.no_grad():
                return trainer.network.excess(wild_patches(torch.zeros(8, 3, 16, 16), torch.Generator().manual_seed(3))).item()

        for model, scale in (("photo", 2), ("restore", 1)):
            left = []
            for calm in (0.0, 1.0):
                trainer = new_trainer(model=model, scale=scale, variant="web", calm=calm, peak_rate=1e-3, warm_up=1)
                with torch.no_grad():
                    for block in trainer.network.blocks:
                        block.convolutions[0].project.mul_(8.0)
                before = excess(trainer)
                for _ in range(12):
                    trainer.step()
                left.append(excess(trainer) / before)
            self.assertLess(left[1], 0.9 * left[0], (model, left))

    def test_network_is_calmed_down_and_makes_what_it_made(self):
        def seen(weight: float) -> tuple[float, float]:
            """Of the excess what is left, and the change of the result in levels of 255."""
            network = new_trainer(model="photo").network
            with torch.no_grad():
                for block in network.blocks:
                    block.convolutions[0].project.mul_(4.0)
            before = copy.deepcopy(network)
            sampler = PatchSampler(smooth_corpus(2), 4, 16, torch.Generator().manual_seed(0), colours=3, flat=0.5)
            with contextlib.redirect_stdout(io.StringIO()):
                calm_down(network, sampler, steps=25, peak_rate=3e-4, weight=weight)
            wild, (low, _) = wild_patches(torch.zeros(8, 3, 16, 16), torch.Generator().manual_seed(3)), sampler.draw()
            with torch.no_grad():
                left = network.excess(wild) / before.excess(wild)
                return left.item(), 255 * (network(low) - before(low)).abs().mean().item()

        idle, calmed = seen(0.0), seen(0.02)
        self.assertEqual(idle, (1.0, 0.0))
        self.assertLess(calmed[0], 0.9)
        self.assertLess(calmed[1], 4.0)

    def test_compiled_step_is_the_plain_step(self):
        def compiled(network: torch.nn.Module, **_options: object) -> torch.nn.Module:
            asked.append(network)
            return network

        asked: list[torch.nn.Module] = []
        with unittest.mock.patch.object(torch, "compile", compiled):
            runs = [new_trainer(compiled=wanted) for wanted in (False, True)]
        self.assertEqual(asked, [runs[1].network])
        self.assertEqual(*(run.step().item() for run in runs))

    def test_margin_leaves_the_edge_of_a_patch_out_of_the_loss(self):
        """With the whole halo left out, what lies beyond the patch cannot matter."""

        def losses(margin: int) -> list[float]:
            found = []
            for zero in (True, False):
                trainer = new_trainer(model="text")
                set_zero_edges(trainer.network, zero)
                trainer.update.margin = margin
                torch.manual_seed(1)
                low, high = torch.rand(1, 3, 24, 24), torch.rand(1, 3, 48, 48)
                found.append(trainer.update(low, high, 0.0, 0.0).item())
            return found

        inside = losses(families.FAMILIES["text"].HALO)
        self.assertAlmostEqual(inside[0], inside[1], places=6)
        edge = losses(0)
        self.assertNotAlmostEqual(edge[0], edge[1], places=6)

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

    def test_a_stopped_run_goes_on_with_the_same_options(self):
        options = argparse.Namespace(steps=100, decay_steps=20)
        trainer, other = new_trainer(), new_trainer()
        for done, begins, ends in ((0, False, False), (99, False, False), (100, True, False), (110, False, False), (120, False, True)):
            trainer.done = done
            self.assertEqual((train.begin_decay(trainer, options), train.finished(trainer, options)), (begins, ends), done)
            # Killed and called again: the state is all that is known.
            other.schedule, other.done = trainer.schedule, done
            self.assertFalse(train.begin_decay(other, options), done)
        self.assertEqual(trainer.schedule.decay_start, 100)
        # What has decayed stays so.
        self.assertFalse(train.begin_decay(trainer, argparse.Namespace(steps=100, decay_steps=30)))
        # Without a number of steps from where it is; without a decay the number of steps is the end, also when it is past.
        other = new_trainer()
        other.done = 7
        self.assertTrue(train.begin_decay(other, argparse.Namespace(steps=None, decay_steps=5)))
        self.assertEqual(other.schedule.decay_start, 7)
        plain = new_trainer()
        plain.done = 101
        self.assertTrue(train.finished(plain, argparse.Namespace(steps=100, decay_steps=None)))
        self.assertFalse(train.finished(plain, argparse.Namespace(steps=102, decay_steps=None)))

    def test_losses_of_known_differences(self):
        zero, half = torch.zeros(1, 1, 4, 4), torch.full((1, 1, 4, 4), 0.5)
        self.assertAlmostEqual(pixel_loss("l1", half, zero).item(), 0.5)
        self.assertAlmostEqual(pixel_loss("l2", half, zero).item(), 0.25)
        self.assertAlmostEqual(pixel_loss("charbonnier", half, zero).item(), 0.5, places=5)
        self.assertGreater(pixel_loss("l1+fft", half, zero).item(), 0.5)
        self.assertAlmostEqual(pixel_loss("psnr", half, zero).item(), -6.0206, places=3)
        # Half of what bicubic errs: nothing to regret; twice of it: 6.02 dB.
        self.assertAlmostEqual(pixel_loss("regret", half, zero, 2 * half).item(), 0.5)
        self.assertAlmostEqual(pixel_loss("regret", half, zero, half / 2).item(), 0.5 + 0.075257, places=5)
        with self.assertRaises(ValueError):
            pixel_loss("huber", half, zero)


class Sampling(unittest.TestCase):
    def registration_error(self, shifted: int, colours: int = 1, permute: bool = False) -> float:
        """Mean difference of a high-resolution patch's block means from its low-resolution patch."""
        corpus = smooth_corpus(2)
        corpus.high = torch.roll(corpus.high, shifted, dims=2)
        low, high = PatchSampler(corpus, 16, 16, torch.Generator().manual_seed(0), colours, permute).draw()
        self.assertEqual((low.shape, high.shape), ((16, colours, 16, 16), (16, colours, 32, 32)))
        return (torch.nn.functional.avg_pool2d(high, 2) - low).abs().mean().item()

    def test_patches_are_registered_under_every_symmetry_and_order_of_colours(self):
        self.assertLess(self.registration_error(0), 0.01)
        self.assertLess(self.registration_error(0, colours=3, permute=True), 0.01)

    def test_notices_a_shifted_twin(self):
        self.assertGreater(self.registration_error(2), 0.01)
        self.assertGreater(self.registration_error(2, colours=3), 0.01)

    def test_luma_of_an_rgb_patch_is_the_luma_patch(self):
        drawn = [PatchSampler(smooth_corpus(2), 4, 8, torch.Generator().manual_seed(0), c).draw() for c in (1, 3)]
        for y, rgb in zip(*drawn, strict=True):
            torch.testing.assert_close(luma.of_planes(rgb), y[:, 0], atol=1e-6, rtol=0)

    def test_colours_are_permuted_alike_in_both_patches_and_in_all_six_orders(self):
        corpus = smooth_corpus(2)
        for tiles in (corpus.high, corpus.low):
            tiles[...] = torch.tensor([10, 100, 200], dtype=torch.uint8)
        orders = set()
        generator = torch.Generator().manual_seed(0)
        low, high = PatchSampler(corpus, 64, 8, generator, colours=3, permute_colours=True).draw()
        for a, b in zip(low, high, strict=True):
            self.assertEqual(a[:, 0, 0].tolist(), b[:, 0, 0].tolist())
            orders.add(tuple(round(255 * v) for v in a[:, 0, 0].tolist()))
        self.assertEqual(len(orders), 6)
        plain, _ = PatchSampler(corpus, 64, 8, generator, colours=3).draw()
        self.assertEqual({tuple(p[:, 0, 0].tolist()) for p in plain}, {tuple(plain[0, :, 0, 0].tolist())})

    def test_rgb_patches_are_channels_last(self):
        low, _ = PatchSampler(smooth_corpus(2), 4, 8, torch.Generator().manual_seed(0), colours=3).draw()
        self.assertTrue(low.is_contiguous(memory_format=torch.channels_last))

    def test_held_out_figure_of_a_perfect_and_of_a_wrong_network(self):
        corpus = smooth_corpus(2)

        class Exact(torch.nn.Module):
            COLOURS = 3
            offset = 0.0

            def forward(self, low: torch.Tensor) -> torch.Tensor:
                tile = next(i for i in range(4) if torch.equal(to_planes(corpus.low[i : i + 1], 3), low))
                return to_planes(corpus.high[tile : tile + 1], 3) + self.offset

        network = Exact()
        self.assertAlmostEqual(held_out_psnr(network, corpus, CPU), 50, places=3)
        corpus.high.clamp_(20, 230)
        network.offset = 10 / 255
        self.assertAlmostEqual(held_out_psnr(network, corpus, CPU), 20 * np.log10(25.5), places=2)

    def test_textured_patches_are_preferred(self):
        corpus = smooth_corpus(2)
        corpus.low[:2], corpus.high[:2] = 90, 90
        low, _ = PatchSampler(corpus, 16, 16, torch.Generator().manual_seed(0)).draw()
        flat = int((low.flatten(1).std(dim=1) < 1e-6).sum())
        self.assertLessEqual(flat, 5)

    def test_without_a_preference_flat_patches_are_as_common_as_they_are(self):
        corpus = smooth_corpus(2)
        corpus.high[2:], corpus.low[2:] = 128, 128
        shares = []
        for flat in (0.1, 0.5):
            low, _ = PatchSampler(corpus, 64, 16, torch.Generator().manual_seed(0), flat=flat).draw()
            shares.append((low.flatten(1).std(dim=1) < 1e-3).float().mean().item())
        self.assertLess(shares[0], 0.2)
        self.assertTrue(0.3 < shares[1] < 0.7, shares)

    def test_smaller_copies_are_shrunk_mirrored_and_have_twins(self):
        plain = smooth_corpus(2, tiles=2, side=256)
        made = with_smaller(plain, 0.5)
        self.assertEqual((len(made.high), len(made.low)), (6, 6))
        torch.testing.assert_close(made.weight, torch.tensor([1.0, 1.0, 0.25, 0.25, 0.25, 0.25]))
        np.testing.assert_array_equal(made.low[4].numpy(), matlab_bicubic.shrink(made.high[4].numpy(), 2))
        half = made.high[4].numpy().astype(float)
        np.testing.assert_array_equal(half[:, :128], half[:, :127:-1])
        np.testing.assert_array_equal(half[:128], half[:127:-1])
        area = plain.high[0].numpy().reshape(128, 2, 128, 2, 3).mean(axis=(1, 3))
        self.assertLess(np.abs(half[:128, :128] - area).mean(), 2.0)
        self.assertGreater(np.abs(half[:128, :128] - area[::-1]).mean(), 10.0)

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
