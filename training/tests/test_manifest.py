"""The committed manifest against the committed model files, and the credits."""

import hashlib
import json
import tempfile
import unittest
import unittest.mock
from pathlib import Path

from training.data import sources
from training.data.tiles import TileRecord
from training.networks.families import FAMILIES, build
from training.paths import MODELS
from training.report import card, manifest
from training.report.onnx_reference import OnnxReference

COLOUR_NAMES = {1: "luma", 3: "rgb"}


def disagreements(model: dict, path: Path) -> list[str]:
    """Fields of a manifest entry that the file at `path` contradicts."""
    content = path.read_bytes()
    network = OnnxReference(path)
    facts = {
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "scale": network.scale,
        "halo": network.halo,
        "parameters": network.parameters,
        "macs_per_output_pixel": network.multiply_adds_per_output_pixel,
    }
    return [field for field, value in facts.items() if model[field] != value]


class Manifest(unittest.TestCase):
    def setUp(self):
        self.models = json.loads((MODELS / "manifest.json").read_text())["models"]

    def test_describes_every_file_as_it_is(self):
        self.assertEqual({m["file"] for m in self.models}, {p.name for p in MODELS.glob("*.onnx")})
        for model in self.models:
            with self.subTest(model=model["id"]):
                self.assertEqual(disagreements(model, MODELS / model["file"]), [])
                family = FAMILIES[model["name"]]
                self.assertEqual((model["halo"], model["colour"]), (build(model["name"], model["scale"]).HALO, COLOUR_NAMES[family.COLOURS]))
                self.assertTrue((MODELS / model["card"]).is_file())

    def test_card_holds_the_manifests_scores(self):
        for page_name in {model["card"] for model in self.models}:
            page = (MODELS / page_name).read_text()
            described = [model for model in self.models if model["card"] == page_name]
            rows = card.score_table(described, {}).splitlines()
            self.assertEqual([row for row in rows if row not in page], [])
            changed = json.loads(json.dumps(described))
            # At the same size there is nothing to score.
            next(model for model in changed if model["scores"])["scores"]["set5"]["psnr_y"] += 0.1
            self.assertTrue([row for row in card.score_table(changed, {}).splitlines() if row not in page])
        with self.assertRaises(ValueError):
            card.fill("no markers", "scores", "")

    def test_nobody_loses_their_credit_because_tiles_are_missing(self):
        def record(kind: str) -> TileRecord:
            return TileRecord("a.webp", f"somebody/{kind}@1:a.png", 1, 0, 0, kind, "A", "CC0-1.0")

        def credits(kinds: tuple[str, ...]) -> list[str]:
            records = [record(kind) for kind in kinds]
            with (
                unittest.mock.patch.object(manifest, "archives", return_value=[Path("one.tar")]),
                unittest.mock.patch.object(manifest, "read_index", return_value=records),
            ):
                return manifest.credits_of("art", Path("somewhere"))

        learned = ["somebody/art (CC0-1.0)", "somebody/line (CC0-1.0)", "somebody/photo (CC0-1.0)"]
        self.assertEqual(credits(("line", "art", "photo", "text")), learned)
        with self.assertRaisesRegex(FileNotFoundError, "line.*render_art"):
            credits(("art", "photo", "text"))

    def test_notices_one_changed_byte(self):
        model = self.models[0]
        content = bytearray((MODELS / model["file"]).read_bytes())
        content[content.rindex(b"body3.weight") + 40] ^= 1
        with tempfile.TemporaryDirectory() as folder:
            changed = Path(folder) / model["file"]
            changed.write_bytes(content)
            self.assertEqual(disagreements(model, changed), ["sha256"])


class Credits(unittest.TestCase):
    def test_one_line_for_each_repository_with_all_its_licences(self):
        records = [
            TileRecord("a.webp", "b/pictures@12ab:x.png", 1, 0, 0, "photo", "A", "CC0-1.0"),
            TileRecord("b.webp", "b/pictures@34cd:y.png", 1, 0, 0, "photo", "A", "CC-BY-4.0"),
            TileRecord("c.webp", "a/collage", 1, 0, 0, "art", "A", "Apache-2.0"),
        ]
        self.assertEqual(sources.credits(records), ["a/collage (Apache-2.0)", "b/pictures (CC-BY-4.0; CC0-1.0)"])
        self.assertIn("`12ab` x.png: CC0-1.0; 1 tiles", sources.document(records))


if __name__ == "__main__":
    unittest.main()
