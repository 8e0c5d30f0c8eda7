"""Runs a plan of trainings within a wall-clock limit and goes on where an earlier session stopped."""

import json
import math
import shutil
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from training.networks import weights
from training.run.runs import Run, open_run, read_state, recipe_from, watcher
from training.run.trainer import Recipe, Trainer

LEAST_SECONDS = 15.0
"""A run is not opened for less."""
START_POLL_SECONDS = 0.5
SPEED_WINDOW = 10
RETRIES = 3
MOST_FILES = 8
"""That a machine hands back."""


@dataclass
class PlannedRun:
    """One run: `recipe` in the names of `trainer.Recipe`; `start` names an earlier run of the plan or a weights file.

    `seconds` is its training time in all sessions together; the learning rate falls to zero in the last `decay_share`.
    Runs of different `lane`s can be trained beside each other, by a session each.
    """

    name: str
    seconds: float
    recipe: dict
    start: str | None = None
    decay_share: float = 0.35
    lane: int = 0


@dataclass
class Settings:
    """Where and how a session runs. `limit` tiles of each archive and `overrides` of the recipes are for dry runs."""

    data: Path
    state: Path
    out: Path | None
    device: torch.device
    deadline: float
    report_seconds: float = 45.0
    workers: int | None = None
    limit: int | None = None
    overrides: dict = field(default_factory=dict)


def read_plan(path: Path) -> list[PlannedRun]:
    """The runs of a plan: `{"defaults": recipe, "runs": [...]}`."""
    plan = json.loads(path.read_text())
    runs = [PlannedRun(**{**run, "recipe": {**plan.get("defaults", {}), **run["recipe"]}}) for run in plan["runs"]]
    if len({run.name for run in runs}) != len(runs):
        raise ValueError(f"{path}: two runs have the same name")
    if len(runs) + 1 > MOST_FILES:
        raise ValueError(f"{path}: {len(runs)} runs and a log are more than {MOST_FILES} files")
    for run in runs:
        recipe_from(None, run.recipe)
    return runs


def scaled_to(runs: list[PlannedRun], seconds: float) -> list[PlannedRun]:
    """The plan with all its times shortened to `seconds` in all."""
    total = sum(run.seconds for run in runs)
    return [replace(run, seconds=run.seconds * seconds / total) for run in runs]


class Session:
    """`run_plan` returns True once every run of the plan is finished.

    The state folder holds `NAME.pt`, the weights of a finished run, and `NAME.state.pt` of the one under way. `out`
    gets the same files and the log; copied into the state folder of another machine, they let it go on there.
    """

    def __init__(self, settings: Settings):
        self.settings = settings
        for folder in (settings.state, settings.out):
            if folder:
                folder.mkdir(parents=True, exist_ok=True)

    def left(self) -> float:
        """Seconds until the limit."""
        return self.settings.deadline - time.monotonic()

    def run_plan(self, runs: list[PlannedRun]) -> bool:
        for run in runs:
            finished = self._finished(run.name)
            if finished.exists():
                self._hand_out(finished)
                continue
            if self.left() < min(LEAST_SECONDS, run.seconds):
                return False
            if not self._go_on(run):
                return False
        return True

    def _finished(self, name: str) -> Path:
        return self.settings.state / f"{name}.pt"

    def _unfinished(self, name: str) -> Path:
        return self.settings.state / f"{name}.state.pt"

    def _hand_out(self, file: Path) -> None:
        if self.settings.out:
            partial = self.settings.out / f"{file.name}.partial"
            shutil.copyfile(file, partial)
            partial.replace(self.settings.out / file.name)

    def log(self, line: dict) -> None:
        """Print a line and add it to the logs."""
        print(json.dumps(line), flush=True)
        for folder in filter(None, (self.settings.state, self.settings.out)):
            with open(folder / "log.jsonl", "a") as log:
                print(json.dumps(line), file=log)

    def _start_weights(self, run: PlannedRun) -> Path | None:
        if run.start is None:
            return None
        earlier, given = self._finished(run.start), Path(run.start)
        if given.suffix == "" and not (earlier.exists() or given.exists()):
            # Another lane may be training it.
            self.log({"run": run.name, "waits_for": run.start})
            while not earlier.exists() and self.left() > 0:
                time.sleep(START_POLL_SECONDS)
        return earlier if earlier.exists() else given

    def _recipe(self, run: PlannedRun, state: dict | None) -> Recipe:
        given = run.recipe if state is None else {}
        return recipe_from(state, {**given, **self.settings.overrides})

    def _open(self, run: PlannedRun, state: dict | None) -> Run:
        settings = self.settings
        return open_run(
            self._recipe(run, state),
            state,
            start=self._start_weights(run),
            data=settings.data,
            device=settings.device,
            workers=settings.workers,
            limit=settings.limit,
        )

    def _go_on(self, planned: PlannedRun) -> bool:
        """Open, train and close one run; True when it is finished."""
        opened_at = time.monotonic()
        state = self.kept(planned.name)
        run = self._open(planned, state)
        try:
            watch = watcher(run.trainer.recipe, self.settings.data, self.settings.limit)
            self.log({"run": planned.name, "opened_at_step": run.trainer.done, "in": since(opened_at)})
            self.keep(run, planned.name)
            finished = Budget(self, planned, run, watch).spend()
        finally:
            run.close()
        if finished:
            weights.extract(self._unfinished(planned.name), self._finished(planned.name))
            self._hand_out(self._finished(planned.name))
            self._unfinished(planned.name).unlink()
            if self.settings.out:
                (self.settings.out / self._unfinished(planned.name).name).unlink(missing_ok=True)
        return finished

    def kept(self, name: str) -> dict | None:
        """The state of the run under way, None where none was saved yet."""
        return read_state(self._unfinished(name))

    def keep(self, run: Run, name: str) -> None:
        """Save the state of the run under way."""
        run.trainer.save(self._unfinished(name))
        self._hand_out(self._unfinished(name))


