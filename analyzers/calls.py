"""Calls in a file whose arguments are all literals: what they do can be seen by making them, without guessing any input."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from .places import Places
from .text import Span

CALLS_LIMIT = 40  # of one file; a table of examples shows no more than its first rows
SOURCE_LIMIT = 500  # characters of one call


@dataclass(frozen=True, slots=True)
class LiteralCall:
    """A call as it is written, with its place, the name that it calls, and the function around it ("" outside of any)."""

    source: str
    span: Span
    name: str
    around: str


def literal_calls(tree: ast.Module, text: str) -> tuple[LiteralCall, ...]:
    """The calls of functions and classes of this module that nobody expects to fail, each text once, in their order."""
    places, found = Places(text), dict[str, LiteralCall]()
    known = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    stack: list[tuple[ast.AST, str]] = [(node, "") for node in reversed(tree.body)]
    while stack:
        node, around = stack.pop()
        if _is_left_out(node):
            continue
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in known
            and _is_telling(node, known[node.func.id])
        ):
            source = places.told(node)
            if len(source) <= SOURCE_LIMIT and source not in found:
                found[source] = LiteralCall(source, places.span(node), node.func.id, around)
        inner = (
            f"{around}.{node.name}".lstrip(".")
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            else around
        )
        skipped = ("decorator_list", "returns", "annotation")
        children = [
            child
            for name, value in ast.iter_fields(node)
            if name not in skipped
            for child in (value if isinstance(value, list) else [value])
        ]
        stack += [(child, inner) for child in reversed(children) if isinstance(child, ast.AST)]
    return tuple(found.values())[:CALLS_LIMIT]


def _is_left_out(node: ast.AST) -> bool:
    """Where a failure is expected, or is somebody's test: in a `try`, a `with`, an `assert`, a test."""
    is_test = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name.lower().startswith(
        "test"
    )
    return is_test or isinstance(node, ast.Try | ast.TryStar | ast.With | ast.AsyncWith)


def _is_telling(call: ast.Call, called: ast.FunctionDef | ast.ClassDef) -> bool:
    """Whether making the call shows something: it has arguments, all literal, and calling runs the function's own code."""
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    if not arguments or not all(map(_is_literal, arguments)) or any(keyword.arg is None for keyword in call.keywords):
        return False
    return isinstance(called, ast.ClassDef) or not any(
        isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(called)
    )


def _is_literal(node: ast.AST) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=ast.Constant(value=int() | float() | complex())):
            return True
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return all(map(_is_literal, parts))
        case ast.Dict(keys=keys, values=values):
            return all(key is not None and _is_literal(key) for key in keys) and all(map(_is_literal, values))
    return False


def documented(function: ast.FunctionDef | ast.AsyncFunctionDef, kinds: tuple[str, ...]) -> bool:
    """Whether a function says in its docstring that it raises one of these exceptions, or raises one itself."""
    text = ast.get_docstring(function) or ""
    raised = {name for node in ast.walk(function) if isinstance(node, ast.Raise) for name in _named(node.exc)}
    return any(kind in text or kind in raised for kind in kinds[:2])


def _named(exc: ast.expr | None) -> set[str]:
    match exc:
        case ast.Name(id=name) | ast.Call(func=ast.Name(id=name)):
            return {name}
    return set()
