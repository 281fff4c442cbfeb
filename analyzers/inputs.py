"""Inputs for a function from those that the project gives it: each example, and what is near it or at its edge. Source texts of calls, made and read as text."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Collection, Iterable, Iterator

from . import syntax

EXAMPLES_LIMIT = 12  # calls of one function that are taken as examples
VARIANTS_LIMIT = 40
SOURCE_LIMIT = 300  # characters of one call


def examples(name: str, texts: Iterable[str], known: Collection[str] = ()) -> tuple[str, ...]:
    """The calls of a function `name` with literal arguments alone, as they are written in some Python texts, each once; with what is made by calls of `known` names, too."""
    found: dict[str, None] = {}
    for text in texts:
        if f"{name}(" not in text:
            continue
        if (tree := syntax.module(text)) is None:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _called(node) == name and _is_plain(node, known):
                with contextlib.suppress(ValueError, RecursionError):  # a number that Python does not write
                    source = ast.unparse(ast.Call(ast.Name(name), node.args, node.keywords))
                    if len(source) <= SOURCE_LIMIT:
                        found[source] = None
    return tuple(found)[:EXAMPLES_LIMIT]


def variants(calls: Iterable[str]) -> tuple[str, ...]:
    """The calls, and each with one argument exchanged for something near it: the edges of its type, one more and one less, other orders and lengths."""
    calls = list(calls)
    found: dict[str, None] = dict.fromkeys(calls)
    each = [list(_of_call(call)) for call in calls]
    for turn in range(max(map(len, each), default=0)):  # by turns, so that every example has some
        for made in each:
            if turn < len(made):
                found[made[turn]] = None
    return tuple(source for source in found if len(source) <= SOURCE_LIMIT)[:VARIANTS_LIMIT]


def _of_call(source: str) -> Iterator[str]:
    call = syntax.expression(source)
    if not isinstance(call, ast.Call):
        return
    for number, arg in enumerate(call.args):
        for other in _near(literal(ast.unparse(arg))):
            args = [ast.unparse(one) for one in call.args]
            args[number] = repr(other)
            keywords = [ast.unparse(one) for one in call.keywords]
            yield f"{ast.unparse(call.func)}({', '.join([*args, *keywords])})"


def _near(value: object) -> Iterator[object]:
    """What is near a value, its type's edges first."""
    match value:
        case bool():
            yield not value
        case int():
            yield from (0, 1, -1, value + 1, value - 1, -value, value * 10)
        case float():
            yield from (0.0, -value, value + 1, value / 2)
        case str():
            yield from ("", " ", value.upper(), value[:1], value + value, f" {value} ", value[::-1])
        case list():
            yield from ([], value[:1], value[::-1], value + value, value[1:])
        case tuple():
            yield from ((), value[:1], value[::-1])
        case dict():
            yield from ({}, dict(list(value.items())[:1]))
        case set():
            yield set(list(value)[:1])


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name, value=ast.Name()):
            return name
    return ""


def _is_plain(call: ast.Call, known: Collection[str]) -> bool:
    """Whether all arguments are literals, or made of them by known names."""
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    return (
        bool(call.args)
        and all(keyword.arg for keyword in call.keywords)
        and all(_is_made(one, known) for one in values)
    )


def _is_made(node: ast.expr, known: Collection[str]) -> bool:
    match node:
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return all(_is_made(one, known) for one in parts)
        case ast.Dict(keys=keys, values=values):
            return all(one is not None and _is_made(one, known) for one in (*keys, *values))
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(value=ast.Name(id=name)), args=args, keywords=keywords):
            values = [*args, *(one.value for one in keywords)]
            return name in known and all(one.arg for one in keywords) and all(_is_made(one, known) for one in values)
        case ast.Attribute(value=ast.Name(id=name)):
            return name in known
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def literal(source: str) -> object:
    """What a literal is, None for what is none."""
    try:
        return ast.literal_eval(source)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
