"""Renders tiles of line art into an archive. `python -m training.data.render_art`.

Faces, landscapes, black-and-white panels, emblems and loose strokes: flat and gradient fills, ink of 1 to 6 pixels that
swells and tapers, screentone, hatching. Every tile is a picture of its own in the split; the scenes of `HELD_OUT` are
never drawn for training: the scores of art are measured on them.
"""

from collections.abc import Callable

import numpy as np

from training.data import pack, rendered
from training.data.cache import FOLDER
from training.data.strokes import Sheet, blob, ellipse, spline
from training.data.tiles import ART_ARCHIVE, TILE

BLACK = np.zeros(3)
WHITE = np.full(3, 255.0)


class Drawing(Sheet):
    """A sheet with a palette, an ink and a habitual width of line."""

    def __init__(self, rng: np.random.Generator):
        self.coloured = rng.random() < 0.75
        paper = rng.uniform(200, 256) + rng.uniform(-15, 15, 3) * self.coloured
        super().__init__(rng, WHITE if rng.random() < 0.3 else paper)
        self.ink_colour = BLACK if rng.random() < 0.6 else rng.uniform(0, 70, 3)
        self.width = float(np.exp(rng.uniform(np.log(1.0), np.log(6.0))))
        self.palette = [self._colour() for _ in range(6)]

    def _colour(self) -> np.ndarray:
        value = self.rng.uniform(30, 250)
        if not self.coloured:
            return np.full(3, value)
        return np.clip(value + self.rng.normal(0, 70, 3), 0, 255)

    def colour(self) -> np.ndarray:
        """One of the palette."""
        return self.palette[self.rng.integers(len(self.palette))]

    def paint(self, shape: np.ndarray, outlined: float = 0.7) -> None:
        """Fill a closed shape in one of the manners, and ink its outline in a share of the cases."""
        rng, manner, colour = self.rng, self.rng.random(), self.colour()
        if manner < 0.55:
            self.fill(shape, colour)
        elif manner < 0.85:
            other = self.colour() if rng.random() < 0.4 else colour * rng.uniform(0.5, 0.9)
            self.shade(shape, (colour, other), rng.uniform(0, 2 * np.pi))
        else:
            self.fill(shape, np.minimum(colour + 60, 255))
            self.tone(shape, self.ink_colour, rng.uniform(0.1, 0.5), rng.uniform(4, 10), rng.random() < 0.3)
        if rng.random() < outlined:
            self.outline(shape, self.width * rng.uniform(0.7, 1.2), self.ink_colour)

    def stroke(self, points: np.ndarray, width: float | None = None, taper: float | None = None) -> None:
        """Ink through `points`."""
        taper = self.rng.uniform(0, 1) if taper is None else taper
        self.ink(spline(points, closed=False), width or self.width, self.ink_colour, taper)

    def somewhere(self, margin: float = 0.0) -> np.ndarray:
        """A point of the tile, or up to `margin` pixels outside."""
        return self.rng.uniform(-margin, TILE + margin, 2)


