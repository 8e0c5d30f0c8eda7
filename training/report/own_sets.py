"""The sets that the shipped models are measured on: pairs of a picture and the small one that the engine is given.

Training sees none of them: the published test sets, photographs of the held-out sources, text in families of the held-out
fonts, and the held-out scenes of line art. All are the same in every run.
"""

import io
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from training.data import degrade, glyphs, matlab_bicubic, render_art, render_text
from training.data.tiles import archives, read_index, read_tiles
from training.report import testsets

SEED = 2_000_003
RENDERED_TILES = 24
TILES_OF_A_SOURCE = 2
ART_QUALITY = 65
SOFT_BLUR = 0.8
"""Deviation in pixels of the small picture."""
ENLARGED_BEFORE = 1.5
X_HEIGHTS = (4, 5, 6, 7, 8)
"""Of the pages to be read, in pixels of the small picture."""
PAGE_STYLES = {
    "black on white": (255, 0, False, None),
    "light on dark": (32, 224, False, None),
    "grey on white": (255, 120, False, None),
    "subpixel": (255, 0, True, None),
    "JPEG 80": (255, 0, False, 80),
}
"""Paper, ink, whether in subpixel colours, and the quality of the small picture's JPEG."""
PAGE_LINES = 4
HELD_OUT_FONTS = {
    "RobotoCondensed": (8, "fonts-roboto-unhinted"),
    "NotoSerif-": (4, "fonts-noto-core"),
    "LiberationMono": (4, "fonts-liberation"),
}
"""Files of each family that text is measured in, and Debian's package of them."""

SENTENCES = (
    "The small engine draws every letter twice as large.",
    "Most people read a page without looking at single letters.",
    "Grey paper and black ink need no colour at all.",
    "Seven quick birds flew over the old harbour at noon.",
    "Please keep the key under the blue box near the window.",
    "A good lens shows more than the eye expects to see.",
    "Water runs down the hill and joins the river below.",
    "Our train leaves at half past six from the last track.",
    "Fresh bread, milk and honey were all that we could buy.",
    "They just moved the table next to the kitchen door.",
    "Zero errors would be a surprise for such tiny words.",
    "The jury quietly examined the evidence for a week.",
)
"""Of our own, for tesseract to read."""


@dataclass(frozen=True)
class Wear:
    """Deviation of the blur in pixels of the small picture, of the noise in levels of 255, and the quality of the JPEG."""

    blur: float
    grain: float
    quality: int

    def __str__(self) -> str:
        return f"blur of {self.blur:g} pixels, noise of {self.grain:g}, JPEG {self.quality}"


WORN = Wear(0.7, 4.0, 50)
"""What restore is judged by."""
WEARS = (Wear(0.5, 2.0, 75), WORN, Wear(1.0, 8.0, 30))
"""Lightly, by half and strongly worn."""


@dataclass(frozen=True)
class Pair:
    """`high` HWC uint8 RGB, `low` the same `scale` times smaller; `grey` where the file holds one channel."""

    name: str
    high: np.ndarray
    low: np.ndarray
    grey: bool = False
    source: str = ""
    """Of a photograph, with its licence."""


def published(name: str, scale: int, data: Path) -> list[Pair]:
    """One of the published sets, shrunk by MATLAB's bicubic."""
    found = testsets.pictures(data / "testsets" / name, scale)
    return [
        Pair(f"{name}-{i:03}", p.pixels, matlab_bicubic.shrink(p.pixels, scale), p.grey) for i, p in enumerate(found)
    ]


def held_out_photographs(data: Path) -> list[tuple[str, np.ndarray]]:
    """The first tiles of every held-out photograph, with the source's name and licence."""
    chosen = []
    for archive in archives(data):
        seen: dict[str, int] = {}
        records = []
        for record in read_index(archive):
            if record.held_out and record.kind == "photo" and seen.get(record.source, 0) < TILES_OF_A_SOURCE:
                seen[record.source] = seen.get(record.source, 0) + 1
                records.append(record)
        names = [f"{record.source} ({record.licence})" for record in records]
        chosen += zip(names, read_tiles(archive, records), strict=True)
    return chosen


