"""Places of a whole text where somebody may have been writing: lines, expressions, arguments, attributes, blocks and bodies, found by the tree.

For what a model is taught and held to: what stood there is the truth, the rest of the text is known. Pure, and the same for the same text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from . import syntax

if TYPE_CHECKING:
    from tree_sitter import Node

GapKind = Literal["line", "expression", "argument", "attribute", "block", "body"]
KINDS: tuple[GapKind, ...] = get_args(GapKind)
LEAST = 3  # characters of a gap; less is brackets
LINE_MOST = 160  # characters of one line
BLOCK_LINES, BODY_LINES = 8, 16  # of the longest gaps
_BLOCKS = frozenset(
    {"if_statement", "elif_clause", "else_clause", "for_statement", "while_statement", "with_statement", "try_statement", "except_clause", "finally_clause"}
)  # fmt: skip
_CLAUSES = frozenset(
    {"elif_clause", "else_clause", "except_clause", "except_group_clause", "finally_clause", "case_clause"}
)
_VALUES = ("right", "condition")  # fields of a statement
_GIVING = frozenset({"return_statement", "yield", "await"})
_SIMPLE = ("_statement", "assignment", "decorated_definition")


@dataclass(frozen=True, slots=True)
class Gap:
    """`start` to `end`, offsets in code points: what stands there is what is to be written. Behind a gap of a line its line ends; behind one of a block or a body, too, and it begins behind the first line's
    indentation."""

    kind: GapKind
    start: int
    end: int


def found(text: str) -> list[Gap]:
    """All of them by their places. Docstrings and comments are no gaps; nor is anything in what does not parse."""
    tree = syntax.parse(text)
    if tree.root_node.has_error:
        return []
    offsets = _Offsets(text)
    gaps = {gap for node in _walked(tree.root_node) for gap in _of(node, text, offsets)}
    return sorted((gap for gap in gaps if _is_worth(gap, text)), key=lambda gap: (gap.start, gap.end, gap.kind))


class _Offsets:
    """Code points of the byte offsets that a tree has."""

    def __init__(self, text: str) -> None:
        self._data = None if text.isascii() else text.encode("utf-8", "surrogatepass")

    def of(self, byte: int) -> int:
        return byte if self._data is None else len(self._data[:byte].decode("utf-8", "surrogatepass"))


def _walked(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack += node.named_children


def _of(node: Node, text: str, offsets: _Offsets) -> Iterator[Gap]:
    start, end = offsets.of(node.start_byte), offsets.of(node.end_byte)
    parent = node.parent
    if parent is not None and parent.type in ("module", "block") and not _is_docstring(node) and node.type != "comment":
        yield Gap("line", start, _line_end(text, start))
        if node.end_point[0] > node.start_point[0] and node.type.endswith(_SIMPLE):
            yield from _lines_within(node, text, offsets)
    if parent is None:
        return
    if node.type in _CLAUSES and not text[text.rfind("\n", 0, start) + 1 : start].strip():
        yield Gap("line", start, _line_end(text, start))
    if any(parent.child_by_field_name(name) == node for name in _VALUES) or parent.type in _GIVING:
        yield Gap("expression", start, end)
    if node.type == "argument_list" and node.named_child_count:
        yield Gap("argument", start + 1, end - 1)
    if parent.type == "argument_list" and parent.named_child_count > 1:
        yield Gap("argument", start, end)
    if parent.type == "attribute" and parent.child_by_field_name("attribute") == node:
        yield Gap("attribute", start, _line_end(text, start))
    if node.type == "block" and parent.type in _BLOCKS:
        yield Gap("block", start, end)
    if node.type == "block" and parent.type == "function_definition":
        statements = [one for one in node.named_children if one.type != "comment"]
        if statements and _is_docstring(statements[0]):
            statements = statements[1:]
        if statements:
            yield Gap("body", offsets.of(statements[0].start_byte), end)


def _lines_within(node: Node, text: str, offsets: _Offsets) -> Iterator[Gap]:
    """The further lines of a statement of several, where they are code."""
    for one in node.named_children:
        if (
            one.type == "block"
            or one.type == "string"
            or "\n" not in text[offsets.of(one.start_byte) : offsets.of(one.end_byte)]
        ):
            continue
        for inner in one.named_children:
            start = offsets.of(inner.start_byte)
            if not text[text.rfind("\n", 0, start) + 1 : start].strip() and inner.type not in ("comment", "string"):
                yield Gap("line", start, _line_end(text, start))


def _is_docstring(node: Node) -> bool:
    return (
        node.type == "expression_statement"
        and node.named_child_count == 1
        and node.named_children[0].type in ("string", "concatenated_string")
    )


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    return end - 1 if text[end - 1 : end] == "\r" else end


def _is_worth(gap: Gap, text: str) -> bool:
    what = text[gap.start : gap.end]
    lines = what.count("\n") + 1
    most = {"block": BLOCK_LINES, "body": BODY_LINES}.get(gap.kind, 1)
    is_long = any(len(line) > LINE_MOST for line in what.split("\n"))
    return len(what.strip()) >= LEAST and lines <= most and not is_long and what == what.rstrip()
