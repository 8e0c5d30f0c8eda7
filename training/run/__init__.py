"""Training: steps and their losses, runs, plans within a time limit, and what a run is watched by."""