def web_photographs(scale: int, data: Path) -> list[Pair]:
    """Held-out photographs as the web shrinks, sharpens and compresses them."""
    rng = np.random.default_rng(SEED)
    tiles = held_out_photographs(data)
    return [Pair(f"web-{i:03}", tile, degrade.web(tile, scale, rng), source=name) for i, (name, tile) in enumerate(tiles)]


def compressed_photographs(quality: int, data: Path) -> list[Pair]:
    """Held-out photographs and what a JPEG of this quality leaves of them, at the same size."""
    tiles = held_out_photographs(data)
    return [Pair(f"jpeg-{i:03}", tile, through_jpeg(tile, quality), source=name) for i, (name, tile) in enumerate(tiles)]


def worn_photographs(scale: int, data: Path, wear: Wear = WORN) -> list[Pair]:
    """Held-out photographs, shrunk by MATLAB's bicubic, blurred, with noise, and through JPEG."""
    rng = np.random.default_rng(SEED)
    pairs = []
    for i, (name, tile) in enumerate(held_out_photographs(data)):
        low = Image.fromarray(matlab_bicubic.shrink(tile, scale)).filter(ImageFilter.GaussianBlur(wear.blur))
        low = np.asarray(degrade.grainy(low, rng, wear.grain))
        pairs.append(Pair(f"worn-{i:03}", tile, through_jpeg(low, wear.quality), source=name))
    return pairs


def choice_pictures(data: Path) -> dict[str, tuple[str, list[np.ndarray]]]:
    """Pictures by what they are, each with what they show, for the choice of a model."""
    pages = [page.pair.low for page in readable_pages(2)]
    return {
        "photographs of BSD100": ("photo", [pair.high for pair in published("BSD100", 1, data)]),
        "held-out photographs, as the web leaves them": ("photo", [pair.low for pair in web_photographs(2, data)]),
        "held-out scenes of line art": ("art", [pair.low for pair in art(2, None)]),
        f"the same through JPEG {ART_QUALITY}": ("art", [pair.low for pair in art(2, ART_QUALITY)]),
        "held-out drawn wallpapers and icons": ("art", list(dict(drawn_by_hand(data)).values())),
        "text in the held-out fonts": ("text", [pair.low for pair in text(2)]),
        "pages of text": ("text", pages),
    }


def held_out_fonts(folders: tuple[str, ...] = glyphs.FOLDERS) -> list[glyphs.Font]:
    """The fonts that text is measured in. With any other number of files every page would be another one: refused."""
    try:
        found = glyphs.fonts(folders, held_out=True)
    except FileNotFoundError:
        found = []
    have = {family: sum(font.path.name.startswith(family) for font in found) for family in HELD_OUT_FONTS}
    wrong = [
        f"{have[family]} of the {count} files of {family.rstrip('-')} ({package})"
        for family, (count, package) in HELD_OUT_FONTS.items()
        if have[family] != count
    ]
    if wrong:
        raise FileNotFoundError(
            f"text is measured in fonts that are not the ones here: there are {', '.join(wrong)}; "
            "install the Debian packages in brackets, or the same files"
        )
    return found


def text(scale: int) -> list[Pair]:
    """Pages of text in the held-out fonts, shrunk by MATLAB's bicubic."""
    held_out_fonts()
    made = [render_text.tile((SEED, n), held_out=True)[0] for n in range(RENDERED_TILES)]
    return [Pair(f"text-{i:03}", tile, matlab_bicubic.shrink(tile, scale)) for i, tile in enumerate(made)]


BLURRED = f"blurred by {SOFT_BLUR} pixels"
ENLARGED = "enlarged by half before"


def softened(low: np.ndarray, way: str) -> np.ndarray:
    """A small picture that is no longer sharp: `BLURRED` or `ENLARGED`."""
    picture = Image.fromarray(low)
    if way == BLURRED:
        return np.asarray(picture.filter(ImageFilter.GaussianBlur(SOFT_BLUR)))
    smaller = picture.resize([round(side / ENLARGED_BEFORE) for side in picture.size], Image.Resampling.BICUBIC)
    return np.asarray(smaller.resize(picture.size, Image.Resampling.BICUBIC))


