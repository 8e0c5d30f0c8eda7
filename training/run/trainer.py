"""One training run: network, optimiser, moving average and generator, saved and restored as a whole."""

from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn

from training.data.corpus import FLAT_SHARE, Corpus, PatchSampler, to_planes
from training.networks import families
from training.networks.collapsible import set_zero_edges
from training.run.gan import GanUpdate
from training.run.schedule import Schedule
from training.run.update import Update

EMA_DECAY = 0.999
PROBED = 32
"""Tiles whose features give the critic its scale."""


@dataclass
class Recipe:
    """What a run may choose; kept in its checkpoint.

    `margin` low-resolution pixels at the edge of a patch are left out of the loss; the convolutions then pad with
    zeros, which is faster than the replication that they use otherwise. `smaller` is how often a shrunk copy of a tile is
    drawn, for each time that the tile itself is. `flat` is the share of the flatter half of the patches.
    `calm` keeps a gated network's features small on noise, which it is given besides. `loss` "texture" trains a GAN
    (`training.run.gan`), whose `shares` may differ from the usual ones; `free` leaves out what is under CC-BY-SA or the Unsplash licence.
    """

    scale: int
    batch: int = 16
    patch: int = 32
    peak_rate: float = 2e-3
    warm_up: int = 300
    seed: int = 0
    loss: str = "l1"
    model: str = "photo-fast"
    variant: str = "bicubic"
    precision: str = "f32"
    margin: int = 0
    smaller: float = 0.0
    compiled: bool = False
    flat: float = FLAT_SHARE
    calm: float = 0.0
    shares: str = ""
    free: bool = False


class Trainer:
    """Runs steps of Adam on `recipe` and holds everything that a resumed run needs."""

    def __init__(self, recipe: Recipe, corpus: Corpus, network: nn.Module, device: torch.device, threads: int = 1):
        if network.NAME != recipe.model or network.scale != recipe.scale:
            raise ValueError(f"the recipe is for {recipe.model} x{recipe.scale}, not {network.NAME} x{network.scale}")
        self.recipe = recipe
        self.device = device
        self.generator = torch.Generator(device).manual_seed(recipe.seed)
        self.corpus = corpus.to(device)
        self.network = network.to(device)
        self.average = families.build(recipe.model, recipe.scale).to(device).requires_grad_(False)
        self.average.load_state_dict(self.network.state_dict())
        set_zero_edges(self.network, recipe.margin > 0)
        options = {
            "margin": recipe.margin,
            "precision": recipe.precision,
            "captured": device.type == "cuda",
            "compiled": recipe.compiled,
            "calm": recipe.calm,
            "generator": self.generator,
        }
        if recipe.loss == "texture":
            probe = to_planes(self.corpus.high[:PROBED], self.network.COLOURS)
            self.update = GanUpdate(self.network, self.average, shares=recipe.shares, probe=probe, threads=threads, **options)
        else:
            self.update = Update(self.network, self.average, loss=recipe.loss, **options)
        self.schedule = Schedule(recipe.peak_rate, recipe.warm_up)
        self.done = 0
        self.seconds = 0.0
        """Training time of a run that has a time budget."""

    def decay_over(self, steps: int) -> None:
        """Let the learning rate fall to zero over the next `steps` steps; a decay under way goes on from its rate."""
        decaying = self.schedule.decay_start is not None
        peak, warm_up = (self.schedule.rate(self.done), 1) if decaying else (self.recipe.peak_rate, self.recipe.warm_up)
        self.schedule = Schedule(peak, warm_up, self.done, steps)

    def step(self) -> torch.Tensor:
        """One update; returns the loss, a scalar tensor on the device."""
        recipe, colours = self.recipe, self.network.COLOURS
        # Codecs treat the colours unequally: permuted, their artefacts would be ones that no picture has.
        permute = colours == 3 and recipe.variant == "bicubic"
        sampler = PatchSampler(self.corpus, recipe.batch, recipe.patch, self.generator, colours, permute, recipe.flat)
        low, high = sampler.draw()
        rate = self.schedule.rate(self.done)
        self.done += 1
        decay = min(EMA_DECAY, self.done / (self.done + 10))
        return self.update(low, high, rate, 1.0 - decay)

    def state(self) -> dict:
        """All that `restore` takes."""
        return {
            "recipe": asdict(self.recipe),
            "schedule": asdict(self.schedule),
            "done": self.done,
            "seconds": self.seconds,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.update.state(),
            "generator": self.generator.get_state(),
        }

    def save(self, path: Path) -> None:
        """Write the whole state; the file appears complete or not at all."""
        partial = path.with_suffix(".partial")
        torch.save(self.state(), partial)
        partial.replace(path)

    def restore(self, state: dict) -> None:
        """Continue exactly where `save` stopped; the recipe stays the one given to the constructor.

        A state saved on the other kind of device continues with newly seeded draws.
        """
        self.schedule = Schedule(**state["schedule"])
        self.done = state["done"]
        self.seconds = state.get("seconds", 0.0)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.update.load(state["optimiser"])
        generator = state["generator"].cpu()
        if generator.shape == self.generator.get_state().shape:
            self.generator.set_state(generator)
        else:
            self.generator.manual_seed(self.recipe.seed + self.done)
