"""What training, export and reports have to know of a family beside its layers; it stands with its network."""

from dataclasses import dataclass, field

PHOTOGRAPHS = {"photo": 1.0, "art": 1.0 / 3.0, "ui": 1.0 / 4.0}
"""How often a tile of each kind is drawn for the networks that are for photographs."""


@dataclass(frozen=True)
class Facts:
    """Of one family."""

    kinds: dict[str, float] = field(default_factory=lambda: PHOTOGRAPHS)
    """The kinds of tiles that it is trained on, with how often they are drawn."""
    mix: str = "web"
    """Which of `degrade.MIXES` its web variant is trained on."""
    scales: tuple[int, ...] = (2, 4)
    """That it can have."""
    only_web: bool = False
    """Whether there is no bicubic variant of it."""
    textured: bool = False
    """Whether it is trained on the archives of textured photographs too."""
    strongest: float | None = None
    """The setting `denoise` of its file at its most, where it has one."""
    chosen_for: str | None = None
    """The kind of picture that `auto` takes it for."""