def soft_text(scale: int) -> dict[str, list[Pair]]:
    """What `text` gives, with small pictures that are no longer sharp, by what was done to them."""
    sharp = text(scale)
    return {way: [replace(pair, low=softened(pair.low, way)) for pair in sharp] for way in (BLURRED, ENLARGED)}


def art(scale: int, quality: int | None) -> list[Pair]:
    """The held-out scenes of line art, shrunk by MATLAB's bicubic and, given a quality, through JPEG."""
    pairs = []
    for i in range(RENDERED_TILES):
        tile = render_art.tile((SEED, i), held_out=True)[0]
        pairs.append(Pair(f"art-{i:03}", tile, through_jpeg(matlab_bicubic.shrink(tile, scale), quality)))
    return pairs


def drawn_by_hand(data: Path) -> list[tuple[str, np.ndarray]]:
    """All tiles of the held-out drawings that somebody made, with their sources."""
    tiles = []
    for archive in archives(data, ("art",)):
        records = [record for record in read_index(archive) if record.held_out and record.kind == "art"]
        tiles += zip([record.source for record in records], read_tiles(archive, records), strict=True)
    return tiles


def drawings(scale: int, data: Path) -> list[Pair]:
    """What `drawn_by_hand` gives, shrunk by MATLAB's bicubic."""
    tiles = drawn_by_hand(data)
    return [Pair(f"drawn-{i:03}", t, matlab_bicubic.shrink(t, scale), source=source) for i, (source, t) in enumerate(tiles)]


@dataclass(frozen=True)
class ReadablePage:
    """A page whose text is known; `x_height` in pixels of the small picture."""

    pair: Pair
    text: str
    x_height: float


def readable_pages(scale: int) -> list[ReadablePage]:
    """Pages of each of `X_HEIGHTS` and `PAGE_STYLES`, in each of the held-out fonts that are upright and of ordinary
    weight."""
    pages = []
    plain = [f for f in held_out_fonts() if f.path.stem.endswith("-Regular")]
    for i, font in enumerate(plain):
        for j, wanted in enumerate(X_HEIGHTS):
            size = next(s for s in range(8, 80) if x_height(font, s) >= wanted * scale)
            for n, (paper, ink, subpixel, quality) in enumerate(PAGE_STYLES.values()):
                lines = [SENTENCES[(4 * i + 3 * j + 5 * n + k) % len(SENTENCES)] for k in range(PAGE_LINES)]
                high = page_of(lines, font, size, (paper, ink, subpixel))
                high = high[: high.shape[0] // scale * scale, : high.shape[1] // scale * scale]
                low = through_jpeg(matlab_bicubic.shrink(high, scale), quality)
                pages.append(ReadablePage(Pair(f"page-{i}{j}{n}", high, low), "\n".join(lines), x_height(font, size) / scale))
    return pages


def page_of(lines: list[str], font: glyphs.Font, size: int, style: tuple[int, int, bool]) -> np.ndarray:
    """A page with these lines; `style`: paper, ink, and whether in subpixel colours."""
    paper, ink, subpixel = style
    canvas = np.full((round(size * 1.5) * len(lines) + 40, 34 * size, 3), float(paper), np.float32)
    for k, line in enumerate(lines):
        glyphs.draw_text(canvas, line, (20, 20 + k * round(size * 1.5)), font, size, np.full(3, ink, np.float32), subpixel)
    return np.clip(np.round(canvas), 0, 255).astype(np.uint8)


def through_jpeg(pixels: np.ndarray, quality: int | None) -> np.ndarray:
    """What a JPEG of this quality leaves of a picture; all of it without one."""
    if quality is None:
        return pixels
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream).convert("RGB"))


def x_height(font: glyphs.Font, size: int) -> int:
    """Pixels from the foot to the top of an x."""
    ink = glyphs.coverage("x", font, size, subpixel=False)[..., 0].sum(axis=1)
    rows = np.nonzero(ink > 0.2 * ink.max())[0]
    return int(rows.max() - rows.min() + 1)
