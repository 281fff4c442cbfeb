"""Expressions as people write them: what a search put together, with generators where a list is only gone through, and with the imports that it needs. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from . import syntax

# Functions that go through what they are given, and need no list of it.
_THROUGH = frozenset("sum max min all any set tuple sorted list dict frozenset".split())
_MODULES = frozenset(("math", "itertools", "heapq"))


def plain(source: str) -> str:
    """The same expression without what nobody would write: `sum([f(x) for x in y])`, `list([…])`, `set(list(x))`, `not a == b`, `x + 1 + 1`."""
    tree = syntax.expression(source)
    if tree is None:
        return source
    return ast.unparse(ast.fix_missing_locations(_Plain().visit(tree)))


class _Plain(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Name(id="list"), args=[ast.ListComp() as inner], keywords=[]):
                return inner
            case ast.Call(
                func=ast.Name(id="len"),
                args=[
                    ast.ListComp(
                        elt=ast.Name(id=name),
                        generators=[ast.comprehension(target=ast.Name(id=other), ifs=[_]) as loop],
                    )
                ],
            ) if name == other:
                return ast.Call(ast.Name("sum"), [ast.GeneratorExp(ast.Constant(1), [loop])], [])
            case ast.Call(func=ast.Name(id="set"), args=[ast.ListComp(elt=elt, generators=loops)], keywords=[]):
                return ast.SetComp(elt, loops)
            case ast.Call(func=ast.Name(id=name), args=[ast.ListComp(elt=elt, generators=loops)]) if name in _THROUGH:
                return ast.Call(node.func, [ast.GeneratorExp(elt, loops)], node.keywords)
            case ast.Call(func=ast.Attribute(attr="join"), args=[ast.ListComp(elt=elt, generators=loops)]):
                return ast.Call(node.func, [ast.GeneratorExp(elt, loops)], [])
            case ast.Call(
                func=ast.Name(id=name), args=[ast.Call(func=ast.Name(id="list" | "tuple"), args=[inner], keywords=[])]
            ) if name in _THROUGH:
                return ast.Call(node.func, [inner], node.keywords)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.comprehension:
        self.generic_visit(node)
        match node.iter:  # what is gone through need be no list
            case ast.Call(func=ast.Name(id="list" | "tuple"), args=[inner], keywords=[]):
                node.iter = inner
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=ast.Compare(left=left, ops=[op], comparators=[right])) if (
                type(op) in _OPPOSITE
            ):
                return ast.Compare(left, [_OPPOSITE[type(op)]()], [right])
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.BinOp(
                left=ast.BinOp(left=inner, op=ast.Add() | ast.Sub() as first, right=ast.Constant(value=int(one))),
                op=ast.Add() | ast.Sub() as second,
                right=ast.Constant(value=int(two)),
            ):
                total = (one if isinstance(first, ast.Add) else -one) + (two if isinstance(second, ast.Add) else -two)
                if total:
                    return ast.BinOp(inner, ast.Add() if total > 0 else ast.Sub(), ast.Constant(abs(total)))
        return node


_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is}  # fmt: skip


def imports(source: str) -> tuple[str, ...]:
    """The import statements that an expression needs."""
    return tuple(sorted(set(_needed(source))))


def _needed(source: str) -> Iterator[str]:
    tree = syntax.expression(source)
    for node in ast.walk(tree) if tree is not None else ():
        match node:
            case ast.Attribute(value=ast.Name(id=name)) if name in _MODULES:
                yield f"import {name}"
            case ast.Call(func=ast.Name(id="Counter")):
                yield "from collections import Counter"
