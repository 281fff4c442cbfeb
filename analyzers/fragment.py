"""Make a statement whole that is still being typed, so that a parser, a linter and jedi can look at what is there of it."""

from __future__ import annotations

import ast
import textwrap
import warnings
from dataclasses import dataclass

from .brackets import open_quote, scan

LINE_LIMIT = 12  # lines above the cursor at which its statement may begin
LENGTH_LIMIT = 4000  # characters of a statement; each of the closings tried is parsed
# What may have to follow before brackets are closed, likeliest first; and what may have to follow after them.
_MIDDLES = ("", "x", " x", ": 0", " in x", " else 0", " import x", "=0", " as x", " def x(): pass")
_ENDS = ("", ": pass", "(): pass", "\ndef x(): pass", " in x: pass", " else 0", ": pass\nexcept: pass")
_HEADS = {"elif": "if x: pass\n", "else": "if x: pass\n", "except": "try: pass\n", "finally": "try: pass\n"}


@dataclass(frozen=True, slots=True)
class Closing:
    """What makes the statement whole: `middle` goes right behind the cursor, `end` behind the rest of its line."""

    middle: str
    end: str

    @property
    def is_nothing(self) -> bool:
        """Whether the statement is whole as it stands."""
        return not (self.middle or self.end)


def closing(before: str, after: str) -> Closing | None:
    """The shortest closing of the statement at the cursor between `before` and `after`; None where none is found."""
    lines = before.rsplit("\n", LINE_LIMIT)[-LINE_LIMIT:]
    rest = after.split("\n", 1)[0]
    for start in range(len(lines) - 1, -1, -1):
        if start < len(lines) - 1 and not lines[start].strip():
            return None
        if sum(map(len, lines[start:])) + len(rest) > LENGTH_LIMIT:
            return None
        text = textwrap.dedent("\n".join(lines[start:])) if start < len(lines) - 1 else lines[start].lstrip()
        found = _closing(text, rest)
        if found is not None:
            return found
    return None


def _closing(text: str, rest: str) -> Closing | None:
    quote = open_quote(text)
    word = text.split(maxsplit=1)[0].rstrip(":") if text.strip() else ""
    head = _HEADS.get(word, "")
    for middle in _MIDDLES:
        lead = quote + middle
        brackets = scan(text + lead + rest).closers
        for end in _ENDS:
            if _parses(head + text + lead + rest + brackets + end):
                return Closing(lead, brackets + end)
    return None


def _parses(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