def portrait(art: Drawing) -> None:
    """A face with hair and eyes, close by."""
    rng, middle, size = art.rng, art.somewhere(-60), art.rng.uniform(60, 130)
    for _ in range(rng.integers(2, 5)):
        art.paint(blob(rng, art.somewhere(), rng.uniform(40, 150), 0.3), 0.3)
    hair = art.colour()
    art.fill(blob(rng, middle - [0, size * 0.2], size * 1.2, 0.15), hair)
    skin = np.array([250, rng.uniform(200, 235), rng.uniform(170, 215)]) if art.coloured else np.full(3, 240.0)
    face = spline(middle + size * np.array([[-0.7, -0.5], [0, -0.9], [0.7, -0.5], [0.6, 0.3], [0, 1.0], [-0.6, 0.3]]), True)
    art.fill(face, skin)
    art.fill(spline(middle + size * np.array([[0.3, -0.6], [0.7, -0.4], [0.6, 0.3], [0.1, 0.9], [0.4, 0.2]]), True), skin * 0.86)
    art.outline(face, art.width, art.ink_colour)
    for side in (-1, 1):
        eye = middle + size * np.array([0.32 * side, 0.05])
        art.fill(ellipse(eye, size * np.array([0.2, 0.16])), WHITE)
        iris = ellipse(eye, size * np.array([0.1, 0.15]))
        art.shade(iris, (BLACK, art.colour()), np.pi / 2)
        art.fill(ellipse(eye - size * 0.05, size * np.array([0.035, 0.045])), WHITE)
        art.outline(iris, art.width * 0.5, art.ink_colour)
        art.stroke(eye + size * np.array([[-0.24, -0.05], [0, -0.2], [0.24, -0.08]]), art.width * 1.6, 0.8)
        art.stroke(eye + size * np.array([[-0.2, -0.32], [0, -0.38], [0.2, -0.33]]), art.width, 1.0)
    art.stroke(middle + size * np.array([[0.02, 0.25], [-0.05, 0.38], [0.03, 0.4]]), art.width * 0.7, 0.9)
    art.stroke(middle + size * np.array([[-0.2, 0.6], [0, 0.64], [0.2, 0.58]]), art.width, 1.0)
    for _ in range(rng.integers(6, 18)):
        root = middle + size * np.array([rng.uniform(-0.9, 0.9), rng.uniform(-1.1, -0.7)])
        tip = root + size * np.array([rng.uniform(-0.5, 0.5), rng.uniform(0.4, 1.4)])
        bend = (root + tip) / 2 + rng.normal(0, 0.12 * size, 2)
        if rng.random() < 0.6:
            art.fill(np.vstack([spline(np.array([root, bend, tip]), False), spline(np.array([tip, bend + 8, root + 12]), False)]), hair)
        art.stroke(np.array([root, bend, tip]), art.width * rng.uniform(0.4, 1.1), 0.9)


def landscape(art: Drawing) -> None:
    """Sky, hills, trees and houses in layers."""
    rng = art.rng
    whole = np.array([[0, 0], [TILE, 0], [TILE, TILE], [0, TILE]], float)
    art.shade(whole, (art.colour(), art.colour()), np.pi / 2)
    art.fill(ellipse(art.somewhere() * [1, 0.4], np.full(2, rng.uniform(10, 40))), art.colour())
    for level in np.sort(rng.uniform(60, 240, rng.integers(2, 6))):
        x = np.linspace(-20, TILE + 20, rng.integers(4, 9))
        ridge = np.stack([x, level + rng.normal(0, 18, len(x))], axis=1)
        ridge = spline(ridge, False) if rng.random() < 0.7 else ridge
        hill = np.vstack([ridge, [[TILE + 20, TILE + 9], [-20, TILE + 9]]])
        art.fill(hill, art.colour())
        if rng.random() < 0.6:
            art.ink(ridge, art.width, art.ink_colour)
        for _ in range(rng.integers(0, 6)):
            foot, size = np.array([rng.uniform(0, TILE), level]), rng.uniform(8, 40)
            if rng.random() < 0.5:
                art.stroke(np.array([foot, foot - [rng.normal(0, 2), size]]), size * 0.15, 0.2)
                art.paint(blob(rng, foot - [0, size * 1.2], size * 0.7, 0.25), 0.7)
            else:
                wall = foot + size * np.array([[-0.6, 0], [0.6, 0], [0.6, -0.8], [-0.6, -0.8]])
                art.paint(wall)
                art.paint(foot + size * np.array([[-0.75, -0.8], [0.75, -0.8], [0, -1.4]]))
                art.fill(foot + size * np.array([[-0.2, -0.2], [0.1, -0.2], [0.1, -0.6], [-0.2, -0.6]]), art.colour())
    for _ in range(rng.integers(0, 4)):
        art.fill(blob(rng, art.somewhere() * [1, 0.4], rng.uniform(12, 40), 0.35), np.full(3, 245.0))


