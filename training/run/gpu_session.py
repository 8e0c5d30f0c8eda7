"""Command line: train a plan within a time limit. `python -m training.run.gpu_session --help`; training/README.md has the
sequence."""

import argparse
import importlib.util
import os
import sys
import time
from pathlib import Path

NEEDED = {"torch": "PyTorch", "numpy": "NumPy", "PIL": "Pillow"}
DRY_RECIPE = {"batch": 2, "patch": 16, "margin": 2, "precision": "f32", "warm_up": 5}
DRY_TILES = 3


def missing_modules() -> list[str]:
    """What has to be installed before a session can run."""
    missing = [title for module, title in NEEDED.items() if importlib.util.find_spec(module) is None]
    if not missing:
        from PIL import features

        missing += [] if features.check("webp") else ["Pillow with WebP"]
    return missing


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plan", type=Path, help="JSON file, as those in training/plans")
    parser.add_argument("--data", type=Path, required=True, help="folder of the tars, or of their parts in subfolders")
    parser.add_argument("--state", type=Path, required=True, help="folder of states and weights, kept between sessions")
    parser.add_argument("--out", type=Path, help="folder that gets copies of the weights, the state and the log")
    parser.add_argument("--limit-seconds", type=float, default=550.0, help="wall-clock limit of this session")
    parser.add_argument("--workers", type=int, help="processes that degrade pictures; by default all cores but three")
    parser.add_argument("--lane", type=int, help="only the runs of this lane; all of them unless given")
    parser.add_argument("--dry-run-seconds", type=float, help="the whole plan in so many seconds, tiny, on the CPU")
    return parser.parse_args()


def main() -> None:
    started = time.monotonic()
    options = arguments()
    if missing := missing_modules():
        sys.exit(f"This Python ({sys.executable}) lacks {', '.join(missing)}: install it, or use another Python")
    import torch

    from training.networks import eyes
    from training.run.session import Session, Settings, read_plan, scaled_to
    from training.run.texture_watch import GridShows

    if (carried := options.data / eyes.CARRIED).exists():
        os.environ.setdefault(eyes.VARIABLE, str(carried))
    runs = [run for run in read_plan(options.plan) if options.lane in (None, run.lane)]
    on_gpu = torch.cuda.is_available() and options.dry_run_seconds is None
    settings = Settings(
        data=options.data,
        state=options.state,
        out=options.out,
        device=torch.device("cuda" if on_gpu else "cpu"),
        deadline=started + options.limit_seconds,
        workers=options.workers,
    )
    if on_gpu:
        print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}", flush=True)
    else:
        torch.set_num_threads(1)
    if options.dry_run_seconds is not None:
        runs = scaled_to(runs, options.dry_run_seconds)
        settings.limit, settings.overrides = DRY_TILES, DRY_RECIPE
    try:
        finished = Session(settings).run_plan(runs)
    except GridShows as shown:
        sys.exit(str(shown))
    print("the plan is finished" if finished else "time is up: run the same command again to go on", flush=True)


if __name__ == "__main__":
    main()
