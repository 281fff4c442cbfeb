"""Mend a candidate before it is dropped: close its brackets, add an import, take the nearest real name.

Pure; every mended text is checked again like any other, so a bad repair costs time and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from analyzers import imports, names

from .filters.brackets import PAIRS, code_brackets
from .filters.draft import Draft

CLOSERS = {opening: closing for closing, opening in PAIRS.items()}


def syntax_error(draft: Draft) -> Iterator[tuple[str, str]]:
    """Texts in which what is open gets closed, and what each repair did."""
    text = draft.text.rstrip()
    missing = _missing(draft)
    if missing:
        yield text + missing, f"closed {missing}"
        if text.endswith(":"):
            yield text[:-1] + missing + ":", f"closed {missing}"
    if text.rstrip().endswith((",", "\\")):
        yield text.rstrip().rstrip(",\\").rstrip() + missing, "took off the unfinished end"


def undefined_name(
    draft: Draft, undefined: tuple[str, ...], texts: Mapping[str, str], name: str
) -> Iterator[tuple[str, str]]:
    """The text with the imports that its undefined names need, where it starts a line."""
    if not draft.is_fresh_line:
        return
    needed = []
    for one in dict.fromkeys(undefined):
        statement = imports.statement_for(one, draft.text, texts, name)
        if statement is None:
            return
        needed.append(statement)
    lead = draft.text[: len(draft.text) - len(draft.text.lstrip(" \t"))]
    if needed:
        indent = draft.line_before + lead
        yield (
            lead + "".join(f"{statement}\n{indent}" for statement in needed) + draft.text[len(lead) :],
            "added " + "; ".join(needed),
        )


def unknown_name(
    draft: Draft, unknown: tuple[names.Unknown, ...], span_start: int, after: str
) -> Iterator[tuple[str, str]]:
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
        yield text, "renamed " + ", ".join(told)


def _missing(draft: Draft) -> str:
    stack: list[str] = []
    start = draft.line_before
    for _, character in code_brackets(start + draft.text):
        if character in CLOSERS:
            stack.append(character)
        elif stack and stack[-1] == PAIRS[character]:
            stack.pop()
    return "".join(CLOSERS[character] for character in reversed(stack))
