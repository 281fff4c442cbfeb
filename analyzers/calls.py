"""Calls in a file whose arguments are all literals: what they do can be seen by making them, without guessing any input."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from . import syntax
from .places import Places
from .text import Span

CALLS_LIMIT = 40  # of one file; a table of examples shows no more than its first rows
SOURCE_LIMIT = 500  # characters of one call


@dataclass(frozen=True, slots=True)
class LiteralCall:
    """A call as it is written, with its place and the name that it calls."""

    source: str
    span: Span
    name: str


def literal_calls(tree: ast.Module, text: str) -> tuple[LiteralCall, ...]:
    """The calls at module level of functions and classes of this module that nobody expects to fail, each text once, in their order.

    What a function calls may rest on what ran before it, and so may a function that reads what others change: neither is made alone.
    """
    if not syntax.has_plain_lines(text):
        return ()
    places, found = Places(text), dict[str, LiteralCall]()
    known = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    changing = _changing(tree)
    stack: list[ast.AST] = list(reversed(list(_reached(tree))))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda) or _is_left_out(node):
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in known:
            source = places.told(node)
            is_new = len(source) <= SOURCE_LIMIT and source not in found
            if is_new and _is_telling(node, known[node.func.id]) and _is_closed(node.func.id, known, changing):
                found[source] = LiteralCall(source, places.span(node), node.func.id)
        stack += reversed(list(_always(node)))
    return tuple(found.values())[:CALLS_LIMIT]


def _reached(tree: ast.Module) -> Iterator[ast.stmt]:
    """The module's statements as far as it certainly comes when it is imported, or run."""
    for statement in tree.body:
        if isinstance(statement, ast.Raise | ast.Return):
            return
        yield statement
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            called = statement.value.func
            if getattr(called, "attr", getattr(called, "id", "")) in ("exit", "_exit", "quit", "abort", "skip"):
                return


def _always(node: ast.AST) -> Iterator[ast.AST]:
    """What of a node is executed whenever the node is: under a condition, or in a loop, nobody knows; but that a file is run as a program is what it is for."""
    match node:
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))) | ast.If(test=ast.Constant(value=True)):
            yield from node.body
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            yield test
        case ast.BoolOp(values=[first, *_]):
            yield first
        case ast.For(iter=inner) | ast.AsyncFor(iter=inner) | ast.Match(subject=inner):
            yield inner
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp() | ast.Assert():
            return
        case _:
            yield from ast.iter_child_nodes(node)


# What differs from machine to machine, and from run to run.
_OF_THE_WORLD = frozenset(
    "environ getenv argv stdin input open now today time random randint choice cwd getcwd home expanduser gethostname".split()
)


def _changing(tree: ast.Module) -> frozenset[str]:
    """The module's names that do not keep one value: bound several times, or changed by a statement or a function."""
    bound: dict[str, int] = {}
    changed: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Global(names=names):
                changed.update(names)
            case ast.AugAssign(target=ast.Name(id=name)):
                changed.add(name)
            case (
                ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del())
                | ast.Attribute(value=ast.Name(id=name), ctx=ast.Store() | ast.Del())
            ):
                changed.add(name)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))):
                changed.add(name)
    for statement in tree.body:
        for node in ast.walk(statement):
            if (
                isinstance(node, ast.Name)
                and isinstance(node.ctx, ast.Store)
                and not isinstance(statement, ast.FunctionDef | ast.ClassDef)
            ):
                bound[node.id] = bound.get(node.id, 0) + (1 if isinstance(statement, ast.Assign | ast.AnnAssign) else 2)
    return frozenset(changed | {name for name, count in bound.items() if count > 1})


def _is_closed(name: str, known: dict[str, ast.FunctionDef | ast.ClassDef], changing: frozenset[str]) -> bool:
    """Whether what is called, and what that calls in turn, reads nothing that changes, and nothing of the world."""
    seen: set[str] = set()
    wanted = [name]
    while wanted:
        one = wanted.pop()
        if one in seen:
            continue
        seen.add(one)
        own = set()
        for node in ast.walk(known[one]):
            if isinstance(node, ast.Attribute) and node.attr in _OF_THE_WORLD:
                return False
            if isinstance(node, ast.Name):
                own.add(node.id)
        local = {
            node.id for node in ast.walk(known[one]) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        local |= {node.arg for node in ast.walk(known[one]) if isinstance(node, ast.arg)}
        if not (own - local).isdisjoint(changing | _OF_THE_WORLD):
            return False
        wanted += [other for other in own if other in known]
    return True


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
