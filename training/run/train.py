"""Command line: train, resume or decay a run. `python -m training.run.train --help`."""

import argparse
import json
import math
import signal
import sys
import time
from dataclasses import fields
from pathlib import Path

import torch

from training.networks.families import FAMILIES
from training.paths import DEFAULT_DATA
from training.run.runs import CHECKPOINT, Run, open_run, read_state, recipe_from, watcher
from training.run.texture_watch import GridShows
from training.run.trainer import Recipe, Trainer

FREE = "free"
"""In the place of a folder: of the usual one what is under free licences."""

CHOICES = {"model": sorted(FAMILIES), "variant": ["bicubic", "web"], "precision": ["f32", "bf16"]}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the run; an existing checkpoint in it is resumed")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the tars; `free`: of the usual one's pictures those without CC-BY-SA and the Unsplash licence")
    parser.add_argument("--start", type=Path, help="weights to start from; a smaller scale is widened")
    parser.add_argument("--state", type=Path, help="a state of training.run.keep to go on from where the folder holds no checkpoint")
    parser.add_argument("--steps", type=int, help="steps in all at a constant rate; then the decay, or the end")
    parser.add_argument("--decay-steps", type=int, help="steps over which the rate falls to zero; without --steps from now")
    parser.add_argument("--checkpoint-seconds", type=float, default=110.0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--copies", type=int, help="degraded copies of the tiles, for the web variant")
    parser.add_argument("--workers", type=int, help="processes that renew them; 0 renews them between the steps")
    parser.add_argument("--threads", type=int, default=1, help="among which a GAN's step is divided on the CPU")
    parser.add_argument("--measure-steps", type=int, default=500, help="a GAN is measured on held-out pictures every so many steps")
    for field in fields(Recipe):
        name = "--" + field.name.replace("_", "-")
        explained = "part of the recipe; a resumed run keeps its own unless given"
        if field.type is bool:
            parser.add_argument(name, action=argparse.BooleanOptionalAction, help=explained)
        else:
            parser.add_argument(name, type=field.type, choices=CHOICES.get(field.name), help=explained)
    options = parser.parse_args()
    if options.data == Path(FREE):
        options.data, options.free = DEFAULT_DATA, True
    return options


def prepare(options: argparse.Namespace) -> Run:
    """The run in `options.run` at the step where it stands."""
    given = {f.name: getattr(options, f.name) for f in fields(Recipe) if getattr(options, f.name) is not None}
    state = read_state(options.run / CHECKPOINT) or (read_state(options.state) if options.state else None)
    return open_run(
        recipe_from(state, given),
        state,
        start=options.start,
        data=options.data,
        device=torch.device(options.device),
        copies=options.copies,
        workers=options.workers,
        threads=options.threads,
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


class Log:
    """Lines of JSON, printed and added to a file."""

    def __init__(self, path: Path):
        self.path = path

    def __call__(self, line: dict) -> None:
        text = json.dumps(line)
        with open(self.path, "a") as log:
            print(text, file=log)
        print(text, flush=True)


def main() -> None:
    options = arguments()
    torch.set_num_threads(1)
    options.run.mkdir(parents=True, exist_ok=True)
    run = prepare(options)
    trainer = run.trainer
    log = Log(options.run / "log.jsonl")
    watch = watcher(trainer.recipe, options.data)
    seldom = trainer.recipe.loss == "texture"
    stop_requested = False

    def request_stop(_signal: int, _frame: object) -> None:
        nonlocal stop_requested
        stop_requested = True

    signal.signal(signal.SIGTERM, request_stop)
    started = reported = time.monotonic()
    used = time.process_time()
    first = trainer.done
    losses: list[torch.Tensor] = []
    while True:
        began = begin_decay(trainer, options)
        done = finished(trainer, options)
        due = seldom and losses and trainer.done % options.measure_steps == 0
        if losses and (began or done or due or stop_requested or time.monotonic() - reported > options.checkpoint_seconds):
            loss = torch.stack(losses).mean().item()
            if not math.isfinite(loss):
                run.close()
                sys.exit("the loss is no number: the same command goes on from the last checkpoint, with a smaller --peak-rate perhaps further")
            trainer.seconds, used = trainer.seconds + time.process_time() - used, time.process_time()
            trainer.save(options.run / CHECKPOINT)
            line = {
                "step": trainer.done,
                "seconds": round(time.monotonic() - started),
                "ms_per_step": round((time.monotonic() - started) * 1e3 / (trainer.done - first), 1),
                "cpu_seconds": round(trainer.seconds),
                "rate": trainer.schedule.rate(trainer.done),
                "loss": round(loss, 6),
            }
            line |= {name: round(value, 4) for name, value in trainer.update.figures().items()}
            log(line if seldom else line | watch(trainer))
            losses.clear()
            if due or (done and seldom):
                try:
                    log({"step": trainer.done, **watch(trainer)})
                except GridShows as shown:
                    run.close()
                    sys.exit(str(shown))
            reported = time.monotonic()
        if done or stop_requested:
            run.close()
            # Whoever waits for the weights must not take these for the end.
            return None if done else sys.exit(f"stopped after {trainer.done} steps: the same command goes on")
        losses.append(run.step())


if __name__ == "__main__":
    main()
