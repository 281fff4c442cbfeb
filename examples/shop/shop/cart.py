"""A shopping cart."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Cart:
    """Items by name, with how many of each."""

    items: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, count: int = 1) -> None:
        """Put `count` pieces of `name` into the cart."""
        self.items[name] = self.items.get(name, 0) + count

    def remove(self, name: str) -> None:
        """Take `name` out of the cart."""
        
