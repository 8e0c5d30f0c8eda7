"""Command line: train, resume or decay a run. `python -m training.train --help`."""

import argparse
import json
import signal
import time
from dataclasses import fields
from pathlib import Path

import torch

from training import corpus as corpora
from training import weights
from training.held_out import held_out_psnr
from training.paths import DEFAULT_DATA
from training.photo_fast import PhotoFast, widen
from training.trainer import Recipe, Trainer

CHECKPOINT = "last.pt"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the run; an existing checkpoint in it is resumed")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the two tars")
    parser.add_argument("--start", type=Path, help="weights to start from; a smaller scale is widened")
    parser.add_argument("--steps", type=int, help="stop once the run has made this many steps in all")
    parser.add_argument("--decay-steps", type=int, help="let the learning rate fall to zero over so many steps, from now")
    parser.add_argument("--checkpoint-seconds", type=float, default=110.0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    for field in fields(Recipe):
        name = "--" + field.name.replace("_", "-")
        kind = {"int": int, "float": float, "str": str}.get(str(field.type), field.type)
        parser.add_argument(name, type=kind, help="part of the recipe; a resumed run keeps its own unless given")
    return parser.parse_args()


def initial_network(recipe: Recipe, start: Path | None) -> PhotoFast:
    """A fresh network, or one that starts from the weights file `start`."""
    torch.manual_seed(recipe.seed)
    if start is None:
        return PhotoFast(recipe.scale)
    trained = weights.read(start)
    return trained if trained.scale == recipe.scale else widen(trained, recipe.scale)


def prepare(options: argparse.Namespace) -> Trainer:
    """A trainer at the step where the run in `options.run` stands."""
    given = {f.name: getattr(options, f.name) for f in fields(Recipe) if getattr(options, f.name) is not None}
    checkpoint = options.run / CHECKPOINT
    state = torch.load(checkpoint, weights_only=True) if checkpoint.exists() else None
    recipe = Recipe(**{**(state["recipe"] if state else {}), **given})
    device = torch.device(options.device)
    corpus = corpora.load(options.data, recipe.scale, held_out=False)
    trainer = Trainer(recipe, corpus, initial_network(recipe, options.start), device)
    if state:
        trainer.restore(state)
    if options.decay_steps is not None:
        trainer.decay_over(options.decay_steps)
    return trainer


def main() -> None:
    options = arguments()
    torch.set_num_threads(1)
    options.run.mkdir(parents=True, exist_ok=True)
    trainer = prepare(options)
    watched = corpora.load(options.data, trainer.recipe.scale, held_out=True)
    stop_requested = False

    def request_stop(_signal: int, _frame: object) -> None:
        nonlocal stop_requested
        stop_requested = True

    signal.signal(signal.SIGTERM, request_stop)
    started = reported = time.monotonic()
    first = trainer.done
    losses: list[torch.Tensor] = []
    while True:
        finished = stop_requested or trainer.schedule.finished(trainer.done) or trainer.done == options.steps
        if losses and (finished or time.monotonic() - reported > options.checkpoint_seconds):
            trainer.save(options.run / CHECKPOINT)
            line = {
                "step": trainer.done,
                "seconds": round(time.monotonic() - started),
                "ms_per_step": round((time.monotonic() - started) * 1e3 / (trainer.done - first), 1),
                "rate": trainer.schedule.rate(trainer.done),
                "loss": round(torch.stack(losses).mean().item(), 6),
                "held_out_psnr": round(held_out_psnr(trainer.average, watched, trainer.device), 4),
            }
            with open(options.run / "log.jsonl", "a") as log:
                print(json.dumps(line), file=log)
            print(json.dumps(line), flush=True)
            losses.clear()
            reported = time.monotonic()
        if finished:
            return
        losses.append(trainer.step())


if __name__ == "__main__":
    main()
