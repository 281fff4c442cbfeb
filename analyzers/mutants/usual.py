"""The usual mutants of mutation testing: one small change each, that a good suite notices. What `Mutants` makes are repairs; these are made to be killed.

The operators are those that mutmut, cosmic-ray and the literature agree on: another comparison, another sum, another constant, the opposite condition,
a result, a statement, an operand or a call less, the sibling of a method.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from analyzers import syntax
from analyzers.places import Places
from analyzers.text import Edit, Span, applied

from .expressions import SIGNS

LARGE = 10**18  # numbers beyond are left alone: Python does not write them all
MOST = 120  # of one function, spread over its lines
_COMPARED: dict[type[ast.cmpop], tuple[str, ...]] = {
    ast.Lt: ("<=", ">="), ast.LtE: ("<", ">"), ast.Gt: (">=", "<="), ast.GtE: (">", "<"), ast.Eq: ("!=",), ast.NotEq: ("==",),
    ast.Is: ("is not",), ast.IsNot: ("is",), ast.In: ("not in",), ast.NotIn: ("in",),
}  # fmt: skip
_COMPUTED: dict[type[ast.operator], str] = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.FloorDiv: "*", ast.Mod: "*", ast.Pow: "*", ast.BitAnd: "|", ast.BitOr: "&",
    ast.BitXor: "&", ast.LShift: ">>", ast.RShift: "<<",
}  # fmt: skip
_ORDERED = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod)
# Methods that give what they are called on, changed a little; and functions that give their argument, copied or changed a little.
_KEEPS = frozenset(
    "strip lstrip rstrip lower upper title capitalize casefold swapcase replace expandtabs zfill ljust rjust center removeprefix removesuffix translate copy resolve absolute".split()
)
_COPIES = frozenset("list dict set tuple frozenset sorted reversed abs round str int float bool".split())
_PAIRS = "lower upper,lstrip rstrip,find rfind,index rindex,ljust rjust,partition rpartition,removeprefix removesuffix,startswith endswith,split rsplit"
_METHODS = {one: other for pair in _PAIRS.split(",") for one, other in (pair.split(), pair.split()[::-1])} | {
    "strip": "lstrip"
}
_BOUNDED = frozenset({"split", "rsplit"})  # without a bound both give the same
_FUNCTIONS = {"any": "all", "all": "any", "min": "max", "max": "min"}


@dataclass(frozen=True, slots=True)
class Usual:
    """One edit of a text, on `line` (from 1), with what it does: "`<` were `<=`"."""

    edit: Edit
    line: int
    told: str


def of_lines(text: str, first: int, last: int, most: int = MOST) -> tuple[Usual, ...]:
    """The mutants of the code that stands on these lines (from 1), in order, at most `most`; docstrings, annotations, defaults' types and messages of what is raised are left alone.
    None where the text does not parse."""
    tree = syntax.module(text) if syntax.has_plain_lines(text) else None
    if tree is None:
        return ()
    try:
        return _of_tree(text, tree, (first, last), most)
    except (RecursionError, ValueError):  # hundreds of operators in one, or a number that Python does not write
        return ()


def _of_tree(text: str, tree: ast.Module, lines: tuple[int, int], most: int) -> tuple[Usual, ...]:
    first, last = lines
    made = _Made(text, tree)
    found: dict[tuple[int, int, str], Usual] = {}
    for node in made.nodes(first, last):
        for span, new, told in made.of(node):
            if text[span.start : span.end] != new:
                line = text.count("\n", 0, span.start) + 1
                found.setdefault((span.start, span.end, new), Usual(Edit(span, new), line, told))
    ordered = _spread(
        [one for _, one in sorted(found.items())], 2 * most
    )  # each is compiled, which takes as long as its statement
    return tuple(_spread([one for one in ordered if made.parses(one.edit)], most))


def _spread(every: list[Usual], most: int) -> list[Usual]:
    """At most so many, from all over."""
    return every if len(every) <= most else [every[len(every) * n // most] for n in range(most)]


Change = tuple[Span, str, str]


def _speaks_to_people(node: ast.AST) -> bool:
    """Whether a statement says something of the module and does nothing: `__version__ = "1.2"`."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant()) | ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant()):  # fmt: skip
            return name.startswith("__") and name.endswith("__")
    return False


