"""Opens a run: its recipe, network, corpus and trainer, from a checkpoint, from other weights or afresh."""

import os
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from torch import nn

from training.data import degrade
from training.data import corpus as corpora
from training.data.corpus import Corpus
from training.data.web import WebPool
from training.networks import families, weights
from training.networks.detail import Detail, from_photo
from training.networks.photo import Photo
from training.run.held_out import HeldOut
from training.run.texture_watch import Watch
from training.run.trainer import Recipe, Trainer

CHECKPOINT = "last.pt"
POLL_STEPS, GAN_POLL_STEPS = 20, 1
"""Steps between two renewals of degraded copies; a GAN's step takes far longer."""
HELD_OUT_SEED = 1_000_003
"""Of the degradations that a run is watched on: the same in every run."""


def initial_network(recipe: Recipe, start: Path | None) -> nn.Module:
    """A fresh network, or one that starts from the weights file `start`, widened where its scale is smaller."""
    torch.manual_seed(recipe.seed)
    if start is None:
        return families.build(recipe.model, recipe.scale)
    trained = weights.read(start)
    if recipe.model == Detail.NAME and trained.NAME == Photo.NAME and trained.scale == recipe.scale:
        return from_photo(trained)
    if trained.NAME != recipe.model:
        raise ValueError(f"{start} holds weights of {trained.NAME}; a run of {recipe.model} cannot start from them")
    return trained if trained.scale == recipe.scale else families.widen(trained, recipe.scale)


def clean_corpus(recipe: Recipe, data: Path, held_out: bool, limit: int | None = None) -> Corpus:
    """What the recipe's model is trained on, shrunk by MATLAB's bicubic."""
    facts = families.facts(recipe.model)
    return corpora.load(data, recipe.scale, held_out, limit, facts.kinds, textured=facts.textured, free=recipe.free)


def watched_corpus(recipe: Recipe, data: Path, limit: int | None = None) -> Corpus:
    """The held-out side, degraded as the recipe's variant is, always in the same way."""
    clean = clean_corpus(recipe, data, held_out=True, limit=limit)
    if recipe.variant == "web":
        twins = degrade.degraded(families.facts(recipe.model).mix, clean.high.numpy(), recipe.scale, (HELD_OUT_SEED,))
        clean.low = torch.from_numpy(twins.low)
        clean.level = None if twins.level is None else torch.from_numpy(twins.level)
    return clean


def watcher(recipe: Recipe, data: Path, limit: int | None = None) -> HeldOut | Watch:
    """What a run is watched by: called with its trainer, it gives figures for the log."""
    if recipe.loss == "texture":
        return Watch(clean_corpus(recipe, data, held_out=True, limit=limit), recipe.scale)
    return HeldOut(watched_corpus(recipe, data, limit))


@dataclass
class Run:
    """A trainer and, for the web variant, the pool that feeds it."""

    trainer: Trainer
    pool: WebPool | None

    def step(self) -> torch.Tensor:
        """One step; returns the loss."""
        every = GAN_POLL_STEPS if self.trainer.recipe.loss == "texture" else POLL_STEPS
        if self.pool and self.trainer.done % every == 0:
            self.pool.poll()
        return self.trainer.step()

    def close(self) -> None:
        """End the pool's processes."""
        if self.pool:
            self.pool.close()


def read_state(checkpoint: Path) -> dict | None:
    """The state in a checkpoint, None where there is none."""
    return torch.load(checkpoint, weights_only=True, map_location="cpu") if checkpoint.exists() else None


def recipe_from(state: dict | None, given: dict) -> Recipe:
    """The recipe of a checkpoint with the values in `given` instead of its own; unknown names are refused."""
    known = {field.name for field in fields(Recipe)}
    if unknown := set(given) - known:
        raise ValueError(f"a recipe has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}")
    recipe = Recipe(**{**(state["recipe"] if state else {}), **given})
    if recipe.variant not in ("bicubic", "web"):
        raise ValueError(f"unknown variant {recipe.variant!r}: choose bicubic or web")
    if families.facts(recipe.model).only_web and recipe.variant != "web":
        raise ValueError(f"{recipe.model} is for pictures as they come, also worn ones: give the variant web")
    return recipe


def open_run(
    recipe: Recipe,
    state: dict | None,
    *,
    start: Path | None,
    data: Path,
    device: torch.device,
    copies: int | None = None,
    workers: int | None = None,
    limit: int | None = None,
    threads: int = 1,
) -> Run:
    """A run at the step where `state` stands. `copies` and `workers` are those of the web variant's pool; a GAN's step is
    divided among `threads` on the CPU."""
    on_gpu = device.type == "cuda"
    torch.backends.cudnn.benchmark = on_gpu
    network = initial_network(recipe, None if state else start)
    corpus, pool = clean_corpus(recipe, data, held_out=False, limit=limit), None
    if recipe.smaller > 0.0:
        corpus = corpora.with_smaller(corpus, recipe.smaller)
    if recipe.variant == "web":
        copies = copies or (8 if on_gpu else 2)
        workers = workers if workers is not None else (max(1, (os.cpu_count() or 2) - 3) if on_gpu else 0)
        done = state["done"] if state else 0
        mix = families.facts(recipe.model).mix
        pool = WebPool(corpus, copies=copies, seed=recipe.seed + done, workers=workers, device=device, mix=mix)
        corpus = pool.corpus
    trainer = Trainer(recipe, corpus, network, device, threads)
    if pool:
        trainer.corpus = pool.corpus
    if state:
        trainer.restore(state)
    return Run(trainer, pool)
