"""Conditions that are always the same, whatever comes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from .piece import Passage, Suspicion, is_plain, told

_ASKING = frozenset("isdigit isalpha isalnum isspace isupper islower isnumeric isdecimal istitle isidentifier".split())


def constant_condition(piece: Passage) -> Iterator[Suspicion]:
    """A comparison that cannot be true, or cannot be false."""
    for node in piece.nodes:
        match node:
            case ast.BoolOp():
                yield from _of_several(node)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                yield from _of_one(piece, node, left, op, right)
        if isinstance(node, ast.If | ast.While | ast.IfExp | ast.Assert):
            yield from _uncalled(node.test)


def _uncalled(test: ast.expr) -> Iterator[Suspicion]:
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            yield from _uncalled(inner)
        case ast.BoolOp(values=values):
            for value in values:
                yield from _uncalled(value)
        case ast.Attribute(attr=attr) if attr in _ASKING:
            yield Suspicion(
                "constant-condition",
                test,
                f"`{told(test)}` is a method, and always true: it is not called.",
                0.9,
                f"{ast.unparse(test)}()",
            )


def _of_one(piece: Passage, node: ast.Compare, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Iterator[Suspicion]:
    match left, op, right:
        case ast.Call(func=ast.Name(id="len"), args=[_]), ast.Lt(), ast.Constant(value=0):
            yield Suspicion("constant-condition", node, f"`{told(node)}` is never true: no length is below 0.", 0.9)
        case ast.Call(func=ast.Name(id="len"), args=[_]), ast.GtE(), ast.Constant(value=0):
            if not isinstance(piece.parent(node), ast.Assert | ast.Call):
                yield Suspicion(
                    "constant-condition", node, f"`{told(node)}` is always true: no length is below 0.", 0.9
                )
        case ast.Call(
            func=ast.Attribute(attr="lower" | "upper" as attr), args=[]
        ), ast.Eq() | ast.NotEq() | ast.In() | ast.NotIn(), _:
            yield from _of_case(node, attr, right)
        case ast.Call(
            func=ast.Name(id="type"), args=[_]
        ), ast.Eq() | ast.Is() | ast.NotEq() | ast.IsNot(), ast.Constant(value=str()) if not piece.binds(node, "type"):
            yield Suspicion(
                "constant-condition", node, f"`{told(node)}` compares a type with a text; they are never the same.", 0.9
            )
    # `x != x` is how one asks for a NaN; calls may give something else each time.
    is_alike = ast.unparse(left) == ast.unparse(right) and is_plain(left) and not isinstance(left, ast.Constant)
    if is_alike and not isinstance(op, ast.NotEq | ast.Eq | ast.In | ast.NotIn) and not _is_in_a_check(piece, node):
        yield Suspicion("constant-condition", node, f"`{told(node)}` compares something with itself.", 0.85)


def _of_case(node: ast.Compare, attr: str, right: ast.expr) -> Iterator[Suspicion]:
    is_in = isinstance(node.ops[0], ast.In | ast.NotIn)
    if is_in and not isinstance(right, ast.Tuple | ast.List | ast.Set):
        return
    texts = right.elts if isinstance(right, ast.Tuple | ast.List | ast.Set) else [right]
    for one in texts:
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and getattr(one.value, attr)() != one.value:
            message = f"{one.value!r} is not all in {attr} case, so it is never what `.{attr}()` gives."
            yield Suspicion("constant-condition", one, message, 0.9, repr(getattr(one.value, attr)()))
            return


def _is_in_a_check(piece: Passage, node: ast.AST) -> bool:
    """Whether it is there to be checked, or for its effects: that compares things with themselves on purpose."""
    return isinstance(piece.parent(node), ast.Assert | ast.Call | ast.Expr)


@dataclass(frozen=True, slots=True)
class _Bound:
    what: str
    op: type[ast.cmpop]
    value: float | str


def _of_several(node: ast.BoolOp) -> Iterator[Suspicion]:
    bounds = [bound for value in node.values if (bound := _bound(value)) is not None]
    if isinstance(node.op, ast.Or):
        yield from _bare(node)
    for number, one in enumerate(bounds):
        for other in bounds[number + 1 :]:
            if one.what == other.what:
                yield from _of_two(node, one, other)


def _of_two(node: ast.BoolOp, one: _Bound, other: _Bound) -> Iterator[Suspicion]:
    low, high = (one, other) if one.op in (ast.Gt, ast.GtE) else (other, one)
    is_and = isinstance(node.op, ast.And)
    if one.op is other.op is ast.Eq and is_and and one.value != other.value:
        yield Suspicion(
            "constant-condition",
            node,
            f"`{one.what}` cannot be both; `or` was probably meant.",
            0.9,
            _with_other_word(node),
        )
    elif one.op is other.op is ast.NotEq and not is_and and one.value != other.value:
        yield Suspicion(
            "constant-condition",
            node,
            f"`{one.what}` always differs from one of them; `and` was probably meant.",
            0.9,
            _with_other_word(node),
        )
    elif (
        low.op in (ast.Gt, ast.GtE)
        and high.op in (ast.Lt, ast.LtE)
        and isinstance(low.value, int | float)
        and isinstance(high.value, int | float)
    ):
        if is_and and low.value > high.value:
            yield Suspicion(
                "constant-condition",
                node,
                f"`{one.what}` cannot be above {low.value} and below {high.value}; `or` was probably meant.",
                0.9,
                _with_other_word(node),
            )
        elif not is_and and low.value < high.value:
            yield Suspicion(
                "constant-condition",
                node,
                f"`{one.what}` is always above {low.value} or below {high.value}; `and` was probably meant.",
                0.9,
                _with_other_word(node),
            )


def _with_other_word(node: ast.BoolOp) -> str:
    if len(node.values) != 2:
        return ""
    return f" {'or' if isinstance(node.op, ast.And) else 'and'} ".join(map(ast.unparse, node.values))


def _bound(node: ast.expr) -> _Bound | None:
    match node:
        case ast.Compare(left=left, ops=[op], comparators=[ast.Constant(value=int() | float() | str() as value)]) if (
            is_plain(left)
        ):
            return _Bound(ast.unparse(left), type(op), value)
        case ast.Compare(
            left=left,
            ops=[op],
            comparators=[ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value))],
        ) if is_plain(left):
            return _Bound(ast.unparse(left), type(op), -value)
    return None


def _bare(node: ast.BoolOp) -> Iterator[Suspicion]:
    """`x == 1 or 2`: what stands alone is always true."""
    match node.values:
        case [ast.Compare(left=left, ops=[ast.Eq()], comparators=[ast.Constant(value=first)]), *rest]:
            values = [one.value for one in rest if isinstance(one, ast.Constant)]
            if rest and len(values) == len(rest) and all(type(value) is type(first) and value for value in values):
                listed = ", ".join(map(repr, [first, *values]))
                message = f"`{told(node)}` is always true: {values[0]!r} stands by itself."
                yield Suspicion("constant-condition", node, message, 0.95, f"{ast.unparse(left)} in ({listed})")
