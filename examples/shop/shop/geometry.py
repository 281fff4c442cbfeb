"""Sizes of parcels."""

from __future__ import annotations


def area(width: float, height: float) -> float:
    """Return the area of a rectangle."""
    return width * height


def diagonal(width: float, height: float) -> float:
    """Return math.sqrt of the sum of both squares."""
    
