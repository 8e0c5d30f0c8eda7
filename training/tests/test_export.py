"""Exported file == trained network, to 1e-4, away from the zero-padded border."""

import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import nn

from training.networks import onnx_export
from training.networks.collapsible import set_zero_edges
from training.networks.families import FAMILIES, build, widen
from training.networks.restore import enlarged
from training.report.evaluate import exported
from training.report.onnx_reference import OnnxReference, enlarge

TOLERANCE = 1e-4
PARAMETERS = {
    ("photo-fast", 2): 15_028,
    ("photo-fast", 4): 16_768,
    ("photo", 2): 373_980,
    ("photo", 4): 389_568,
    ("text", 2): 34_692,
    ("art", 2): 78_636,
    ("restore", 1): 141_708,
    ("restore", 4): 150_864,
    ("detail", 4): 526_848,
}
SCALES = [(model, scale) for model, family in FAMILIES.items() for scale in family.FACTS.scales]
ENGINE_OPERATORS = {"Conv", "Relu", "PRelu", "Add", "Mul", "DepthToSpace", "Resize"}


def network_with_life(model: str, scale: int) -> nn.Module:
    """A network whose biases, slopes and gates are not their initial constants."""
    torch.manual_seed(5)
    network = build(model, scale)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("bias") or "activation" in name or "gate" in name:
                parameter.add_(0.1 * torch.randn_like(parameter))
            if name == "tail.project":
                parameter.mul_(10)
    return network


