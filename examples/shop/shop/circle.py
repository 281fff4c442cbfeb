"""Round parcels."""

from __future__ import annotations


def area(radius: float) -> float:
    """Return the area of a circle."""
    return math.