def since(moment: float) -> float:
    """Seconds from `moment` until now, to the millisecond."""
    return round(time.monotonic() - moment, 3)


class Budget:
    """Spends the time of one run: steps, reports, the decay, and a step back when the loss is no number."""

    def __init__(self, session: Session, planned: PlannedRun, run: Run, watch: Callable[[Trainer], dict]):
        self.session, self.planned, self.run, self.watch = session, planned, run, watch
        self.settings = session.settings
        # Asking a GPU for the loss waits for it, so it is asked once for many steps.
        self.stride = 50 if self.settings.device.type == "cuda" else 1
        self.speeds: deque[float] = deque(maxlen=SPEED_WINDOW)
        self.retries = 0

    def spend(self) -> bool:
        """Train until the run is finished (True) or the session's time is up (False)."""
        trainer = self.run.trainer
        total, count, reported = 0.0, 0, time.monotonic()
        while True:
            started = time.monotonic()
            loss = sum(self.run.step() for _ in range(self.stride)).item()
            elapsed = time.monotonic() - started
            self.speeds.append(elapsed / self.stride)
            trainer.seconds += elapsed
            if not math.isfinite(loss):
                self._step_back()
                total, count = 0.0, 0
                continue
            total, count = total + loss, count + self.stride
            self._decay_in_time()
            finished = trainer.schedule.finished(trainer.done)
            out_of_time = self.session.left() < 0
            if finished or out_of_time or time.monotonic() - reported > self.settings.report_seconds:
                self._report(total / count)
                total, count, reported = 0.0, 0, time.monotonic()
            if finished or out_of_time:
                return finished

    def seconds_per_step(self) -> float:
        """Median of the last measurements: the first steps of a process choose kernels and are slow."""
        return sorted(self.speeds)[len(self.speeds) // 2]

    def _decay_in_time(self) -> None:
        trainer, planned = self.run.trainer, self.planned
        remaining = planned.seconds - trainer.seconds
        decaying = trainer.schedule.decay_start is not None
        due = 0 < remaining if decaying else remaining <= planned.decay_share * planned.seconds
        # A decay under way is planned again: beside other lanes a step does not always take as long.
        if due and not trainer.schedule.finished(trainer.done):
            trainer.decay_over(max(self.stride, int(remaining / self.seconds_per_step())))

    def _report(self, loss: float) -> None:
        trainer = self.run.trainer
        self.session.keep(self.run, self.planned.name)
        line = {
            "run": self.planned.name,
            "step": trainer.done,
            "seconds": round(trainer.seconds, 1),
            "ms_per_step": round(1e3 * self.seconds_per_step(), 2),
            "rate": trainer.schedule.rate(trainer.done),
            "loss": round(loss, 6),
            **{name: round(value, 4) for name, value in trainer.update.figures().items()},
            **self.watch(trainer),
            "copies": trainer.corpus.copies,
            "left": round(self.session.left(), 1),
        }
        if self.settings.device.type == "cuda":
            line["gpu_gib"] = round(torch.cuda.max_memory_allocated() / 2**30, 2)
            line["graph"] = trainer.update.graph is not None
        self.session.log(line)

    def _step_back(self) -> None:
        """Return to the last state that was kept, at half the learning rate."""
        self.retries += 1
        if self.retries > RETRIES:
            raise FloatingPointError(f"{self.planned.name}: the loss is no number, {RETRIES} times over")
        trainer = self.run.trainer
        kept = self.session.kept(self.planned.name)
        failed_at = trainer.done
        trainer.restore(kept)
        trainer.generator.manual_seed(trainer.recipe.seed + failed_at)
        trainer.recipe.peak_rate /= 2
        trainer.schedule = replace(trainer.schedule, peak=trainer.schedule.peak / 2)
        self.session.log({"run": self.planned.name, "diverged_at_step": failed_at, "back_to": trainer.done})
