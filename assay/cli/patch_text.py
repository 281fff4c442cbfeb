"""Apply a unified diff to one text, strictly: a hunk that does not fit refuses the whole patch."""

from __future__ import annotations

import re

_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@")


class PatchError(Exception):
    """A diff that is none, or that does not fit the file; the message says where."""


def apply(text: str, diff: str) -> str:
    """`text` after the hunks of `diff`, which must be for one file. Hunks may have moved; their old lines must match."""
    old = lines_of(text)
    new: list[str] = []
    position = 0
    hunks = _hunks(diff)
    if not hunks:
        raise PatchError("Standard input has no hunk (`@@ … @@`); give a unified diff.")
    for number, (start, before, after) in enumerate(hunks, start=1):
        at = _find(old, before, max(start - 1, position) if before else start, position)
        if at is None:
            raise PatchError(f"Hunk {number} does not fit the file near line {start}.")
        new += old[position:at] + after
        position = at + len(before)
    return "".join(new + old[position:])


def lines_of(text: str) -> list[str]:
    """The lines as git and diff count them, with their ends: a form feed or a separator of paragraphs stands inside of one."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _hunks(diff: str) -> list[tuple[int, list[str], list[str]]]:
    hunks: list[tuple[int, list[str], list[str]]] = []
    files = 0
    left = 0
    for line in lines_of(diff):
        if left <= 0 and line.startswith("--- "):
            files += 1
            if files > 1:
                raise PatchError("The diff changes more than one file.")
        elif found := _HUNK.match(line):
            hunks.append((int(found[1]), [], []))
            left = int(found[2] or 1) + 1
        elif hunks and line.startswith("\\"):
            side = hunks[-1][2] if hunks[-1][2] else hunks[-1][1]
            for lines in (hunks[-1][1], hunks[-1][2]):
                if lines is side or (hunks[-1][1][-1:] == hunks[-1][2][-1:]):
                    lines[-1:] = [lines[-1].rstrip("\r\n")] if lines else []
        elif (hunks and line[:1] in (" ", "-", "+")) or (hunks and line in ("\n", "\r\n")):
            body = line[1:] if line[:1] in (" ", "-", "+") else line
            if line[:1] != "+":
                hunks[-1][1].append(body)
                left -= 1
            if line[:1] != "-":
                hunks[-1][2].append(body)
    return hunks


def _find(old: list[str], before: list[str], wanted: int, least: int) -> int | None:
    """The place nearest to `wanted` where `before` stands."""
    places = [at for at in range(least, len(old) - len(before) + 1) if old[at : at + len(before)] == before]
    return min(places, key=lambda at: abs(at - wanted), default=None)
