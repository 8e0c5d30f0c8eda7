"""Where the project's files lie."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
MODELS = PROJECT / "models"
CHECKPOINTS = PROJECT / "training" / "checkpoints"
DEFAULT_DATA = PROJECT.parent / "shared" / "data"
