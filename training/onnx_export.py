"""photo-fast as an ONNX file: opset 17, dynamic height and width, "same" zero padding in the convolutions.

`input` is Y in 0..=1, [1, 1, h, w]; `output` is [1, 1, s * h, s * w]. The picture's edge is the caller's: pad by
`halo` replicated pixels, run, crop `s * halo`.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from training.photo_fast import PhotoFast

OPSET = 17
IR_VERSION = 8


class _Graph:
    """Nodes and initializers in the making."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def constant(self, name: str, values: torch.Tensor) -> str:
        array = np.ascontiguousarray(values.detach().cpu().numpy(), dtype=np.float32)
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def convolution(self, name: str, source: str, kernel: torch.Tensor, bias: torch.Tensor) -> str:
        side = kernel.shape[-1]
        weights = [self.constant(f"{name}.weight", kernel), self.constant(f"{name}.bias", bias)]
        return self.node("Conv", [source, *weights], name, kernel_shape=[side, side], pads=[side // 2] * 4)

    def prelu(self, name: str, source: str, slope: torch.Tensor) -> str:
        return self.node("PRelu", [source, self.constant(f"{name}.slope", slope.reshape(-1, 1, 1))], name)


def build(network: PhotoFast) -> onnx.ModelProto:
    """The collapsed network as a checked model."""
    scale = network.scale
    graph = _Graph()
    head = graph.convolution("head", "input", network.head.collapsed(), network.head.bias)
    skip = graph.prelu("head_prelu", head, network.head_activation.weight)
    features = skip
    for i, (block, activation) in enumerate(zip(network.body, network.body_activations, strict=True)):
        features = graph.convolution(f"body{i}", features, block.collapsed(), block.bias)
        features = graph.prelu(f"body{i}_prelu", features, activation.weight)
    features = graph.node("Add", [features, skip], "skip")
    tail = graph.convolution("tail", features, network.tail.collapsed(), network.tail.bias)
    residual = graph.node("DepthToSpace", [tail], "residual", blocksize=scale, mode="CRD")
    scales = graph.constant("scales", torch.tensor([1.0, 1.0, scale, scale]))
    nearest = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    anchor = graph.node("Resize", ["input", "", scales], "anchor", **nearest)
    graph.node("Add", [residual, anchor], "output")
    made = helper.make_graph(
        graph.nodes,
        f"photo-fast-x{scale}",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 1, "h", "w"])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, f"{scale}*h", f"{scale}*w"])],
        graph.initializers,
    )
    model = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="inlarge"
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def write(network: PhotoFast, path: Path) -> None:
    """Save the collapsed network as `path`."""
    onnx.save(build(network), path)
