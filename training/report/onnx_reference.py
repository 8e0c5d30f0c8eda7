"""Runs an exported file node by node in PyTorch, so that scores come from the file and not from the trained net."""

from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import helper, numpy_helper


COLOURS = 3
"""Of RGB; a file that takes more channels takes noise."""
SETTINGS = {"scales", "denoise"}
"""Initializers that are no weights: factors."""


class OnnxReference:
    """The operators that our exports use; any other is refused."""

    def __init__(self, path: Path):
        self.graph = onnx.load(path).graph
        self.constants = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in self.graph.initializer}
        for node in [node for node in self.graph.node if node.op_type == "Cast"]:
            self.constants[node.output[0]] = self.constants.pop(node.input[0]).float()
            self.graph.node.remove(node)

    @property
    def parameters(self) -> int:
        """Weights, biases and slopes, an anchor's too; not how far a level shifts a bias, which engines fold away."""
        aside = {n for n in self.constants if n in SETTINGS or n.endswith(".level")}
        return sum(tensor.numel() for name, tensor in self.constants.items() if name not in aside)

    @property
    def scale(self) -> int:
        """Enlargement factor."""
        return int(self.graph.name.rpartition("-x")[2])

    @property
    def planes(self) -> int:
        """Channels of the input: the picture's, and noise where the network takes any."""
        return self.graph.input[0].type.tensor_type.shape.dim[1].dim_value

    @property
    def colours(self) -> int:
        """Channels of the picture: 1 for luma, 3 for RGB."""
        return min(self.planes, COLOURS)

    @property
    def noise(self) -> int:
        """Planes of noise, evenly spread over -1..=1, behind the colours of the input."""
        return self.planes - self.colours

    def _convolutions(self) -> list[tuple[str, int, int, int]]:
        """Name, weights, pixels of padding, and stride of each convolution, in order."""
        scaled = {node.output[0]: node.input[0] for node in self.graph.node if node.op_type == "Mul"}
        found = []
        for node in (node for node in self.graph.node if node.op_type == "Conv"):
            given = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            kernel = self.constants[scaled.get(node.input[1], node.input[1])]
            found.append((node.name, kernel.numel(), given["pads"][0], given.get("strides", [1])[0]))
        return found

    @property
    def halo(self) -> int:
        """Radius of the receptive field in input pixels: the convolutions' reaches, those behind a stride that much further. An anchor
        lies beside them."""
        total, step = 0, 1
        for name, _, reach, stride in self._convolutions():
            total += reach * step if name != "anchor" else 0
            step *= stride
        return total

    @property
    def multiply_adds_per_output_pixel(self) -> int:
        """Of the convolutions, none of which runs above the resolution of the input (rounded)."""
        total, step = 0.0, 1
        for _, weights, _, stride in self._convolutions():
            step *= stride
            total += weights / step**2
        return round(total / self.scale**2)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """[1, c, h, w] -> [1, c, s * h, s * w]."""
        values = {**self.constants, self.graph.input[0].name: x}
        for node in self.graph.node:
            operands = [values[name] for name in node.input if name]
            attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            values[node.output[0]] = self._apply(node.op_type, operands, attributes)
        return values[self.graph.output[0].name]

    @staticmethod
    def _apply(kind: str, operands: list[torch.Tensor], attributes: dict) -> torch.Tensor:
        match kind:
            case "Conv":
                return F.conv2d(*operands, padding=attributes["pads"][0], stride=attributes.get("strides", [1])[0])
            case "PRelu":
                return F.prelu(operands[0], operands[1].flatten())
            case "Relu":
                return F.relu(operands[0])
            case "Add":
                return operands[0] + operands[1]
            case "Mul":
                return operands[0] * operands[1]
            case "DepthToSpace" if attributes["mode"] == b"CRD":
                return F.pixel_shuffle(operands[0], attributes["blocksize"])
            case "Resize" if attributes["mode"] == b"nearest":
                scale = int(operands[1][-1])
                return operands[0].repeat_interleave(scale, 2).repeat_interleave(scale, 3)
        raise ValueError(f"operator {kind} with {attributes} is not one that our exports use")


def enlarge(network, picture: np.ndarray, scale: int, halo: int) -> np.ndarray:
    """Y (HW) or RGB (HWC) in 0..=1 -> float32 of `scale` times the size, the edges replicated by `halo` pixels."""
    planes = picture.reshape(*picture.shape[:2], -1).astype(np.float32)
    padded = np.pad(planes, ((halo, halo), (halo, halo), (0, 0)), mode="edge")
    with torch.no_grad():
        output = network(torch.from_numpy(padded).permute(2, 0, 1)[None])[0].permute(1, 2, 0).numpy()
    border = scale * halo
    enlarged = output[border:-border, border:-border]
    return enlarged if picture.ndim == 3 else enlarged[..., 0]
