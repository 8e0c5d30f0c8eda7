"""Measures the shipped models through the engine and writes docs/MODELS.md. `python -m training.report.models_report --help`."""

import argparse
import json
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from training.data import luma, matlab_bicubic
from training.paths import DEFAULT_DATA, MODELS, PROJECT
from training.report import card, choice, metrics, own_sets, testsets, texture_bench
from training.report.engine import Engine, with_setting
from training.report.own_sets import Pair

DOCUMENT = PROJECT / "docs" / "MODELS.md"
LOWEST_GAIN_ALLOWED = -0.1
RESTORED_QUALITIES = (10, 20, 40)
CHOICE = "auto"
"""Not a model: the section on which one is taken."""
ANCHORS = {
    2: {"SESR-M5, 13.5 K": (37.39, 32.84, 31.70), "SESR-XL, 105 K": (37.77, 33.24, 31.99),
        "SwinIR-light, 0.9 M": (38.14, 33.86, 32.31)},
    4: {"SESR-M5, 18.3 K": (30.99, 27.81, 27.11), "SESR-XL, 115 K": (31.54, 28.12, 27.31),
        "SwinIR-light, 0.9 M": (32.44, 28.77, 27.69)},
}  # fmt: skip
"""Published PSNR on Set5, Set14 and BSD100, with parameters (SESR: Bhardwaj et al. 2022; SwinIR: Liang et al. 2021)."""


def scored_luma(pixels: np.ndarray, grey: bool) -> np.ndarray:
    """What the tables score of uint8 RGB: studio-range Y, but the grey values of a grey picture."""
    return luma.scored(luma.full_range(pixels), grey)


def scores(results: list[np.ndarray], pairs: list[Pair], shave: int) -> np.ndarray:
    """PSNR-Y in dB and SSIM-Y of every picture, [n, 2], as `inlarge score` gives them: Y is not rounded."""
    rows = []
    for result, pair in zip(results, pairs, strict=True):
        y, reference = (scored_luma(p, pair.grey) for p in (result, pair.high))
        rows.append((metrics.psnr(y, reference, shave), metrics.ssim(y, reference, shave)))
    return np.array(rows)


def lr_psnr(results: list[np.ndarray], pairs: list[Pair], scale: int) -> float:
    """Mean PSNR-Y in dB of the results, shrunk again by MATLAB's bicubic, against what the engine was given."""
    values = []
    for result, pair in zip(results, pairs, strict=True):
        again = scored_luma(matlab_bicubic.shrink(result, scale), pair.grey)
        values.append(metrics.psnr(again, scored_luma(pair.low, pair.grey), 0))
    return float(np.mean(values))


def resampled(pairs: list[Pair], scale: int, kernel: Image.Resampling) -> list[np.ndarray]:
    """The small pictures enlarged by Pillow's bicubic (a = -0.5) or Lanczos kernel."""
    return [
        np.asarray(Image.fromarray(p.low).resize((p.low.shape[1] * scale, p.low.shape[0] * scale), kernel)) for p in pairs
    ]


def cell(measured: np.ndarray) -> str:
    """Mean PSNR / SSIM."""
    psnr, ssim = measured.mean(axis=0)
    return f"{psnr:.2f} / {ssim:.4f}"


KERNELS = {"bicubic": Image.Resampling.BICUBIC, "Lanczos": Image.Resampling.LANCZOS}


