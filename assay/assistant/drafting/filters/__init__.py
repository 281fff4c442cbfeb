"""What is taken off a candidate before it is checked: an ordered tuple of pure functions, one file each.

Each takes a Draft and returns a Draft, or the reason for which nothing is left of it.
"""

from __future__ import annotations

from collections.abc import Callable

from .brackets import brackets
from .draft import Draft, Drop
from .emptiness import emptiness
from .indentation import indentation
from .line_end import line_end
from .markers import markers
from .repetition import repetition
from .right_overlap import right_overlap
from .scope import scope
from .suffix_repeat import suffix_repeat

Filter = Callable[[Draft], Draft | Drop]

FILTERS: tuple[Filter, ...] = (
    markers,
    indentation,
    scope,
    suffix_repeat,
    right_overlap,
    brackets,
    repetition,
    emptiness,
    line_end,
)

__all__ = ["FILTERS", "Draft", "Drop", "Filter", "apply", "finished"]


def finished(draft: Draft) -> Draft | Drop:
    """A piece of what the filters left, as it is written into the document; or why it would be nothing."""
    found = emptiness(draft)
    return found if isinstance(found, Drop) else line_end(found)


def apply(draft: Draft) -> tuple[Draft | Drop, tuple[str, ...]]:
    """Run all filters in order; also the names of those that changed the text or dropped it."""
    changed: list[str] = []
    for one in FILTERS:
        result = one(draft)
        if isinstance(result, Drop):
            return result, (*changed, one.__name__)
        if result.text != draft.text:
            changed.append(one.__name__)
        draft = result
    return draft, tuple(changed)
