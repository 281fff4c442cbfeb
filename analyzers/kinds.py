"""Types of parameters as far as a text tells them: by hints, by the names that people give, and by what a function does with them. In the words that values are made by."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Collection, Iterator, Sequence

from . import syntax, values

Function = ast.FunctionDef | ast.AsyncFunctionDef

# Types as they are written in hints, in the words that values are made by.
_ALIKE = {
    "sequence": "list", "iterable": "list", "collection": "list", "mutablesequence": "list", "iterator": "list", "list": "list",
    "dict": "dict", "mapping": "dict", "mutablemapping": "dict", "defaultdict": "dict", "set": "set", "frozenset": "frozenset",
    "tuple": "tuple", "deque": "list", "any": "", "object": "", "int": "int", "float": "float", "str": "str", "bool": "bool",
    "bytes": "bytes", "complex": "complex", "none": "None", "number": "float",
}  # fmt: skip


def annotated(node: ast.expr, own: Collection[str] = ()) -> Iterator[str]:
    """The types that an annotation names, as far as values can be made of them: "new:NAME:TYPE" for those of `values.KNOWN`, "own:NAME" for classes of the module (`own`)."""
    match node:
        case ast.Constant(value=None):
            yield "None"
        case ast.Constant(value=str(text)):
            if (meant := syntax.expression(text)) is not None:
                yield from annotated(meant, own)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from (*annotated(left, own), *annotated(right, own))
        case ast.Name(id=name) if name in own:
            yield f"own:{name}"
        case ast.Name(id=name) | ast.Attribute(attr=name, value=ast.Name()) if name in values.KNOWN:
            yield f"new:{ast.unparse(node)}:{name}"
        case ast.Name(id=name) | ast.Attribute(attr=name):
            if known := _ALIKE.get(name.lower()):
                yield known
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inner):
            items = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            if name == "Optional":
                yield from annotated(inner, own)
                yield "None"
            elif name == "Union":
                for one in items:
                    yield from annotated(one, own)
            elif name == "Literal":
                yield from (f"={ast.unparse(one)}" for one in items)
            elif known := _ALIKE.get(name.lower()):
                of = [
                    next(annotated(one, own), "any")
                    for one in items
                    if not isinstance(one, ast.Constant) or one.value is not ...
                ]
                yield f"{known}[{', '.join(of)}]" + ("…" if known == "tuple" and len(of) < len(items) else "")


def of_literal(node: ast.expr | None) -> str:
    """The name of the type that a literal, a display or a comprehension is of; "" for None, for `...` and for anything else."""
    match node:
        case ast.Constant(value=value) if value is not None and value is not ...:
            return type(value).__name__
        case ast.JoinedStr():
            return "str"
        case ast.List() | ast.ListComp():
            return "list"
        case ast.Dict() | ast.DictComp():
            return "dict"
        case ast.Set() | ast.SetComp():
            return "set"
        case ast.Tuple():
            return "tuple"
    return ""


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


_DAYS = frozenset("weekday isoweekday isoformat isocalendar strftime toordinal timetuple".split())
_PARTS = frozenset({"year", "month", "day"})
_TYPES = frozenset({"int", "float", "str", "bool", "bytes", "list", "dict", "set", "tuple"})


_PYTHONS = frozenset(dir(builtins))


class Used:
    """What a function does with its parameters, read as a sign of their types. `day`: the name by which its module has dates, "" for none."""

    def __init__(self, node: Function, day: str = "") -> None:
        self._signs: dict[str, list[str]] = {}
        also = {}  # other names of a parameter
        for one in ast.walk(node):
            match one:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Name(id=of)):
                    also[name] = of
            for name, kind in (*_signs(one), *(_of_days(one, f"new:{day}:date") if day else ())):
                self._signs.setdefault(name, []).append(kind)
        for name, of in also.items():
            self._signs.setdefault(of, []).extend(self._signs.get(name, []))

    def kinds(self, name: str) -> list[str]:
        """Types, by how much speaks for them."""
        signs = self._signs.get(name, [])
        return sorted(dict.fromkeys(signs), key=lambda kind: -signs.count(kind))


def called(node: ast.ClassDef) -> frozenset[str]:
    """The attributes of `self` that methods call and the class does not define: what is kept there is a function."""
    own = {one.name for one in node.body if isinstance(one, Function)}
    found = {
        one.func.attr
        for one in ast.walk(node)
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and isinstance(one.func.value, ast.Name) and one.func.value.id == "self"
    }  # fmt: skip
    return frozenset(found - own)


def kept(node: Function) -> dict[str, str]:
    """The parameters that a method keeps as they are, by the attribute of `self` that they are kept in."""
    found = {}
    for one in ast.walk(node):
        match one:
            case ast.Assign(
                targets=[ast.Attribute(value=ast.Name(id="self"), attr=attribute)], value=ast.Name(id=name)
            ):
                found[name] = attribute
    return found


def _of_days(node: ast.AST, day: str) -> Iterator[tuple[str, str]]:
    match node:
        case ast.Attribute(value=ast.BinOp(left=left, op=ast.Sub(), right=right), attr="days"):
            yield from ((one.id, day) for one in (left, right) if isinstance(one, ast.Name))
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attribute)) if attribute in _DAYS:
            yield name, day
        case ast.Attribute(value=ast.Name(id=name), attr=attribute) if attribute in _PARTS:
            yield name, day
        case (
            ast.BinOp(
                left=ast.Name(id=name), right=ast.Call(func=ast.Name(id="timedelta") | ast.Attribute(attr="timedelta"))
            )
            | ast.AugAssign(
                target=ast.Name(id=name),
                value=ast.Call(func=ast.Name(id="timedelta") | ast.Attribute(attr="timedelta")),
            )
        ):
            yield name, day


def _signs(node: ast.AST) -> Iterator[tuple[str, str]]:
    match node:
        case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=name), types]):
            for one in types.elts if isinstance(types, ast.Tuple) else [types]:
                if isinstance(one, ast.Name) and one.id in _TYPES:
                    yield name, one.id
        case ast.Call(
            func=ast.Attribute(
                value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get" | "setdefault"))
                | ast.Subscript(value=ast.Name(id=name)),
                attr=attribute,
            )
        ) if attribute in _DICTS:
            yield name, "dict[str, dict[str, int]]"
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
        case ast.Call(func=ast.Name(id=name)) if name not in _PYTHONS:
            yield name, "callable"
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
        case (
            ast.For(
                target=ast.Tuple(),
                iter=ast.Name(id=name)
                | ast.Call(func=ast.Name(id="sorted" | "reversed" | "list"), args=[ast.Name(id=name), *_]),
            )
            | ast.comprehension(
                target=ast.Tuple(),
                iter=ast.Name(id=name)
                | ast.Call(func=ast.Name(id="sorted" | "reversed" | "list"), args=[ast.Name(id=name), *_]),
            )
        ):
            yield from ((name, "list[tuple]"),) * 3  # more than that it is gone through
        case ast.For(iter=ast.Name(id=name)) | ast.comprehension(iter=ast.Name(id=name)):
            yield name, "list[int]"
