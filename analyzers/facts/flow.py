"""Where a function's way goes: what it raises, and whether its end is reached."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

CONDITION_LIMIT = 80  # characters of a condition that is told
_TRY = (ast.Try, ast.TryStar)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception that leaves the function: its name as it is written, on which line, and the condition right around it as source text, "" where
    there is none that could be told. `is_passed_on`: it was caught first."""

    name: str
    line: int
    condition: str = ""
    is_passed_on: bool = False


@dataclass(frozen=True, slots=True)
class _Around:
    """What stands around a statement: the names that handlers around it catch, those of the handler that it is in with the name it binds, and the innermost condition."""

    caught: tuple[frozenset[str], ...] = ()
    handling: tuple[str, ...] = ()
    bound: str = ""
    condition: str = ""
    local: frozenset[str] = frozenset()


def own(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function's own, without those of functions, lambdas and classes in it; its decorators, defaults and annotations are not among them."""
    stack: list[ast.AST] = list(reversed(getattr(function, "body", [])))
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, _SCOPES):
            continue
        if isinstance(node, ast.AnnAssign):
            stack += [one for one in (node.value, node.target) if one is not None]
            continue
        stack += reversed(list(ast.iter_child_nodes(node)))


def raised(function: ast.FunctionDef | ast.AsyncFunctionDef, local: frozenset[str]) -> Iterator[Raised]:
    """The exceptions that its own `raise` statements let out, each place, in their order; a condition that names a local variable is not told."""
    yield from _raised(function.body, _Around(local=local))


def uncaught(function: ast.AST) -> Iterator[ast.Call]:
    """The calls around which no `try` with a handler stands."""
    stack: list[tuple[ast.AST, bool]] = [(one, True) for one in reversed(getattr(function, "body", []))]
    while stack:
        node, is_open = stack.pop()
        if isinstance(node, ast.Call) and is_open:
            yield node
        if isinstance(node, (*_SCOPES, ast.GeneratorExp)):
            continue  # what is in it runs later, if ever
        if isinstance(node, _TRY) and node.handlers:
            stack += [(one, False) for one in node.body]
            stack += [(one, is_open) for one in (*node.handlers, *node.orelse, *node.finalbody)]
            continue
        if isinstance(node, ast.With | ast.AsyncWith) and _may_suppress(node):
            is_open = False
        stack += [(one, is_open) for one in reversed(list(ast.iter_child_nodes(node)))]


def conditions(nodes: Sequence[ast.AST], local: frozenset[str]) -> Iterator[str]:
    """What it branches on, as source texts in their order, each once; local variables are shown as `…`."""
    for node in nodes:
        match node:
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                told = ast.unparse(_Masked(local).visit(copy.deepcopy(test))).replace(_MASK, "…")
                yield told if len(told) <= CONDITION_LIMIT else f"{told[:CONDITION_LIMIT]}…"


_MASK = "_local_"


class _Masked(ast.NodeTransformer):
    """Local names made one."""

    def __init__(self, local: frozenset[str]) -> None:
        self._local = local

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(_MASK, node.ctx) if node.id in self._local else node


def reached(nodes: Sequence[ast.AST]) -> list[ast.AST]:
    """The nodes without those of a `try` whose `finally` ends the function in its own way."""
    lost: set[int] = set()
    for node in nodes:
        if isinstance(node, _TRY) and node.finalbody and not falls_through(node.finalbody):
            for part in (*node.body, *node.handlers, *node.orelse):
                lost |= set(map(id, ast.walk(part)))
    return [one for one in nodes if id(one) not in lost]


def falls_through(body: Sequence[ast.stmt]) -> bool:
    """Whether the end of a block may be reached; what calls do is not known, so one that never returns counts as one that does."""
    return all(_may_go_on(one) for one in body)


def _may_go_on(statement: ast.stmt) -> bool:
    match statement:
        case ast.Return() | ast.Raise() | ast.Continue() | ast.Break():
            return False
        case ast.If(body=body, orelse=orelse):
            return falls_through(body) or falls_through(orelse)
        case (
            ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody)
            | ast.TryStar(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody)
        ):
            if not falls_through(finalbody):
                return False
            normal = falls_through(body) and falls_through(orelse)
            return normal or any(falls_through(one.body) for one in handlers)
        case ast.With(body=body) | ast.AsyncWith(body=body):
            return falls_through(body) or _may_suppress(statement)
        case ast.While(test=ast.Constant(value=value), body=body) if value:
            return any(isinstance(one, ast.Break) for one in _of_loop(body))
        case (
            ast.For(body=body, orelse=orelse)
            | ast.AsyncFor(body=body, orelse=orelse)
            | ast.While(body=body, orelse=orelse)
        ) if orelse:
            return falls_through(orelse) or any(isinstance(one, ast.Break) for one in _of_loop(body))
        case ast.Match(cases=cases):
            is_whole = any(
                isinstance(one.pattern, ast.MatchAs) and one.pattern.pattern is None and one.guard is None
                for one in cases
            )
            return not is_whole or any(falls_through(one.body) for one in cases)
    return True


