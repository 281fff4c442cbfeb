"""Drop what would add nothing: white space, comments, a lone placeholder."""

from __future__ import annotations

from analyzers.brackets import LONG_QUOTES

from .draft import Draft, Drop

PLACEHOLDERS = frozenset({"pass", "...", "# TODO", "raise NotImplementedError", "raise NotImplementedError()"})


def emptiness(draft: Draft) -> Draft | Drop:
    """The draft, unless no line of it is code."""
    lines = [line.strip() for line in draft.text.split("\n") if line.strip()]
    if not lines:
        return Drop("nothing is left of it")
    if draft.is_fresh_line and all(line.startswith("#") for line in lines):
        return Drop("only comments")
    if draft.is_fresh_line and all(line in PLACEHOLDERS for line in lines):
        return Drop("only a placeholder")
    if (
        draft.is_fresh_line
        and lines[0].startswith(LONG_QUOTES)
        and all(line.endswith(LONG_QUOTES) for line in (lines[0], lines[-1]))
    ):
        return Drop("only a string")
    return draft
