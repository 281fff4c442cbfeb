"""What is changed while somebody else relies on it: a collection in its own loop, a default in every call."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .piece import Function, Passage, Suspicion, own, told

_SHRINK = frozenset("remove pop clear discard popitem insert".split())
_GROW = frozenset("add setdefault update".split())
_CHANGE = frozenset("append extend add update insert setdefault remove pop".split())
_KEPT_ON_PURPOSE = re.compile(r"cache|memo|seen|regist|counter|state|singleton|^_", re.IGNORECASE)


def mutated_loop(piece: Passage) -> Iterator[Suspicion]:
    """A collection that loses or gains elements while a loop goes through it."""
    for node in piece.nodes:
        if isinstance(node, ast.For) and (over := _over(node.iter)) is not None:
            for block in _blocks(node):
                for number, statement in enumerate(block):
                    is_change = _changes(statement, over, is_of_keys=over is not node.iter)
                    if block is node.body and _grows(statement, over) and not _may_end(node):
                        message = f"`{told(over)}` grows in each round of the loop that goes through it: it never ends."
                        yield Suspicion("mutated-loop", statement, message, 0.85)
                    if is_change and not _leaves(block[number + 1 :]) and not _is_left_outside(piece, statement, node):
                        message = f"`{told(over)}` is changed while the loop goes through it: elements are skipped, or it raises."
                        yield Suspicion("mutated-loop", statement, message, 0.85)


def _over(node: ast.expr) -> ast.expr | None:
    match node:
        case ast.Name(id=name) if name != "self":  # what an object does with itself is its own matter
            return node
        case ast.Attribute(value=ast.Name()):
            return node
        case ast.Call(func=ast.Attribute(value=value, attr="keys" | "values" | "items"), args=[]):
            return _over(value)
        case ast.Call(func=ast.Name(id="enumerate"), args=[inner, *_]):
            return _over(inner)
    return None


def _blocks(loop: ast.For) -> Iterator[list[ast.stmt]]:
    """The blocks of a loop that are run in its rounds, without those of what is defined there."""
    yield loop.body
    for node in own(loop):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt) and block is not loop.orelse:
                yield block


def _changes(statement: ast.stmt, over: ast.expr, *, is_of_keys: bool) -> bool:
    text = ast.unparse(over)
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=value, attr=attr))):
            methods = _SHRINK | _GROW if is_of_keys else _SHRINK
            return attr in methods and ast.unparse(value) == text
        case ast.Delete(targets=[ast.Subscript(value=value, slice=index)]) if not isinstance(index, ast.Slice):
            return ast.unparse(value) == text
    return False


def _grows(statement: ast.stmt, over: ast.expr) -> bool:
    """Whether a list gets an element more in each round."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=value, attr="append"))):
            return ast.unparse(value) == ast.unparse(over)
        case ast.AugAssign(target=target, op=ast.Add(), value=ast.List(elts=[_, *_])):
            return ast.unparse(target) == ast.unparse(over)
    return False


def _may_end(loop: ast.For) -> bool:
    """Whether a round may be left before its end, or something taken away in it."""
    ends = any(
        isinstance(node, ast.Break | ast.Continue | ast.Return | ast.Raise | ast.Yield | ast.Await)
        for node in own(loop)
    )
    return ends or any(isinstance(node, ast.Attribute) and node.attr in _SHRINK - {"insert"} for node in own(loop))


def _is_left_outside(piece: Passage, statement: ast.stmt, loop: ast.For) -> bool:
    """Whether the loop is left behind the blocks that a statement stands in."""
    inner: ast.AST = statement
    for above in piece.around(statement):
        if above is loop:
            return _leaves(_behind(loop.body, inner))
        for name in ("body", "orelse", "finalbody"):
            block = getattr(above, name, None)
            if isinstance(block, list) and _leaves(_behind(block, inner)):
                return True
        inner = above
    return False


def _behind(block: list[ast.stmt], inner: ast.AST) -> list[ast.stmt]:
    at = next((number for number, one in enumerate(block) if one is inner), len(block))
    return block[at + 1 :]


def _leaves(rest: list[ast.stmt]) -> bool:
    return any(isinstance(one, ast.Break | ast.Return | ast.Raise) or _ends(one) for one in rest)


def _ends(statement: ast.stmt) -> bool:
    """Whether the program ends there."""
    match statement:
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(value=ast.Name(id="sys" | "os"), attr="exit" | "_exit" | "abort"))
        ):
            return True
        case ast.Expr(value=ast.Call(func=ast.Name(id="exit" | "quit"))):
            return True
    return False


def mutated_default(piece: Passage) -> Iterator[Suspicion]:
    """A default that is a list, dictionary or set, and that a call changes for the next one."""
    for function in piece.functions():
        for name, default in _defaults(function):
            if (
                _is_empty_collection(default)
                and not _KEPT_ON_PURPOSE.search(name)
                and (node := _changed_in(function, name)) is not None
            ):
                message = f"`{name}` is one object for all calls, and this changes it for the next one."
                yield Suspicion("mutated-default", node, message, 0.85)


def _defaults(function: Function) -> Iterator[tuple[str, ast.expr]]:
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    if arguments.defaults:
        yield from (
            (one.arg, value)
            for one, value in zip(positional[-len(arguments.defaults) :], arguments.defaults, strict=True)
        )
    yield from (
        (one.arg, value)
        for one, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if value is not None
    )


def _is_empty_collection(node: ast.expr) -> bool:
    match node:
        case (
            ast.List(elts=[])
            | ast.Dict(keys=[])
            | ast.Call(func=ast.Name(id="list" | "dict" | "set"), args=[], keywords=[])
        ):
            return True
    return False


def _changed_in(function: Function, name: str) -> ast.stmt | None:
    """The first statement that changes what `name` holds, where the name is never bound anew."""
    found: ast.stmt | None = None
    for node in own(function):
        match node:
            case ast.Name(id=bound, ctx=ast.Store()) if bound == name:
                return None
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=of), attr=attr))) if (
                of == name and attr in _CHANGE
            ):
                found = node if found is None or node.lineno < found.lineno else found
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=of))]) if of == name:
                found = node if found is None or node.lineno < found.lineno else found
    return found
