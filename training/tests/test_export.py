"""Exported file == trained network, to 1e-4, away from the zero-padded border."""

import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from training import onnx_export
from training.onnx_reference import OnnxReference, enlarge, halo_of
from training.photo_fast import HALO, PhotoFast, widen

TOLERANCE = 1e-4


def network_with_life(scale: int) -> PhotoFast:
    """A network whose biases and slopes are not their initial constants."""
    torch.manual_seed(5)
    network = PhotoFast(scale)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("bias") or "activation" in name:
                parameter.add_(0.1 * torch.randn_like(parameter))
            if name == "tail.project":
                parameter.mul_(10)
    return network


class Export(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "network.onnx"

    def largest_difference(self, network: PhotoFast) -> float:
        """Between the trained network and the file, more than a halo away from the picture's edge."""
        x = torch.rand(1, 1, 2 * HALO + 11, 2 * HALO + 14)
        inner = slice(network.scale * HALO, -network.scale * HALO)
        with torch.no_grad():
            difference = network(x) - OnnxReference(self.path)(x)
        return difference[:, :, inner, inner].abs().max().item()

    def test_file_is_the_trained_network(self):
        for scale in (2, 4):
            with self.subTest(scale=scale):
                network = network_with_life(scale)
                onnx_export.write(network, self.path)
                self.assertLess(self.largest_difference(network), TOLERANCE)

    def test_notices_one_changed_weight(self):
        network = network_with_life(2)
        onnx_export.write(network, self.path)
        model = onnx.load(self.path)
        tensor = next(t for t in model.graph.initializer if t.name == "body3.weight")
        values = numpy_helper.to_array(tensor).copy()
        values[4, 7, 1, 2] += 0.01
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
        onnx.save(model, self.path)
        self.assertGreater(self.largest_difference(network), TOLERANCE)

    def test_our_reading_of_the_file_is_that_of_onnx(self):
        for scale in (2, 4):
            with self.subTest(scale=scale):
                onnx_export.write(network_with_life(scale), self.path)
                x = torch.rand(1, 1, 13, 7)
                theirs = ReferenceEvaluator(str(self.path)).run(None, {"input": x.numpy()})[0]
                np.testing.assert_allclose(OnnxReference(self.path)(x).numpy(), theirs, atol=TOLERANCE)

    def test_header_and_halo(self):
        model = onnx_export.build(PhotoFast(2))
        self.assertEqual((model.ir_version, model.opset_import[0].version), (8, 17))
        onnx.save(model, self.path)
        self.assertEqual(halo_of(OnnxReference(self.path).kernels()), HALO)

    def test_halo_covers_the_receptive_field(self):
        onnx_export.write(network_with_life(2), self.path)
        network = OnnxReference(self.path)
        picture = np.random.default_rng(0).random((40, 40))
        whole = enlarge(network, picture, 2, HALO)
        part = enlarge(network, picture[: 20 + HALO], 2, HALO)[:40]
        np.testing.assert_allclose(part, whole[:40], atol=1e-6)
        short = enlarge(network, picture[: 20 + HALO - 1], 2, HALO)[:40]
        self.assertGreater(np.abs(short - whole[:40]).max(), 1e-6)

    def test_widened_network_repeats_the_subpixels(self):
        network = network_with_life(2)
        x = torch.rand(1, 1, 8, 9)
        with torch.no_grad():
            wide, small = widen(network, 4)(x), network(x)
        repeated = small.repeat_interleave(2, 2).repeat_interleave(2, 3)
        torch.testing.assert_close(wide, repeated, atol=1e-5, rtol=0)


if __name__ == "__main__":
    unittest.main()
