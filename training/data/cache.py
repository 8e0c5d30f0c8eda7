"""Arrays derived from the archives, kept as .npy files in `training/cache` so that a run starts in seconds."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from training.paths import TRAINING

FOLDER = TRAINING / "cache"


def cached(archive: Path, what: str, build: Callable[[], np.ndarray]) -> np.ndarray:
    """`build()`, or its result of an earlier run over an archive of the same name, size and time."""
    stat = archive.stat()
    key = hashlib.sha256(f"{archive.name} {stat.st_size} {stat.st_mtime_ns}".encode()).hexdigest()[:16]
    path = FOLDER / f"{archive.stem}-{what}-{key}.npy"
    if not path.exists():
        FOLDER.mkdir(exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        with open(partial, "wb") as file:
            np.save(file, build())
        partial.replace(path)
    return np.load(path, mmap_mode="r")
