"""Command line: score exported files, or bicubic, on the test sets. `python -m training.report.evaluate --help`."""

import argparse
from pathlib import Path

import numpy as np
import torch

from training.data import luma
from training.paths import DEFAULT_DATA
from training.report import testsets
from training.report.onnx_reference import OnnxReference, enlarge

NOISE_SEED = 7


def exported(network: OnnxReference) -> testsets.Enlarger:
    """The enlarger in an exported file: replicate by the halo, run, crop.

    RGB is rounded to 8 bits before its luma is taken. Where the picture is grey, the three channels are averaged.
    """
    halo = network.halo

    def enlarge_luma(low: np.ndarray) -> np.ndarray:
        return enlarge(network, luma.full_range(low), network.scale, halo).astype(np.float64)

    def enlarge_rgb(low: np.ndarray) -> np.ndarray:
        noise = np.random.default_rng(NOISE_SEED).uniform(-1, 1, (*low.shape[:2], network.noise))
        high = enlarge(network, np.concatenate([low / 255.0, noise], axis=2), network.scale, halo).astype(np.float64)
        if (low == low[..., :1]).all():
            return high.mean(axis=2)
        return luma.full_range(np.clip(np.round(255.0 * high), 0, 255))

    return enlarge_luma if network.colours == 1 else enlarge_rgb


def scores(network: OnnxReference, data: Path) -> dict[str, dict[str, float]]:
    """Scores by lower-case name of the test set."""
    run = exported(network)
    return {n.lower(): testsets.score(data / "testsets" / n, network.scale, run) for n in testsets.NAMES}


def bicubic_scores(scale: int, data: Path) -> dict[str, dict[str, float]]:
    """The published bicubic row, by lower-case name of the test set."""
    return {n.lower(): testsets.score_bicubic(data / "testsets" / n, scale) for n in testsets.NAMES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="+", help="exported .onnx files, or bicubic-x2, bicubic-x4")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder that holds testsets/")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for what in options.what:
        if what.startswith("bicubic-x"):
            found = bicubic_scores(int(what.removeprefix("bicubic-x")), options.data)
        else:
            found = scores(OnnxReference(Path(what)), options.data)
        for name, score in found.items():
            print(f"{what} {name}: {score['psnr_y']:.3f} dB, SSIM {score['ssim_y']:.4f}", flush=True)


if __name__ == "__main__":
    main()
