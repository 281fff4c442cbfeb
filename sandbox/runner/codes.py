"""Facts about code objects on every Python that a project may have: since 3.11 they tell their qualified names and columns themselves."""

from __future__ import annotations

import ast
import dis
from collections.abc import Iterator
from types import CodeType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # Python 3.9 has no unions
    Position = tuple[int | None, int | None, int | None, int | None]  # line, end line, column, end column

TELLS_ITSELF: bool = hasattr(CodeType, "co_positions")  # since 3.11
_COMPREHENSIONS = {
    "ListComp": "<listcomp>",
    "SetComp": "<setcomp>",
    "DictComp": "<dictcomp>",
    "GeneratorExp": "<genexpr>",
}
_named: dict[str, dict[tuple[str, int], str]] = {}  # by file: name and first line of a code object, its qualified name


def qualname(code: CodeType) -> str:
    """The qualified name; before 3.11 as the source has it, or the bare name where that cannot be read."""
    if TELLS_ITSELF:
        return code.co_qualname
    if code.co_filename not in _named:
        try:
            with open(code.co_filename, "rb") as file:
                _named[code.co_filename] = dict(_scopes(ast.parse(file.read()), ""))
        except (OSError, SyntaxError, ValueError, RecursionError):
            _named[code.co_filename] = {}
    return _named[code.co_filename].get((code.co_name, code.co_firstlineno), code.co_name)


def positions(code: CodeType) -> list[Position]:
    """By instruction, two bytes each, where it stands; without columns before 3.11."""
    if TELLS_ITSELF:
        return list(code.co_positions())
    found: list[Position] = []
    line: int | None = None
    starts = dict(dis.findlinestarts(code))
    for offset in range(0, len(code.co_code), 2):
        line = starts.get(offset, line)
        found.append((line, line, None, None))
    return found


def lines(code: CodeType) -> set[int]:
    """The lines that have instructions."""
    return {line for line, _, _, _ in positions(code) if line is not None}


def _scopes(node: Any, around: str) -> Iterator[tuple[tuple[str, int], str]]:
    for child in ast.iter_child_nodes(node):
        kind, inner = type(child).__name__, around
        if kind in ("FunctionDef", "AsyncFunctionDef", "ClassDef"):
            name = around + child.name  # type: ignore[attr-defined]
            first = min([child.lineno, *(one.lineno for one in child.decorator_list)])  # type: ignore[attr-defined]
            yield (child.name, first), name  # type: ignore[attr-defined]
            inner = f"{name}." if kind == "ClassDef" else f"{name}.<locals>."
        elif kind == "Lambda" or kind in _COMPREHENSIONS:
            own = _COMPREHENSIONS.get(kind, "<lambda>")
            yield (own, child.lineno), around + own  # type: ignore[attr-defined]
            inner = f"{around}{own}.<locals>."
        yield from _scopes(child, inner)
