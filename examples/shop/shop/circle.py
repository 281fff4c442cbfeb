"""Round parcels."""

from __future__ import annotations


def circumference(radius: float) -> float:
    """Return the length of the way round a circle."""
    return math.
