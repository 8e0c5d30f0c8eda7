"""Command line: train, resume or decay a run. `python -m training.train --help`."""

import argparse
import json
import signal
import time
from dataclasses import fields
from pathlib import Path

import torch

from training.families import FAMILIES
from training.held_out import held_out_psnr
from training.paths import DEFAULT_DATA
from training.runs import CHECKPOINT, Run, open_run, read_state, recipe_from, watched_corpus
from training.trainer import Recipe

CHOICES = {"model": sorted(FAMILIES), "variant": ["bicubic", "web"], "precision": ["f32", "bf16"]}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the run; an existing checkpoint in it is resumed")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the two tars")
    parser.add_argument("--start", type=Path, help="weights to start from; a smaller scale is widened")
    parser.add_argument("--steps", type=int, help="stop once the run has made this many steps in all")
    parser.add_argument("--decay-steps", type=int, help="let the learning rate fall to zero over so many steps, from now")
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
    run = open_run(
        recipe_from(state, given),
        state,
        start=options.start,
        data=options.data,
        device=torch.device(options.device),
        copies=options.copies,
        workers=options.workers,
    )
    if options.decay_steps is not None:
        run.trainer.decay_over(options.decay_steps)
    return run


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
            run.close()
            return
        losses.append(run.step())


if __name__ == "__main__":
    main()
