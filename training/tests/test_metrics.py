"""PSNR and SSIM on cases with known answers."""

import unittest

import numpy as np

from training.data import luma
from training.report import metrics


class Metrics(unittest.TestCase):
    def setUp(self):
        self.y = np.random.default_rng(2).integers(16, 236, (40, 50)).astype(np.float64)

    def test_psnr_of_a_constant_error(self):
        self.assertAlmostEqual(metrics.psnr(self.y + 5, self.y, 2), 20 * np.log10(255 / 5), places=9)

    def test_shave_hides_the_border_only(self):
        changed = self.y.copy()
        changed[1, 20] += 40
        self.assertEqual(metrics.psnr(changed, self.y, 2), float("inf"))
        changed[2, 20] += 40
        self.assertLess(metrics.psnr(changed, self.y, 2), 60)

    def test_ssim_of_equal_pictures_is_one_and_falls_with_one_pixel(self):
        self.assertAlmostEqual(metrics.ssim(self.y, self.y, 2), 1.0, places=12)
        changed = self.y.copy()
        changed[20, 20] += 100
        self.assertLess(metrics.ssim(changed, self.y, 2), 0.9999)

    def test_ssim_of_two_constants_is_the_luminance_term(self):
        a, b, c1 = 100.0, 120.0, (0.01 * 255) ** 2
        expected = (2 * a * b + c1) / (a * a + b * b + c1)
        self.assertAlmostEqual(metrics.ssim(np.full((20, 20), a), np.full((20, 20), b), 0), expected, places=9)

    def test_luma_of_the_primaries(self):
        primaries = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
        full = luma.full_range(primaries)
        np.testing.assert_allclose(full[0], [0.299, 0.587, 0.114, 1.0])
        np.testing.assert_allclose(luma.full_to_studio(full)[0], [81.481, 144.553, 40.966, 235.0], atol=1e-3)


if __name__ == "__main__":
    unittest.main()
