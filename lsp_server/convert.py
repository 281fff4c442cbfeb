"""Between the protocol's positions and offsets in code points. The only place where positions exist."""

from __future__ import annotations

from lsprotocol import types

from analyzers.text import Edit, Snapshot, Span

from .capabilities import Encoding


def offset_at(snapshot: Snapshot, position: types.Position, encoding: Encoding) -> int:
    """The offset of a position; one outside the line or the document means its end, as the protocol has it."""
    if position.line >= len(snapshot.line_starts):
        return len(snapshot.text)
    span = snapshot.line_span(position.line)
    line = snapshot.text[span.start : span.end]
    return span.start + _code_points(line, position.character, encoding)


def position_at(snapshot: Snapshot, offset: int, encoding: Encoding) -> types.Position:
    """The position of an offset."""
    line = snapshot.line_of(offset)
    start = snapshot.line_starts[line]
    return types.Position(line, _units(snapshot.text[start:offset], encoding))


def range_of(snapshot: Snapshot, span: Span, encoding: Encoding) -> types.Range:
    """The range of a span."""
    return types.Range(position_at(snapshot, span.start, encoding), position_at(snapshot, span.end, encoding))


def text_edit(snapshot: Snapshot, edit: Edit, encoding: Encoding) -> types.TextEdit:
    """An edit of a document."""
    return types.TextEdit(range_of(snapshot, edit.span, encoding), edit.text)


def _code_points(line: str, units: int, encoding: Encoding) -> int:
    if encoding == "utf-32" or line.isascii():
        return min(units, len(line))
    if encoding == "utf-8":
        return len(line.encode("utf-8", "surrogatepass")[:units].decode("utf-8", "ignore"))
    return len(line.encode("utf-16-le", "surrogatepass")[: 2 * units].decode("utf-16-le", "ignore"))


def _units(text: str, encoding: Encoding) -> int:
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-8":
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