def published_table(models: list[dict], engine: Engine, data: Path) -> list[str]:
    """The published test sets, for the bicubic variants."""
    lines = []
    for scale in sorted({model["scale"] for model in models}):
        sets = {name: own_sets.published(name, scale, data) for name in testsets.NAMES}
        lines += ["", f"x{scale}, PSNR-Y in dB / SSIM-Y" + ":", ""]
        lines += [f"| | {' | '.join(sets)} | LR-PSNR, BSD100 |", "|---|" + "---|" * (len(sets) + 1)]
        for title, kernel in KERNELS.items():
            made = {name: resampled(pairs, scale, kernel) for name, pairs in sets.items()}
            cells = [cell(scores(made[name], pairs, scale)) for name, pairs in sets.items()]
            back = lr_psnr(made["BSD100"], sets["BSD100"], scale)
            lines.append(f"| {title} | {' | '.join(cells)} | {back:.1f} |")
        for model in (m for m in models if m["scale"] == scale):
            made = {name: engine.enlarge(MODELS / model["file"], pairs) for name, pairs in sets.items()}
            cells = [cell(scores(made[name], pairs, scale)) for name, pairs in sets.items()]
            back = lr_psnr(made["BSD100"], sets["BSD100"], scale)
            lines.append(f"| **{model['id']}** | {' | '.join(cells)} | {back:.1f} |")
        lines += [f"| {name}, published | {' | '.join(f'{v:.2f}' for v in row)} | |" for name, row in ANCHORS[scale].items()]
    return lines


def gain_table(title: str, pairs: list[Pair], runs: dict[str, list[np.ndarray]], scale: int) -> list[str]:
    """Enlargers on one of our own sets, against bicubic, with the picture where each gains least."""
    for name, kernel in KERNELS.items():
        runs = {name: resampled(pairs, scale, kernel), **runs}
    measured = {name: scores(made, pairs, scale) for name, made in runs.items()}
    lines = ["", f"{title}, {len(pairs)} tiles, x{scale}:", ""]
    lines += ["| | PSNR-Y / SSIM-Y | over bicubic | over Lanczos | least over bicubic |", "|---|---|---|---|---|"]
    for name, table in sorted(measured.items(), key=lambda item: (item[0] not in KERNELS, item[0])):
        gains = {kernel: table[:, 0] - measured[kernel][:, 0] for kernel in KERNELS}
        least = gains["bicubic"].min()
        note = "" if least >= LOWEST_GAIN_ALLOWED else " (worse)"
        lines.append(
            f"| {name if name in KERNELS else f'**{name}**'} | {cell(table)} | {gains['bicubic'].mean():+.2f} | "
            f"{gains['Lanczos'].mean():+.2f} | {least:+.2f}{note} |"
        )
    return lines


def edit_distance(a: str, b: str) -> int:
    """Levenshtein's."""
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, start=1):
        previous, row[0] = row[0], i
        for j, other in enumerate(b, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (letter != other))
    return row[-1]


def character_error_rate(pictures: list[np.ndarray], pages: list[own_sets.ReadablePage]) -> float:
    """Wrong characters in what tesseract reads, for each character written; white space counts as one blank."""
    wrong = total = 0
    with tempfile.TemporaryDirectory() as folder:
        for picture, page in zip(pictures, pages, strict=True):
            path = Path(folder) / "page.png"
            Image.fromarray(picture).save(path)
            command = ["tesseract", path, "-", "--psm", "6", "--dpi", "96"]
            read = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            wanted = " ".join(page.text.split())
            wrong += edit_distance(" ".join(read.split()), wanted)
            total += len(wanted)
    return wrong / total


