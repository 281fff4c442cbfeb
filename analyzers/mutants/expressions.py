"""Other forms of one expression: another operator, one more or less, another name, another function, in another order."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import pairwise

from . import calls
from .scope import Form, Scope

_COMPARED: dict[type[ast.cmpop], tuple[tuple[str, float], ...]] = {
    ast.Lt: (("<=", 0.9), (">", 0.5), (">=", 0.4), ("!=", 0.2)),
    ast.LtE: (("<", 0.9), (">=", 0.5), (">", 0.4), ("==", 0.2)),
    ast.Gt: ((">=", 0.9), ("<", 0.5), ("<=", 0.4), ("!=", 0.2)),
    ast.GtE: ((">", 0.9), ("<=", 0.5), ("<", 0.4), ("==", 0.2)),
    ast.Eq: (("!=", 0.6), ("<=", 0.3), (">=", 0.3)),
    ast.NotEq: (("==", 0.6), ("<", 0.25), (">", 0.25)),
    ast.Is: (("is not", 0.7), ("==", 0.2)),
    ast.IsNot: (("is", 0.7), ("!=", 0.2)),
    ast.In: (("not in", 0.7),),
    ast.NotIn: (("in", 0.7),),
}
SIGNS: dict[type[ast.AST], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.Is: r"is\b", ast.IsNot: r"is\s+not\b", ast.In: r"in\b",
    ast.NotIn: r"not\s+in\b", ast.Add: r"\+", ast.Sub: "-", ast.Mult: r"\*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: r"\*\*",
    ast.BitAnd: "&", ast.BitOr: r"\|", ast.BitXor: r"\^", ast.LShift: "<<", ast.RShift: ">>", ast.And: r"and\b", ast.Or: r"or\b",
}  # fmt: skip
_COMPUTED: dict[type[ast.operator], tuple[tuple[str, float], ...]] = {
    ast.Add: (("-", 0.6), ("*", 0.25)),
    ast.Sub: (("+", 0.6), ("//", 0.1)),
    ast.Mult: (("/", 0.35), ("**", 0.25), ("+", 0.3)),
    ast.Div: (("//", 0.55), ("*", 0.4)),
    ast.FloorDiv: (("/", 0.55), ("%", 0.4)),
    ast.Mod: (("//", 0.4),),
    ast.Pow: (("*", 0.4),),
    ast.BitAnd: (("|", 0.5), ("-", 0.3), ("^", 0.3)),
    ast.BitOr: (("&", 0.5), ("^", 0.3)),
    ast.BitXor: (("&", 0.3), ("|", 0.3)),
    ast.LShift: ((">>", 0.5),),
    ast.RShift: (("<<", 0.5),),
}
_UNORDERED = (ast.Add, ast.Mult, ast.BitAnd, ast.BitOr, ast.BitXor)


def forms(node: ast.expr, scope: Scope) -> Iterator[Form]:
    """Other forms of one expression itself, without those of what it holds."""
    match node:
        case ast.Compare():
            yield from _of_compare(node, scope)
        case ast.BoolOp():
            yield from _of_bool(node, scope)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield Form(node, scope.told(operand), 0.5)
            if isinstance(operand, ast.Name | ast.Attribute):
                yield Form(node, f"{scope.told(operand)} is None", 0.5)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            yield Form(node, scope.told(operand), 0.4)
        case ast.BinOp():
            yield from _of_computing(node, scope)
        case ast.Constant():
            yield from _of_constant(node, scope)
        case ast.Name(ctx=ast.Load()):
            yield from _of_name(node, scope)
        case ast.Attribute(ctx=ast.Load()):
            yield from _of_attribute(node, scope)
        case ast.Call():
            yield from calls.forms(node, scope)
        case ast.Subscript():
            yield from calls.of_subscript(node, scope)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield Form(node, f"{scope.told(orelse)} if {scope.told(test)} else {scope.told(body)}", 0.4)
        case ast.Tuple(elts=[first, second]) if isinstance(node.ctx, ast.Load):
            text = f"{scope.told(second)}, {scope.told(first)}"
            yield Form(node, f"({text})" if scope.told(node).startswith("(") else text, 0.4)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            if not isinstance(node, ast.DictComp) and isinstance(node.elt, ast.Name | ast.Attribute | ast.Subscript):
                yield from (
                    Form(node.elt, form.format(scope.told(node.elt)), 0.3)
                    for form in ("int({})", "str({})", "float({})", "{}.strip()", "{}.lower()")
                )
            for generator in node.generators:
                for condition in generator.ifs:
                    yield from tests(condition, scope)
        case ast.Lambda(body=body):
            yield from tests(body, scope) if isinstance(body, ast.Compare | ast.BoolOp) else ()


def tests(node: ast.expr, scope: Scope) -> Iterator[Form]:
    """Other forms of what is asked: its opposite, and of a plain name whether it is there at all."""
    text = scope.told(node)
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        yield Form(node, f"{text} is not None", 0.5)
        yield Form(node, f"not {text}", 0.5)
    elif isinstance(node, ast.Call):
        yield Form(node, f"not {text}", 0.5)
    elif isinstance(node, ast.BoolOp | ast.Compare) and not isinstance(node, ast.UnaryOp):
        yield Form(node, f"not ({text})", 0.3)


def _of_compare(node: ast.Compare, scope: Scope) -> Iterator[Form]:
    left: ast.expr = node.left
    for op, right in zip(node.ops, node.comparators, strict=True):
        for sign, prior in _COMPARED[type(op)]:
            yield from scope.with_sign(node, left, right, SIGNS[type(op)], sign, prior)
        left = right
    if len(node.ops) == 1 and isinstance(node.ops[0], ast.Lt | ast.LtE | ast.Gt | ast.GtE | ast.In | ast.NotIn):
        sign = re.sub(r"\\[bs]\+?", " ", SIGNS[type(node.ops[0])]).strip().replace("  ", " ")
        yield Form(node, f"{scope.told(node.comparators[0])} {sign} {scope.told(node.left)}", 0.2)
    if len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq | ast.NotEq):
        a, b = scope.told(node.left), scope.told(node.comparators[0])
        sign = "==" if isinstance(node.ops[0], ast.Eq) else "!="
        if not isinstance(node.comparators[0], ast.Constant):
            yield Form(node, f"{a} {'in' if sign == '==' else 'not in'} {b}", 0.15)
        elif node.comparators[0].value is None or not node.comparators[0].value:
            yield Form(node, f"not {a}" if sign == "==" else a, 0.3)
        if isinstance(node.left, ast.Name | ast.Attribute | ast.Subscript) and isinstance(
            node.comparators[0], ast.Name | ast.Attribute | ast.Subscript
        ):
            yield Form(node, f"{a}.lower() {sign} {b}.lower()", 0.12)
    if (
        len(node.ops) == 1
        and isinstance(node.ops[0], ast.Is | ast.IsNot)
        and isinstance(node.comparators[0], ast.Constant)
    ):
        yield Form(
            node, f"not {scope.told(node.left)}" if isinstance(node.ops[0], ast.Is) else scope.told(node.left), 0.3
        )
    for side in (node.left, *node.comparators):
        if isinstance(side, ast.Call | ast.Name | ast.Attribute):
            yield from calls.one_off(side, scope, 0.3 if isinstance(side, ast.Call) else 0.2)


def _of_bool(node: ast.BoolOp, scope: Scope) -> Iterator[Form]:
    values = node.values
    other = "or" if isinstance(node.op, ast.And) else "and"
    for left, right in pairwise(values):
        yield from scope.with_sign(node, left, right, SIGNS[type(node.op)], other, 0.65 if len(values) == 2 else 0.4)
    for one in values:
        rest = f" {'and' if other == 'or' else 'or'} ".join(scope.told(value) for value in values if value is not one)
        yield Form(node, rest, 0.3)
    if isinstance(node.op, ast.Or) and len(values) == 2 and isinstance(values[0], ast.Name | ast.Attribute):
        given, other_value = scope.told(values[0]), scope.told(values[1])
        yield Form(node, f"{other_value} if {given} is None else {given}", 0.45)
    # `a or b and c`: what binds first.
    last = values[-1]
    if isinstance(node.op, ast.Or) and isinstance(last, ast.BoolOp) and len(values) == 2:
        first, *rest_values = last.values
        if not scope.told(last).startswith("("):
            text = " and ".join(map(scope.told, rest_values))
            yield Form(node, f"({scope.told(values[0])} or {scope.told(first)}) and {text}", 0.5)


def _of_computing(node: ast.BinOp, scope: Scope) -> Iterator[Form]:
    left, right = scope.told(node.left), scope.told(node.right)
    if not isinstance(node.left, ast.Constant) or not isinstance(node.left.value, str):
        for sign, prior in _COMPUTED.get(type(node.op), ()):
            yield from scope.with_sign(node, node.left, node.right, SIGNS[type(node.op)], sign, prior)
    if isinstance(node.op, ast.FloorDiv):
        yield Form(node, f"-(-{left} // {right})", 0.4)
    for side in (node.left, node.right):
        if isinstance(side, ast.Call | ast.Name | ast.Attribute) and isinstance(
            node.op, ast.Mult | ast.Div | ast.FloorDiv | ast.Mod
        ):
            yield Form(side, f"({scope.told(side)} - 1)", 0.25)
            yield Form(side, f"({scope.told(side)} + 1)", 0.25)
    if not isinstance(node.op, _UNORDERED) or isinstance(node.op, ast.Add):
        yield from scope.turned(node, node.left, node.right, 0.4 if not isinstance(node.op, ast.Add) else 0.2)
    if isinstance(node.right, ast.Constant) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.FloorDiv):
        yield Form(node, left, 0.5)
    elif isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
        yield Form(node, left, 0.15)
        yield Form(node, right, 0.15)
    tight = (ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)
    match node:  # what binds first
        case ast.BinOp(op=ast.Add() | ast.Sub(), right=ast.BinOp(left=inner, op=op, right=last)) if isinstance(
            op, tight
        ) and not scope.is_bracketed(node.right):
            sign = SIGNS[type(op)].replace("\\", "")
            plus = "+" if isinstance(node.op, ast.Add) else "-"
            yield Form(node, f"({left} {plus} {scope.told(inner)}) {sign} {scope.told(last)}", 0.5)
        case ast.BinOp(left=ast.BinOp(left=first, op=ast.Add() | ast.Sub() as op, right=inner), right=last) if (
            isinstance(node.op, tight)
        ):
            sign = SIGNS[type(node.op)].replace("\\", "")
            plus = "+" if isinstance(op, ast.Add) else "-"
            yield Form(node, f"{scope.told(first)} {plus} {scope.told(inner)} {sign} {scope.told(last)}", 0.3)
        case ast.BinOp(left=ast.BinOp(left=first, op=ast.Sub(), right=inner), op=ast.Add() | ast.Sub(), right=last) if (
            not scope.is_bracketed(node.left)
        ):
            sign = "+" if isinstance(node.op, ast.Add) else "-"
            yield Form(node, f"{scope.told(first)} - ({scope.told(inner)} {sign} {scope.told(last)})", 0.3)


def _of_constant(node: ast.Constant, scope: Scope) -> Iterator[Form]:
    match node.value:
        case bool(value):
            yield Form(node, str(not value), 0.7)
        case int(value):
            for other, prior in (
                (value + 1, 0.7),
                (value - 1, 0.7),
                (0, 0.4),
                (1, 0.4),
                (2, 0.2),
                (-value, 0.3),
                (10 * value, 0.15),
                (value // 10, 0.1),
                (2 * value, 0.15),
            ):
                if other != value and not (other == 0 and scope.is_added(node)):
                    yield Form(node, f"({other})" if other < 0 and scope.binds_tighter(node) else str(other), prior)
            for number in scope.numbers:
                if number not in (value, value + 1, value - 1, 0, 1, 2):
                    yield Form(node, repr(number), 0.3)
        case float(value):
            for other_float in (
                value + 1,
                value - 1,
                -value,
                value * 10,
                value / 10,
                value * 100,
                value / 100,
                1.0,
                0.0,
                1 - value,
            ):
                if other_float != value:
                    yield Form(node, repr(round(other_float, 12)), 0.25)
        case str(value) if scope.is_value(node):
            for text, prior in (
                ("", 0.25),
                (" ", 0.25),
                (value.strip(), 0.3),
                (value.lower(), 0.3),
                (value.upper(), 0.2),
                (f"{value} ", 0.15),
                ("\n", 0.1),
            ):
                if text != value:
                    yield Form(node, repr(text), prior)
            for text in scope.texts:
                if text != value:
                    yield Form(node, repr(text), 0.2 + 0.3 * _likeness(text, value))
        case None:
            for other_text in ("0", "[]", "''", "False", "True", "{}"):
                yield Form(node, other_text, 0.2)


def _of_name(node: ast.Name, scope: Scope) -> Iterator[Form]:
    if scope.is_called(node):
        for other in calls.INSTEAD.get(node.id, ()):
            yield Form(node, other, 0.45)
        return
    others = sorted(
        (
            (0.25 + 0.35 * _likeness(name, node.id) + (0.25 if name in scope.unused else 0.0), name)
            for name in scope.names
            if name != node.id
        ),
        reverse=True,
    )
    for prior, name in others[:10]:
        yield Form(node, name, min(prior, 0.8))
    for used, prior in scope.uses.get(node.id, ()):
        if not scope.is_used_so(node, used):
            yield Form(node, used, prior)
    for attribute in scope.of_self:
        if attribute.lstrip("_") == node.id:
            yield Form(node, f"self.{attribute}", 0.4)


def _of_attribute(node: ast.Attribute, scope: Scope) -> Iterator[Form]:
    base = scope.told(node.value)
    for other in calls.INSTEAD.get(node.attr, ()):
        yield Form(node, f"{base}.{other}", 0.5)
    if not scope.is_called(node):
        yield Form(node, f"{base}.{node.attr}()", 0.35 if node.attr in scope.called else 0.08)
        for other in scope.attributes(base):
            if other != node.attr and other not in calls.INSTEAD.get(node.attr, ()):
                yield Form(node, f"{base}.{other}", 0.25 + 0.35 * _likeness(other, node.attr))


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()
