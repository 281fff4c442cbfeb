"""Newer syntax in words that our own Python knows, each at its place: what reads a project's text needs its tree, and the project's Python may be newer than ours.

Type parameters, `type` statements (3.12) and strings within f-strings that share their quotes or hold backslashes (3.12) are rewritten; the text keeps its length and its lines. Whether the project's own Python
takes such syntax is ruff's to say, by its target version.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

Change = tuple[int, int, bytes]  # first and last byte, and what stands there


def rewritten(text: str, tree: Tree) -> str | None:
    """The text in older words; None where there is nothing to rewrite."""
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    changes = list(_changes(tree.root_node))
    for first, last, other in changes:
        data[first:last] = other
    return data.decode("utf-8", "surrogatepass") if changes else None


def _changes(root: Node) -> Iterator[Change]:
    stack: list[tuple[Node, bytes]] = [(root, b"")]  # with the quotes of the f-string around it
    while stack:
        node, quotes = stack.pop()
        if node.type == "type_alias_statement":
            yield from _alias(node)
            continue
        if node.type in ("function_definition", "class_definition"):
            for child in node.children:
                if child.type == "type_parameter":
                    yield child.start_byte, child.end_byte, _blank(child)
        if node.type == "string":
            if quotes and (change := _inner(node, quotes)) is not None:
                yield change
                continue
            opening = (node.children[0].text or b"") if node.children else b""
            quotes = opening.lstrip(b"fFrRbBuUtT")[:1] if b"f" in opening.lower() else quotes
        stack += [(child, quotes) for child in node.children]


def _blank(node: Node) -> bytes:
    return bytes(c if c in b"\r\n" else 32 for c in node.text or b"")


def _alias(node: Node) -> Iterator[Change]:
    """`type Name[T] = value` as `Name = value`."""
    named = next((child for child in node.children if child.type == "type" and child.is_named), None)
    name = named
    while name is not None and name.type != "identifier":
        name = next((child for child in name.children if child.is_named), None)
    if named is None or name is None:
        return
    word = name.text or b""
    yield node.start_byte, named.end_byte, word.ljust(named.end_byte - node.start_byte)


def _inner(node: Node, quotes: bytes) -> Change | None:
    """A string within an f-string, with quotes and signs that older Pythons take there; None where it has such already."""
    text = node.text or b""
    if quotes not in text and b"\\" not in text:
        return None
    other = b"'" if quotes == b'"' else b'"'
    opening, ending = (node.children[0].text or b"", node.children[-1].text or b"") if node.children else (b"", b"")
    inside = text[len(opening) : len(text) - len(ending)]
    is_simple = (
        len(ending) == 1 and quotes not in inside and other not in inside and b"\\" not in inside and b"{" not in inside
    )
    if is_simple:
        return node.start_byte, node.end_byte, opening[:-1] + other + inside + other
    return node.start_byte, node.end_byte, b"x" * len(text) if b"\n" not in text else text
