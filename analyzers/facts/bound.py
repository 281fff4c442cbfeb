"""The names that a function binds for itself, and what they hold where that is certain."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Local:
    """`names` that are bound in it, `parameters` that are not bound anew; `values`: all expressions that a name is bound to, for names that nothing else binds."""

    names: frozenset[str]
    values: Mapping[str, tuple[ast.expr, ...]]
    parameters: frozenset[str] = frozenset()


def of(function: ast.FunctionDef | ast.AsyncFunctionDef, nodes: Sequence[ast.AST]) -> Local:
    """The local names of a function, whose own nodes are `nodes`."""
    outer = {name for node in nodes if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names}
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del)}
    names = (stored | set(otherwise(nodes))) - outer
    shared = {
        name for node in ast.walk(function) if isinstance(node, ast.Nonlocal) for name in node.names
    }  # bound by a function in it as well
    values: dict[str, list[ast.expr]] = {}
    counted: dict[str, int] = {}
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                values.setdefault(name, []).append(value)
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                counted[name] = counted.get(name, 0) + 1
    sure = {name: tuple(found) for name, found in values.items() if name in names and len(found) == counted.get(name)}
    own = arguments(function.args)
    known = {name: found for name, found in sure.items() if name not in {*otherwise(nodes), *shared, *own}}
    return Local(frozenset(names), known, frozenset(own - names))


def arguments(found: ast.arguments) -> set[str]:
    """The names of all parameters."""
    every = [*found.posonlyargs, *found.args, *found.kwonlyargs, found.vararg, found.kwarg]
    return {one.arg for one in every if one is not None}


def otherwise(nodes: Sequence[ast.AST]) -> Iterator[str]:
    """Names that are bound by an import, a handler, a pattern, a function or a class."""
    for node in nodes:
        match node:
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                for one in names:
                    yield one.asname or one.name.partition(".")[0]
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name
            case ast.MatchMapping(rest=str(name)):
                yield name


def dotted(node: ast.expr) -> str:
    """`a.b.c` of a chain of names, "" of anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""
