"""Figure that a run watches: mean PSNR on the photographs of the held-out split. Never a test set."""

import torch

from training.data import luma
from training.data.corpus import Corpus, to_planes, with_level

SHAVE = 8
FINEST = 1e-5
"""Mean squared error that is as good as none, 50 dB: what was never worn would outweigh all else."""


class HeldOut:
    """Watches a run by `held_out_psnr` of its average."""

    def __init__(self, corpus: Corpus):
        self.corpus = corpus

    def __call__(self, trainer) -> dict[str, float]:
        """The figure by its name in the log."""
        return {"held_out_psnr": round(held_out_psnr(trainer.average, self.corpus, trainer.device), 4)}


def held_out_psnr(network: torch.nn.Module, corpus: Corpus, device: torch.device) -> float:
    """Mean over the tiles of full weight of the PSNR of full-range Y in dB, `SHAVE` high-resolution pixels off each
    side."""
    total, count = 0.0, 0
    for tile in torch.nonzero(corpus.weight == 1.0).flatten().tolist():
        low = to_planes(corpus.low[tile : tile + 1].to(device), network.COLOURS)
        if corpus.level is not None:
            low = with_level(low, corpus.level[tile : tile + 1].to(device))
        high = luma.full_range_tensor(corpus.high[tile].to(device))
        with torch.no_grad():
            output = luma.of_planes(network(low))[0].clamp(0, 1)
        error = (output - high)[SHAVE:-SHAVE, SHAVE:-SHAVE].square().mean()
        total += -10.0 * torch.log10(error.clamp_min(FINEST)).item()
        count += 1
    return total / count
