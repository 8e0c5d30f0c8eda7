"""Scores of files: published and own test sets, cards, contact sheets, the choice of a model."""
