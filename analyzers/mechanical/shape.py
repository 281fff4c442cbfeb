"""What instances of a class have, as its text tells: fields with their hints, and which of them hold many. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from .. import kinds, syntax, words

Holds = Literal["list", "dict", "set", ""]
_EMPTY: Mapping[str, Holds] = {"list": "list", "dict": "dict", "set": "set", "deque": "list", "defaultdict": "dict", "OrderedDict": "dict", "Counter": "dict"}  # fmt: skip
_HINTED = re.compile(r"(?:typing\.|collections\.abc\.|collections\.)?(\w+)(?:\[(.*)\])?$", re.DOTALL)
_LISTS = frozenset("list List Sequence MutableSequence deque Deque Iterable Collection tuple Tuple".split())
_DICTS = frozenset("dict Dict Mapping MutableMapping defaultdict DefaultDict OrderedDict Counter".split())
_SETS = frozenset("set Set frozenset FrozenSet AbstractSet MutableSet".split())
NUMBERS = frozenset("int float complex Decimal Fraction".split())


@dataclass(frozen=True, slots=True)
class Field:
    """An attribute of instances: its name as it is written after `self.`, its hint as source ("" for none), what it `holds` where that is many, and whether instances are `made` with it (its place among the constructor's parameters, else -1)."""

    name: str
    hint: str = ""
    holds: Holds = ""
    made: int = -1

    @property
    def public(self) -> str:
        """Its name for others."""
        return self.name.lstrip("_")

    @property
    def inner(self) -> str:
        """The hint of what it holds: of a dict's values."""
        return of_hint(self.hint)[1]


@dataclass(frozen=True, slots=True)
class Shape:
    """A class by its name, the fields of its instances in their order, the names of its methods, and whether its constructor takes its fields by name."""

    name: str
    fields: tuple[Field, ...]
    methods: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()  # attributes of `self` that its methods use

    @property
    def names(self) -> frozenset[str]:
        """The names of its fields."""
        return frozenset(one.name for one in self.fields)

    @property
    def told(self) -> tuple[Field, ...]:
        """The fields that tell one instance from another: those that it is made with, else all."""
        return tuple(one for one in self.fields if one.made >= 0) or self.fields

    def field(self, name: str) -> Field | None:
        """The field of that name, with or without an underscore before it."""
        return next((one for one in self.fields if one.name == name), None) or next((one for one in self.fields if one.public == name), None)  # fmt: skip


def of_hint(hint: str) -> tuple[Holds, str]:
    """Whether a hint says that something holds many, and the hint of one of them (of a dict, of a value)."""
    match = _HINTED.match(hint.strip())
    if match is None:
        return "", ""
    name, inner = match[1], match[2] or ""
    if name in _LISTS:
        return "list", inner.removesuffix(", ...").strip()
    if name in _SETS:
        return "set", inner.strip()
    if name in _DICTS:
        return "dict", inner.partition(",")[2].strip()
    return "", ""


def of_text(text: str) -> dict[str, Shape]:
    """The classes at the top of a module, by their names."""
    tree = syntax.module(text)
    return {one.name: of_class(one) for one in (tree.body if tree is not None else ()) if isinstance(one, ast.ClassDef)}


def of_class(node: ast.ClassDef) -> Shape:
    """The shape of a class."""
    found: dict[str, Field] = {}
    for one in node.body:
        match one:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=hint, value=value) if "ClassVar" not in ast.unparse(hint):  # fmt: skip
                found[name] = Field(name, ast.unparse(hint), of_hint(ast.unparse(hint))[0] or _held(value), len(found))
    is_record = any("dataclass" in ast.unparse(one) for one in node.decorator_list) or any(ast.unparse(one).rpartition(".")[2] in ("NamedTuple", "TypedDict", "BaseModel") for one in node.bases)  # fmt: skip
    if not is_record:
        found = {name: Field(one.name, one.hint, one.holds) for name, one in found.items()}
    functions = [one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
    for function in functions:
        for field in _assigned(function):
            there = found.get(field.name)
            if there is None or (not there.hint and field.hint) or there.made < field.made:
                found[field.name] = field
    used = {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id == "self"}  # fmt: skip
    return Shape(node.name, tuple(found.values()), frozenset(one.name for one in functions), frozenset(used))


def _assigned(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Field]:
    """What a method gives to `self`."""
    args = function.args
    given = [one.arg for one in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    hints = {one.arg: ast.unparse(one.annotation) for one in (*args.posonlyargs, *args.args, *args.kwonlyargs) if one.annotation}  # fmt: skip
    is_constructor = function.name == "__init__"
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=value):
                hint = ""
            case ast.AnnAssign(target=ast.Attribute(value=ast.Name(id="self"), attr=name), annotation=told, value=value):  # fmt: skip
                hint = ast.unparse(told)
            case _:
                continue
        names = [one.id for one in ast.walk(value) if isinstance(one, ast.Name)] if value is not None else []
        source = next((one for one in names if one in given[1:]), "")
        hint = hint or (hints.get(source, "") if isinstance(value, ast.Name) else "")
        made = given.index(source) - 1 if is_constructor and source else -1
        yield Field(name, hint, of_hint(hint)[0] or _held(value), made)


def _held(value: ast.expr | None) -> Holds:
    """What a field holds that begins with a value."""
    match value:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), keywords=keywords):
            factory = next((ast.unparse(one.value) for one in keywords if one.arg == "default_factory"), "")
            return _EMPTY.get(factory or name, "")
    return _EMPTY.get(kinds.of_literal(value), "")


def spoken_of(shape: Shape, said: frozenset[str]) -> tuple[Field, ...]:
    """The fields that a description speaks of by one of its words."""
    return tuple(one for one in shape.fields if {word.lower() for word in words.of_name(one.public)} <= said)
