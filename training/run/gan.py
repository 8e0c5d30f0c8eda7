"""One step of a GAN: the network against a critic on frozen features, beside losses that hold it to what the small picture says."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields

import torch
from torch import nn

from training.networks import critic as critics, eyes as features
from training.networks.collapsible import set_zero_edges
from training.networks.detail import noisy
from training.run import texture_losses as losses
from training.run.update import GRADIENT_NORM_LIMIT, Update, on_side_stream, wild_patches

JUDGE_RATE = 4.0
"""Of the network's learning rate."""
BETAS, JUDGE_BETAS = (0.9, 0.99), (0.5, 0.99)
SHIFTS = 4
"""Offsets of the crop that the features see: the grid of the pixel shuffle has no fixed place in theirs."""
BALANCE_EVERY, BALANCE_KEPT = 10, 0.8
CRITIC_GROWS = 50
"""Steps in which the critic's pull rises to its full share."""
CALM_EVERY, CALM_PATCHES = 8, 2
SEED = 0x5EE
START = 0.6
"""Of the critic's pull."""


@dataclass
class Shares:
    """Weights of the losses; `pull` is the most that the critic's gradient on the picture is held at, of that of all the others together:
    it begins at `START` and rises while the grid does not show. The critic alone learns in the first `wait` steps."""

    consistency: float = 3.0
    pixel: float = 0.2
    structure: float = 0.015
    texture: float = 0.03
    phases: float = 0.04
    grid: float = 0.03
    artefacts: float = 20.0
    pull: float = 1.0
    wait: float = 100.0


def shares_from(text: str) -> Shares:
    """The shares, but for those in a text like `grid=1,pull=0.4`; a ValueError names those that there are."""
    shares = Shares()
    for item in filter(None, text.split(",")):
        name, _, value = item.partition("=")
        if name not in {field.name for field in fields(Shares)}:
            raise ValueError(f"there is no share {name!r}: choose of {', '.join(f.name for f in fields(Shares))}")
        setattr(shares, name, float(value))
    return shares


NAMES = ("consistency", "pixel", "structure", "texture", "phases", "grid", "artefacts", "gan", "rest", "verdict", "yes", "no")
"""Of the figures that a step makes, in their order; `rest` is all losses but the critic's, `yes` and `no` are its verdicts on photographs and on the network's pictures."""


