"""Learning-rate schedule: linear warm-up, constant, and a linear decay to zero that can begin at any step."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """Steps count from the start of the chain of runs; `decay_start` is where the current run starts to decay."""

    peak: float
    warm_up: int
    decay_start: int | None = None
    decay_steps: int = 0

    def rate(self, step: int) -> float:
        """Learning rate of the step with this number."""
        warm = self.peak * min(1.0, (step + 1) / self.warm_up)
        if self.decay_start is None or step < self.decay_start:
            return warm
        left = 1.0 - (step - self.decay_start) / self.decay_steps
        return warm * max(0.0, left)

    def finished(self, step: int) -> bool:
        """True once the decay has reached zero."""
        return self.decay_start is not None and step >= self.decay_start + self.decay_steps
