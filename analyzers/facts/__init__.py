"""What a function certainly does, read off its text: parameters, what it returns and raises, what it changes, whom it calls.

Only what its statements say is a fact, and none names a local variable: the author may call those as they like. What a name may turn out to be at run time is left out: nothing is said rather than something that may be wrong.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

from analyzers import syntax
from analyzers.memo import MIB, Bounded, key_of, remembered

from . import bound, effects, flow, returns
from .bound import dotted
from .effects import Effects
from .flow import Raised, own
from .returns import Returned

Function = ast.FunctionDef | ast.AsyncFunctionDef
Kind = Literal["function", "method", "property", "class"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter as it is written: `kind` is its prefix, "" for an ordinary one; annotation and default are source texts."""

    name: str
    kind: Literal["", "*", "**", "/", "keyword"] = ""
    annotation: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one function or class, by its dotted `path` in the module. `line` and `end` count from 1. `complexity`: one and the places where the way branches
    (McCabe 1976; boolean operators, comprehensions and cases counted). `conditions`: what it branches on. `raises_by_callee`: exceptions of functions of the same module that it calls plainly."""

    path: str
    kind: Kind
    line: int
    end: int
    parameters: tuple[Parameter, ...] = ()
    returns: tuple[Returned, ...] = ()
    annotation: str = ""
    yields: bool = False
    is_async: bool = False
    raises: tuple[Raised, ...] = ()
    raises_by_callee: tuple[tuple[str, str], ...] = ()
    effects: Effects = field(default_factory=Effects)
    callees: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    complexity: int = 1
    bases: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    docstring: str = ""

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]


@lru_cache(maxsize=1)  # a tree takes a hundred times its text
def parsed(text: str) -> ast.Module | None:
    """The tree of a text for those who ask for it one after the other, as of one hover; it is not to be changed."""
    return syntax.module(text)


@remembered(4 * MIB)
def of_text(text: str) -> tuple[Facts, ...] | None:
    """Facts of all functions and classes of a module, in its order; None where it does not parse."""
    tree = parsed(text)
    if tree is None:
        return None
    found = list(_below(tree, text.split("\n"), "", frozenset(), in_class=False))
    own_raises = {one.path: tuple(dict.fromkeys(r.name for r in one.raises)) for one in found}
    deferred = frozenset(one.path for one in found if one.yields or one.is_async)  # a call of theirs runs nothing yet
    return tuple(_with_callees(one, own_raises, deferred) for one in found)


def _below(node: ast.AST, rows: list[str], path: str, outer: frozenset[str], *, in_class: bool) -> Iterator[Facts]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            try:
                known = _kept.of(child, rows, (f"{path}{child.name}", outer, in_class))
            except (
                RecursionError
            ):  # hundreds of operators, calls or branches in one: of such a function nothing is told
                continue
            yield known.facts
            yield from _below(child, rows, f"{path}{child.name}.", outer | known.local, in_class=False)
        elif isinstance(child, ast.ClassDef):
            yield _of_class(child, f"{path}{child.name}")
            yield from _below(child, rows, f"{path}{child.name}.", outer, in_class=True)
        elif isinstance(child, ast.If | ast.Try | ast.With | ast.For | ast.While | ast.ExceptHandler):
            yield from _below(child, rows, path, outer, in_class=in_class)


@dataclass(frozen=True, slots=True)
class _OfFunction:
    """A function's facts, and its local names."""

    facts: Facts
    local: frozenset[str]


class _ByText:
    """Facts of functions by their own text and what stands around: after an edit all but one are as they were, on other lines."""

    def __init__(self) -> None:
        self._found = Bounded[_OfFunction](4 * MIB)

    def of(self, node: Function, rows: list[str], around: tuple[str, frozenset[str], bool]) -> _OfFunction:
        first, end = _first(node), node.end_lineno or node.lineno
        key = key_of("\n".join(rows[first - 1 : end])), node.col_offset, around
        if (known := self._found.get(key)) is None:
            path, outer, in_class = around
            made = of_function(node, path, outer, in_class=in_class)
            known = _OfFunction(_moved(made, 1 - first), bound.of(node, list(own(node))).names)
            self._found.put(key, known)
        return replace(known, facts=_moved(known.facts, first - 1))


_kept = _ByText()


def _moved(found: Facts, by: int) -> Facts:
    """The same some lines further down."""
    raises = tuple(replace(one, line=one.line + by) for one in found.raises)
    return replace(found, line=found.line + by, end=found.end + by, raises=raises)


def _first(node: Function) -> int:
    return min((one.lineno for one in node.decorator_list), default=node.lineno)


