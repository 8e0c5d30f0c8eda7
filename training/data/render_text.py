"""Renders tiles of text and user interfaces into an archive. `python -m training.data.render_text`.

Paragraphs, code, tables, charts and controls, letters of 6 to 40 pixels once the tile is shrunk twofold, dark on light
or light on dark, with grey or subpixel antialiasing. Every tile is a picture of its own in the split.
"""

import numpy as np
from PIL import Image, ImageDraw

from training.data import pack, rendered
from training.data.cache import FOLDER
from training.data.glyphs import Font, draw_text, fonts, word
from training.data.tiles import TEXT_ARCHIVE, TILE

SIZES = (12, 80)
"""Pixels of the em in the tile; the shrunk tile has half of it."""
LIGHT_SHARE = 0.65
SUBPIXEL_SHARE = 0.3


class Page:
    """One tile in the making: its canvas, its colours and its manner of drawing letters."""

    def __init__(self, rng: np.random.Generator, held_out: bool = False):
        self.rng = rng
        light = rng.random() < LIGHT_SHARE
        if light:
            paper, ink = rng.integers(225, 256), rng.integers(0, 90)
        else:
            paper, ink = rng.integers(0, 60), rng.integers(170, 256)
        tint = rng.integers(-12, 13, 3) * (rng.random() < 0.4)
        self.paper = np.clip(paper + tint, 0, 255).astype(np.float32)
        self.ink = np.full(3, ink, np.float32)
        self.canvas = np.broadcast_to(self.paper, (TILE, TILE, 3)).copy()
        self.subpixel = rng.random() < SUBPIXEL_SHARE
        self.fonts = fonts(held_out=held_out)
        self.font = self.fonts[rng.integers(len(self.fonts))]
        low, high = np.log(SIZES)
        self.size = round(float(np.exp(rng.uniform(low, high))))

    def accent(self) -> np.ndarray:
        """A colour that stands out from the paper."""
        dark_paper = self.paper.mean() < 128
        colour = self.rng.integers(*((110, 256) if dark_paper else (0, 170)), 3).astype(np.float32)
        colour[self.rng.integers(3)] = 255.0 if dark_paper else 0.0
        return colour

    def text(self, text: str, x: int, y: int, colour: np.ndarray | None = None, size: int | None = None) -> int:
        """Draw and return the width."""
        ink = self.ink if colour is None else colour
        return draw_text(self.canvas, text, (x, y), self.font, size or self.size, ink, self.subpixel)[0]

    def shapes(self, draw_on) -> None:
        """Let `draw_on(draw, scale)` draw shapes, antialiased by a canvas four times as large."""
        scale = 4
        side = TILE * scale
        large = Image.fromarray(self.finished()).resize((side, side), Image.Resampling.NEAREST)
        draw_on(ImageDraw.Draw(large), scale)
        self.canvas = np.asarray(large.resize((TILE, TILE), Image.Resampling.BOX), dtype=np.float32).copy()

    def finished(self) -> np.ndarray:
        """The tile, uint8 RGB."""
        return np.clip(np.round(self.canvas), 0, 255).astype(np.uint8)


