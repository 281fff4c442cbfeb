"""Mend a candidate before it is dropped: close its brackets, add an import, take the nearest real name.

Pure; every mended text is checked again like any other, so a bad repair costs time and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from analyzers import imports, names

from .filters.brackets import PAIRS, code_brackets
from .filters.draft import Draft

CLOSERS = {opening: closing for closing, opening in PAIRS.items()}


@dataclass(frozen=True, slots=True)
class Mended:
    """A candidate's text after a repair, what the repair did, and the import statements that go to the top of the file."""

    text: str
    told: str
    imports: tuple[str, ...] = ()


def syntax_error(draft: Draft) -> Iterator[Mended]:
    """Texts in which what is open gets closed."""
    text = draft.text.rstrip()
    missing = _missing(draft)
    if missing:
        yield Mended(text + missing, f"closed {missing}")
        if text.endswith(":"):
            yield Mended(text[:-1] + missing + ":", f"closed {missing}")
    if text.rstrip().endswith((",", "\\")):
        yield Mended(text.rstrip().rstrip(",\\").rstrip() + missing, "took off the unfinished end")


def undefined_name(draft: Draft, undefined: tuple[str, ...], texts: Mapping[str, str], name: str) -> Iterator[Mended]:
    """The text with the imports that its undefined names need: before it where it starts a line, so that it is whole in
    itself; at the top of the file where it continues one."""
    needed = []
    for one in dict.fromkeys(undefined):
        statement = imports.statement_for(one, draft.line_before + draft.text, texts, name)
        if statement is None:
            return
        needed.append(statement)
    told = "added " + "; ".join(needed)
    lead = draft.text[: len(draft.text) - len(draft.text.lstrip(" \t"))]
    if needed and draft.is_fresh_line:
        indent = draft.line_before + lead
        yield Mended(lead + "".join(f"{one}\n{indent}" for one in needed) + draft.text[len(lead) :], told)
    elif needed:
        yield Mended(draft.text, told, tuple(needed))


def unknown_name(draft: Draft, unknown: tuple[names.Unknown, ...], span_start: int, after: str) -> Iterator[Mended]:
    """The text with each name that does not exist replaced by the nearest that does."""
    text, told = draft.text, []
    starts = [0]
    for line in after.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    for one in sorted(unknown, key=lambda u: (u.line, u.column), reverse=True):
        at = starts[one.line - 1] + one.column - span_start
        if not one.instead or at < 0 or at + one.length > len(text):
            return
        told.append(f"{text[at : at + one.length]} → {one.instead}")
        text = text[:at] + one.instead + text[at + one.length :]
    if told:
        yield Mended(text, "renamed " + ", ".join(told))


def _missing(draft: Draft) -> str:
    stack: list[str] = []
    start = draft.line_before
    for _, character in code_brackets(start + draft.text):
        if character in CLOSERS:
            stack.append(character)
        elif stack and stack[-1] == PAIRS[character]:
            stack.pop()
    return "".join(CLOSERS[character] for character in reversed(stack))
