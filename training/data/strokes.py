"""Primitives of line art: smooth curves, tapered ink, flat, gradient and screentone fills, antialiased from 4x."""

import numpy as np
from PIL import Image, ImageDraw

from training.data.tiles import TILE

OVERSAMPLING = 4
SPLINE_STEPS = 12

Points = np.ndarray
"""Corners [n, 2] as (x, y) in pixels of the tile."""


def spline(points: Points, closed: bool) -> Points:
    """A Catmull-Rom curve through `points`, as a polyline."""
    ends = points if closed else np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    count = len(points) if closed else len(points) - 1
    first = -1 if closed else 0
    t = np.linspace(0, 1, SPLINE_STEPS, endpoint=False)[:, None]
    pieces = []
    for i in range(count):
        a, b, c, d = (ends[(first + i + k) % len(ends)] for k in range(4))
        pieces.append(b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))))
    return np.vstack(pieces if closed else [*pieces, points[-1:]])


def ellipse(centre: Points, radii: Points, turn: float = 0.0, corners: int = 48) -> Points:
    """The outline of an ellipse whose first axis is turned by `turn` radians."""
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    x, y = radii[0] * np.cos(angle), radii[1] * np.sin(angle)
    return centre + np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], axis=1)


def blob(rng: np.random.Generator, centre: Points, radius: float, wobble: float, corners: int = 9) -> Points:
    """A closed smooth shape around `centre`."""
    angle = np.sort(rng.uniform(0, 2 * np.pi / corners, corners) + np.arange(corners) * 2 * np.pi / corners)
    reach = radius * rng.uniform(1 - wobble, 1 + wobble, corners)
    return spline(centre + reach[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1), closed=True)


def screentone(side: int, pitch: float, share: float, angle: float, lines: bool = False) -> np.ndarray:
    """Dots (or lines) that cover `share` of a square, in 0 or 1; `pitch` in the square's pixels."""
    y, x = np.mgrid[:side, :side].astype(np.float32) * (2 * np.pi / pitch)
    across, along = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    wave = np.cos(across) if lines else 0.5 * (np.cos(across) + np.cos(along))
    return (wave > np.quantile(wave[: side // 2], 1 - share)).astype(np.float32)


class Sheet:
    """One tile in the making, `OVERSAMPLING` times as large. Colours are three values in 0..=255."""

    def __init__(self, rng: np.random.Generator, paper: Points, side: int = TILE):
        self.rng, self.side = rng, side
        self.image = Image.new("RGB", (side * OVERSAMPLING,) * 2, _rgb(paper))

    def fill(self, outline: Points, colour: Points) -> None:
        """A flat fill."""
        ImageDraw.Draw(self.image).polygon(_corners(outline), fill=_rgb(colour))

    def shade(self, outline: Points, colours: tuple[Points, Points], angle: float) -> None:
        """A linear gradient across the shape, in the direction `angle`."""
        mask, box = self._mask(outline)
        if mask is None:
            return
        y, x = np.mgrid[: mask.height, : mask.width].astype(np.float32)
        run = x * np.cos(angle) + y * np.sin(angle)
        run = ((run - run.min()) / max(float(np.ptp(run)), 1.0))[..., None]
        self._paste(colours[0] * (1 - run) + colours[1] * run, mask, box)

    def tone(self, outline: Points, colour: Points, share: float, pitch: float, lines: bool = False) -> None:
        """Screentone of `colour` over what is there; `pitch` in pixels of the tile."""
        mask, box = self._mask(outline)
        if mask is None:
            return
        pattern = screentone(max(mask.size), pitch * OVERSAMPLING, share, np.pi / 4, lines)
        covered = np.asarray(mask, np.float32) * pattern[: mask.height, : mask.width]
        self.image.paste(_rgb(colour), box[:2], Image.fromarray(covered.astype(np.uint8)))

    def ink(self, path: Points, width: float, colour: Points, taper: float = 0.0) -> None:
        """A stroke along `path`; with `taper` 1 it is thin at both ends."""
        length = np.linspace(0, np.pi, len(path))
        half = 0.5 * width * (1 - taper + taper * np.sin(length))
        step = np.gradient(path, axis=0)
        normal = np.stack([-step[:, 1], step[:, 0]], axis=1) / np.maximum(np.linalg.norm(step, axis=1), 1e-6)[:, None]
        draw, corners = ImageDraw.Draw(self.image), _rgb(colour)
        left, right = path + normal * half[:, None], path - normal * half[:, None]
        for i in range(len(path) - 1):
            draw.polygon(_corners(np.array([left[i], left[i + 1], right[i + 1], right[i]])), fill=corners)
        for point, reach in zip(path, half, strict=True):
            (x, y), r = point * OVERSAMPLING, reach * OVERSAMPLING
            draw.ellipse([x - r, y - r, x + r, y + r], fill=corners)

    def outline(self, shape: Points, width: float, colour: Points) -> None:
        """Ink around a closed shape."""
        self.ink(np.vstack([shape, shape[:2]]), width, colour)

    def finished(self) -> np.ndarray:
        """The tile, uint8 RGB."""
        return np.asarray(self.image.resize((self.side, self.side), Image.Resampling.BOX))

    def _mask(self, outline: Points) -> tuple[Image.Image | None, tuple[int, int, int, int]]:
        """The shape within its box in the large picture, both cut at the edges."""
        side = self.image.width
        low = np.clip(np.floor(outline.min(axis=0) * OVERSAMPLING), 0, side).astype(int)
        high = np.clip(np.ceil(outline.max(axis=0) * OVERSAMPLING), 0, side).astype(int)
        box = (int(low[0]), int(low[1]), int(high[0]), int(high[1]))
        if box[2] <= box[0] or box[3] <= box[1]:
            return None, box
        mask = Image.new("L", (box[2] - box[0], box[3] - box[1]))
        ImageDraw.Draw(mask).polygon(_corners(outline - low / OVERSAMPLING), fill=255)
        return mask, box

    def _paste(self, values: np.ndarray, mask: Image.Image, box: tuple[int, int, int, int]) -> None:
        made = Image.fromarray(np.clip(np.round(values), 0, 255).astype(np.uint8))
        self.image.paste(made, box[:2], mask)


def _corners(points: Points) -> list[tuple[float, float]]:
    return [(float(x) * OVERSAMPLING, float(y) * OVERSAMPLING) for x, y in points]


def _rgb(colour: Points) -> tuple[int, int, int]:
    red, green, blue = (int(round(float(v))) for v in np.clip(colour, 0, 255))
    return red, green, blue