def panel(art: Drawing) -> None:
    """A black-and-white page: screentone, speed lines, hatching, balloons and frames."""
    rng = art.rng
    whole = np.array([[0, 0], [TILE, 0], [TILE, TILE], [0, TILE]], float)
    art.fill(whole, WHITE)
    art.ink_colour = BLACK
    if rng.random() < 0.5:
        art.tone(whole, BLACK, rng.uniform(0.08, 0.5), rng.uniform(4, 12), rng.random() < 0.3)
    for _ in range(rng.integers(2, 6)):
        shape = blob(rng, art.somewhere(), rng.uniform(20, 80), 0.3)
        art.fill(shape, (WHITE, BLACK, np.full(3, 128.0))[rng.integers(3)])
        if rng.random() < 0.6:
            art.tone(shape, BLACK, rng.uniform(0.08, 0.6), rng.uniform(4, 12))
        art.outline(shape, art.width, BLACK)
    if rng.random() < 0.5:
        centre, reach = art.somewhere(), rng.uniform(30, 90)
        for angle in rng.uniform(0, 2 * np.pi, rng.integers(20, 70)):
            away = np.array([np.cos(angle), np.sin(angle)])
            near = centre + away * reach * rng.uniform(0.8, 1.6)
            art.ink(np.linspace(near, near + away * 300, 6), rng.uniform(0.8, 4), BLACK, 0.6)
    for _ in range(rng.integers(0, 4)):
        start, slope = art.somewhere(), rng.normal(0, 1, 2)
        for i in range(rng.integers(5, 25)):
            begin = start + np.array([4.0, 1.5]) * i
            art.stroke(np.array([begin, begin + slope * 12, begin + slope * 25]), rng.uniform(0.7, 2), 0.8)
    for _ in range(rng.integers(0, 3)):
        balloon = ellipse(art.somewhere(), rng.uniform(20, 70, 2))
        art.fill(balloon, WHITE)
        art.outline(balloon, art.width, BLACK)
    if rng.random() < 0.6:
        x = rng.uniform(0, TILE)
        art.ink(np.array([[x, -9], [x + rng.normal(0, 30), TILE + 9]]), rng.uniform(2, 10), WHITE if rng.random() < 0.5 else BLACK)


def emblem(art: Drawing) -> None:
    """Stars, rings, gears and polygons, as in icons and logos."""
    rng = art.rng
    for _ in range(rng.integers(4, 14)):
        centre, radius, kind = art.somewhere(), rng.uniform(8, 80), rng.integers(4)
        if kind == 0:
            art.paint(ellipse(centre, radius * rng.uniform(0.4, 1, 2), rng.uniform(0, 3)), 0.4)
        elif kind == 1:
            for ring in np.linspace(radius, radius * 0.2, rng.integers(2, 7)):
                art.fill(ellipse(centre, np.full(2, ring)), art.colour())
        else:
            corners = int(rng.integers(3, 12)) * (1 if kind == 2 else 2)
            angle = np.linspace(0, 2 * np.pi, corners, endpoint=False) + rng.uniform(0, 2)
            reach = np.where(np.arange(corners) % 2 == 0, 1.0, 1.0 if kind == 2 else rng.uniform(0.35, 0.85)) * radius
            art.paint(centre + reach[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1), 0.4)


def linework(art: Drawing) -> None:
    """Loose strokes of all widths over a few fills, as in a sketch."""
    rng = art.rng
    for _ in range(rng.integers(0, 4)):
        art.paint(blob(rng, art.somewhere(), rng.uniform(20, 100), 0.4), 0.2)
    for _ in range(rng.integers(10, 45)):
        start = art.somewhere(30)
        walk = np.cumsum(rng.normal(0, rng.uniform(8, 40), (rng.integers(2, 6), 2)), axis=0)
        art.stroke(np.vstack([start, start + walk]), art.width * rng.uniform(0.4, 1.5))


