"""Untrusted code runs here, in single-use containers, and nowhere else."""