def paragraph(page: Page) -> None:
    """Lines of words, some of them coloured."""
    rng, y = page.rng, int(page.rng.integers(-page.size // 2, page.size))
    while y < TILE:
        x = int(page.rng.integers(-2 * page.size, page.size))
        while x < TILE:
            colour = page.accent() if rng.random() < 0.08 else None
            x += page.text(word(rng), x, y, colour) + page.size // 4
        y += round(page.size * rng.uniform(1.15, 1.5))


def code(page: Page) -> None:
    """Indented lines in a monospaced font, each word in one of a few colours."""
    rng = page.rng
    page.font = _mono(page)
    page.size = min(page.size, 32)
    palette = [page.ink, *(page.accent() for _ in range(3))]
    for row, y in enumerate(range(4, TILE, round(page.size * 1.3))):
        x = 4
        if rng.random() < 0.3:
            x += page.text(str(row + 1), x, y, (page.ink + page.paper) / 2) + page.size // 2
        x += int(rng.integers(0, 4)) * page.size
        for _ in range(rng.integers(1, 7)):
            bracket = str(rng.choice(["", "", "(", "[", "{", "<", "= ", "-> ", "#"]))
            closing = str(rng.choice(["", "", ")", "];", "}", "();", " ="]))
            x += page.text(bracket + word(rng) + closing, x, y, palette[rng.integers(4)]) + page.size // 2


def _mono(page: Page) -> Font:
    mono = [font for font in page.fonts if font.is_mono] or [page.font]
    return mono[page.rng.integers(len(mono))]


def table(page: Page) -> None:
    """A grid with words and numbers, sometimes with banded rows."""
    rng = page.rng
    page.size = min(page.size, 30)
    row, column = round(page.size * rng.uniform(1.4, 2.0)), int(rng.integers(50, 120))
    rule, thick = (page.ink + page.paper) / 2, int(rng.integers(1, 3))
    if rng.random() < 0.4:
        band = page.paper * 0.92 + page.ink * 0.08
        for y in range(0, TILE, 2 * row):
            page.canvas[y : y + row] = band
    for y in range(0, TILE, row):
        page.canvas[y : y + thick] = rule
        for x in range(0, TILE, column):
            page.text(word(rng) if rng.random() < 0.5 else f"{rng.uniform(0, 999):.2f}", x + 4, y + row // 6)
    for x in range(0, TILE, column):
        page.canvas[:, x : x + thick] = rule


def chart(page: Page) -> None:
    """Bars or lines over axes, with labels."""
    rng = page.rng
    page.size = min(page.size, 26)
    heights = rng.uniform(30, 200, rng.integers(4, 12))
    step = 220 / len(heights)
    colours = [tuple(int(v) for v in page.accent()) for _ in range(3)]
    ink = tuple(int(v) for v in page.ink)
    points = [(30 + step * i, 230 - h) for i, h in enumerate(heights)]

    def draw_on(draw: ImageDraw.ImageDraw, scale: int) -> None:
        if rng.random() < 0.5:
            for i, (x, y) in enumerate(points):
                draw.rectangle([scale * x, scale * y, scale * (x + 0.7 * step), scale * 230], fill=colours[i % 3])
        else:
            width = scale * int(rng.integers(1, 4))
            draw.line([(scale * x, scale * y) for x, y in points], fill=colours[0], width=width)
            for x, y in points:
                draw.circle((scale * x, scale * y), 3 * scale, fill=colours[1])
        draw.line([(scale * 30, 0), (scale * 30, scale * 230), (scale * TILE, scale * 230)], fill=ink, width=scale)

    page.shapes(draw_on)
    for x, _ in points[::2]:
        page.text(f"{rng.integers(1, 2000)}", int(x), 233)
    for y in range(20, 230, 50):
        page.text(f"{rng.integers(1, 100)}", 2, y)


def controls(page: Page) -> None:
    """Buttons, check boxes, icons and labels."""
    rng = page.rng
    page.size = min(page.size, 34)
    row = round(page.size * 2.1)
    placed = [(int(rng.integers(4, 40)), y, int(rng.integers(4))) for y in range(6, TILE - row // 2, row)]
    fill, line = page.accent(), tuple(int(v) for v in (page.ink + page.paper) / 2)
    solid = tuple(int(v) for v in fill)

    def draw_on(draw: ImageDraw.ImageDraw, scale: int) -> None:
        for x, y, kind in placed:
            box = [scale * x, scale * y, scale * (x + row), scale * (y + 0.8 * row)]
            middle = (scale * (x + 0.4 * row), scale * (y + 0.4 * row))
            if kind == 0:
                box[2] = scale * 240
                draw.rounded_rectangle(box, radius=scale * int(rng.integers(0, 10)), fill=solid)
            elif kind == 1:
                draw.rounded_rectangle(box, radius=3 * scale, outline=line, width=scale * int(rng.integers(1, 3)))
                tick = [(box[0] + 4 * scale, middle[1]), (middle[0], box[3] - 4 * scale), (box[2] - 3 * scale, box[1])]
                draw.line(tick, fill=solid, width=2 * scale)
            elif kind == 2:
                draw.circle(middle, scale * 0.35 * row, outline=solid, width=2 * scale)
                draw.line([middle, (box[2], box[3])], fill=line, width=scale)
            else:
                draw.regular_polygon((*middle, scale * 0.35 * row), int(rng.integers(3, 7)), fill=solid)

    page.shapes(draw_on)
    for x, y, kind in placed:
        on_fill = np.full(3, 255.0 if fill.mean() < 128 else 0.0, np.float32) if kind == 0 else None
        page.text(f"{word(rng)} {word(rng)}", x + (10 if kind == 0 else row + 8), y + page.size // 4, on_fill)


SCENES = ((paragraph, 0.45), (code, 0.18), (table, 0.12), (chart, 0.1), (controls, 0.15))


def tile(seed: tuple[int, int], held_out: bool = False) -> tuple[np.ndarray, Page]:
    """One tile, uint8 RGB HWC, and the page that it was drawn on; the same for the same seed and fonts."""
    rng = np.random.default_rng(seed)
    page = Page(rng, held_out)
    scenes, shares = zip(*SCENES, strict=True)
    scenes[rng.choice(len(scenes), p=shares)](page)
    return page.finished(), page


def render(count: int, seed: int) -> list[pack.PackedTile]:
    """`count` tiles, lossless, each with a record that names its font and licence."""
    made = []
    for number in range(count):
        pixels, page = tile((seed, number))
        source = f"rendered with {page.font.path.stem}@{seed}:{number}"
        made.append(rendered.packed(pixels, f"text_{number:05}.webp", source, "text", page.font.licence))
    return made


if __name__ == "__main__":
    rendered.main(__doc__, render, 3000, FOLDER / TEXT_ARCHIVE)
