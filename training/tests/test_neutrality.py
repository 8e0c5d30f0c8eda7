"""Every shipped model leaves grey grey, black black and white white."""

import json
import unittest

import numpy as np

from training.data import render_art, render_text
from training.paths import MODELS
from training.report.onnx_reference import OnnxReference, enlarge

TOLERANCE = 0.5 / 255
"""Half a step of 8 bits."""


def drawing(model: str) -> np.ndarray:
    """What the model is for, or line art: RGB in 0..=1."""
    tile = render_text.tile((8, 4))[0] if model == "text" else render_art.tile((8, 4), held_out=True)[0]
    return tile.reshape(128, 2, 128, 2, 3).mean(axis=(1, 3))[20:84, 20:84] / 255.0


def cast(made: np.ndarray, given: np.ndarray) -> float:
    """How far the mean of a channel moves away from how the three move together, at the most."""
    shift = np.clip(made, 0, 1).mean(axis=(0, 1)) - given.mean(axis=(0, 1))
    return float(np.abs(shift - shift.mean()).max())


def run(network: OnnxReference, rgb: np.ndarray) -> np.ndarray:
    """The enlarged picture, [h, w, 3], before rounding; a luma network's luma in all three channels."""
    given = rgb if network.colours == 3 else rgb @ [0.299, 0.587, 0.114]
    made = enlarge(network, given, network.scale, network.halo)
    return made if made.ndim == 3 else made[..., None].repeat(3, axis=2)


def faults(network: OnnxReference, model: str) -> list[str]:
    """What the network does to flat and to grey pictures that it should not."""
    found = []
    for value in (0.0, 1.0):
        made = np.clip(run(network, np.full((12, 12, 3), value)), 0, 1)
        # The engine averages the channels of a grey picture.
        if np.abs(made.mean(axis=2) - value).max() >= TOLERANCE:
            found.append(f"flat {255 * value:.0f} becomes {255 * made.mean():.2f}")
    colour = drawing(model)
    grey = colour.mean(axis=2, keepdims=True).repeat(3, axis=2)
    for name, picture in (("grey", grey), ("colour", colour)):
        # The chroma of a luma network is an ordinary resampler's.
        if network.colours == 3 and (found_cast := cast(run(network, picture), picture)) > TOLERANCE:
            found.append(f"a {name} drawing gets a cast of {255 * found_cast:.2f} of 255")
    return found


class Neutrality(unittest.TestCase):
    def test_every_shipped_model_is_neutral(self):
        for model in json.loads((MODELS / "manifest.json").read_text())["models"]:
            with self.subTest(model=model["id"]):
                self.assertEqual(faults(OnnxReference(MODELS / model["file"]), model["name"]), [])

    def test_a_shifted_bias_is_noticed(self):
        for file, what in (("text-x2-web.onnx", "cast"), ("photo-fast-x2-bicubic.onnx", "flat 0 ")):
            network = OnnxReference(MODELS / file)
            bias = network.constants["tail.bias"].clone()
            bias[: max(4, len(bias) // 3)] += 2.5 / 255
            network.constants["tail.bias"] = bias
            self.assertTrue([fault for fault in faults(network, file.split("-x")[0]) if what in fault], file)


if __name__ == "__main__":
    unittest.main()