def of_function(node: Function, path: str, outer: frozenset[str], *, in_class: bool) -> Facts:
    """Facts of one function; those of its callees are left out. `outer` are the local variables of functions around it."""
    decorators = {ast.unparse(one).partition("(")[0].rpartition(".")[2] for one in node.decorator_list}
    parameters = tuple(_parameters(node.args))
    has_self = bool(parameters) and parameters[0].name in (
        "self",
        "cls",
    )  # of a function that stands alone, cut out of its class
    is_method = has_self or (in_class and "staticmethod" not in decorators)
    kind: Kind = "property" if decorators & _PROPERTIES else "method" if in_class or has_self else "function"
    if is_method and parameters and parameters[0].kind in ("", "/"):
        parameters = parameters[1:]
    nodes = list(own(node))
    local = bound.of(node, nodes)
    local = replace(local, names=local.names | (outer - bound.arguments(node.args)))
    return Facts(
        path,
        kind,
        _first(node),
        node.end_lineno or node.lineno,
        parameters,
        returns.of(node, nodes, local),
        ast.unparse(node.returns) if node.returns else "",
        any(isinstance(one, ast.Yield | ast.YieldFrom) for one in nodes),
        isinstance(node, ast.AsyncFunctionDef),
        tuple(flow.raised(node, local.names)),
        (),
        effects.of(node, nodes, {one.name for one in parameters}, local.names),
        tuple(dict.fromkeys(_callees(nodes, local.names))),
        tuple(dict.fromkeys(flow.conditions(nodes, local.names))),
        _complexity(nodes),
        docstring=ast.get_docstring(node) or "",
    )


def _callees(nodes: list[ast.AST], local: frozenset[str]) -> Iterator[str]:
    for node in nodes:
        name = dotted(node.func) if isinstance(node, ast.Call) else ""
        if name and name.partition(".")[0] not in local:
            yield name


_PROPERTIES = frozenset(("property", "cached_property", "setter", "deleter"))


def _parameters(arguments: ast.arguments) -> Iterator[Parameter]:
    def made(one: ast.arg, kind: Literal["", "*", "**", "/", "keyword"], default: ast.expr | None = None) -> Parameter:
        annotation = ast.unparse(one.annotation) if one.annotation else ""
        return Parameter(one.arg, kind, annotation, ast.unparse(default) if default is not None else "")

    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    for number, (one, default) in enumerate(zip(positional, defaults, strict=True)):
        yield made(one, "/" if number < len(arguments.posonlyargs) else "", default)
    if arguments.vararg:
        yield made(arguments.vararg, "*")
    for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield made(one, "keyword", default)
    if arguments.kwarg:
        yield made(arguments.kwarg, "**")


def _of_class(node: ast.ClassDef, path: str) -> Facts:
    methods = tuple(one.name for one in node.body if isinstance(one, Function))
    first = min((one.lineno for one in node.decorator_list), default=node.lineno)
    bases = tuple(ast.unparse(one) for one in node.bases)
    made = next((one for one in node.body if isinstance(one, Function) and one.name == "__init__"), None)
    parameters = tuple(_parameters(made.args))[1:] if made else ()
    docstring = ast.get_docstring(node) or ""
    end = node.end_lineno or node.lineno
    return Facts(path, "class", first, end, parameters, bases=bases, methods=methods, docstring=docstring)


def _with_callees(one: Facts, own_raises: Mapping[str, tuple[str, ...]], deferred: frozenset[str]) -> Facts:
    """With the exceptions of functions of the module, which nothing here catches."""
    holder = one.path.rpartition(".")[0]
    told = {raised.name for raised in one.raises}
    found: dict[str, str] = {}
    for callee in one.effects.uncaught_calls:
        path = f"{holder}.{callee.removeprefix('self.')}" if callee.startswith("self.") else callee
        if path == one.path or path not in own_raises or path in deferred:
            continue
        for name in own_raises[path]:
            if name not in told:
                found.setdefault(name, callee)
    return replace(one, raises_by_callee=tuple(found.items())) if found else one


def _complexity(nodes: list[ast.AST]) -> int:
    count = 1
    for node in nodes:
        match node:
            case (
                ast.If()
                | ast.IfExp()
                | ast.For()
                | ast.AsyncFor()
                | ast.While()
                | ast.ExceptHandler()
                | ast.match_case()
            ):
                count += 1
            case ast.BoolOp(values=values):
                count += len(values) - 1
            case ast.comprehension(ifs=ifs):
                count += 1 + len(ifs)
    return count
