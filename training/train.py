"""Command line: train, resume or decay a run. `python -m training.train --help`."""

import argparse
import json
import math
import signal
import sys
import time
from dataclasses import fields
from pathlib import Path

import torch

from training.families import FAMILIES
from training.held_out import held_out_psnr
from training.paths import DEFAULT_DATA
from training.runs import CHECKPOINT, Run, open_run, read_state, recipe_from, watched_corpus
from training.trainer import Recipe, Trainer

CHOICES = {"model": sorted(FAMILIES), "variant": ["bicubic", "web"], "precision": ["f32", "bf16"]}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the run; an existing checkpoint in it is resumed")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the two tars")
    parser.add_argument("--start", type=Path, help="weights to start from; a smaller scale is widened")
    parser.add_argument("--steps", type=int, help="steps in all at a constant rate; then the decay, or the end")
    parser.add_argument("--decay-steps", type=int, help="steps over which the rate falls to zero; without --steps from now")
    parser.add_argument("--checkpoint-seconds", type=float, default=110.0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--copies", type=int, help="degraded copies of the tiles, for the web variant")
    parser.add_argument("--workers", type=int, help="processes that renew them; 0 renews them between the steps")
    for field in fields(Recipe):
        name = "--" + field.name.replace("_", "-")
        kind = {"int": int, "float": float, "str": str}.get(str(field.type), field.type)
        explained = "part of the recipe; a resumed run keeps its own unless given"
        parser.add_argument(name, type=kind, choices=CHOICES.get(field.name), help=explained)
    return parser.parse_args()


def prepare(options: argparse.Namespace) -> Run:
    """The run in `options.run` at the step where it stands."""
    given = {f.name: getattr(options, f.name) for f in fields(Recipe) if getattr(options, f.name) is not None}
    state = read_state(options.run / CHECKPOINT)
    return open_run(
        recipe_from(state, given),
        state,
        start=options.start,
        data=options.data,
        device=torch.device(options.device),
        copies=options.copies,
        workers=options.workers,
    )


def begin_decay(trainer: Trainer, options: argparse.Namespace) -> bool:
    """Let the rate fall from here where it is time to; the same options again change nothing. Whether it began."""
    due = options.decay_steps is not None and trainer.done >= (options.steps or 0)
    if not due or trainer.schedule.decay_steps == options.decay_steps or trainer.schedule.finished(trainer.done):
        return False
    trainer.decay_over(options.decay_steps)
    return True


def finished(trainer: Trainer, options: argparse.Namespace) -> bool:
    """Whether all that was asked for is done."""
    reached = options.steps is not None and options.decay_steps is None and trainer.done >= options.steps
    return trainer.schedule.finished(trainer.done) or reached


def main() -> None:
    options = arguments()
    torch.set_num_threads(1)
    options.run.mkdir(parents=True, exist_ok=True)
    run = prepare(options)
    trainer = run.trainer
    watched = watched_corpus(trainer.recipe, options.data)
    stop_requested = False

    def request_stop(_signal: int, _frame: object) -> None:
        nonlocal stop_requested
        stop_requested = True

    signal.signal(signal.SIGTERM, request_stop)
    started = reported = time.monotonic()
    first = trainer.done
    losses: list[torch.Tensor] = []
    while True:
        began = begin_decay(trainer, options)
        done = finished(trainer, options)
        if losses and (began or done or stop_requested or time.monotonic() - reported > options.checkpoint_seconds):
            loss = torch.stack(losses).mean().item()
            if not math.isfinite(loss):
                run.close()
                sys.exit("the loss is no number: the same command goes on from the last checkpoint, with a smaller --peak-rate perhaps further")
            trainer.save(options.run / CHECKPOINT)
            line = {
                "step": trainer.done,
                "seconds": round(time.monotonic() - started),
                "ms_per_step": round((time.monotonic() - started) * 1e3 / (trainer.done - first), 1),
                "rate": trainer.schedule.rate(trainer.done),
                "loss": round(loss, 6),
                "held_out_psnr": round(held_out_psnr(trainer.average, watched, trainer.device), 4),
            }
            with open(options.run / "log.jsonl", "a") as log:
                print(json.dumps(line), file=log)
            print(json.dumps(line), flush=True)
            losses.clear()
            reported = time.monotonic()
        if done or stop_requested:
            run.close()
            # Whoever waits for the weights must not take these for the end.
            return None if done else sys.exit(f"stopped after {trainer.done} steps: the same command goes on")
        losses.append(run.step())


if __name__ == "__main__":
    main()
