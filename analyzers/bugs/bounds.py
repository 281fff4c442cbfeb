"""One too far: subscripts and ranges that run past an end, or never begin."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .piece import Passage, Suspicion, is_plain, told

_CONDITIONAL = (ast.BoolOp, ast.IfExp, ast.Lambda, ast.comprehension)


def off_by_one(piece: Passage) -> Iterator[Suspicion]:
    """What reads behind the last element, and ranges that are empty."""
    for node in piece.nodes:
        match node:
            case ast.Subscript(value=value, slice=index, ctx=ast.Load()) if (
                _is_length(index, value)
                and not piece.is_expected_to_fail(node)
                and not _may_be_a_dictionary(piece, value)
            ):
                message = f"`{told(node)}` is one behind the last element."
                yield Suspicion("off-by-one", node, message, 0.95, f"{ast.unparse(value)}[-1]")
            case ast.For(target=ast.Name(id=name), iter=ast.Call(func=ast.Name(id="range"), args=args)):
                yield from _in_range(piece, node, name, args)
                if any(isinstance(one, ast.Subscript) and name in ast.unparse(one.slice) for one in ast.walk(node)):
                    yield from _empty(node.iter)
            case ast.While(test=ast.Compare(left=ast.Name(id=name), ops=[ast.LtE()], comparators=[end])):
                yield from _in_while(piece, node, name, end)


def _may_be_a_dictionary(piece: Passage, value: ast.AST) -> bool:
    """Whether a name is a dictionary anywhere around: its keys may count from 1."""
    name = ast.unparse(value)
    return (
        any(
            isinstance(node, ast.Assign | ast.AnnAssign)
            and "{" in ast.unparse(node)
            and name in ast.unparse(node).partition("=")[0]
            for node in piece.nodes
        )
        or name.isupper()
    )


def _is_length(node: ast.AST, value: ast.AST, more: int = 0) -> bool:
    """Whether a node is the length of `value`, plus `more`."""
    match node:
        case ast.BinOp(left=left, op=ast.Add(), right=ast.Constant(value=int(number))) if more and number == more:
            return _is_length(left, value)
        case ast.Call(func=ast.Name(id="len"), args=[inner], keywords=[]) if not more:
            return is_plain(inner) and _reads_as(inner, value)
    return False


def _reads_as(one: ast.AST, other: ast.AST) -> bool:
    """Whether both read the same, whatever is done with them."""
    return ast.unparse(one) == ast.unparse(other)


def _in_range(piece: Passage, loop: ast.For, name: str, args: list[ast.expr]) -> Iterator[Suspicion]:
    for node in _unguarded(piece, loop, name):
        ahead = _ahead(node.slice, name)
        match args:
            case [end] | [ast.Constant(value=int()), end]:
                over = 0 if _is_length(end, node.value) else 1 if _is_length(end, node.value, 1) else None
                is_counted_from_1 = (
                    len(args) == 2 and over == 1 and ahead == 0
                )  # as what is numbered in a dictionary is
                if over is not None and ahead + over >= 1 and ahead >= 0 and not is_counted_from_1:
                    what = "the last round" if ahead + over == 1 else "the last rounds"
                    message = f"In {what} `{told(node)}` is behind the last element."
                    yield Suspicion("off-by-one", node, message, 0.8)
                    return
            case [start, ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1)), ast.UnaryOp(op=ast.USub())] if (
                _is_length(start, node.value) and ahead == 0
            ):
                message = f"In the first round `{told(node)}` is behind the last element."
                yield Suspicion("off-by-one", node, message, 0.85)
                return


def _in_while(piece: Passage, loop: ast.While, name: str, end: ast.expr) -> Iterator[Suspicion]:
    for node in _unguarded(piece, loop, name):
        if _is_length(end, node.value) and _ahead(node.slice, name) == 0:
            message = f"In the last round `{told(node)}` is behind the last element."
            yield Suspicion("off-by-one", loop.test, message, 0.8, f"{name} < {ast.unparse(end)}")
            return


def _unguarded(piece: Passage, loop: ast.For | ast.While, name: str) -> Iterator[ast.Subscript]:
    """What is read at an index with `name` in each round: under no condition, and before anything moves the name."""
    if _is_changed(loop, name) or piece.is_expected_to_fail(loop.body[0]):
        return
    for statement in loop.body:
        if isinstance(statement, ast.If | ast.While | ast.For | ast.Try | ast.With | ast.Match | ast.Assert):
            tests: list[ast.AST] = [statement.test] if isinstance(statement, ast.If) else []
        else:
            tests = [statement]
        for top in tests:
            for node in ast.walk(top):
                match node:
                    case ast.Subscript(ctx=ast.Load(), slice=index) if _ahead(index, name) >= 0:
                        if not any(isinstance(one, _CONDITIONAL) for one in _between(piece, node, top)):
                            yield node
        if isinstance(statement, ast.If | ast.Try | ast.While | ast.For | ast.Assert) and any(
            isinstance(one, ast.Break | ast.Continue | ast.Return | ast.Raise | ast.Assert)
            for one in ast.walk(statement)
        ):
            return


def _between(piece: Passage, node: ast.AST, top: ast.AST) -> Iterator[ast.AST]:
    if node is top:
        return
    for above in piece.around(node):
        yield above
        if above is top:
            return


def _is_changed(loop: ast.For | ast.While, name: str) -> bool:
    """Whether a `for` loop's own variable is moved, or the thing that is indexed grows meanwhile."""
    bound = (
        one
        for statement in loop.body
        for one in ast.walk(statement)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
    )
    is_grown = any(
        isinstance(one, ast.Attribute) and one.attr in ("append", "insert", "extend", "pop", "remove")
        for one in ast.walk(loop)
    )
    indexed = {ast.unparse(one.value) for one in ast.walk(loop) if isinstance(one, ast.Subscript)}
    is_grown = is_grown or any(
        isinstance(one, ast.AugAssign) and ast.unparse(one.target) in indexed for one in ast.walk(loop)
    )
    return is_grown or (isinstance(loop, ast.For) and any(one.id == name for one in bound))


def _ahead(index: ast.AST, name: str) -> int:
    """How far an index is ahead of the variable; -1 where it is something else."""
    match index:
        case ast.Name(id=found) if found == name:
            return 0
        case ast.BinOp(left=ast.Name(id=found), op=ast.Add(), right=ast.Constant(value=int(number))) if (
            found == name and number > 0
        ):
            return number
    return -1


def _empty(call: ast.expr) -> Iterator[Suspicion]:
    match call:
        case ast.Call(
            func=ast.Name(id="range"), args=[ast.Call(func=ast.Name(id="len")) as start, ast.Constant(value=0 | -1)]
        ):
            message = f"`{told(call)}` is empty: to count down it needs the step -1."
            yield Suspicion("off-by-one", call, message, 0.9, f"range({ast.unparse(start)} - 1, -1, -1)")
        case ast.Call(
            func=ast.Name(id="range"),
            args=[
                ast.BinOp(left=ast.Call(func=ast.Name(id="len")), op=ast.Sub()) as start,
                ast.Constant(value=0) | ast.UnaryOp(op=ast.USub()),
            ],
        ):
            message = f"`{told(call)}` is empty: to count down it needs the step -1."
            yield Suspicion("off-by-one", call, message, 0.9, f"range({ast.unparse(start)}, -1, -1)")