def _of_loop(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """The nodes of a loop's own body, without those of loops and functions in it."""
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, ast.For | ast.AsyncFor | ast.While):
            stack += node.orelse
        elif not isinstance(node, _SCOPES):
            stack += ast.iter_child_nodes(node)


def _may_suppress(node: ast.With | ast.AsyncWith) -> bool:
    """Whether a context manager swallows exceptions, by its name: most do not."""
    return any(_SUPPRESSES.search(ast.unparse(one.context_expr)) for one in node.items)


_SUPPRESSES = re.compile(r"suppress|ignor|catch|raises|warns|nursery|task_?group|timeout", re.IGNORECASE)


def _raised(body: Sequence[ast.stmt], around: _Around) -> Iterator[Raised]:
    for statement in body:
        match statement:
            case ast.Raise():
                yield from _of_raise(statement, around)
            case ast.If(test=test, body=then, orelse=otherwise):
                yield from _raised(then, _when(around, test, holds=True))
                yield from _raised(otherwise, _when(around, test, holds=False))
            case ast.Try(finalbody=finalbody) | ast.TryStar(finalbody=finalbody) if finalbody and not falls_through(
                finalbody
            ):
                yield from _raised(finalbody, around)  # it goes its own way, whatever was raised
            case (
                ast.Try(body=tried, handlers=handlers, orelse=otherwise, finalbody=finalbody)
                | ast.TryStar(body=tried, handlers=handlers, orelse=otherwise, finalbody=finalbody)
            ):
                catches = frozenset(name for one in handlers for name in _names(one.type))
                inner = replace(around, caught=(*around.caught, catches))
                yield from _raised(tried, inner)
                for one in handlers:
                    names = tuple(_names(one.type))
                    handled = replace(around, handling=names, bound=one.name or "")
                    yield from _raised(one.body, handled)
                yield from _raised(otherwise, around)
                yield from _raised(finalbody, around)
            case ast.Match(cases=cases):
                for case in cases:
                    yield from _raised(case.body, replace(around, condition=""))
            case ast.With() | ast.AsyncWith() if not _may_suppress(statement):
                yield from _raised(statement.body, around)
            case ast.For() | ast.AsyncFor() | ast.While():
                outer = replace(around, condition="")
                yield from _raised(statement.body, outer)
                yield from _raised(statement.orelse, outer)


def _when(around: _Around, test: ast.expr, *, holds: bool) -> _Around:
    told = ast.unparse(test if holds else ast.UnaryOp(ast.Not(), test))
    is_local = any(isinstance(one, ast.Name) and one.id in around.local for one in ast.walk(test))
    return replace(around, condition=told if len(told) <= CONDITION_LIMIT and not is_local else "")


def _of_raise(statement: ast.Raise, around: _Around) -> Iterator[Raised]:
    what = statement.exc
    if what is None or (isinstance(what, ast.Name) and what.id == around.bound):
        names, is_passed_on = around.handling, True
    else:
        root = what.func if isinstance(what, ast.Call) else what
        while isinstance(root, ast.Attribute):
            root = root.value
        is_local = isinstance(root, ast.Name) and root.id in around.local
        names, is_passed_on = ("" if is_local else _name(what),), False
    for name in names:
        if name and not _is_caught(name, around.caught):
            yield Raised(name, statement.lineno, around.condition, is_passed_on)


def _name(what: ast.expr) -> str:
    """The class that is raised, "" where it is not written there: a variable, what a function gave."""
    callee = what.func if isinstance(what, ast.Call) else what
    text = ast.unparse(callee) if isinstance(callee, ast.Name | ast.Attribute) else ""
    return text if text.rpartition(".")[2][:1].isupper() or text in _LOWER else ""


_LOWER = frozenset(
    ("socket.timeout", "socket.error", "select.error", "struct.error", "zlib.error", "binascii.error", "error")
)


def _names(kind: ast.expr | None) -> Iterator[str]:
    if kind is None:
        yield "BaseException"
    elif isinstance(kind, ast.Tuple):
        for one in kind.elts:
            yield from _names(one)
    elif isinstance(kind, ast.Name | ast.Attribute):
        yield ast.unparse(kind)
    else:
        yield "BaseException"  # whatever that is: what it may catch is not told


def _is_caught(name: str, caught: Sequence[frozenset[str]]) -> bool:
    """Whether a handler may catch it: by the same name, by a class above it that is built in, or by one that nobody knows here."""
    last = name.rpartition(".")[2]
    for names in caught:
        for other in names:
            if other in ("BaseException", "Exception") or other.rpartition(".")[2] == last:
                return True
            known, above = _BUILTIN.get(name), _BUILTIN.get(other)
            if known is None or above is None or issubclass(known, above):
                return True
    return False


def _exceptions() -> dict[str, type]:
    import builtins

    found = {name: kind for name, kind in vars(builtins).items() if isinstance(kind, type)}
    return {name: kind for name, kind in found.items() if issubclass(kind, BaseException)}


_BUILTIN = _exceptions()