class GanUpdate(Update):
    """As `Update`, for networks that take noise: `network` against a critic. `pull` may be lowered while it runs."""

    def __init__(self, network: nn.Module, average: nn.Module, *, shares: str, probe: torch.Tensor, threads: int = 1, **options):
        super().__init__(network, average, loss="texture", betas=BETAS, **options)
        self.shares = shares_from(shares)
        self.average.to(memory_format=torch.channels_last)
        set_zero_edges(self.average, self.margin > 0)
        self.pull = min(START, self.shares.pull)
        self.eyes = features.load().to(self.device)
        with torch.no_grad():
            sizes = critics.sizes_of(self.eyes(probe.to(self.device)))
        rng = torch.random.get_rng_state()
        torch.manual_seed(SEED)
        self.critic = critics.Critic(sizes).to(self.device, memory_format=torch.channels_last)
        torch.random.set_rng_state(rng)
        self.judges = list(self.critic.parameters())
        self.judge_rate = torch.zeros((), device=self.device) if self.captured else 0.0
        self.judge = torch.optim.Adam(self.judges, lr=self.judge_rate, betas=JUDGE_BETAS, fused=True, capturable=self.captured)
        self.share = torch.zeros((), device=self.device)
        self.balance: dict[str, float] = {}
        self.done = 0
        self.totals = torch.zeros(len(NAMES), device=self.device)
        self.counted = 0
        self.threads = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) if threads > 1 else None
        self.parts = threads

    def load(self, state: dict) -> None:
        if state["painter"]:
            super().load(state["painter"])
        self.critic.load_state_dict(state["critic"])
        self._take_over(self.judge, state["judge"], self.judge_rate)
        self.balance, self.done, self.pull = dict(state["balance"]), state["done"], state["pull"]

    def state(self) -> dict:
        return {
            "painter": super().state(),
            "judge": self._plain(self.judge),
            "critic": self.critic.state_dict(),
            "balance": self.balance,
            "done": self.done,
            "pull": self.pull,
        }

    def figures(self) -> dict[str, float]:
        """The means of `NAMES` since the last call, and the critic's weight."""
        means = (self.totals / max(self.counted, 1)).tolist()
        self.totals.zero_()
        self.counted = 0
        return {**dict(zip(NAMES, means, strict=True)), "critic_weight": float(self.share), "pull": self.pull}

    def __call__(self, low: torch.Tensor, high: torch.Tensor, rate: float, blend: float) -> torch.Tensor:
        if self.done % BALANCE_EVERY == 0 or not self.balance:
            if self.device.type == "cuda":
                on_side_stream(self._balance, low, high)
            else:
                self._balance(low, high)
        grown = min(1.0, max(0.0, (self.done - self.shares.wait) / CRITIC_GROWS))
        self.share.fill_(grown * self.pull * self.balance["rest"] / self.balance["gan"])
        if self.captured:
            self.judge_rate.fill_(JUDGE_RATE * rate)
        else:
            for group in self.judge.param_groups:
                group["lr"] = JUDGE_RATE * rate
        loss = super().__call__(low, high, rate, blend)
        self.done += 1
        self.counted += 1
        return loss

    def _balance(self, low: torch.Tensor, high: torch.Tensor) -> None:
        """Follow how strongly the critic and all other losses pull at the picture."""
        # A compiled network takes one number of patches.
        some = len(low) if self.captured else max(1, len(low) // 2)
        made, parts, _ = self._losses(noisy(low[:some], self.generator), high[:some], self._offsets())
        for name in ("rest", "gan"):
            size = float(torch.autograd.grad(parts[name], made, retain_graph=name == "rest")[0].abs().sum())
            self.balance[name] = BALANCE_KEPT * self.balance.get(name, size) + (1 - BALANCE_KEPT) * size

    def _losses(self, x: torch.Tensor, high: torch.Tensor, offsets: torch.Tensor) -> tuple[torch.Tensor, dict, tuple]:
        """Of `x`, which has its noise: the picture without its margin, the parts of its loss, and the features of both for the critic."""
        scale, share = high.shape[-1] // x.shape[-1], self.shares
        border = self.margin * scale
        inner = slice(border, high.shape[-1] - border)
        with self._half():
            whole = self.forward(x)
        with torch.no_grad(), self._half():
            steady = self.average(x)[..., inner, inner].float()
        made, high = whole.float()[..., inner, inner], high[..., inner, inner]
        a, b = (shifted(picture, offsets) for picture in (made, high))
        fake = self.eyes(a)
        with torch.no_grad():
            real = self.eyes(b)
        parts = {
            "consistency": (losses.lowered(made, scale) - losses.lowered(high, scale)).abs().mean(),
            "pixel": (made - high).abs().mean(),
            "structure": losses.structure(fake, real),
            "texture": losses.texture(fake, real),
            "phases": losses.phases(made, high, scale),
            "grid": losses.grid(made, high, scale),
            "artefacts": losses.artefacts(made, steady, high),
        }
        parts["rest"] = sum(getattr(share, name) * part for name, part in parts.items())
        with self._half():
            answers = self.critic(fake)
        parts["gan"] = -sum(answer.mean() for answer in answers)
        return made, parts, (fake, real)

    def _half(self) -> torch.autocast:
        """bf16 where the recipe says so: for the network and the critic, not for the depthwise convolutions of the features."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16", cache_enabled=False)

    def _offsets(self) -> torch.Tensor:
        return torch.randint(SHIFTS, (2,), device=self.device, generator=self.generator)

    def _gradients(self, x: torch.Tensor, high: torch.Tensor, offsets: torch.Tensor, weight: float) -> tuple[list, list, torch.Tensor]:
        """Of the network and of the critic, times `weight`, and the figures by `NAMES`."""
        _, parts, (fake, real) = self._losses(x, high, offsets)
        painted = torch.autograd.grad(weight * (parts["rest"] + self.share * parts["gan"]), self.parameters)
        with self._half():
            yes, no = self.critic(real), self.critic([level.detach() for level in fake])
        verdict = sum((1 - p).relu().mean() + (1 + q).relu().mean() for p, q in zip(yes, no, strict=True)) / len(yes)
        judged = torch.autograd.grad(weight * len(yes) * verdict, self.judges)
        parts |= {"verdict": verdict, "yes": sum(p.mean() for p in yes) / len(yes), "no": sum(q.mean() for q in no) / len(no)}
        return painted, judged, weight * torch.stack([parts[name].detach() for name in NAMES])

    def _step(self, low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
        # Drawn here, as threads would draw in an order that no seed fixes.
        x = noisy(low, self.generator)
        pieces = [(a, b, self._offsets(), len(a) / len(x)) for a, b in zip(x.chunk(self.parts), high.chunk(self.parts), strict=True)]
        run = self.threads.map if self.threads else map
        painted, judged, figures = (list(made) for made in zip(*run(lambda piece: self._gradients(*piece), pieces), strict=True))
        for gradients in (painted, judged):
            for more in gradients[1:]:
                torch._foreach_add_(gradients[0], more)
        painted, judged, figures = painted[0], judged[0], sum(figures)
        if self.calm > 0.0 and (self.captured or self.done % CALM_EVERY == 0):
            times = 1 if self.captured else CALM_EVERY
            excess = times * self.calm * self.network.excess(wild_patches(low[:CALM_PATCHES], self.generator))
            torch._foreach_add_(painted, torch.autograd.grad(excess, self.parameters, materialize_grads=True))
        for parameters, gradients in ((self.parameters, painted), (self.judges, judged)):
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = gradient
        nn.utils.clip_grad_norm_(self.parameters, GRADIENT_NORM_LIMIT)
        self.optimiser.step()
        self.judge.step()
        self.critic.refresh()
        self._follow()
        self.totals.add_(figures)
        return figures[NAMES.index("rest")]


def shifted(x: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
    """A square of x, SHIFTS pixels smaller, from `offsets` (y, x) on."""
    where = torch.arange(x.shape[-1] - SHIFTS, device=x.device)
    return x.index_select(2, where + offsets[0]).index_select(3, where + offsets[1])
