"""Types of parameters as far as a text tells them: by hints, by the names that people give, and by what a function does with them. In the words that values are made by."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from . import syntax

Function = ast.FunctionDef | ast.AsyncFunctionDef

# Types as they are written in hints, in the words that values are made by.
_ALIKE = {
    "sequence": "list", "iterable": "list", "collection": "list", "mutablesequence": "list", "iterator": "list", "list": "list",
    "dict": "dict", "mapping": "dict", "mutablemapping": "dict", "defaultdict": "dict", "set": "set", "frozenset": "frozenset",
    "tuple": "tuple", "deque": "list", "any": "", "object": "", "int": "int", "float": "float", "str": "str", "bool": "bool",
    "bytes": "bytes", "complex": "complex", "none": "None", "number": "float",
}  # fmt: skip


def annotated(node: ast.expr) -> Iterator[str]:
    """The types that an annotation names, as far as values can be made of them."""
    match node:
        case ast.Constant(value=None):
            yield "None"
        case ast.Constant(value=str(text)):
            if (meant := syntax.expression(text)) is not None:
                yield from annotated(meant)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from (one for one in (*annotated(left), *annotated(right)))
        case ast.Name(id=name) | ast.Attribute(attr=name):
            if known := _ALIKE.get(name.lower()):
                yield known
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inner):
            items = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            if name == "Optional":
                yield from annotated(inner)
                yield "None"
            elif name == "Union":
                for one in items:
                    yield from annotated(one)
            elif name == "Literal":
                yield from (f"={ast.unparse(one)}" for one in items)
            elif known := _ALIKE.get(name.lower()):
                of = [
                    next(annotated(one), "any")
                    for one in items
                    if not isinstance(one, ast.Constant) or one.value is not ...
                ]
                yield f"{known}[{', '.join(of)}]" + ("…" if known == "tuple" and len(of) < len(items) else "")


def by_name(name: str) -> tuple[str, ...]:
    """What people call so."""
    plain = name.lower().strip("_0123456789")
    for pattern, kinds in _NAMED:
        if re.fullmatch(pattern, plain):
            return kinds
    return ()


_NAMED: Sequence[tuple[str, tuple[str, ...]]] = (
    (r"n|k|m|i|j|num|number|count|size|index|limit|year|month|day|age|length|start|end|stop|step|width|height|depth|level|base|exp|val|digits?|x|y|z|a|b|c|l|w|h|r|p|q", ("int", "float", "str", "list[int]")),
    (r"s|st|str|string|text|word|name|line|char|ch|letter|pattern|sentence|phrase|message|path|key|prefix|suffix|date|txt|url|email|password", ("str",)),
    (r"nums|numbers|arr|array|values|vals|lst|list|items|seq|data|xs|ys|li|ls|numList|numlist|list_nums|operations|scores|prices|weights|heights|elements|list_?\w*", ("list[int]", "list[str]", "list[list[int]]")),
    (r"words|strings|names|strs|lines|chars|keys|parts|tokens", ("list[str]",)),
    (r"matrix|grid|board|rows|mat|lists|table|graph", ("list[list[int]]",)),
    (r"\w*tup\w*|point|pair|coords?", ("tuple[int]", "list[tuple]")),
    (r"d|dict\w*|mapping|table|config|options|counts|\w*_dict", ("dict[str, int]",)),
    (r"is_\w+|has_\w+|flag|reverse|strict|ignore_\w+", ("bool",)),
    (r"price|rate|ratio|amount|total|radius|side|angle|temperature|weight|percent\w*|distance|threshold|tolerance", ("float", "int")),
)  # fmt: skip

_STRINGS = frozenset(
    "lower upper split strip lstrip rstrip startswith endswith replace isdigit isalpha isupper islower title capitalize isalnum splitlines encode swapcase zfill format partition isspace casefold".split()
)
_DICTS = frozenset("keys values items get setdefault popitem".split())
_LISTS = frozenset("append extend insert sort pop remove reverse".split())
_SETS = frozenset("add union intersection difference issubset issuperset discard symmetric_difference".split())


class Used:
    """What a function does with its parameters, read as a sign of their types."""

    def __init__(self, node: Function) -> None:
        self._signs: dict[str, list[str]] = {}
        for one in ast.walk(node):
            for name, kind in _signs(one):
                self._signs.setdefault(name, []).append(kind)

    def kinds(self, name: str) -> Iterator[str]:
        """Types, by how much speaks for them."""
        signs = self._signs.get(name, [])
        yield from sorted(dict.fromkeys(signs), key=lambda kind: -signs.count(kind))


def _signs(node: ast.AST) -> Iterator[tuple[str, str]]:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attribute)):
            if attribute in _DICTS:
                yield name, "dict"
            for known, kind in (
                (_STRINGS, "str"),
                (_DICTS, "dict[str, int]"),
                (_LISTS, "list[int]"),
                (_SETS, "set[int]"),
            ):
                if attribute in known:
                    yield name, kind
        case ast.Call(func=ast.Name(id="range" | "chr" | "bin" | "hex"), args=args):
            yield from ((one.id, "int") for one in args if isinstance(one, ast.Name))
        case ast.Call(func=ast.Name(id="ord" | "int"), args=[ast.Name(id=name), *_]):
            yield name, "str"
        case ast.Call(
            func=ast.Name(id="sum" | "max" | "min" | "sorted" | "len" | "set" | "enumerate" | "list" | "zip" | "map"),
            args=args,
        ):
            yield from ((one.id, "list[int]") for one in args if isinstance(one, ast.Name))
        case ast.Compare(left=ast.Name(id=name), comparators=[ast.Constant(value=value)]) if isinstance(
            value, int | float | str
        ):
            yield name, type(value).__name__
        case ast.Compare(left=ast.Constant(value=str()), ops=[ast.In() | ast.NotIn()], comparators=[ast.Name(id=name)]):
            yield name, "str"
        case ast.BinOp(
            left=left,
            op=ast.Mod()
            | ast.FloorDiv()
            | ast.Sub()
            | ast.Pow()
            | ast.BitAnd()
            | ast.BitXor()
            | ast.RShift()
            | ast.LShift()
            | ast.Div(),
            right=right,
        ):
            yield from ((one.id, "int") for one in (left, right) if isinstance(one, ast.Name))
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str())):
            yield name, "dict[str, int]"
        case ast.Subscript(value=ast.Subscript(value=ast.Name(id=name))):
            yield name, "list[list[int]]"
        case ast.Subscript(value=ast.Name(id=name)):
            yield name, "list[int]"
        case ast.For(target=ast.Tuple(), iter=ast.Name(id=name)):
            yield name, "list[tuple]"
        case ast.For(iter=ast.Name(id=name)) | ast.comprehension(iter=ast.Name(id=name)):
            yield name, "list[int]"
