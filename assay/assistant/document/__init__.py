"""Docstrings and pages of an API, from facts."""
