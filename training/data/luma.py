"""BT.601 luma: full range for the networks, studio range for the published PSNR-Y protocol."""

import numpy as np
import torch

FULL_RANGE_WEIGHTS = (0.299, 0.587, 0.114)
STUDIO_RANGE_GAIN = 219.0
STUDIO_RANGE_OFFSET = 16.0


def full_range(rgb: np.ndarray) -> np.ndarray:
    """Y in 0..=1 (float64, not rounded) of 8-bit RGB, HWC -> HW."""
    return rgb.astype(np.float64) @ np.array(FULL_RANGE_WEIGHTS) / 255.0


def full_range_tensor(rgb: torch.Tensor) -> torch.Tensor:
    """Y in 0..=1 (float32, not rounded) of 8-bit RGB, [..., 3] -> [...]."""
    red, green, blue = (rgb[..., i].float() for i in range(3))
    weight = [w / 255.0 for w in FULL_RANGE_WEIGHTS]
    return red * weight[0] + green * weight[1] + blue * weight[2]


def full_to_studio(y: np.ndarray) -> np.ndarray:
    """Studio-range Y in 16..=235, MATLAB's `rgb2ycbcr`, of full-range Y in 0..=1."""
    return STUDIO_RANGE_OFFSET + STUDIO_RANGE_GAIN * y


def scored(y: np.ndarray, grey: bool) -> np.ndarray:
    """What the tables score, of full-range Y in 0..=1: studio range, but the grey values, 0..=255, of a grey picture."""
    return 255.0 * y if grey else full_to_studio(y)


def of_planes(planes: torch.Tensor) -> torch.Tensor:
    """Full-range Y of a network's picture: [n, 1 or 3, h, w] -> [n, h, w]."""
    if planes.shape[1] == 1:
        return planes[:, 0]
    # No constant tensor: copying one to a GPU would wait for all the work under way there.
    return sum(weight * planes[:, i] for i, weight in enumerate(FULL_RANGE_WEIGHTS))
