"""Arguments in the wrong order, by their names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import combinations

from .piece import Passage, Suspicion, parameters

# A function of such a name turns its operands round on purpose.
_TURNS = re.compile(r"swap|revers|flip|mirror|invert|transpos|opposite|__[rgl]|_r?(cmp|compare)|undo")
_TYPES = frozenset("str int float bool bytes list dict set tuple frozenset complex type object".split())
_PATTERN = re.compile(r"pattern|regexp?|pat$", re.IGNORECASE)
_TEXT = re.compile(r"(text|string|line|content|body|source|message|path|name)$", re.IGNORECASE)
_BY_PATTERN = ("match", "search", "fullmatch", "findall", "finditer", "split")


def swapped(piece: Passage) -> Iterator[Suspicion]:
    """Two arguments that are named as each other's parameters."""
    for node in piece.nodes:
        if isinstance(node, ast.Call):
            yield from _of_builtins(piece, node)
            yield from _by_name(piece, node)


def _by_name(piece: Passage, call: ast.Call) -> Iterator[Suspicion]:
    name = _name(call)
    wanted = piece.signatures.get(name, ())
    given = [arg.id if isinstance(arg, ast.Name) else "" for arg in call.args]
    if any(isinstance(arg, ast.Starred) for arg in call.args) or len(wanted) < len(given):
        return
    pairs = [
        (i, j)
        for i, j in combinations(range(len(given)), 2)
        if given[i] and given[i] == wanted[j] and given[j] == wanted[i]
    ]
    if len(pairs) != 1:
        return
    (i, j), function = pairs[0], piece.function(call)
    if function is None or function.name == name or _TURNS.search(function.name) or _TURNS.search(name):
        return
    if set(parameters(function)) - {"self", "cls"} == {
        given[i],
        given[j],
    }:  # one that does nothing else turns them round on purpose
        return
    if _is_also_straight(function, name, given[j], given[i]) or not _are_as_they_came(function, given[i], given[j]):
        return
    message = f"`{given[i]}` and `{given[j]}` are given in the other order than `{name}` takes them."
    yield Suspicion("swapped-arguments", call, message, 0.8, _turned(call, i, j))


def _is_also_straight(function: ast.AST, name: str, first: str, second: str) -> bool:
    """Whether the function makes the call in the right order, too: then both are meant."""
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call) and _name(node) == name)
    names = [[arg.id for arg in call.args if isinstance(arg, ast.Name)] for call in calls]
    return any(first in one and second in one and one.index(first) < one.index(second) for one in names)


def _are_as_they_came(function: ast.AST, *names: str) -> bool:
    """Whether neither is bound several times, so that a name still says what it is."""
    bound = [node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return all(bound.count(name) <= 1 for name in names)


def _of_builtins(piece: Passage, call: ast.Call) -> Iterator[Suspicion]:
    match call:
        case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=first), ast.Name(id=second)]) if (
            first in _TYPES
        ):
            if second not in _TYPES and not second[:1].isupper() and not piece.binds(call, first):
                message = "`isinstance` takes the object first, and then the type."
                yield Suspicion("swapped-arguments", call, message, 0.95, _turned(call, 0, 1))
        case ast.Call(
            func=ast.Name(id="round"),
            args=[ast.Constant(value=int()), ast.Name() | ast.Attribute() | ast.BinOp()],
            keywords=[],
        ):
            if re.search(r"digit|place|precision|decimal|^n$|prec", ast.unparse(call.args[1])):
                return
            yield Suspicion(
                "swapped-arguments",
                call,
                "`round` takes the number first, and then the digits.",
                0.8,
                _turned(call, 0, 1),
            )
        case ast.Call(
            func=ast.Attribute(attr=attr, value=ast.Name(id="re")), args=[ast.Name(id=first), ast.Name(id=second), *_]
        ):
            if attr in _BY_PATTERN and _TEXT.search(first) and _PATTERN.search(second):
                message = f"`re.{attr}` takes the pattern first, and then the text."
                yield Suspicion("swapped-arguments", call, message, 0.9, _turned(call, 0, 1))


def _name(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name, value=ast.Name(id="self" | "cls")):
            return name
    return ""


def _turned(call: ast.Call, i: int, j: int) -> str:
    args = list(call.args)
    args[i], args[j] = args[j], args[i]
    return ast.unparse(ast.Call(call.func, args, call.keywords))