class Export(unittest.TestCase):
    def setUp(self):
        torch.set_num_threads(1)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "network.onnx"

    def largest_difference(self, network: nn.Module) -> float:
        """Between the trained network and the file, more than a halo away from the picture's edge."""
        x = torch.rand(1, network.PLANES, 2 * network.HALO + 12, 2 * network.HALO + 14)
        inner = slice(network.scale * network.HALO, -network.scale * network.HALO)
        with torch.no_grad():
            difference = network(x) - OnnxReference(self.path)(x)
        return difference[:, :, inner, inner].abs().max().item()

    def test_file_is_the_trained_network(self):
        for model, scale in SCALES:
            with self.subTest(model=model, scale=scale):
                network = network_with_life(model, scale)
                onnx_export.write(network, self.path)
                self.assertLess(self.largest_difference(network), TOLERANCE)

    def test_zero_edges_are_the_files_edges(self):
        network = network_with_life("photo", 2)
        onnx_export.write(network, self.path)
        set_zero_edges(network, True)
        x = torch.rand(1, 3, 9, 12)
        with torch.no_grad():
            torch.testing.assert_close(network(x), OnnxReference(self.path)(x), atol=TOLERANCE, rtol=0)
            set_zero_edges(network, False)
            self.assertGreater((network(x) - OnnxReference(self.path)(x)).abs().max().item(), TOLERANCE)

    def change(self, name: str, place: tuple[int, ...], amount: float) -> None:
        """Add `amount` to one weight in the file."""
        model = onnx.load(self.path)
        tensor = next(t for t in model.graph.initializer if t.name == name)
        values = numpy_helper.to_array(tensor).copy()
        values[place] += amount
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
        onnx.save(model, self.path)

    def test_notices_one_changed_weight(self):
        for model, name, place in (
            ("photo-fast", "body3.weight", (4, 7, 1, 2)),
            ("photo", "block3_gate.weight", (4, 7, 0, 0)),
        ):
            with self.subTest(model=model):
                network = network_with_life(model, 2)
                onnx_export.write(network, self.path)
                self.change(name, place, 0.05)
                self.assertGreater(self.largest_difference(network), TOLERANCE)

    def test_our_reading_of_the_file_is_that_of_onnx(self):
        for model, scale in SCALES:
            with self.subTest(model=model, scale=scale):
                onnx_export.write(network_with_life(model, scale), self.path)
                x = torch.rand(1, FAMILIES[model].PLANES, *((14, 8) if scale == 1 else (13, 7)))
                theirs = ReferenceEvaluator(str(self.path)).run(None, {"input": x.numpy()})[0]
                np.testing.assert_allclose(OnnxReference(self.path)(x).numpy(), theirs, atol=TOLERANCE)

    def test_half_a_file_is_the_whole_one_with_rounded_kernels(self):
        for model, scale in SCALES:
            with self.subTest(model=model, scale=scale):
                network, x = network_with_life(model, scale), torch.rand(1, FAMILIES[model].PLANES, 14, 8)
                onnx_export.write(network, self.path)
                whole, size = OnnxReference(self.path), self.path.stat().st_size
                exact = whole(x)
                for name, values in whole.constants.items():
                    if values.numel() >= onnx_export.HALVED:
                        whole.constants[name] = values.half().float()
                onnx_export.write(network, self.path, half=True)
                self.assertLess(self.path.stat().st_size, 0.6 * size)
                half = OnnxReference(self.path)
                self.assertEqual((half.parameters, half.halo), (whole.parameters, whole.halo))
                torch.testing.assert_close(half(x), whole(x), atol=0, rtol=0)
                self.assertGreater((half(x) - exact).abs().max().item(), 0)
                theirs = ReferenceEvaluator(str(self.path)).run(None, {"input": x.numpy()})[0]
                np.testing.assert_allclose(half(x).numpy(), theirs, atol=TOLERANCE)

    def test_denoise_of_restore_is_the_share_of_the_residual(self):
        for scale in (1, 4):
            network, x = network_with_life("restore", scale), torch.rand(1, 3, 20, 18)
            onnx_export.write(network, self.path)
            file = OnnxReference(self.path)
            made = []
            for share in (0.0, 0.5, 1.0):
                file.constants["denoise"] = torch.tensor([share])
                made.append(file(x))
            inner = slice(scale, -scale)
            anchor = enlarged(x, scale)
            torch.testing.assert_close(made[0][..., inner, inner], anchor[..., inner, inner], atol=1e-5, rtol=0)
            torch.testing.assert_close(made[1], (made[0] + made[2]) / 2, atol=1e-5, rtol=0)
            self.assertGreater((made[2] - made[0]).abs().mean().item(), 1e-3)

    def test_header_halo_size_and_operators(self):
        for (model, scale), parameters in PARAMETERS.items():
            with self.subTest(model=model, scale=scale):
                made = onnx_export.build(build(model, scale))
                self.assertEqual((made.ir_version, made.opset_import[0].version), (8, 17))
                self.assertLessEqual({node.op_type for node in made.graph.node}, ENGINE_OPERATORS)
                onnx.save(made, self.path)
                network = OnnxReference(self.path)
                self.assertEqual(network.halo, build(model, scale).HALO)
                self.assertEqual((network.colours, network.scale), (FAMILIES[model].COLOURS, scale))
                self.assertEqual(network.parameters, parameters)

    def test_halo_covers_the_receptive_field(self):
        for model, scale in ((model, family.FACTS.scales[0]) for model, family in FAMILIES.items()):
            with self.subTest(model=model):
                onnx_export.write(network_with_life(model, scale), self.path)
                network, halo, rows = OnnxReference(self.path), build(model, scale).HALO, 20 * scale
                planes = FAMILIES[model].PLANES
                shape = (60, 40, planes) if planes > 1 else (60, 40)
                picture = np.random.default_rng(0).random(shape)
                whole = enlarge(network, picture, scale, halo)
                part = enlarge(network, picture[: 20 + halo], scale, halo)[:rows]
                np.testing.assert_allclose(part, whole[:rows], atol=1e-6)
                short = enlarge(network, picture[: 20 + halo // 4], scale, halo)[:rows]
                self.assertGreater(np.abs(short - whole[:rows]).max(), 1e-6)

    def test_scored_luma_of_grey_is_the_mean_of_the_channels(self):
        onnx_export.write(network_with_life("photo", 2), self.path)
        network, run = OnnxReference(self.path), exported(OnnxReference(self.path))
        grey = np.random.default_rng(0).integers(0, 256, (12, 10, 1), dtype=np.uint8).repeat(3, axis=2)
        mean = enlarge(network, grey / 255.0, 2, build("photo", 2).HALO).mean(axis=2)
        np.testing.assert_allclose(run(grey), mean, atol=1e-6)
        grey[0, 0, 0] ^= 1
        self.assertGreater(np.abs(run(grey) - mean).max(), 1e-3)

    def test_widened_network_repeats_the_subpixels(self):
        for model in (name for name, family in FAMILIES.items() if {2, 4} <= set(family.FACTS.scales)):
            with self.subTest(model=model):
                network = network_with_life(model, 2)
                x = torch.rand(1, network.COLOURS, 8, 9)
                with torch.no_grad():
                    wide, small = widen(network, 4)(x), network(x)
                repeated = small.repeat_interleave(2, 2).repeat_interleave(2, 3)
                torch.testing.assert_close(wide, repeated, atol=1e-5, rtol=0)

    def test_fresh_network_is_close_to_the_nearest_neighbour_picture(self):
        torch.manual_seed(0)
        x = torch.rand(1, 3, 16, 16)
        with torch.no_grad():
            difference = build("photo", 2)(x) - x.repeat_interleave(2, 2).repeat_interleave(2, 3)
        self.assertLess(difference.abs().mean().item(), 0.1)


if __name__ == "__main__":
    unittest.main()
