"""What a mutant may use: the names, attributes and constants around a statement, and the text as it is written."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from analyzers.places import Places
from analyzers.text import Span

_NAMES_LIMIT = 24


@dataclass(frozen=True, slots=True)
class Form:
    """Another text in the place of a node, or of a span; `prior` is how often such a change is what mends a bug, from 0 to 1."""

    node: ast.AST | Span
    text: str
    prior: float


class Scope:
    """Of one function (or of a module, outside of any) in `tree`, parsed from the text of `places`."""

    def __init__(self, places: Places, tree: ast.Module, function: ast.AST) -> None:
        self.places = places
        self.function = getattr(function, "name", "")
        self._parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        own = list(ast.walk(function))
        stored = [node.id for node in own if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
        parameters = [node.arg for node in own if isinstance(node, ast.arg) and node.arg not in ("self", "cls")]
        loaded = {node.id for node in own if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        self.bound = Counter(stored)
        self.parameters = tuple(parameters)
        self.names = tuple(dict.fromkeys([*parameters, *stored]))[:_NAMES_LIMIT]
        self.unused = frozenset(self.names) - loaded
        self._attributes: dict[str, dict[str, None]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and not self.is_called(node):
                self._attributes.setdefault(ast.unparse(node.value), {})[node.attr] = None
        self.uses = _uses(tree)
        self.called = frozenset(
            node.func.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        )
        self.of_self = tuple(self._attributes.get("self", ()))
        constants = [node.value for node in own if isinstance(node, ast.Constant)]
        self.numbers = tuple(
            dict.fromkeys(n for n in constants if isinstance(n, int | float) and not isinstance(n, bool))
        )[:6]
        strings = (
            node
            for node in own
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and self.is_value(node)
        )
        self.texts = tuple(dict.fromkeys(str(node.value) for node in strings))[:6]

    def told(self, node: ast.AST) -> str:
        """A node as it is written, with the brackets around it where it needs them."""
        if isinstance(node, ast.keyword):
            return f"{node.arg}={self.told(node.value)}" if node.arg else f"**{self.told(node.value)}"
        text = self.places.told(node)
        return f"({text})" if self.is_bracketed(node) else text

    def parent(self, node: ast.AST) -> ast.AST | None:
        """What a node stands right in."""
        return self._parents.get(node)

    def attributes(self, base: str) -> tuple[str, ...]:
        """The attributes that the module asks for of what reads like `base`; of other objects those that any has."""
        return tuple(self._attributes.get(base, ()))[:8]

    def is_called(self, node: ast.AST) -> bool:
        """Whether it is what a call calls."""
        above = self._parents.get(node)
        return isinstance(above, ast.Call) and above.func is node

    def is_value(self, node: ast.AST) -> bool:
        """Whether a text is a value, and no docstring, annotation or part of an f-string."""
        above = self._parents.get(node)
        return not isinstance(above, ast.Expr | ast.JoinedStr | ast.FormattedValue | ast.arg)

    def is_added(self, node: ast.AST) -> bool:
        """Whether it is added to something, or taken from it."""
        above = self._parents.get(node)
        return isinstance(above, ast.BinOp) and isinstance(above.op, ast.Add | ast.Sub)

    def is_used_so(self, node: ast.AST, form: str) -> bool:
        """Whether a name stands in such a form already."""
        above, count = self._parents.get(node), 0
        while above is not None and count < 3:
            if isinstance(above, ast.expr) and ast.unparse(above) == form:
                return True
            above, count = self._parents.get(above), count + 1
        return False

    def binds_tighter(self, node: ast.AST) -> bool:
        """Whether a sign in front of it needs brackets."""
        return isinstance(self._parents.get(node), ast.BinOp | ast.Attribute)

    def is_bracketed(self, node: ast.AST) -> bool:
        """Whether brackets of its own stand around an expression: the tree does not tell."""
        if not isinstance(
            node, ast.BinOp | ast.BoolOp | ast.Compare | ast.IfExp | ast.UnaryOp | ast.NamedExpr | ast.Lambda
        ):
            return False
        span = self.places.span(node)
        text = self.places.text
        before, after = text[: span.start].rstrip(" "), text[span.end :].lstrip(" ")
        above = self._parents.get(node)
        is_argument = isinstance(above, ast.Call) and (len(above.args) + len(above.keywords) == 1)
        return before.endswith("(") and after.startswith(")") and not (is_argument and not before.endswith("(("))

    def with_sign(
        self, node: ast.AST, left: ast.AST, right: ast.AST, sign: str, other: str, prior: float
    ) -> Iterator[Form]:
        """The node with another operator between two operands."""
        start, end = self.places.span(left).end, self.places.span(right).start
        between = self.places.text[start:end]
        if found := re.search(sign, between):
            yield Form(Span(start + found.start(), start + found.end()), other, prior)

    def turned(self, node: ast.AST, left: ast.AST, right: ast.AST, prior: float) -> Iterator[Form]:
        """The node with its two operands in the other order."""
        between = (
            self.places.text[self.places.span(left).end : self.places.span(right).start]
            .replace("(", "")
            .replace(")", "")
        )
        one, other = self.told(right), self.told(left)
        other = f"({other})" if isinstance(left, ast.BinOp) and not other.startswith("(") else other
        yield Form(node, f"{one}{between}{other}", prior)


def _uses(tree: ast.Module) -> dict[str, tuple[tuple[str, float], ...]]:
    """What the module does with a name elsewhere: a method without arguments, a function of one, an index. One place may have forgotten it."""
    found: dict[str, dict[str, int]] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr), args=[], keywords=[]) if (
                not attr.startswith("__")
            ):
                form = f"{name}.{attr}()"
            case ast.Call(func=ast.Name(id=function), args=[ast.Name(id=name)], keywords=[]) if function not in (
                "print",
                "isinstance",
                "type",
            ):
                form = f"{function}({name})"
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="self"), attr=attr), args=[ast.Name(id=name)], keywords=[]
            ):
                form = f"self.{attr}({name})"
            case _:
                continue
        known = found.setdefault(name, {})
        known[form] = known.get(form, 0) + 1
    return {
        name: tuple((form, 0.3 + 0.05 * min(count, 4)) for form, count in forms.items())
        for name, forms in found.items()
    }
