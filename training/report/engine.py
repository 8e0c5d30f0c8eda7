"""Enlarges pictures with our own command line, so that every reported figure is the engine's."""

import io
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from PIL import Image

from training.report.own_sets import Pair


class Engine:
    """The command line `program`, on the CPU engine."""

    def __init__(self, program: Path):
        self.program = program
        # The tables are made without the fidelity lock.
        self.options = ["--backend", "simd", "--fidelity", "off"]

    def enlarge(self, model: Path, pairs: list[Pair]) -> list[np.ndarray]:
        """The enlarged pictures, HWC uint8 RGB."""
        with tempfile.TemporaryDirectory() as folder:
            given, made = Path(folder) / "low", Path(folder) / "high"
            given.mkdir()
            for pair in pairs:
                low = Image.fromarray(pair.low)
                (low.convert("L") if pair.grey else low).save(given / f"{pair.name}.png", compress_level=1)
            files = [given / f"{pair.name}.png" for pair in pairs]
            command = [self.program, *files, "--model-file", model, "--out-dir", made, *self.options]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                raise RuntimeError(f"{model.name}: {done.stderr.strip()[-500:]}")
            results = [next(made.glob(f"{pair.name}-*x.png")) for pair in pairs]
            return [np.asarray(Image.open(io.BytesIO(path.read_bytes())).convert("RGB")) for path in results]


def with_setting(model: Path, name: str, value: float, path: Path) -> Path:
    """A copy of the file at `path` in which the setting `name` has another value."""
    copy = onnx.load(model)
    tensor = next(t for t in copy.graph.initializer if t.name == name)
    tensor.CopyFrom(numpy_helper.from_array(np.array([value], np.float32), name))
    onnx.save(copy, path)
    return path
