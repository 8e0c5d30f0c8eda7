"""What a GAN is watched by: held-out photographs, clean and through JPEG, and the rule on the grid."""

import io
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from training.data import corpus as corpora
from training.data.corpus import Corpus, to_planes
from training.networks.collapsible import set_zero_edges
from training.run.texture_metrics import StLpips, fine_energy, grain, grid, lr_psnr, psnr, studio

PICTURES = 16
QUALITIES = {"clean": None, "jpeg90": 90, "jpeg50": 50}
"""What the small pictures go through."""
SHAVE = 4
GRID_LIMIT = 8.0
"""dB of a held-out mean: 6 is what a finished network may have, photographs have 3."""
GRID_CLEAR = 6.0
WEAKER, STRONGER = 0.8, 1.05
"""What the critic's pull is multiplied by where the grid shows, and once it has gone."""
LEAST_PULL = 0.08
NOISE_SEED = 7


@dataclass
class Watched:
    """A held-out picture and its small twins by kind."""

    high: np.ndarray
    low: dict[str, np.ndarray]


def small_twin(high: np.ndarray, scale: int, quality: int | None) -> np.ndarray:
    """Shrunk by bicubic, and through JPEG."""
    height, width = high.shape[:2]
    small = Image.fromarray(high).resize((width // scale, height // scale), Image.Resampling.BICUBIC)
    if quality is not None:
        stream = io.BytesIO()
        small.save(stream, "JPEG", quality=quality)
        small = Image.open(stream).convert("RGB")
    return np.asarray(small)


def watched_pictures(held_out: Corpus, scale: int, count: int = PICTURES) -> list[Watched]:
    """Those of the held-out photographs that have the most fine energy: in smooth ones neither grain nor grid can be measured."""
    photographs = torch.nonzero(held_out.weight == held_out.weight.max()).flatten().tolist()
    unlike = {held_out.high[i].cpu().numpy().tobytes(): i for i in photographs}
    tiles = [held_out.high[i].cpu().numpy() for i in unlike.values()]
    pictures = sorted(tiles, key=fine_energy, reverse=True)[:count]
    return [Watched(high, {kind: small_twin(high, scale, q) for kind, q in QUALITIES.items()}) for high in pictures]


def result(network: torch.nn.Module, low: np.ndarray) -> np.ndarray:
    """What the network makes of a small picture, with the same noise each time."""
    from training.networks.detail import Detail, noisy

    device = next(network.parameters()).device
    x = to_planes(torch.from_numpy(low.copy())[None], 3)
    if network.NAME == Detail.NAME:
        x = noisy(x, torch.Generator().manual_seed(NOISE_SEED))
    with torch.no_grad():
        made = network(x.to(device))[0].float().clamp(0, 1).mul(255).round().byte()
    return made.permute(1, 2, 0).contiguous().cpu().numpy()


class GridShows(RuntimeError):
    """The critic hardly pulls any more, and yet the grid shows."""


class Watch:
    """Watches a GAN by held-out pictures, and holds its critic back where the grid shows. Without the package of ST-LPIPS that figure
    is left out."""

    def __init__(self, held_out: Corpus, scale: int):
        self.scale, self.pictures = scale, watched_pictures(held_out, scale)
        try:
            self.distance = StLpips()
        except FileNotFoundError:
            self.distance = None

    def __call__(self, trainer) -> dict:
        """The figures of the average for the log; a `GridShows` once the run has to stop."""
        figures = self.figures(trainer.average)
        update = trainer.update
        update.pull, said = guarded(update.pull, update.shares.pull, figures)
        if update.pull == 0.0:
            raise GridShows(said)
        return {**figures, "said": said} if said else figures

    def figures(self, network: torch.nn.Module) -> dict[str, float]:
        """The means by `kind_figure`. The network's edges are replicated meanwhile."""
        zero = any(getattr(module, "zero_edge", False) for module in network.modules())
        set_zero_edges(network, False)
        found = {}
        for kind in QUALITIES:
            rows = [self._row(result(network, picture.low[kind]), picture, kind) for picture in self.pictures]
            found |= {f"{kind}_{name}": round(float(np.mean([row[name] for row in rows])), 3) for name in rows[0]}
        set_zero_edges(network, zero)
        return found

    def _row(self, made: np.ndarray, picture: Watched, kind: str) -> dict[str, float]:
        real, low = picture.high, picture.low[kind]
        inner = slice(SHAVE, -SHAVE)
        row = {
            "psnr": psnr(studio(made)[inner, inner], studio(real)[inner, inner]),
            "lr_psnr": lr_psnr(made, low),
            "grid": grid(made, self.scale),
            "grain": grain(made, real),
        }
        if self.distance:
            row["stlpips"] = self.distance(made, real)
        return row


def guarded(pull: float, usual: float, figures: dict[str, float]) -> tuple[float, str]:
    """The critic's pull after a measurement, and what is to be said: weaker where the grid shows, back towards `usual` once it has
    gone. 0: the run has to stop."""
    worst = max(value for name, value in figures.items() if name.endswith("_grid"))
    if worst > GRID_LIMIT:
        pull *= WEAKER
        if pull < LEAST_PULL:
            return 0.0, f"the grid has {worst:.1f} dB though the critic hardly pulls any more: the run stops; raise its shares of grid and phases"
        return pull, f"the grid has {worst:.1f} dB, more than {GRID_LIMIT:.0f}: the critic's pull falls to {pull:.2f}"
    if worst < GRID_CLEAR and pull < usual:
        pull = min(usual, pull * STRONGER)
        return pull, f"the grid has {worst:.1f} dB: the critic's pull rises to {pull:.2f}"
    return pull, ""

