"""Where the nodes of Python's syntax tree stand in their text: its columns are bytes, ours are code points."""

from __future__ import annotations

import ast

from .text import Span


class Places:
    """Spans of the nodes of the tree that was parsed from `text`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._rows = text.split("\n")
        self._starts = [0]
        for row in self._rows:
            self._starts.append(self._starts[-1] + len(row) + 1)

    def offset(self, line: int, column: int) -> int:
        """The offset of a line (from 1) and column (from 0, in bytes)."""
        row = self._rows[line - 1]
        if line == 1 and row.startswith("\ufeff"):  # the tree is of the text without it
            column += len("\ufeff".encode())
        return self._starts[line - 1] + (
            column if row.isascii() else len(row.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "replace"))
        )

    def span(self, node: ast.AST) -> Span:
        """Where a node with a place stands."""
        start = self.offset(node.lineno, node.col_offset)  # type: ignore[attr-defined]
        return Span(start, self.offset(node.end_lineno or 0, node.end_col_offset or 0))  # type: ignore[attr-defined]

    def told(self, node: ast.AST) -> str:
        """A node as it is written."""
        span = self.span(node)
        return self.text[span.start : span.end]
