"""Pictures of text: fonts with open licences, made-up words, and grey or subpixel antialiasing."""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")
LICENCES = {
    "DejaVu": "Bitstream Vera licence",
    "Liberation": "SIL OFL 1.1, or GPL-2 with font exception",
    "NotoSans-": "SIL OFL 1.1",
    "NotoSansDisplay": "SIL OFL 1.1",
    "NotoSansMono": "SIL OFL 1.1",
    "NotoSerif-": "SIL OFL 1.1",
    "NotoSerifDisplay": "SIL OFL 1.1",
    "Inter": "SIL OFL 1.1",
    "Roboto": "Apache-2.0",
    "FiraCode": "SIL OFL 1.1",
    "SourceCodePro": "SIL OFL 1.1",
}
"""Fonts that may be used, by the start of the file's name."""
UNUSED = ("MathTeXGyre", "Emoji", "CJK")
HELD_OUT = ("Roboto", "NotoSerif", "Liberation")
"""Designs that training never draws, in no width nor with other serifs: letters of siblings are alike."""
MEASURED = ("RobotoCondensed", "NotoSerif-", "LiberationMono")
"""Families of these designs that the scores of text are measured in."""
SUBPIXELS = 3
LCD_FILTER = np.array([1, 2, 3, 2, 1]) / 9.0
"""Against colour fringes, over five subpixels, as FreeType filters."""
LETTERS = "etaoinshrdlucmfwypvbgkqjxz"
LETTER_SHARE = 1.0 / (np.arange(len(LETTERS)) + 3.0)
SYMBOLS = "0123456789.,:;-+=*/()[]{}<>#%&@!?'\"_|~^$\\"
ACCENTED = "äöüßéèàçñåøœæ€£"


@dataclass(frozen=True)
class Font:
    """A file with its family's licence."""

    path: Path
    licence: str

    @property
    def is_mono(self) -> bool:
        """True where all glyphs are equally wide."""
        return "Mono" in self.path.name or "Code" in self.path.name


@functools.cache
def fonts(folders: tuple[str, ...] = FOLDERS, held_out: bool = False) -> list[Font]:
    """The open fonts that this machine has, by file name: those for training, or the `MEASURED` families."""
    found = {}
    for path in sorted(path for folder in folders for path in Path(folder).rglob("*.[to]tf")):
        family = next((name for name in LICENCES if path.name.startswith(name)), None)
        usable = family and not any(word in path.name for word in UNUSED)
        if usable and (path.name.startswith(MEASURED) if held_out else not path.name.startswith(HELD_OUT)):
            found.setdefault(path.name, Font(path, LICENCES[family]))
    if not found:
        drawn = [name for name in LICENCES if not name.startswith(HELD_OUT)]
        wanted, packages = (MEASURED, "fonts-liberation, fonts-roboto") if held_out else (drawn, "fonts-dejavu")
        raise FileNotFoundError(f"no font of {', '.join(wanted)} is in {', '.join(folders)}: install {packages}")
    return [found[name] for name in sorted(found)]


def word(rng: np.random.Generator) -> str:
    """A made-up word or number."""
    kind = rng.random()
    if kind < 0.12:
        return "".join(rng.choice(list(SYMBOLS[:10] + ".,-"), rng.integers(1, 6)))
    letters = rng.choice(list(LETTERS), rng.integers(1, 11), p=LETTER_SHARE / LETTER_SHARE.sum())
    if kind < 0.2:
        letters[rng.integers(len(letters))] = rng.choice(list(ACCENTED))
    made = "".join(letters)
    made = made.capitalize() if kind > 0.7 else made.upper() if kind > 0.94 else made
    return made + str(rng.choice(["", "", "", ",", ".", ":", "?", "!"]))


def coverage(text: str, font: Font, size: int, subpixel: bool) -> np.ndarray:
    """How much of each pixel the text covers, in 0..=1: HW3, the three alike with grey antialiasing."""
    factor = SUBPIXELS if subpixel else 1
    face = _face(font.path, size * factor)
    left, top, right, bottom = face.getbbox(text)
    # From the ascender, not from the highest letter: words of one line share their baseline.
    top = min(top, 0)
    width, height = right - left + 4 * factor, bottom - top + 2 * factor
    width, height = (-(-side // factor) * factor for side in (width, height))
    mask = Image.new("L", (width, height))
    ImageDraw.Draw(mask).text((2 * factor - left, factor - top), text, font=face, fill=255)
    covered = np.asarray(mask, dtype=np.float32) / 255.0
    if not subpixel:
        return covered[..., None].repeat(3, axis=2)
    rows = covered.reshape(height // SUBPIXELS, SUBPIXELS, width).mean(axis=1)
    padded = np.pad(rows, ((0, 0), (2, 2)))
    filtered = sum(share * padded[:, i : i + width] for i, share in enumerate(LCD_FILTER))
    return filtered.reshape(height // SUBPIXELS, width // SUBPIXELS, SUBPIXELS)


@functools.lru_cache(maxsize=256)
def _face(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size)


def draw_text(
    canvas: np.ndarray, text: str, corner: tuple[int, int], font: Font, size: int, colour: np.ndarray, subpixel: bool
) -> tuple[int, int]:
    """Put text into `canvas` (HW3, float 0..=255) with its upper left at `corner` (x, y), cut off at the edges;
    returns its width and height."""
    covered = coverage(text, font, size, subpixel)
    height, width = covered.shape[:2]
    x, y = corner
    part = canvas[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)]
    covered = covered[max(-y, 0) :, max(-x, 0) :][: part.shape[0], : part.shape[1]]
    part += covered * (colour - part)
    return width, height
