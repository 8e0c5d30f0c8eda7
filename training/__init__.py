"""Training, export and evaluation of Inlarge's super-resolution networks."""