def reading_table(models: list[dict], engine: Engine) -> list[str]:
    """What tesseract reads wrong of pages that were enlarged."""
    if shutil.which("tesseract") is None:
        raise FileNotFoundError("tesseract is not installed: install it (Debian: tesseract-ocr) to measure text")
    scale = 2
    sharp = own_sets.readable_pages(scale)
    heights = sorted({page.x_height for page in sharp})
    groups = {f"{h:g}": [page for page in sharp if page.x_height == h] for h in heights}
    judged = groups["6 to 8"] = [page for page in sharp if 6 <= page.x_height <= 8]
    for way in (own_sets.BLURRED, own_sets.ENLARGED):
        groups[f"6 to 8, {way}"] = [replace(page, pair=replace(page.pair, low=own_sets.softened(page.pair.low, way))) for page in judged]
    suited = [m for m in models if m["scale"] == scale]
    rates: dict[str, list[float]] = {name: [] for name in ("as rendered, x2", "Lanczos", *(f"**{m['id']}**" for m in suited))}
    for pages in groups.values():
        pairs = [page.pair for page in pages]
        made = [[pair.high for pair in pairs], resampled(pairs, scale, KERNELS["Lanczos"])]
        made += [engine.enlarge(MODELS / m["file"], pairs) for m in suited]
        for row, pictures in zip(rates.values(), made, strict=True):
            row.append(character_error_rate(pictures, pages))
    styles = ", ".join(own_sets.PAGE_STYLES)
    lines = ["", f"Character error rate of tesseract on {len(sharp)} pages ({styles}), by x-height in pixels of the small picture:", ""]
    lines += [f"| enlarged by | {' | '.join(groups)} |", "|---|" + "---|" * len(groups)]
    return lines + [f"| {name} | {' | '.join(f'{100 * rate:.2f} %' for rate in row)} |" for name, row in rates.items()]


