"""The resizer against small exact cases and the published bicubic row."""

import unittest

import numpy as np

from training.data import matlab_bicubic
from training.paths import DEFAULT_DATA
from training.report import testsets
from training.report.evaluate import bicubic_scores

PSNR_TOLERANCE = 0.01
SSIM_TOLERANCE = 0.0005
PUBLISHED = {
    2: {"set5": (33.66, 0.9299), "set14": (30.24, None), "bsd100": (29.56, None)},
    4: {"set5": (28.42, 0.8104), "set14": (26.00, None), "bsd100": (25.96, None)},
}


def agrees(found: dict[str, float], psnr: float, ssim: float | None) -> bool:
    """True when a score is the published one within the tolerances."""
    same_ssim = ssim is None or abs(found["ssim_y"] - ssim) <= SSIM_TOLERANCE
    return same_ssim and abs(found["psnr_y"] - psnr) <= PSNR_TOLERANCE


class Taps(unittest.TestCase):
    def test_weights_sum_to_one(self):
        for source, target in ((10, 5), (12, 3), (5, 10), (7, 13)):
            weights, _ = matlab_bicubic.resampling_taps(source, target)
            np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-12)

    def test_halving_uses_the_stretched_kernel(self):
        weights, indices = matlab_bicubic.resampling_taps(16, 8)
        centre = {i: w for i, w in zip(indices[4], weights[4], strict=True) if abs(w) > 1e-12}
        expected = np.array([-3, -9, 29, 111, 111, 29, -9, -3]) / 256
        self.assertEqual(sorted(centre), list(range(5, 13)))
        np.testing.assert_allclose([centre[i] for i in range(5, 13)], expected, atol=1e-12)

    def test_constant_picture_stays_constant(self):
        picture = np.full((9, 14, 3), 201, np.uint8)
        self.assertTrue((matlab_bicubic.resize(picture, 4, 31) == 201).all())

    def test_result_is_rounded_and_clipped_between_the_passes(self):
        picture = np.zeros((4, 8), np.uint8)
        picture[1:3, 3:5] = 255
        unrounded = np.clip(np.round(matlab_bicubic.resize_float(picture, 2, 16)), 0, 255)
        self.assertTrue((matlab_bicubic.resize(picture, 2, 16) != unrounded).any())


@unittest.skipUnless((DEFAULT_DATA / "testsets").is_dir(), "the test sets are not beside the project")
class PublishedRow(unittest.TestCase):
    def test_reproduces_the_published_figures(self):
        for scale, sets in PUBLISHED.items():
            found = bicubic_scores(scale, DEFAULT_DATA)
            for name, (psnr, ssim) in sets.items():
                with self.subTest(scale=scale, name=name):
                    self.assertTrue(agrees(found[name], psnr, ssim), f"{found[name]} is not {psnr}, {ssim}")

    def test_notices_a_kernel_that_is_not_stretched(self):
        stretched = matlab_bicubic.resampling_taps

        def unstretched(source: int, target: int):
            weights, indices = stretched(source, target)
            nearest = np.zeros_like(weights)
            nearest[:, weights.shape[1] // 2 - 1] = 1.0
            return (nearest, indices) if target < source else (weights, indices)

        matlab_bicubic.resampling_taps = unstretched
        try:
            found = testsets.score_bicubic(DEFAULT_DATA / "testsets" / "Set5", 2)
        finally:
            matlab_bicubic.resampling_taps = stretched
        self.assertFalse(agrees(found, *PUBLISHED[2]["set5"]))


if __name__ == "__main__":
    unittest.main()
