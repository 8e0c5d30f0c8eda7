"""Tiles: archives, corpora and patches, rendered pictures, and what wears pictures out."""
