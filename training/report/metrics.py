"""PSNR and SSIM on studio-range luma, as the published super-resolution tables compute them."""

import numpy as np

SSIM_WINDOW = 11
SSIM_SIGMA = 1.5
PEAK = 255.0


def _shaved(y: np.ndarray, shave: int) -> np.ndarray:
    return y[shave : y.shape[0] - shave, shave : y.shape[1] - shave].astype(np.float64)


def psnr(y: np.ndarray, reference: np.ndarray, shave: int) -> float:
    """dB between two HW lumas in 0..=255, `shave` pixels off each side; infinite when they are equal."""
    error = np.mean((_shaved(y, shave) - _shaved(reference, shave)) ** 2)
    return float(10.0 * np.log10(PEAK**2 / error)) if error > 0 else float("inf")


def _blur(y: np.ndarray) -> np.ndarray:
    """Gaussian window over the positions where it fits entirely."""
    offset = np.arange(SSIM_WINDOW) - SSIM_WINDOW // 2
    window = np.exp(-(offset**2) / (2.0 * SSIM_SIGMA**2))
    window /= window.sum()
    for axis in (0, 1):
        length = y.shape[axis] - SSIM_WINDOW + 1
        y = sum(w * np.take(y, range(i, i + length), axis=axis) for i, w in enumerate(window))
    return y


def ssim(y: np.ndarray, reference: np.ndarray, shave: int) -> float:
    """Wang et al. 2004 with an 11x11 Gaussian window, K1 = 0.01, K2 = 0.03, without downsampling."""
    a, b = _shaved(y, shave), _shaved(reference, shave)
    c1, c2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2
    mean_a, mean_b = _blur(a), _blur(b)
    variance_a, variance_b = _blur(a * a) - mean_a**2, _blur(b * b) - mean_b**2
    covariance = _blur(a * b) - mean_a * mean_b
    structure = (2.0 * covariance + c2) / (variance_a + variance_b + c2)
    return float(np.mean((2.0 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1) * structure))
