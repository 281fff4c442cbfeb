"""Make a statement whole that is still being typed, so that a parser, a linter and jedi can look at what is there of it."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from . import syntax
from .brackets import open_quote, scan

LINE_LIMIT = 12  # lines above the cursor at which its statement may begin
LENGTH_LIMIT = 4000  # characters of a statement that is looked at
WORK_LIMIT = 60_000  # characters parsed in search of a closing: 10 ms on the event loop, 70 closings of a statement of 800 characters
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
    """The shortest closing of the statement at the cursor between `before` and `after`; None where none is found in WORK_LIMIT."""
    lines = before.rsplit("\n", LINE_LIMIT)[-LINE_LIMIT:]
    rest = after.split("\n", 1)[0]
    rest = rest if lines[-1].strip() else rest.lstrip()
    left = WORK_LIMIT
    if len(lines[-1]) + len(rest) > LENGTH_LIMIT:
        return None
    for start in _starts(lines):
        text = textwrap.dedent("\n".join(lines[start:])) if start < len(lines) - 1 else lines[start].lstrip()
        for found, whole in _closings(text, rest):
            if (left := left - len(whole)) < 0:
                return None
            if _parses(whole):
                return found
    return None


def is_statement(before: str, after: str) -> bool:
    """Whether the statement at the cursor is whole as it stands and does something: a name alone is the beginning of more."""
    found = closing(before, after)
    if found is None or not found.is_nothing:
        return False
    lines, rest = before.rsplit("\n", LINE_LIMIT)[-LINE_LIMIT:], after.split("\n", 1)[0]
    for start in _starts(lines):
        tree = syntax.module(textwrap.dedent("\n".join(lines[start:])).lstrip() + rest)
        if tree is not None and tree.body:
            last = tree.body[-1]
            return not isinstance(last, ast.Expr) or isinstance(
                last.value, ast.Call | ast.Await | ast.Yield | ast.YieldFrom
            )
    return False


def _starts(lines: list[str]) -> Iterator[int]:
    """The lines on which the statement of the last one may begin, likeliest first: itself, and those above on which a bracket or a string is
    opened that is open there still, or from which a backslash leads down; for a case, its match."""
    last = nearest = len(lines) - 1
    if lines[last].lstrip().startswith("case "):
        yield from (n for n in range(last - 1, -1, -1) if lines[n].lstrip().startswith("match "))
    yield last
    depth = 0
    for start in range(last - 1, -1, -1):
        if not lines[start].strip() or sum(map(len, lines[start:])) > LENGTH_LIMIT:
            return
        found = scan("\n".join(lines[start:last]) + "\n")
        open_here = len(found.open) + bool(found.quote)
        if open_here > depth or (lines[start].endswith("\\") and nearest == start + 1):
            depth, nearest = max(depth, open_here), start
            yield start


def _closings(text: str, rest: str) -> Iterator[tuple[Closing, str]]:
    """What might close a statement, shortest first, each with the text that must then parse."""
    quote = open_quote(text)
    word = text.split(maxsplit=1)[0].rstrip(":") if text.strip() else ""
    head = _HEADS.get(word, "")
    for middle in _MIDDLES:
        lead = quote + middle
        brackets = scan(text + lead + rest).closers
        for end in _ENDS:
            yield Closing(lead, brackets + end), head + text + lead + rest + brackets + end


def _parses(text: str) -> bool:
    try:
        syntax.abstract(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
