"""One training run: network, optimiser, moving average and generator, saved and restored as a whole."""

from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn

from training.corpus import Corpus, PatchSampler
from training.losses import pixel_loss
from training.photo_fast import PhotoFast
from training.schedule import Schedule

GRADIENT_NORM_LIMIT = 0.5
EMA_DECAY = 0.999


@dataclass
class Recipe:
    """What a run may choose; kept in its checkpoint."""

    scale: int
    batch: int = 16
    patch: int = 32
    peak_rate: float = 2e-3
    warm_up: int = 300
    seed: int = 0
    loss: str = "l1"


class Trainer:
    """Runs steps of Adam on `recipe` and holds everything that a resumed run needs."""

    def __init__(self, recipe: Recipe, corpus: Corpus, network: PhotoFast, device: torch.device):
        self.recipe = recipe
        self.device = device
        self.generator = torch.Generator().manual_seed(recipe.seed)
        self.corpus = corpus.to(device)
        self.network = network.to(device)
        self.average = PhotoFast(recipe.scale).to(device).requires_grad_(False)
        self.average.load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=recipe.peak_rate, fused=True)
        self.schedule = Schedule(recipe.peak_rate, recipe.warm_up)
        self.done = 0

    def decay_over(self, steps: int) -> None:
        """Let the learning rate fall to zero over the next `steps` steps; a decay under way goes on from its rate."""
        decaying = self.schedule.decay_start is not None
        peak, warm_up = (self.schedule.rate(self.done), 1) if decaying else (self.recipe.peak_rate, self.recipe.warm_up)
        self.schedule = Schedule(peak, warm_up, self.done, steps)

    def step(self) -> torch.Tensor:
        """One update; returns the loss, a scalar tensor on the device."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.schedule.rate(self.done)
        recipe = self.recipe
        low, high = PatchSampler(self.corpus, recipe.batch, recipe.patch, self.generator).draw()
        loss = pixel_loss(recipe.loss, self.network(low), high)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), GRADIENT_NORM_LIMIT)
        self.optimiser.step()
        self.done += 1
        self._update_average()
        return loss.detach()

    def _update_average(self) -> None:
        decay = min(EMA_DECAY, self.done / (self.done + 10))
        averages, weights = list(self.average.parameters()), list(self.network.parameters())
        with torch.no_grad():
            torch._foreach_lerp_(averages, weights, 1.0 - decay)

    def save(self, path: Path) -> None:
        """Write the whole state; the file appears complete or not at all."""
        state = {
            "recipe": asdict(self.recipe),
            "schedule": asdict(self.schedule),
            "done": self.done,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
        }
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(path)

    def restore(self, state: dict) -> None:
        """Continue exactly where `save` stopped; the recipe stays the one given to the constructor."""
        self.schedule = Schedule(**state["schedule"])
        self.done = state["done"]
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
