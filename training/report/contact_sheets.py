"""Draws contact sheets of 1:1 crops under docs/images. `python -m training.report.contact_sheets ENGINE`.

Held-out photographs with free licences and held-out renders: Lanczos, ours and, at x4, the peers that are in
`../shared/models/onnx`, side by side. No picture of a test set is shown.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from training.paths import DEFAULT_DATA, MODELS, PROJECT
from training.report import own_sets
from training.report.engine import Engine
from training.report.models_report import KERNELS, resampled
from training.report.own_sets import Pair

IMAGES = PROJECT / "docs" / "images"
FREE = ("CC0", "Public domain", "CC-BY")
CROP = 192
SHOWN_QUALITY = 20
GAP = 4
PEERS = {"realesr-animevideov3": "realesr-animevideov3.onnx", "4xLSDIRCompactN3": "4xLSDIRCompactN3_fp32.onnx"}


def may_be_shown(source: str) -> bool:
    """Whether parts of a photograph may be shown under the project's licence, with its source named."""
    return any(word in source for word in FREE) and "-SA" not in source


def free(photographs: list[Pair], count: int) -> list[Pair]:
    """The first ones of which parts may be shown."""
    return [pair for pair in photographs if may_be_shown(pair.source)][:count]


def sheet(pairs: list[Pair], columns: list[list[np.ndarray]]) -> Image.Image:
    """One row for each picture, the middle of each enlargement, at 1:1."""
    rows = []
    for i in range(len(pairs)):
        crops = []
        for made in columns:
            y, x = ((side - CROP) // 2 for side in made[i].shape[:2])
            crops.append(np.pad(made[i][y : y + CROP, x : x + CROP], ((0, GAP), (0, GAP), (0, 0)), constant_values=255))
        rows.append(np.hstack(crops))
    return Image.fromarray(np.vstack(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", type=Path, help="the inlarge command line")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the tars")
    parser.add_argument("sheet", nargs="*", help="sheets to draw, such as photo-x4; all by default")
    options = parser.parse_args()
    engine = Engine(options.engine)
    wanted = {
        "photo-fast-x4": (4, ["photo-fast-x4-web.onnx"], True),
        "photo-fast-x2": (2, ["photo-fast-x2-web.onnx"], False),
        "photo-x2": (2, ["photo-fast-x2-web.onnx", "photo-x2-web.onnx"], False),
        "photo-x4": (4, ["photo-fast-x4-web.onnx", "photo-x4-web.onnx"], True),
        "text-x2": (2, ["text-x2-web.onnx"], False),
        "art-x2": (2, ["art-x2-web.onnx"], False),
        "restore-x1": (1, ["restore-x1-web.onnx"], False),
        "restore-x4": (4, ["photo-x4-web.onnx", "restore-x4-web.onnx"], True),
    }
    own = {
        "text-x2": lambda: own_sets.text(2)[:6],
        "art-x2": lambda: own_sets.art(2, None)[:6],
        "restore-x1": lambda: free(own_sets.compressed_photographs(SHOWN_QUALITY, options.data), 5),
        "restore-x4": lambda: free(own_sets.worn_photographs(4, options.data), 5),
    }
    if unknown := set(options.sheet) - set(wanted):
        parser.error(f"there is no sheet {', '.join(sorted(unknown))}: choose of {', '.join(wanted)}")
    for name, (scale, files, peers) in wanted.items():
        if options.sheet and name not in options.sheet:
            continue
        pairs = own[name]() if name in own else free(own_sets.web_photographs(scale, options.data), 5)
        columns = [resampled(pairs, scale, KERNELS["Lanczos"]), *(engine.enlarge(MODELS / file, pairs) for file in files)]
        shown = ["Lanczos", *files]
        for peer, model in PEERS.items() if peers else ():
            path = options.data.parent / "models" / "onnx" / model
            if path.exists():
                columns.append(engine.enlarge(path, pairs))
                shown.append(peer)
        columns.append([pair.high for pair in pairs])
        path = IMAGES / f"models-{name}.webp"
        sheet(pairs, columns).save(path, "WEBP", quality=92, method=6)
        print(f"{path.name}: {', '.join(shown)}, the original; {'; '.join(pair.source or pair.name for pair in pairs)}", flush=True)


if __name__ == "__main__":
    main()
