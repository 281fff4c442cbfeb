"""A body that a rule wrote. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..wishes.wish import Wish
from .shape import Shape


@dataclass(frozen=True, slots=True)
class Made:
    """The lines of a body, the rule that wrote it in a few words, and the import statements that it needs."""

    body: str
    told: str
    imports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class About:
    """A wish with the class that owns it (None for a function), and the classes that its file knows, by name."""

    wish: Wish
    owner: Shape | None
    shapes: Mapping[str, Shape]

    @property
    def name(self) -> str:
        """The function's name."""
        return self.wish.name

    @property
    def given(self) -> tuple[str, ...]:
        """The names of what a call gives."""
        return tuple(one.name for one in self.wish.given)