def _is_cast(node: ast.Call) -> bool:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""  # fmt: skip
    return name == "cast" and len(node.args) == 2


class _Made:
    def __init__(self, text: str, tree: ast.Module) -> None:
        self._text, self._tree, self._places = text, tree, Places(text)
        self._tops = [self._top(one) for one in tree.body]

    def _top(self, node: ast.stmt) -> Span:
        line = min((one.lineno for one in getattr(node, "decorator_list", ())), default=node.lineno)
        return Span(self._places.offset(line, 0), self._places.span(node).end)

    def parses(self, edit: Edit) -> bool:
        """Whether the text with the edit still parses: the module's statement around it is looked at alone."""
        for top in self._tops:
            if top.start <= edit.span.start and edit.span.end <= top.end:
                moved = Edit(Span(edit.span.start - top.start, edit.span.end - top.start), edit.text)
                return syntax.compiles(applied(self._text[top.start : top.end], (moved,)))
        return False

    def nodes(self, first: int, last: int) -> Iterator[ast.AST]:
        """What is changed: the code of these lines, without what only speaks to people."""
        stack: list[ast.AST] = [self._tree]
        while stack:
            node = stack.pop()
            if isinstance(node, ast.stmt) and not (node.lineno <= last and (node.end_lineno or 0) >= first):
                continue
            if _speaks_to_people(node):
                continue
            if isinstance(node, ast.stmt | ast.expr) and node.lineno >= first and (node.end_lineno or 0) <= last:
                yield node
            for name, value in ast.iter_fields(node):
                if (
                    name in ("annotation", "returns", "decorator_list", "type_params", "type_comment")
                    or (isinstance(node, ast.Raise) and name == "exc")
                    or (isinstance(node, ast.Assert) and name == "msg")
                ):
                    continue
                children = value if isinstance(value, list) else [value]
                if isinstance(node, ast.Call) and name == "args" and _is_cast(node):
                    children = children[1:]  # a type, for whoever checks types
                if (
                    isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
                    and name == "body"
                    and ast.get_docstring(node, clean=False) is not None
                ):
                    children = children[1:]
                stack += [child for child in children if isinstance(child, ast.AST)]

    def of(self, node: ast.AST) -> Iterator[Change]:
        """The changes of one node itself."""
        match node:
            case ast.Compare(left=left, ops=ops, comparators=rights):
                if len(ops) == 1 and isinstance(ops[0], ast.Is | ast.IsNot) and _is_none(rights[0]):
                    told, sign = self._places.told(left), "not " if isinstance(ops[0], ast.Is) else ""
                    what = f"`{_short(self._places.told(node))}` were `{sign}{_short(told)}`"
                    yield self._places.span(node), f"({sign}({told}))" if sign else f"({told})", what
                for op, right in zip(ops, rights, strict=True):
                    for other in _COMPARED[type(op)]:
                        yield from self._sign(left, right, type(op), other)
                    left = right
            case ast.BoolOp(op=op, values=values):
                for left, right in pairwise(values):
                    yield from self._sign(left, right, type(op), "or" if isinstance(op, ast.And) else "and")
            case ast.BinOp(left=left, op=op, right=right):
                if not (
                    isinstance(op, ast.Mod) and isinstance(left, ast.Constant | ast.JoinedStr)
                ):  # a text that is filled in
                    yield from self._sign(left, right, type(op), _COMPUTED.get(type(op), ""))
                    yield from self._operands(node, left, right, is_ordered=isinstance(op, _ORDERED))
            case ast.Call(func=ast.Attribute(value=value, attr=name) as func, args=args):
                if name in _KEEPS:
                    yield self._instead(node, value)
                if (sibling := _METHODS.get(name)) is not None and not (name in _BOUNDED and len(args) < 2):
                    end = self._places.span(func).end
                    yield Span(end - len(name), end), sibling, f"`{name}` were `{sibling}`"
            case ast.Call(func=ast.Name(id=name) as func, args=[ast.expr() as arg, *rest]):
                if name in _COPIES and not rest and not isinstance(arg, ast.Starred):
                    yield self._instead(node, arg)
                if (sibling := _FUNCTIONS.get(name)) is not None:
                    yield self._places.span(func), sibling, f"`{name}` were `{sibling}`"
            case ast.UnaryOp(op=ast.Not() | ast.USub()):
                sign = "not" if isinstance(node.op, ast.Not) else "-"
                yield self._places.span(node), self._places.told(node)[len(sign) :].strip(), f"`{sign}` were not there"
            case ast.Constant(value=value):
                yield from self._constant(node, value)
            case ast.AugAssign(op=op):
                yield from self._sign(node.target, node.value, type(op), _COMPUTED.get(type(op), ""), behind="=")
            case ast.Return(value=value) if value is not None and not _is_none(value):
                yield self._places.span(value), "None", "it returned None"
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                if (
                    not isinstance(test, ast.Compare | ast.Constant)
                    or len(test.ops if isinstance(test, ast.Compare) else ()) > 1
                ):
                    told = self._places.told(test)
                    yield self._places.span(test), f"(not ({told}))", f"`{_short(told)}` were the other way round"
            case ast.Break():
                yield self._places.span(node), "continue", "`break` were `continue`"
            case ast.Continue():
                yield self._places.span(node), "break", "`continue` were `break`"
            case ast.Expr(value=ast.Call()) | ast.Raise():
                yield self._places.span(node), "pass", f"`{_short(self._places.told(node))}` were not there"

    def _instead(self, node: ast.AST, part: ast.AST) -> Change:
        """A part of an expression in its place."""
        told = self._places.told(part)
        return self._places.span(node), told, f"`{_short(self._places.told(node))}` were `{_short(told)}`"

    def _operands(self, node: ast.AST, left: ast.AST, right: ast.AST, *, is_ordered: bool) -> Iterator[Change]:
        """One of two operands alone, and, where their order counts, the other order."""
        yield self._instead(node, left)
        yield self._instead(node, right)
        if is_ordered:
            span, one, other = self._places.span(node), self._places.span(left), self._places.span(right)
            between = self._text[one.end : other.start]
            new = f"{self._text[other.start : other.end]}{between}{self._text[one.start : one.end]}"
            if span.start == one.start and span.end == other.end and "(" not in between and ")" not in between:
                yield span, new, f"`{_short(self._text[span.start : span.end])}` were `{_short(new)}`"

    def _sign(
        self, left: ast.AST, right: ast.AST, kind: type[ast.AST], other: str, behind: str = ""
    ) -> Iterator[Change]:
        if not other:
            return
        start, end = self._places.span(left).end, self._places.span(right).start
        between = re.sub(r"#[^\n]*", lambda comment: " " * len(comment[0]), self._text[start:end])
        if (found := re.search(SIGNS[kind] + re.escape(behind), between)) is not None:
            span = Span(start + found.start(), start + found.end())
            told = self._text[span.start : span.end]
            other += behind
            spaced = f" {other} " if other[:1].isalpha() and not between[: found.start()][-1:].isspace() else other
            yield span, spaced, f"`{told}` were `{other}`"

    def _constant(self, node: ast.Constant, value: object) -> Iterator[Change]:
        span = self._places.span(node)
        told = self._text[span.start : span.end]
        match value:
            case bool():
                yield span, repr(not value), f"`{told}` were `{not value}`"
            case int() if abs(value) < LARGE:
                yield span, repr(value + 1), f"`{told}` were `{value + 1}`"
                if value > 1:
                    yield span, repr(value - 1), f"`{told}` were `{value - 1}`"
            case float() if value + 1 != value:
                yield span, repr(value + 1), f"`{told}` were `{value + 1}`"
            case str() if told[:1] in "'\"":
                other = "''" if value else "'XX'"
                yield span, other, f"`{_short(told)}` were `{other}`"


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else f"{line[:37]}…"
