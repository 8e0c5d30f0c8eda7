"""Cuts the archives into parts small enough to be sent to another machine. `python -m training.data.pack FOLDER`.

Each part is an archive of its own, `part-N/train-part-N.tar`: tiles as they are, beside an `index.tsv`. The parts are
filled in turn from one list, which takes the most detailed tile of every picture first, then the second, and so on:
the first part alone is a good corpus, and all of them are the whole.
"""

import argparse
import io
import tarfile
from collections import defaultdict
from dataclasses import astuple, dataclass
from pathlib import Path

import torch

from training.data.tiles import TileRecord, archives, read_index
from training.networks import eyes
from training.paths import DEFAULT_DATA

MEBIBYTE = 1 << 20
BLOCK = 512
"""Tar pads every file to whole blocks and puts a block before it."""
INDEX_ALLOWANCE = 256
"""Bytes of one line of the index, and more."""


@dataclass
class PackedTile:
    """A tile with its bytes; lossless WebP grows with the detail in it."""

    record: TileRecord
    content: bytes

    @property
    def size(self) -> int:
        """Bytes in the archive."""
        return BLOCK + -(-len(self.content) // BLOCK) * BLOCK + INDEX_ALLOWANCE


def read_packed(archive: Path) -> list[PackedTile]:
    """The tiles of one archive, still encoded."""
    records = {record.file: record for record in read_index(archive)}
    found = []
    with tarfile.open(archive) as tar:
        for member in tar:
            record = records.get(Path(member.name).name)
            if record and (stream := tar.extractfile(member)):
                found.append(PackedTile(record, stream.read()))
    return found


def in_order_of_use(tiles: list[PackedTile]) -> list[PackedTile]:
    """The most detailed tile of every picture, then the second of every picture, and so on; rendered text last."""
    pictures = defaultdict(list)
    for tile in tiles:
        pictures[tile.record.source].append(tile)
    ranked = []
    for source, group in pictures.items():
        group.sort(key=lambda tile: -len(tile.content))
        is_text = group[0].record.kind == "text"
        ranked += [((is_text, rank), source, tile) for rank, tile in enumerate(group)]
    return [tile for _, _, tile in sorted(ranked, key=lambda item: item[:2])]


def split(tiles: list[PackedTile], part_bytes: int) -> list[list[PackedTile]]:
    """Consecutive groups of at most `part_bytes` each."""
    parts: list[list[PackedTile]] = [[]]
    room = part_bytes - 20 * BLOCK
    for tile in tiles:
        if tile.size > room and parts[-1]:
            parts.append([])
            room = part_bytes - 20 * BLOCK
        parts[-1].append(tile)
        room -= tile.size
    return parts


def write_part(tiles: list[PackedTile], path: Path) -> None:
    """One archive in the form that `training.data.tiles` reads; it appears complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = "".join("\t".join(map(str, astuple(tile.record))) + "\n" for tile in tiles)
    partial = path.with_suffix(".partial")
    with tarfile.open(partial, "w") as tar:
        for name, content in [("index.tsv", rows.encode()), *((t.record.file, t.content) for t in tiles)]:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    partial.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where part-1, part-2, ... are made")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the tars")
    parser.add_argument("--mib", type=float, default=46.0, help="most MiB in a part")
    parser.add_argument("--textured", action="store_true", help="take the archives of textured photographs too, for detail, and the weights it sees with")
    parser.add_argument("--kinds", nargs="+", default=["photo", "art", "ui", "text"])
    options = parser.parse_args()
    tiles = [tile for a in archives(options.data, options.kinds, options.textured) for tile in read_packed(a)]
    chosen = in_order_of_use([tile for tile in tiles if tile.record.kind in options.kinds and not tile.record.doubtful])
    if options.textured:
        options.folder.mkdir(parents=True, exist_ok=True)
        torch.save(eyes.used(torch.load(eyes.weights_file(), weights_only=True, map_location="cpu")), options.folder / eyes.CARRIED)
    for number, part in enumerate(split(chosen, int(options.mib * MEBIBYTE)), start=1):
        path = options.folder / f"part-{number}" / f"train-part-{number}.tar"
        write_part(part, path)
        print(f"{path}: {len(part)} tiles, {path.stat().st_size / MEBIBYTE:.1f} MiB")


if __name__ == "__main__":
    main()
