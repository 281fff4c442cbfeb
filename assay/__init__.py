"""Assay: a pair programmer that proves its suggestions before it offers them."""

__version__ = "0.1.0"
