"""text: RGB, 24 channels, a chain of eight 3x3 convolutions, for rendered text and user interfaces."""

from training.networks.chain import BODY_KERNEL, ChainNetwork
from training.networks.facts import Facts

CHANNELS = 24
BODY_CONVOLUTIONS = 6
HEAD_KERNEL = 3
KINDS = {"text": 1.0, "ui": 1.0 / 2.0, "photo": 1.0 / 4.0}
"""Screenshots have photographs in them."""


class Text(ChainNetwork):
    """RGB in 0..=1, [n, 3, h, w] -> [n, 3, scale * h, scale * w]."""

    NAME = "text"
    FACTS = Facts(kinds=KINDS, mix="soft", chosen_for="text")
    COLOURS = PLANES = 3
    HALO = HEAD_KERNEL // 2 + (BODY_CONVOLUTIONS + 1) * (BODY_KERNEL // 2)
    """Low-resolution pixels that one output pixel sees on each side."""

    def __init__(self, scale: int):
        super().__init__(scale, self.COLOURS, CHANNELS, BODY_CONVOLUTIONS, HEAD_KERNEL)
