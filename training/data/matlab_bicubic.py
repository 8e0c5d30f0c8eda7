"""MATLAB's `imresize(..., 'bicubic')` on 8-bit pictures, as the published super-resolution tables use it.

Keys' cubic convolution (1981) with a = -0.5; the kernel is stretched by the scale when shrinking (antialiasing),
edges are mirrored, the vertical pass comes first, and each pass over 8-bit pictures is rounded and clipped.
"""

import numpy as np

KEYS_SUPPORT = 4.0


def keys_kernel(distance: np.ndarray) -> np.ndarray:
    """Keys' cubic kernel with a = -0.5 at `distance` source pixels; zero beyond two pixels."""
    d = np.abs(distance)
    near = 1.5 * d**3 - 2.5 * d**2 + 1.0
    far = -0.5 * d**3 + 2.5 * d**2 - 4.0 * d + 2.0
    return np.where(d <= 1.0, near, np.where(d <= 2.0, far, 0.0))


def resampling_taps(source: int, target: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights (float64) and source indices (int) of one axis, both of shape [target, taps]."""
    scale = target / source
    stretch = min(scale, 1.0)
    support = KEYS_SUPPORT / stretch
    centre = np.arange(1, target + 1) / scale + 0.5 * (1.0 - 1.0 / scale)
    first = np.floor(centre - support / 2.0)
    taps = int(np.ceil(support)) + 2
    position = first[:, None] + np.arange(taps)[None]
    weights = keys_kernel(stretch * (centre[:, None] - position))
    weights /= weights.sum(axis=1, keepdims=True)
    mirrored = np.concatenate([np.arange(source), np.arange(source - 1, -1, -1)])
    return weights, mirrored[np.mod(position.astype(int) - 1, mirrored.size)]


def _resample_first_axis(picture: np.ndarray, target: int) -> np.ndarray:
    weights, indices = resampling_taps(picture.shape[0], target)
    total = np.zeros((target, *picture.shape[1:]))
    for tap in range(weights.shape[1]):
        column = weights[:, tap].reshape(-1, *([1] * (picture.ndim - 1)))
        total += column * picture[indices[:, tap]]
    return total


def _to_8_bits(values: np.ndarray) -> np.ndarray:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def resize(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize a uint8 picture, HW or HWC, to `height` x `width`; returns uint8 of the same layout."""
    vertical = _to_8_bits(_resample_first_axis(picture, height))
    turned = _resample_first_axis(np.swapaxes(vertical, 0, 1), width)
    return np.ascontiguousarray(_to_8_bits(np.swapaxes(turned, 0, 1)))


def resize_float(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize without any rounding or clipping, HW or HWC; returns float64."""
    vertical = _resample_first_axis(picture, height)
    return np.swapaxes(_resample_first_axis(np.swapaxes(vertical, 0, 1), width), 0, 1)


def shrink(picture: np.ndarray, scale: int) -> np.ndarray:
    """The low-resolution picture of the tables: HWC uint8, sides already multiples of `scale`."""
    return resize(picture, picture.shape[0] // scale, picture.shape[1] // scale)