def isometric(art: Drawing) -> None:
    """Blocks in parallel projection with inked edges."""
    rng = art.rng
    u, v, w = np.array([0.87, 0.5]), np.array([-0.87, 0.5]), np.array([0.0, -1.0])
    size = rng.uniform(18, 50)
    for i in range(-2, 9):
        for j in range(-2, 9):
            if rng.random() < 0.35:
                continue
            foot, height = np.array([100.0, -40.0]) + size * (i * u + j * v), size * rng.uniform(0.3, 1.6)
            base, a, b, up = foot, size * u, size * v, height * w
            colour = art.colour()
            faces = ((np.array([base + up, base + a + up, base + a + b + up, base + b + up]), 1.0),
                     (np.array([base + b, base + a + b, base + a + b + up, base + b + up]), 0.8),
                     (np.array([base + a, base + a + b, base + a + b + up, base + a + up]), 0.6))  # fmt: skip
            for face, light in faces:
                art.fill(face, colour * light)
                art.outline(face, art.width * 0.7, art.ink_colour)


def leaded_glass(art: Drawing) -> None:
    """Cells of flat and shaded colour between dark lines."""
    rng = art.rng
    size = rng.uniform(28, 60)
    count = int(TILE / size) + 3
    y, x = np.mgrid[:count, :count]
    nodes = np.stack([x, y], axis=2) * size - size + rng.normal(0, 0.2 * size, (count, count, 2))
    for i in range(count - 1):
        for j in range(count - 1):
            cell = np.array([nodes[i, j], nodes[i, j + 1], nodes[i + 1, j + 1], nodes[i + 1, j]])
            art.paint(cell, 0.0)
            art.outline(cell, art.width, art.ink_colour)


def fish(art: Drawing) -> None:
    """Fish with scales, fins and waves."""
    rng = art.rng
    for level in range(10, TILE, int(rng.integers(24, 60))):
        x = np.linspace(-10, TILE + 10, 12)
        art.stroke(np.stack([x, level + 6 * np.sin(x / rng.uniform(6, 20))], axis=1), art.width * 0.6, 0.3)
    for _ in range(rng.integers(2, 5)):
        centre, size = art.somewhere(), rng.uniform(35, 80)
        tail = centre + size * np.array([[0.8, 0], [1.4, -0.45], [1.25, 0], [1.4, 0.45]])
        art.paint(tail, 1.0)
        body = spline(centre + size * np.array([[-1, 0], [-0.4, -0.5], [0.4, -0.35], [0.95, 0], [0.4, 0.35], [-0.4, 0.5]]), True)
        art.paint(body, 1.0)
        for column in np.arange(-0.3, 0.7, 0.17):
            for row in np.arange(-0.25, 0.26, 0.17):
                angle = np.linspace(-1.2, 1.2, 8)
                scale = np.stack([np.cos(angle), np.sin(angle)], axis=1) * 0.1 + [column, row]
                art.ink(centre + size * scale, art.width * 0.5, art.ink_colour)
        eye = centre - size * np.array([0.65, 0.1])
        art.fill(ellipse(eye, np.full(2, size * 0.12)), WHITE)
        art.fill(ellipse(eye, np.full(2, size * 0.06)), BLACK)


Scene = Callable[[Drawing], None]
SCENES: tuple[tuple[Scene, float], ...] = ((portrait, 0.3), (landscape, 0.2), (panel, 0.2), (emblem, 0.15), (linework, 0.15))
"""What training draws, with its share."""
HELD_OUT: tuple[tuple[Scene, float], ...] = ((isometric, 0.3), (leaded_glass, 0.35), (fish, 0.35))
"""What training never draws."""


def tile(seed: tuple[int, int], held_out: bool = False) -> tuple[np.ndarray, str]:
    """One tile, uint8 RGB HWC, and the name of its scene; the same for the same seed."""
    rng = np.random.default_rng(seed)
    art = Drawing(rng)
    scenes, shares = zip(*(HELD_OUT if held_out else SCENES), strict=True)
    scene = scenes[rng.choice(len(scenes), p=shares)]
    scene(art)
    return art.finished(), scene.__name__


def render(count: int, seed: int) -> list[pack.PackedTile]:
    """`count` tiles, lossless, each with a record that names its scene."""
    made = []
    for number in range(count):
        pixels, scene = tile((seed, number))
        made.append(rendered.packed(pixels, f"line_{number:05}.webp", f"rendered {scene}@{seed}:{number}", "line", "own"))
    return made


if __name__ == "__main__":
    rendered.main(__doc__, render, 6000, FOLDER / ART_ARCHIVE)
