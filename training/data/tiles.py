"""Training tiles: 256x256 lossless WebP in a tar beside `index.tsv`, split by source picture."""

import hashlib
import io
import tarfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from training.data.cache import FOLDER

ARCHIVES = ("train-free.tar", "train-cid22.tar")
TEXTURED_ARCHIVES = ("train-more-free.tar", "train-more-unsplash.tar")
"""Photographs with much texture, for `detail`."""
DOUBTFUL = "unmerged PR"
"""In the licence of two pictures whose source did not take them."""
SHARED_ALIKE = ("CC-BY-SA", "Unsplash")
"""Licences of what a run on free pictures leaves out."""
TILE = 256
TEXT_ARCHIVE = "train-text.tar"
"""What `training.data.render_text` makes."""
ART_ARCHIVE = "train-art.tar"
"""What `training.data.render_art` makes."""
RENDERED = {"text": TEXT_ARCHIVE, "line": ART_ARCHIVE}
"""The archive that holds each kind of rendered tile."""
PART_PATTERN = "train-part-*.tar"
"""What `training.data.pack` makes of the archives, to be sent in pieces."""
HELD_OUT_PERCENT = 3


@dataclass(frozen=True)
class TileRecord:
    """One line of `index.tsv`; `source` is `repository@commit:path`, `x` and `y` are pixels in the shrunk source."""

    file: str
    source: str
    downscale: int
    x: int
    y: int
    kind: str
    tier: str
    licence: str

    @property
    def doubtful(self) -> bool:
        """True for what no network is trained on any more."""
        return DOUBTFUL in self.licence

    @property
    def free(self) -> bool:
        """True but for CC-BY-SA and the Unsplash licence."""
        return not any(licence in self.licence for licence in SHARED_ALIKE)

    @property
    def held_out(self) -> bool:
        """True for all the tiles of about 3 % of the source pictures, chosen by the hash of the source's name."""
        digest = hashlib.sha256(self.source.encode()).digest()
        return int.from_bytes(digest[:4], "big") % 100 < HELD_OUT_PERCENT


def archives(data: Path, kinds: Iterable[str] = (), textured: bool = False) -> list[Path]:
    """The archives under `data`, in the order in which runs number their tiles: the originals, or else the parts.
    The archive of each rendered kind among `kinds` is added where there is one, under `data` or in the cache; with `textured` also
    those of more photographs."""
    found = [data / name for name in ARCHIVES if (data / name).exists()] or sorted(data.rglob(PART_PATTERN))
    if textured:
        found += [data / name for name in TEXTURED_ARCHIVES if (data / name).exists()]
    for name in (RENDERED[kind] for kind in kinds if kind in RENDERED):
        found += [folder / name for folder in (data, FOLDER) if (folder / name).exists()][:1]
    if not found:
        raise FileNotFoundError(f"{data} holds none of {', '.join(ARCHIVES)}, nor any {PART_PATTERN}")
    return found


def read_index(archive: Path) -> list[TileRecord]:
    """The records of one archive, in the order of its `index.tsv`."""
    with tarfile.open(archive) as tar:
        member = next(m for m in tar.getmembers() if Path(m.name).name == "index.tsv")
        stream = tar.extractfile(member)
        assert stream is not None, f"{archive}: index.tsv is not a file"
        rows = [line.split("\t") for line in stream.read().decode().splitlines() if line]
    return [
        TileRecord(file, source, int(downscale), int(x), int(y), kind, tier, licence)
        for file, source, downscale, x, y, kind, tier, licence in rows
    ]


def read_tiles(archive: Path, records: list[TileRecord]) -> np.ndarray:
    """Decode the tiles of `records`: uint8 [n, 256, 256, 3], sRGB-encoded."""
    place = {record.file: i for i, record in enumerate(records)}
    tiles = np.empty((len(records), TILE, TILE, 3), np.uint8)

    def decode(i: int, content: bytes) -> None:
        tiles[i] = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))

    with tarfile.open(archive) as tar, ThreadPoolExecutor() as threads:
        decoded = []
        for member in tar:
            i = place.get(Path(member.name).name)
            if i is None:
                continue
            stream = tar.extractfile(member)
            assert stream is not None, f"{archive}: {member.name} is not a file"
            decoded.append(threads.submit(decode, i, stream.read()))
        for job in decoded:
            job.result()
    if len(decoded) != len(records):
        raise ValueError(f"{archive} holds {len(decoded)} of the {len(records)} tiles that its index names")
    return tiles
