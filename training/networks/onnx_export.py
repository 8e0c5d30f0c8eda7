"""A trained network as an ONNX file: opset 17, dynamic height and width, "same" zero padding in the convolutions.

`input` is Y or RGB in 0..=1, and planes of noise over -1..=1 behind it where the network takes any, [1, planes, h, w]; `output` is [1, c, s * h, s * w]. The picture's edge is the caller's: pad by
`halo` replicated pixels, run, crop `s * halo`.

With `half`, kernels are kept in half precision; engines turn them into f32 as they read the file.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from training.networks.collapsible import CollapsibleConv

OPSET = 17
IR_VERSION = 8
HALVED = 256
"""Numbers of a constant from which on it is worth a `Cast`: kernels, not biases, slopes and settings."""


class _Graph:
    """Nodes and initializers in the making."""

    def __init__(self, half: bool = False) -> None:
        self.half = half
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.settings: list[onnx.ValueInfoProto] = []

    def constant(self, name: str, values: torch.Tensor) -> str:
        array = np.ascontiguousarray(values.detach().cpu().numpy(), dtype=np.float32)
        if not self.half or array.size < HALVED:
            self.initializers.append(numpy_helper.from_array(array, name))
            return name
        self.initializers.append(numpy_helper.from_array(array.astype(np.float16), f"{name}.f16"))
        return self.node("Cast", [f"{name}.f16"], name, to=TensorProto.FLOAT)

    def setting(self, name: str, value: float) -> str:
        """A number that whoever runs the file may give; `value` otherwise."""
        if any(setting.name == name for setting in self.settings):
            return name
        self.settings.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]))
        return self.constant(name, torch.tensor([value]))

    def node(self, kind: str, inputs: list[str], output: str, **attributes) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def convolution(
        self, name: str, source: str, kernel: torch.Tensor, bias: torch.Tensor | str, *, stride: int = 1, factor: str = ""
    ) -> str:
        """`bias`: its values, or the name of what computes them. `factor`: the name of a number that the result is multiplied by."""
        side = kernel.shape[-1]
        weights = [self.constant(f"{name}.weight", kernel)]
        weights.append(bias if isinstance(bias, str) else self.constant(f"{name}.bias", bias))
        if factor:
            # In the weights, where an engine computes it once.
            weights = [self.node("Mul", [weight, factor], f"{weight}_scaled") for weight in weights]
        pads = [(side - stride + 1) // 2] * 4
        return self.node("Conv", [source, *weights], name, kernel_shape=[side, side], pads=pads, strides=[stride, stride])

    def over_nearest(self, residual: str, scale: int) -> str:
        """A residual [n, c * scale², h, w], shuffled into pixels, plus the nearest-neighbour picture."""
        shuffled = self.node("DepthToSpace", [residual], "residual", blocksize=scale, mode="CRD")
        scales = self.constant("scales", torch.tensor([1.0, 1.0, scale, scale]))
        nearest = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        anchor = self.node("Resize", ["input", "", scales], "anchor", **nearest)
        return self.node("Add", [shuffled, anchor], "output")

    def collapsed(self, name: str, source: str, block: CollapsibleConv) -> str:
        return self.convolution(name, source, block.collapsed(), block.bias)

    def prelu(self, name: str, source: str, slope: torch.Tensor) -> str:
        return self.node("PRelu", [source, self.constant(f"{name}.slope", slope.reshape(-1, 1, 1))], name)


def build(network: nn.Module, half: bool = False) -> onnx.ModelProto:
    """The collapsed network as a checked model."""
    scale, colours, planes = network.scale, network.COLOURS, network.PLANES
    graph = _Graph(half)
    network.lay_out(graph)
    made = helper.make_graph(
        graph.nodes,
        f"{network.NAME}-x{scale}",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, planes, "h", "w"]), *graph.settings],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, colours, f"{scale}*h", f"{scale}*w"])],
        graph.initializers,
    )
    model = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="inlarge"
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def write(network: nn.Module, path: Path, half: bool = False) -> None:
    """Save the collapsed network as `path`."""
    onnx.save(build(network, half), path)
