"""What may be completed at an offset, judged from the lines around it: broken code is the normal case."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from . import syntax
from .brackets import CLOSERS, LONG_QUOTES, OPENERS, open_quote, scan
from .fragment import closing
from .text import TAB, Snapshot, Span, columns

SiteKind = Literal["none", "line", "block", "function"]

REACH = 400  # rows above the cursor in which the functions around it begin
_HEADER = re.compile(r"\s*(async\s+def|def|class)\s+(\w+)")
_IN_STRING = frozenset(
    {"string", "string_content", "string_start", "string_end", "escape_sequence", "concatenated_string"}
)


@dataclass(frozen=True, slots=True)
class Site:
    """`indent` is the column at which written code starts; `scope` the names around it, outermost first.

    `floor` is the column that no line of it may stand left of, and `header` the row (from 0) of the function for which that is so; `is_single`
    says that one line ends it, or one statement in brackets: there is code right of the cursor, or no function around it whose statements could follow.

    `why` says in one sentence why there is nothing to complete; empty unless `kind` is "none". `is_prose`: it is none because
    the cursor is in a comment or a string, where only somebody who asks gets something (`in_prose`).
    """

    kind: SiteKind
    indent: int = 0
    scope: tuple[str, ...] = ()
    why: str = ""
    is_prose: bool = False
    floor: int = 0
    is_single: bool = True
    header: int | None = None


def own_line(snapshot: Snapshot, offset: int) -> Snapshot:
    """The document with the line that is being typed on its own, where it is typed above another one without a line end yet:
    the run of typing began where that line began, and the two together make no sense or it has come down from a line above."""
    run, line = snapshot.typed, snapshot.line_of(offset)
    rest = snapshot.text[offset : snapshot.line_span(line).end]
    if run is None or run.end != offset or run.start == offset or not rest.strip():
        return snapshot
    first = snapshot.line_span(snapshot.line_of(run.start)).start
    if snapshot.text[first : run.start].strip():
        return snapshot
    if snapshot.line_of(run.start) == line and closing(snapshot.text[:offset], rest) is not None:
        return snapshot
    return replace(snapshot.edited(Span(offset, offset), "\n", snapshot.version), typed=run)


def in_prose(snapshot: Snapshot, offset: int) -> Site:
    """The site inside a comment or a string: the rest of the line."""
    line = snapshot.line_of(offset)
    before = snapshot.text[snapshot.line_span(line).start : offset]
    return Site("line", columns(before), _Lines(snapshot, line).scope(columns(before)))


def at(snapshot: Snapshot, offset: int) -> Site:
    """The site at `offset` (code points)."""
    line = snapshot.line_of(offset)
    span = snapshot.line_span(line)
    before, after = snapshot.text[span.start : offset], snapshot.text[offset : span.end]
    if len(snapshot.text) > syntax.PARSE_LIMIT:
        return Site("none", why="The file is too large.")
    if why := _inside(snapshot, offset, before):
        return Site("none", why=why, is_prose=True)
    if _is_word(after[:1]) and _is_word(before[-1:]):
        return Site("none", why="The cursor is inside a word.")
    lines = _Lines(snapshot, line)
    if before.strip():
        found = Site("line", columns(before), lines.scope(columns(before)))
    else:
        found = _at_blank(lines, len(before.expandtabs(TAB)) if before else None)
    header = lines.function(found.indent)
    is_single = found.kind == "line" and (header is None or bool(after.strip()))
    floor = found.indent if header is None else columns(lines.text(header)) + 1
    return replace(found, floor=floor, is_single=is_single, header=header)


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _at_blank(lines: _Lines, typed: int | None) -> Site:
    """On a line of white space only; `typed` is its column, None at column 0 where nothing was typed yet."""
    above, below = lines.above(), lines.below()
    header = lines.header_above()
    if header is None:
        indent = typed if typed is not None else columns(above)
        return Site("line", indent, lines.scope(indent))
    text, is_function = header
    indent = max(typed or 0, columns(text) + 1) if typed else columns(text) + TAB
    if lines.rest().strip() or (below and columns(below) > columns(text)):
        return Site("line", indent, lines.scope(indent))
    return Site("function" if is_function else "block", indent, lines.scope(indent))


def _inside(snapshot: Snapshot, offset: int, before: str) -> str:
    node = syntax.node_at(snapshot.tree, snapshot.text, max(offset - 1, 0))
    while node is not None:
        if node.type == "comment" and before.strip():
            return "The cursor is in a comment."
        if node.type in _IN_STRING and not _just_after(node, snapshot, offset):
            return "The cursor is in a string."
        node = node.parent if node.type in ("string_start", "string_content", "escape_sequence", "string_end") else None
    # A string that is not closed yet is seen by no parser.
    above = snapshot.text[:offset]
    if any(quote in above for quote in LONG_QUOTES) and open_quote(above) in LONG_QUOTES:
        return "The cursor is in a string."
    return "The cursor is in a string." if open_quote(before) and not _in_interpolation(snapshot, offset) else ""


def _in_interpolation(snapshot: Snapshot, offset: int) -> bool:
    node = syntax.node_at(snapshot.tree, snapshot.text, max(offset - 1, 0))
    while node is not None:
        if node.type == "interpolation":
            return True
        node = node.parent
    return False


def _just_after(node: object, snapshot: Snapshot, offset: int) -> bool:
    data = snapshot.text if snapshot.text.isascii() else None
    at = offset if data is not None else len(snapshot.text[:offset].encode("utf-8", "surrogatepass"))
    return getattr(node, "end_byte", 0) <= at


@dataclass(frozen=True, slots=True)
class _Lines:
    snapshot: Snapshot
    line: int

    def text(self, line: int) -> str:
        span = self.snapshot.line_span(line)
        return self.snapshot.text[span.start : span.end]

    def rest(self) -> str:
        return self.text(self.line)

    def above(self) -> str:
        return next((t for n in range(self.line - 1, -1, -1) if (t := self.text(n)).strip()), "")

    def below(self) -> str:
        last = min(len(self.snapshot.line_starts), self.line + 200)
        return next((t for n in range(self.line + 1, last) if (t := self.text(n)).strip()), "")

    def scope(self, indent: int) -> tuple[str, ...]:
        names: list[str] = []
        for number in range(self.line - 1, -1, -1):
            found = _HEADER.match(text := self.text(number))
            if found and columns(text) < indent:
                names.append(found[2])
                indent = columns(text)
            if indent == 0:
                break
        return tuple(reversed(names))

    def function(self, indent: int) -> int | None:
        """The row of the header of the outermost of the functions in each other around a line at `indent`: the code of each may be missing, and
        whether a line goes with the code below is seen where it is parsed. None outside of functions."""
        opens = self._opens(self.line)
        starts, last = self.snapshot.line_starts, self.line + opens
        first = max(0, last - REACH)
        ends = [*starts[first + 1 : last + 1], len(self.snapshot.text)]
        rows = [
            self.snapshot.text[starts[n] : ends[n - first]].rstrip("\r\n") for n in range(first, min(last, len(starts)))
        ]
        outermost, depth = None, indent + opens
        for number in range(last - 1, first - 1, -1):
            text = rows[number - first]
            if (
                not depth or text[:depth].isspace() or not text
            ):  # most rows, in a fraction of what telling columns takes
                continue
            if text.strip() and columns(text) < depth and not self._is_no_statement(number, text):
                depth = columns(text)
                found = _HEADER.match(text)
                if found and found[1] == "class":
                    break
                outermost = number if found else outermost
        return outermost

    def _is_no_statement(self, number: int, text: str) -> bool:
        """Whether a row that stands further left tells nothing of the block: it closes brackets, is a comment, or the text of a string."""
        if text.lstrip()[0] in "#)]}":
            return True
        if _HEADER.match(text):
            return False
        start = self.snapshot.line_starts[number] + len(text) - len(text.lstrip())
        node = syntax.node_at(self.snapshot.tree, self.snapshot.text, start)
        return node is not None and node.type in ("string_content", "string_end", "escape_sequence")

    def header_above(self) -> tuple[str, bool] | None:
        """The line that opens the block in which the cursor is first, and whether it is a function's."""
        number = self._code_above(self.line)
        if number is None:
            return None
        if (closed := self._docstring_start(number)) is not None:
            number = self._code_above(closed)
            if number is None:
                return None
        if not self._opens(number):
            return None
        start = self._statement_start(number)
        text = self.text(start)
        return text, bool(re.match(r"\s*(async\s+def|def)\b", text))

    def _opens(self, number: int) -> bool:
        return re.sub(r"\s*#.*$", "", self.text(number)).rstrip().endswith(":")

    def _code_above(self, line: int) -> int | None:
        return next((n for n in range(line - 1, -1, -1) if self.text(n).strip()), None)

    def _docstring_start(self, number: int) -> int | None:
        text = self.text(number).strip()
        for quote in LONG_QUOTES:
            if text.endswith(quote):
                if text.count(quote) >= 2 or (text.startswith(quote) and len(text) > 3 and text.count(quote) == 2):
                    return number if text.lstrip("rRbBuUfF").startswith(quote) else None
                for above in range(number - 1, max(number - 200, -1), -1):
                    if quote in self.text(above):
                        return above if self.text(above).strip().lstrip("rRbBuU").startswith(quote) else None
        if re.fullmatch(r"""[rRuU]?("[^"]*"|'[^']*')""", text):
            return number
        return None

    def _statement_start(self, number: int) -> int:
        """The first line of a header that runs over several: the nearest `def` whose brackets close on `number`."""
        depth = 0
        for line in range(number, max(number - 50, -1), -1):
            text = self.text(line)
            signs = [sign for _, sign in scan(text).brackets]
            depth += sum(sign in OPENERS for sign in signs) - sum(sign in CLOSERS for sign in signs)
            if depth <= 0:
                return line
        return number
