"""Whether what is shipped keeps its features small on what no photograph looks like: codes, screentone, noise."""

import unittest

import torch

from training.networks import weights
from training.networks.photo import GatedNetwork
from training.paths import CHECKPOINTS
from training.run.update import wild_patches

LOUD = 50.0
"""Photographs make features of up to 8 or so; what is far beyond costs the engines their agreement, and at last overflows."""


def loudest_on_noise(network: GatedNetwork) -> float:
    """The largest feature on noise of every kind that `wild_patches` draws."""
    with torch.no_grad():
        return network.peaks(wild_patches(torch.zeros(32, 3, 64, 64), torch.Generator().manual_seed(11))).max().item()


class CalmTest(unittest.TestCase):
    def test_shipped_networks_are_calm_on_noise(self):
        gated = {path.stem: network for path in sorted(CHECKPOINTS.glob("*.pt")) if isinstance(network := weights.read(path), GatedNetwork)}
        self.assertGreaterEqual(len(gated), 6)
        loudest = {name: loudest_on_noise(network) for name, network in gated.items()}
        self.assertLess(max(loudest.values()), LOUD, loudest)

    def test_a_loud_network_is_noticed(self):
        network = weights.read(CHECKPOINTS / "photo-x2-web.pt")
        with torch.no_grad():
            for block in network.blocks:
                block.gate.weight.mul_(4.0)
        self.assertGreater(loudest_on_noise(network), LOUD)


if __name__ == "__main__":
    unittest.main()
