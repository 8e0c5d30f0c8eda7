"""Credit for the training pictures, derived from the archives' `index.tsv`. `python -m training.data.sources` writes data.md."""

import argparse
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from training.data.tiles import HELD_OUT_PERCENT, TileRecord, archives, read_index
from training.paths import DEFAULT_DATA, PROJECT

INTRODUCTION = f"""# Training data

Written by `python -m training.data.sources` from the `index.tsv` of the archives; do not edit.

Tiles of 256x256 pixels cut from the pictures below, most of them scaled down first. All the tiles of about
{HELD_OUT_PERCENT} % of the pictures, marked "held out", were kept from training to watch its progress. The pictures
are not part of this project. Licences are quoted as the index records them.
"""


@dataclass(frozen=True)
class Source:
    """Where a picture comes from: `repository@commit:path`; collages name no commit."""

    repository: str
    commit: str
    path: str

    @classmethod
    def parse(cls, text: str) -> "Source":
        """Split a `source` of the index."""
        place, _, path = text.partition(":")
        repository, _, commit = place.partition("@")
        return cls(repository, commit, path)


def all_records(data: Path) -> list[TileRecord]:
    """The records of every archive under `data`."""
    return [record for archive in archives(data) for record in read_index(archive)]


def repositories(records: list[TileRecord]) -> dict[str, list[TileRecord]]:
    """Records by source repository, in alphabetical order."""
    grouped = defaultdict(list)
    for record in records:
        grouped[Source.parse(record.source).repository].append(record)
    return dict(sorted(grouped.items(), key=lambda item: item[0].lower()))


def credits(records: list[TileRecord]) -> list[str]:
    """One line for each repository: its name and its licences."""
    return [
        f"{repository} ({'; '.join(sorted({r.licence for r in group}))})"
        for repository, group in repositories(records).items()
    ]


def _table(records: list[TileRecord]) -> list[str]:
    lines = ["| repository | pictures | tiles | licences (tiles) |", "|---|---|---|---|"]
    for repository, group in repositories(records).items():
        licences = Counter(r.licence for r in group)
        quoted = "; ".join(f"{licence} ({count})" for licence, count in sorted(licences.items()))
        lines.append(f"| {repository} | {len({r.source for r in group})} | {len(group)} | {quoted} |")
    return lines


def _pictures(records: list[TileRecord]) -> list[str]:
    lines = []
    for repository, group in repositories(records).items():
        lines += ["", f"### {repository}", ""]
        tiles = Counter(r.source for r in group)
        for record in sorted({r.source: r for r in group}.values(), key=lambda r: r.source):
            source = Source.parse(record.source)
            place = f"`{source.commit}` {source.path}" if source.commit else f"{source.path or source.repository}"
            held_out = ", held out" if record.held_out else ""
            lines.append(f"- {place}: {record.licence}; {tiles[record.source]} tiles{held_out}")
    return lines


def document(records: list[TileRecord]) -> str:
    """The whole of data.md."""
    return "\n".join([INTRODUCTION, *_table(records), "", "## Pictures", *_pictures(records), ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the two tars")
    options = parser.parse_args()
    (PROJECT / "training" / "data.md").write_text(document(all_records(options.data)))


if __name__ == "__main__":
    main()
