"""Documents as frozen snapshots, and positions as offsets in code points. No protocol, no files."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from . import syntax

if TYPE_CHECKING:
    from tree_sitter import Tree

    from .notebooks import Cells

TAB = 4  # columns of a tab, and of one step of indentation where nothing says otherwise
_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Span:
    """Start (inclusive) and end (exclusive) offsets, in code points of one text."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"a span cannot run from {self.start} to {self.end}")


@dataclass(frozen=True, slots=True)
class Edit:
    """One replacement in a text."""

    span: Span
    text: str


@dataclass(frozen=True)
class Snapshot:
    """One document at one version. `path` is absolute, or "" for a document that is no file.

    `preamble` is text that stands before it without being in it: the earlier cells of a notebook, whose `cells` are all others. `typed` is what was
    written last in one go, key by key or in larger pieces, each right behind the one before.
    """

    uri: str
    path: str
    version: int
    text: str
    preamble: str = ""
    typed: Span | None = None
    _parsed: Tree | None = field(default=None, repr=False, compare=False)
    cells: Cells | None = None

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        """Offset of every line's first character; lines end as the protocol has it, at LF, CRLF or CR only."""
        return (0, *(match.end() for match in _LINE_END.finditer(self.text)))

    @cached_property
    def tree(self) -> Tree:
        """The syntax tree, parsed from an edited older one where there is one."""
        return syntax.parse(self.text, self._parsed)

    def line_of(self, offset: int) -> int:
        """0-based line that holds `offset`."""
        return bisect.bisect_right(self.line_starts, offset) - 1

    def line_span(self, line: int) -> Span:
        """The line without its end; `line` is clamped to the document."""
        line = min(max(line, 0), len(self.line_starts) - 1)
        start = self.line_starts[line]
        end = self.line_starts[line + 1] if line + 1 < len(self.line_starts) else len(self.text)
        return Span(start, start + len(self.text[start:end].rstrip("\r\n")))

    def edited(self, span: Span, new_text: str, version: int) -> Snapshot:
        """This document with `span` replaced; the tree, where it was already parsed, is handed on for reuse."""
        text = self.text[: span.start] + new_text + self.text[span.end :]
        parsed = self.__dict__.get("tree")
        older = syntax.edited(parsed, self.text, text, span.start, span.end, len(new_text)) if parsed else None
        other = Snapshot(
            self.uri, self.path, version, text, self.preamble, self._typed_after(span, len(new_text)), older, self.cells
        )
        other.__dict__["line_starts"] = self._starts_after(span, len(new_text), text)
        return other

    def _typed_after(self, span: Span, inserted: int) -> Span | None:
        """The run of typing after one more edit: continued at its end (forwards or by deleting back), else begun anew."""
        run = self.typed
        if run is not None and span.end == run.end and span.start >= run.start:
            return Span(run.start, span.start + inserted)
        return Span(span.start, span.start + inserted) if span.start == span.end else None

    def _starts_after(self, span: Span, inserted: int, text: str) -> tuple[int, ...]:
        """Line starts of `text`, in which `inserted` characters stand for `span`: only the lines around it are looked at,
        one more on each side because the halves of a CRLF may have met or parted."""
        first, last = max(self.line_of(span.start) - 1, 0), self.line_of(span.end) + 2
        shift = inserted - (span.end - span.start)
        begin = self.line_starts[first]
        end = self.line_starts[last] + shift if last < len(self.line_starts) else len(text)
        between = (begin + match.end() for match in _LINE_END.finditer(text[begin:end]))
        tail = (start + shift for start in self.line_starts[last + 1 :])
        return (*self.line_starts[: first + 1], *between, *tail)

    def without_tree(self) -> Snapshot:
        """The same document with its tree forgotten: for many edits at once one new parse is cheaper."""
        return replace(self, _parsed=None)

    def with_text(self, text: str, version: int) -> Snapshot:
        """The same document with other content."""
        return replace(self, text=text, version=version, typed=None, _parsed=None)


def applied(text: str, edits: Iterable[Edit]) -> str:
    """A text with edits that do not overlap."""
    for edit in sorted(edits, key=lambda one: one.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def columns(line: str) -> int:
    """The columns of white space that a line begins with."""
    expanded = line.expandtabs(TAB)
    return len(expanded) - len(expanded.lstrip())


def changed_span(before: str, after: str) -> tuple[Span, Span]:
    """The smallest replaced spans, in `before` and in `after`, that turn one into the other."""
    limit = min(len(before), len(after))
    start = _most(limit, lambda n: before[:n] == after[:n])
    end = _most(limit - start, lambda n: before[len(before) - n :] == after[len(after) - n :])
    return Span(start, len(before) - end), Span(start, len(after) - end)


def _most(limit: int, holds: Callable[[int], bool]) -> int:
    """The largest number up to `limit` for which `holds`; it holds for all smaller ones too."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return low
