"""Numbers about sales."""

from __future__ import annotations


def total(amounts: list[int]) -> int:
    """Return the sum of all amounts."""
    return sum(amounts)


def largest(amounts: list[int]) -> int:
    """Return the largest amount."""
    return max(amounts)


def smallest(amounts: list[int]) -> int:
    """Return the smallest amount."""
    
