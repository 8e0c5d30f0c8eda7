"""Builds `trunk.cpp` for this machine with g++ at first use and loads it; the file name holds the source's hash."""

import ctypes
import functools
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from training.paths import TRAINING

SOURCE = Path(__file__).with_name("trunk.cpp")
CACHE = TRAINING / "cache"
FLAGS = ("-O3", "-march=native", "-ffast-math", "-std=c++17", "-shared", "-fPIC", "-pthread")


def available() -> bool:
    """True where the kernel can be built."""
    return shutil.which("g++") is not None


@functools.cache
def library() -> ctypes.CDLL:
    """The compiled kernel."""
    name = hashlib.sha256(SOURCE.read_bytes() + " ".join(FLAGS).encode()).hexdigest()[:16]
    built = CACHE / f"trunk-{name}.so"
    if not built.exists():
        CACHE.mkdir(exist_ok=True)
        partial = CACHE / f"trunk-{os.getpid()}.partial"
        subprocess.run(["g++", *FLAGS, "-o", str(partial), str(SOURCE)], check=True)
        partial.replace(built)
    loaded = ctypes.CDLL(str(built))
    loaded.trunk_tape_size.restype = ctypes.c_int64
    loaded.trunk_weights_size.restype = ctypes.c_int64
    return loaded