def art_tables(models: list[dict], engine: Engine, data: Path) -> list[str]:
    """Clean line art, and through JPEG with and without denoising; and what is drawn without lines, beside photo."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for quality, levels in ((None, (0.0, 1.0)), (own_sets.ART_QUALITY, (0.0, 1.0, 2.0, 3.0))):
            pairs = own_sets.art(2, quality)
            runs = {}
            for model in models:
                for level in levels:
                    file = with_setting(MODELS / model["file"], "denoise", level, Path(folder) / f"d{level:g}.onnx")
                    runs[f"{model['id']}, denoise {level:g}"] = engine.enlarge(file, pairs)
            title = "Held-out scenes of line art" + ("" if quality is None else f", small picture through JPEG {quality}")
            lines += gain_table(title, pairs, runs, 2)
    pairs = own_sets.drawings(2, data)
    files = [*(model["file"] for model in models), *(f"{name}-x2-web.onnx" for name in ("photo", "photo-fast"))]
    runs = {file.removesuffix(".onnx"): engine.enlarge(MODELS / file, pairs) for file in files}
    return lines + gain_table(f"Held-out backgrounds drawn without lines ({len({pair.source for pair in pairs})})", pairs, runs, 2)


def web_tables(models: list[dict], engine: Engine, data: Path) -> list[str]:
    """Held-out photographs as the web leaves them."""
    lines = []
    for scale in sorted({model["scale"] for model in models}):
        pairs = own_sets.web_photographs(scale, data)
        runs = {m["id"]: engine.enlarge(MODELS / m["file"], pairs) for m in models if m["scale"] == scale}
        lines += gain_table("Held-out photographs, web mix", pairs, runs, scale)
    return lines


def restore_tables(models: list[dict], engine: Engine, data: Path) -> list[str]:
    """What compression took at the same size, and at x4 blur, noise and compression together, beside photo."""
    lines = []
    for model in (m for m in models if m["scale"] == 1):
        lines += ["", "Held-out photographs through JPEG, at the same size, PSNR-Y in dB / SSIM-Y:", ""]
        lines += [f"| quality | JPEG | **{model['id']}** | gained | least |", "|---|---|---|---|---|"]
        for quality in RESTORED_QUALITIES:
            pairs = own_sets.compressed_photographs(quality, data)
            before = scores([pair.low for pair in pairs], pairs, 0)
            after = scores(engine.enlarge(MODELS / model["file"], pairs), pairs, 0)
            gains = after[:, 0] - before[:, 0]
            lines.append(f"| {quality} | {cell(before)} | {cell(after)} | {gains.mean():+.2f} | {gains.min():+.2f} |")
    for model in (m for m in models if m["scale"] > 1):
        scale = model["scale"]
        files = [model["file"], *(f"{name}-x{scale}-web.onnx" for name in ("photo", "photo-fast"))]
        for wear in own_sets.WEARS:
            pairs = own_sets.worn_photographs(scale, data, wear)
            runs = {file.removesuffix(".onnx"): engine.enlarge(MODELS / file, pairs) for file in files}
            lines += gain_table(f"Held-out photographs, {wear}", pairs, runs, scale)
    return lines


def choice_section(engine: Engine, data: Path) -> str:
    """What `auto` takes pictures for."""
    lines = ["| pictures | | photo | art | text | right |", "|---|---|---|---|---|---|"]
    right = count = 0
    for title, (kind, pictures) in own_sets.choice_pictures(data).items():
        said = [guess["kind"] for guess in choice.guesses(engine.program, [Image.fromarray(p) for p in pictures])]
        hits = said.count(kind)
        right, count = right + hits, count + len(said)
        cells = " | ".join(str(said.count(name)) for name in choice.KINDS)
        lines.append(f"| {title} | {len(said)} | {cells} | {hits / len(said):.0%} |")
    lines.append(f"| **all** | {count} | | | | {right / count:.1%} |")
    soft = [Image.fromarray(pair.low) for pair in own_sets.soft_text(2)[own_sets.ENLARGED]]
    said = [guess["kind"] for guess in choice.guesses(engine.program, soft)]
    cells = " | ".join(str(said.count(name)) for name in choice.KINDS)
    return "\n".join([*lines, f"| besides: the text, {own_sets.ENLARGED} | {len(said)} | {cells} | |"])


def size_table(models: list[dict]) -> list[str]:
    """Parameters, work and bytes."""
    lines = ["| file | parameters | multiply-adds per output pixel | bytes |", "|---|---|---|---|"]
    for m in models:
        lines.append(f"| `{m['file']}` | {m['parameters']:,} | {m['macs_per_output_pixel']:,} | {m['bytes']:,} |")
    return lines


def section(name: str, models: list[dict], engine: Engine, data: Path) -> str:
    """Everything measured of the family `name`."""
    lines = size_table(models)
    if published := [m for m in models if m["variant"] == "bicubic"]:
        lines += published_table(published, engine, data)
    if name.startswith("photo") and any(m["variant"] == "web" for m in models):
        lines += web_tables(models, engine, data)
    if name == "text":
        sets = {"Text in the held-out fonts": own_sets.text(2)}
        sets |= {f"The same, {how}": pairs for how, pairs in own_sets.soft_text(2).items()}
        for title, pairs in sets.items():
            lines += gain_table(title, pairs, {m["id"]: engine.enlarge(MODELS / m["file"], pairs) for m in models}, 2)
        lines += reading_table(models, engine)
    if name == "art":
        lines += art_tables(models, engine, data)
    if name == "restore":
        lines += restore_tables(models, engine, data)
    if name == "detail":
        files = [MODELS / "photo-x4-web.onnx", *(MODELS / m["file"] for m in models)]
        lines += ["", "48 held-out pictures in six groups, without the fidelity lock:", "", *texture_bench.by_engine(files, engine, data)]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", type=Path, help="the inlarge command line")
    parser.add_argument("names", nargs="*", help="models to measure, such as photo-fast; all unless given")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the tars and testsets/")
    options = parser.parse_args()
    models = json.loads((MODELS / "manifest.json").read_text())["models"]
    families = [*sorted({model["name"] for model in models}), CHOICE]
    if unknown := set(options.names) - set(families):
        parser.error(f"there is no model {', '.join(sorted(unknown))}: choose of {', '.join(families)}")
    engine = Engine(options.engine)
    for name in options.names or families:
        named = [model for model in models if model["name"] == name]
        made = choice_section(engine, options.data) if name == CHOICE else section(name, named, engine, options.data)
        print(f"{name}\n\n{made}\n", flush=True)
        DOCUMENT.write_text(card.fill(DOCUMENT.read_text(), name, made))


if __name__ == "__main__":
    main()
