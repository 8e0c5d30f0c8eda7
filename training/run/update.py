"""One step of Adam and of the moving average, replayed as a CUDA graph where there is a GPU."""

import warnings
from collections.abc import Callable

import torch
from torch import nn

from training.run.losses import bicubic, pixel_loss

GRADIENT_NORM_LIMIT = 0.5
WILD_PATCHES = 4
EAGER_STEPS = 12
"""Ordinary steps before a capture: cuDNN chooses its kernels in them and Adam makes its state."""


def wild_patches(like: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
    """What no photograph looks like, of the shape of `like` [n, c, h, w], in 0..=1: noise of every grey or of black and white alone, in
    single pixels or in squares of two. Drawn by `generator`, or by PyTorch's own for the device."""
    count, _, height, width = like.shape
    noise = torch.rand(like.shape, device=like.device, generator=generator)
    coarse = noise[..., : -(-height // 2), : -(-width // 2)].repeat_interleave(2, 2).repeat_interleave(2, 3)
    draws = torch.rand(2, count, 1, 1, 1, device=like.device, generator=generator)
    noise = torch.where(draws[0] < 0.25, coarse[..., :height, :width], noise)
    return torch.where(draws[1] < 0.4, noise.round(), noise)


def on_side_stream(work: Callable[..., torch.Tensor | None], *inputs: torch.Tensor) -> torch.Tensor | None:
    """`work(*inputs)` on a stream of its own: autograd's accumulation nodes belong to the stream they were made on, and the default
    stream cannot be captured."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        made = work(*inputs)
    torch.cuda.current_stream().wait_stream(side)
    return made


class Update:
    """`network`, its moving `average` and the optimiser; called once for each batch.

    With `captured`, the learning rate and the average's weight live on the device, so that a captured step can read
    them. `precision` is `f32`, or `bf16` for the convolutions alone. `margin` low-resolution pixels on each side do not
    count in the loss. `calm` is the weight of what the network's features are too large by where it is given noise, which
    `generator` draws. `compiled` lets PyTorch's compiler join what lies between the convolutions: a minute before the first step.
    """

    def __init__(
        self,
        network: nn.Module,
        average: nn.Module,
        *,
        loss: str,
        margin: int,
        precision: str,
        captured: bool,
        compiled: bool = False,
        calm: float = 0.0,
        generator: torch.Generator | None = None,
        betas: tuple[float, float] = (0.9, 0.999),
    ):
        if precision not in ("f32", "bf16"):
            raise ValueError(f"unknown precision {precision!r}: choose f32 or bf16")
        self.network, self.average = network, average
        self.forward = torch.compile(network, dynamic=False) if compiled else network
        self.loss, self.margin, self.precision, self.calm = loss, margin, precision, calm
        # A captured step can only draw with the device's own generator.
        self.generator = None if captured else generator
        self.captured = captured
        self.parameters = list(network.parameters())
        self.averages = list(average.parameters())
        self.device = self.parameters[0].device
        self.rate: torch.Tensor | float = torch.zeros((), device=self.device) if captured else 0.0
        self.blend: torch.Tensor | float = torch.zeros((), device=self.device) if captured else 0.0
        self.optimiser = torch.optim.Adam(self.parameters, lr=self.rate, betas=betas, fused=True, capturable=captured)
        self._forget_graph()

    def _forget_graph(self) -> None:
        self.graph = None
        self.shape: torch.Size | None = None
        self.eager_left = EAGER_STEPS

    def load(self, state: dict) -> None:
        """Take over an optimiser's state, whichever device it was saved on."""
        self._take_over(self.optimiser, state, self.rate)
        self._forget_graph()

    def _take_over(self, optimiser: torch.optim.Adam, state: dict, rate: torch.Tensor | float) -> None:
        optimiser.load_state_dict(state)
        for group in optimiser.param_groups:
            group.update(lr=rate, fused=True, capturable=self.captured)
        for slot in optimiser.state.values():
            slot["step"] = slot["step"].to(self.device)

    def state(self) -> dict:
        """The optimiser's state, with the learning rate as a plain number."""
        return self._plain(self.optimiser)

    @staticmethod
    def _plain(optimiser: torch.optim.Adam) -> dict:
        state = optimiser.state_dict()
        groups = [{**group, "lr": float(group["lr"]), "capturable": False} for group in state["param_groups"]]
        return {**state, "param_groups": groups}

    def figures(self) -> dict[str, float]:
        """For the log, beside the loss: nothing of a pixel loss."""
        return {}

    def __call__(self, low: torch.Tensor, high: torch.Tensor, rate: float, blend: float) -> torch.Tensor:
        """One step at learning rate `rate`; the average moves towards the weights by `blend`. Returns the loss."""
        if self.captured:
            self.rate.fill_(rate)
            self.blend.fill_(blend)
        else:
            self.blend = blend
            for group in self.optimiser.param_groups:
                group["lr"] = rate
        if self.device.type == "cuda":
            return self._on_gpu(low, high)
        return self._step(low, high)

    def _step(self, low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16", cache_enabled=False):
            output = self.forward(low)
        scale = high.shape[-1] // low.shape[-1]
        border = self.margin * scale
        inner = slice(border, high.shape[-1] - border)
        usual = bicubic(low[:, : high.shape[1]], scale)[..., inner, inner] if self.loss == "regret" else None
        loss = pixel_loss(self.loss, output[..., inner, inner], high[..., inner, inner], usual)
        if self.calm > 0.0:
            loss = loss + self.calm * self.network.excess(wild_patches(low[:WILD_PATCHES], self.generator))
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, GRADIENT_NORM_LIMIT)
        self.optimiser.step()
        self._follow()
        return loss.detach()

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the average towards the weights."""
        if self.captured:
            moves = torch._foreach_sub(self.parameters, self.averages)
            torch._foreach_mul_(moves, self.blend)
            torch._foreach_add_(self.averages, moves)
        else:
            torch._foreach_lerp_(self.averages, self.parameters, self.blend)

    def _on_gpu(self, low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
        if self.graph is not None and low.shape == self.shape:
            self.low.copy_(low)
            self.high.copy_(high)
            self.graph.replay()
            return self.result.clone()
        if not self.captured or self.eager_left > 0:
            self.eager_left -= 1
            return on_side_stream(self._step, low, high)
        try:
            self._capture(low, high)
        except RuntimeError as error:
            warnings.warn(f"the step cannot be captured and runs kernel by kernel: {error}", stacklevel=2)
            torch.cuda.synchronize()
            self.graph, self.eager_left = None, 1 << 62
            return on_side_stream(self._step, low, high)
        self.graph.replay()
        return self.result.clone()

    def _capture(self, low: torch.Tensor, high: torch.Tensor) -> None:
        """Record one step without running it."""
        self.low, self.high, self.shape = low.clone(), high.clone(), low.shape
        self.optimiser.zero_grad(set_to_none=True)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.result = self._step(self.low, self.high)
        self.graph = graph
