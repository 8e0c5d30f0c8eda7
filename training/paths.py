"""Where the project's files lie."""

from pathlib import Path

TRAINING = Path(__file__).resolve().parent
PROJECT = TRAINING.parent
MODELS = PROJECT / "models"
CHECKPOINTS = TRAINING / "checkpoints"
DEFAULT_DATA = PROJECT.parent / "shared" / "data"
