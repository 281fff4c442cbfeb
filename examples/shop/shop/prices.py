"""Prices in cents, and what is done with them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Price:
    """An amount of money in cents."""

    cents: int

    def __add__(self, other: Price) -> Price:
        """Add two prices."""
        return Price(self.cents + other.cents)


def add(a: int, b: int) -> int:
    """Add two amounts."""
    return a + b
