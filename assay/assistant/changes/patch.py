"""Apply unified diffs to texts, strictly: a hunk that does not fit refuses the whole patch."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unidiff.patch import Hunk, PatchedFile, PatchSet

NOWHERE = "/dev/null"


class PatchError(Exception):
    """A diff that is none, or that does not fit the files; the message says where."""


@dataclass(frozen=True, slots=True)
class Patched:
    """What a diff makes of a file: its text before and after; None where it is not there."""

    name: str
    before: str | None
    after: str | None


def apply(text: str, diff: str) -> str:
    """`text` after the hunks of `diff`, which must be for one file, and may be hunks alone. Hunks may have moved; their old lines must match. Raises PatchError."""
    has_head = re.search(r"(?m)^--- ", diff) is not None
    files = _parsed(diff if has_head else f"--- a\n+++ b\n{diff}")
    if len(files) > 1:
        raise PatchError("The diff changes more than one file.")
    if not files or not files[0]:
        raise PatchError("Standard input has no hunk (`@@ … @@`); give a unified diff.")
    return _after(text, files[0], "the file")


def of_files(diff: str, read: Callable[[str], str]) -> list[Patched]:
    """What a diff of several files makes of each, in its order; a file that gets another name goes, and comes as a new one. `read` gives a file's text as it is,
    and raises OSError for one that is not there. Raises PatchError."""
    found: list[Patched] = []
    for one in _parsed(diff):
        if one.is_binary_file:
            raise PatchError(f"{one.path} is changed as a binary file; only text can be applied.")
        old, new = _name(one.source_file), _name(one.target_file)
        before = _read(old, read) if old is not None else None
        after = _after(before or "", one, old or new or one.path) if new is not None else None
        if old is not None and new is not None and old != new:
            found += [Patched(old, before, None), Patched(new, None, after)]
        else:
            found.append(Patched(new or old or one.path, before, after))
    if not found:
        raise PatchError("The diff changes no file; give a unified diff with its file names.")
    if len({one.name for one in found}) < len(found):
        raise PatchError("The diff changes a file twice.")
    return found


def lines_of(text: str) -> list[str]:
    """The lines as git and diff count them, with their ends: a form feed or a separator of paragraphs stands inside of one."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _parsed(diff: str) -> PatchSet:
    from unidiff.errors import UnidiffParseError
    from unidiff.patch import PatchSet

    try:
        return PatchSet(diff)
    except UnidiffParseError as error:
        raise PatchError(f"The diff cannot be read: {error}.") from error


def _name(told: str) -> str | None:
    """A file's path, without git's prefixes; None for the side that is not there."""
    path = told.partition("\t")[0].strip()
    return None if path == NOWHERE else re.sub(r"\A[ab]/", "", path)


def _read(name: str, read: Callable[[str], str]) -> str:
    try:
        return read(name)
    except OSError as error:
        raise PatchError(f"The diff changes {name}, which cannot be read ({error.strerror}).") from error


def _after(text: str, patched: PatchedFile, name: str) -> str:
    old, new, position = lines_of(text), list[str](), 0
    for number, hunk in enumerate(patched, start=1):
        before, after = _sides(hunk)
        start = hunk.source_start
        at = _find(old, before, max(start - 1, position) if before else start, position)
        if at is None:
            raise PatchError(f"Hunk {number} does not fit {name} near line {start}.")
        new += old[position:at] + after
        position = at + len(before)
    return "".join(new + old[position:])


def _sides(hunk: Hunk) -> tuple[list[str], list[str]]:
    """A hunk's old lines and its new ones."""
    before, after, last = list[str](), list[str](), list[list[str]]()
    for line in hunk:
        if line.line_type == "\\":  # the line before it has no end
            for side in last:
                side[-1] = side[-1].removesuffix("\n")
            continue
        last = [side for side, kind in ((before, "+"), (after, "-")) if line.line_type != kind]
        for side in last:
            side.append(line.value)
    return before, after


def _find(old: list[str], before: list[str], wanted: int, least: int) -> int | None:
    """The place nearest to `wanted` where `before` stands."""
    places = [at for at in range(least, len(old) - len(before) + 1) if old[at : at + len(before)] == before]
    return min(places, key=lambda at: abs(at - wanted), default=None)
