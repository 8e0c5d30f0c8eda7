"""The native training step against PyTorch's own convolutions."""

import unittest

import torch

from training.networks.native import library, trunk
from training.networks.photo_fast import PhotoFast

TOLERANCE = 2e-4


def largest_relative_difference(ours: list[torch.Tensor], reference: list[torch.Tensor]) -> float:
    """Largest absolute difference of any tensor, over the largest value of its reference."""
    pairs = zip(ours, reference, strict=True)
    return max(((a - b).abs().max() / b.abs().max()).item() for a, b in pairs)


def output_and_gradients(network: PhotoFast, residual, x: torch.Tensor, weight: torch.Tensor) -> list[torch.Tensor]:
    """The residual, and the gradient of its weighted sum by each parameter."""
    network.zero_grad()
    output = residual(x)
    (output * weight).sum().backward()
    return [output.detach(), *(p.grad.clone() for p in network.parameters())]


@unittest.skipUnless(library.available(), "g++ is missing: the native step cannot be built")
class NativeStep(unittest.TestCase):
    def compare(self, scale: int, height: int, width: int, changed: float = 0.0) -> float:
        torch.manual_seed(3)
        network = PhotoFast(scale)
        x = torch.rand(3, 1, height, width)
        weight = torch.randn(3, scale * scale, height, width)
        reference = output_and_gradients(network, network.residual, x, weight)
        with torch.no_grad():
            network.body[2].bias[5] += changed
        ours = output_and_gradients(network, lambda x: trunk.residual(network, x), x, weight)
        return largest_relative_difference(ours, reference)

    def test_agrees_with_pytorch(self):
        for scale in (2, 4):
            for height, width in ((32, 32), (7, 13), (1, 1), (2, 5)):
                with self.subTest(scale=scale, height=height, width=width):
                    self.assertLess(self.compare(scale, height, width), TOLERANCE)

    def test_notices_one_changed_bias(self):
        self.assertGreater(self.compare(2, 7, 13, changed=0.01), TOLERANCE)


if __name__ == "__main__":
    unittest.main()
