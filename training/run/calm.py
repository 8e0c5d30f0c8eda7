"""Makes a trained gated network calm on noise and leaves what it makes of pictures as it is. `python -m training.run.calm --help`.

Its features on noise are brought down (`GatedNetwork.excess`) while its results on patches of the training tiles are held to
those that it began with: unlike training on with `--calm`, nothing else about it changes.
"""

import argparse
import copy
from pathlib import Path

import torch

from training.data import degrade
from training.data.corpus import PatchSampler
from training.networks import weights
from training.networks.photo import GatedNetwork
from training.paths import DEFAULT_DATA
from training.run.runs import clean_corpus, recipe_from
from training.run.schedule import Schedule
from training.run.update import GRADIENT_NORM_LIMIT, WILD_PATCHES, wild_patches

TILES = 300
"""Of each archive."""
BATCH, PATCH, WARM_UP = 6, 32, 20
PEAK_SHARE = 0.02
"""Of the largest feature beside their mean: few are too large, and those by far."""
CANDIDATES = 16
"""Noisy patches that are looked at for each step; the loudest of them count."""


def calm_down(network: GatedNetwork, sampler: PatchSampler, *, steps: int, peak_rate: float, weight: float) -> None:
    """Bring down the excess of `network`, which counts `weight` times as much as a mean difference from what it made before."""
    before = copy.deepcopy(network).requires_grad_(False)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.0)
    schedule = Schedule(peak_rate, WARM_UP, steps // 2, steps - steps // 2)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate(step)
        low, _ = sampler.draw()
        change = (network(low) - before(low)).abs().mean()
        excess = network.excess(loudest(network, wild_patches(low[:1].expand(CANDIDATES, -1, -1, -1), sampler.generator)), PEAK_SHARE)
        optimiser.zero_grad()
        (change + weight * excess).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), GRADIENT_NORM_LIMIT)
        optimiser.step()
        if step % 50 == 0 or step == steps - 1:
            print(f"step {step}: change {255 * change.item():.3f} of 255, excess {excess.item():.4f}", flush=True)


def loudest(network: GatedNetwork, patches: torch.Tensor) -> torch.Tensor:
    """Those of `patches` that make the largest features."""
    with torch.no_grad():
        return patches[network.peaks(patches).topk(WILD_PATCHES).indices]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, help="weights file or checkpoint of a gated network")
    parser.add_argument("out", type=Path, help="weights file to write")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the tars")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--peak-rate", type=float, default=1e-4)
    parser.add_argument("--weight", type=float, default=0.02, help="of the excess beside the mean difference from before")
    options = parser.parse_args()
    saved = torch.load(options.weights, weights_only=True, map_location="cpu")
    recipe = recipe_from(saved, {})
    network = weights.read(options.weights)
    if not isinstance(network, GatedNetwork):
        parser.error(f"{options.weights} holds {network.NAME}, which has no gates: choose weights of photo or restore")
    corpus = clean_corpus(recipe, options.data, held_out=False, limit=TILES)
    if recipe.variant == "web":
        corpus.low = torch.from_numpy(degrade.degraded(network.FACTS.mix, corpus.high.numpy(), recipe.scale, (recipe.seed,)).low)
    # Smooth patches count as they come: the smallest change shows in them.
    sampler = PatchSampler(corpus, BATCH, PATCH, torch.Generator().manual_seed(recipe.seed), network.COLOURS, flat=0.5)
    calm_down(network, sampler, steps=options.steps, peak_rate=options.peak_rate, weight=options.weight)
    weights.write({**saved, "average": network.state_dict()}, options.out)


if __name__ == "__main__":
    main()
