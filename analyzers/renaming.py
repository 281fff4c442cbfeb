"""A rename in a project's texts: every place that means the name, those of methods that take its place in other classes, and what is left that may mean it. Nothing is written here."""

from __future__ import annotations

import ast
import builtins
import collections
import datetime
import io
import keyword
import logging
import os
import pathlib
import re
import threading
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from analyzers import syntax, uses
from analyzers.questions.code import Code, Place, Thing


class CannotRename(Exception):
    """Why a rename cannot be, in a sentence."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """The new texts by file, the places that were changed, those of them that go `by_name` alone, and those of the same name that were left: they may mean something else."""

    files: Mapping[str, str]
    changed: tuple[Place, ...]
    by_name: tuple[Place, ...]
    left: tuple[Place, ...]


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """Where a name stands: line from 1, column from 0."""

    file: str
    line: int
    column: int


def family(code: Code, one: Thing) -> list[Thing]:
    """A thing, and where it is a method those that it takes the place of or that take its place."""
    if one.kind not in ("method", "property", "attribute") or not one.owner:
        return [one]
    classes = {(c.file, c.path): c for c in code.things if c.kind == "class"}
    own = classes.get((one.file, one.owner))
    if own is None:
        return [one]
    above = {(base.file, base.path) for base in code.bases(own)}
    related = {(own.file, own.path), *above}
    related |= {key for key, cls in classes.items() if any((base.file, base.path) in related for base in code.bases(cls))}  # fmt: skip
    return [other for other in code.by_name.get(one.name, ()) if (other.file, other.owner) in related]


def check(code: Code, one: Thing, new: str) -> None:
    """Raises CannotRename for a name that cannot be, or is taken where the thing is."""
    if one.kind == "module":
        raise CannotRename(f"`{one.path}` is a module; renaming files is not done here.")
    if not new.isidentifier() or keyword.iskeyword(new):
        raise CannotRename(f"`{new}` cannot be a name.")
    if new == one.name:
        raise CannotRename(f"It is called `{new}` already.")
    if one.name.startswith("__") and one.name.endswith("__"):
        raise CannotRename(f"`{one.name}` is called by Python itself.")
    if one.kind == "attribute" and _is_field(code, one):
        raise CannotRename(
            f"`{one.path}` is a field: who makes a `{one.owner}` names it as a keyword, and nobody can tell where for certain."
        )
    taken = next((other for other in code.in_file(one.file) if other.path == (f"{one.owner}.{new}" if one.owner else new)), None)  # fmt: skip
    if taken is not None:
        raise CannotRename(f"`{taken.path}` is there already ({taken.place}).")
    if not one.owner and new in dir(builtins):
        raise CannotRename(f"`{new}` is a builtin; the file may use it.")


def renamed(code: Code, one: Thing, new: str, spots: Iterable[Spot]) -> Renamed:
    """The texts with a thing under another name, at `spots` that are known to mean it, and at attributes of that name where no other thing of the project has it. Raises CannotRename where a spot does not have the
    name (a file was changed meanwhile), and where the new name means something else already where one stands."""
    sure = {spot for spot in spots if spot.file in code.texts}
    for spot in sure:
        if _at(code.texts[spot.file], spot, one.name) != one.name:
            raise CannotRename(f"{spot.file} is not as it was read; save it and ask again.")
    others = [spot for spot in _named(code, one.name) if spot not in sure]
    known = family(code, one)
    is_only = bool(one.owner) and all(other in known for other in code.by_name.get(one.name, ())) and one.name not in _COMMON  # fmt: skip
    more = {spot for spot in others if is_only and _is_attribute(code, spot)}
    every = sure | more | set(_exported(code, one)) | set(_quoted(code, one))
    _check_free(code, known, new, every)
    files = {}
    for file in {spot.file for spot in every}:
        rows = code.texts[file].split("\n")
        for spot in sorted((s for s in every if s.file == file), reverse=True):
            row = rows[spot.line - 1]
            rows[spot.line - 1] = f"{row[: spot.column]}{new}{row[spot.column + len(one.name) :]}"
        files[file] = "\n".join(rows)
    left = [Place(s.file, s.line) for s in others if s not in every]
    return Renamed(files, _places(every), _places(more), tuple(dict.fromkeys([*left, *_in_texts(code, one.name, every)])))  # fmt: skip


def _places(spots: Iterable[Spot]) -> tuple[Place, ...]:
    return tuple(Place(spot.file, spot.line) for spot in sorted(spots))


def _check_free(code: Code, known: list[Thing], new: str, spots: Iterable[Spot]) -> None:
    """Raises CannotRename where a name is bound already in a file in which it would be written, or a member of a class of the family."""
    for one in known:
        taken = next((other for other in code.by_name.get(new, ()) if one.owner and (other.file, other.owner) == (one.file, one.owner)), None)  # fmt: skip
        if taken is not None:
            raise CannotRename(f"`{taken.path}` is there already ({taken.place}).")
    if known[0].owner:
        return  # a member is no name of its own
    for file in {spot.file for spot in spots}:
        bound = next((use for use in uses.of_text(code.texts[file]) if (use.kind == "assign" and use.name == new) or (use.kind == "import" and use.extra == new)), None)  # fmt: skip
        given = next((each for each in code.in_file(file) if each.facts is not None and any(p.name == new for p in each.facts.parameters)), None)  # fmt: skip
        there = next((each for each in code.in_file(file) if each.path == new), None)
        line = bound.line if bound is not None else given.line if given is not None else there.line if there is not None else 0  # fmt: skip
        if line:
            raise CannotRename(f"`{new}` means something in {file} already (line {line}).")


def _is_field(code: Code, one: Thing) -> bool:
    """Whether an attribute is a field of a class that makes its constructor of them."""
    cls = next((other for other in code.in_file(one.file) if other.kind == "class" and other.path == one.owner), None)
    if cls is None or cls.facts is None:
        return False
    rows = code.texts[one.file].split("\n")[cls.facts.line - 1 : cls.line]
    marks = " ".join(row for row in rows if row.lstrip().startswith("@"))
    return bool(re.search(r"dataclass|define|attrs|\battr\.s\b|frozen|mutable", marks)) or bool({"BaseModel", "NamedTuple", "TypedDict", "Struct", "BaseSettings"} & {base.rpartition(".")[2] for base in cls.facts.bases})  # fmt: skip


# Names that objects of others have, too: of an attribute nobody knows whose it is.
_COMMON = frozenset(name for kind in (str, bytes, list, dict, set, tuple, int, float, object, Exception, type, os, os.path, pathlib.Path, re.Pattern, re.Match, io.IOBase, io.StringIO, datetime.datetime, datetime.timedelta, threading.Thread, threading.Lock(), logging.Logger, logging.Handler, collections.deque, collections.Counter) for name in dir(kind)) | frozenset("read write close open send get put run start stop join".split())  # fmt: skip


def _at(text: str, spot: Spot, name: str) -> str:
    rows = text.split("\n")
    return rows[spot.line - 1][spot.column : spot.column + len(name)] if spot.line <= len(rows) else ""


def _named(code: Code, name: str) -> Iterator[Spot]:
    """Every place of the name as a name of the code, as Python's own tokens say: none in texts and comments."""
    for file, text in code.texts.items():
        if file.endswith(".py") and name in text and syntax.has_plain_lines(text):
            yield from (Spot(file, line, column) for line, column in _tokens(text, name))


def _tokens(text: str, name: str) -> list[tuple[int, int]]:
    try:
        return [one.start for one in tokenize.generate_tokens(io.StringIO(text).readline) if one.type == tokenize.NAME and one.string == name]  # fmt: skip
    except (tokenize.TokenError, SyntaxError):
        return []


def _is_attribute(code: Code, spot: Spot) -> bool:
    """Whether a name stands behind a dot, on what is no module."""
    before = code.texts[spot.file].split("\n")[spot.line - 1][: spot.column].rstrip()
    if not before.endswith("."):
        return False
    receiver = re.search(r"([A-Za-z_]\w*)(?:\.[A-Za-z_]\w*)*\.$", before)
    return not before.lstrip().startswith(("import ", "from ")) and (receiver is None or receiver[1] not in code.imported(spot.file))  # fmt: skip


def _exported(code: Code, one: Thing) -> Iterator[Spot]:
    """The name in `__all__` of its module, and of those that import it from there."""
    if one.owner:
        return
    for file, text in code.texts.items():
        if not file.endswith(".py") or "__all__" not in text:
            continue
        whole = code.imported(file).get(one.name, "")
        home = one.file.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")
        is_meant = file == one.file or _takes_all_of(code, file, home) or (whole.rpartition(".")[2] == one.name and f".{home}".endswith(f".{whole.rpartition('.')[0]}"))  # fmt: skip
        if is_meant:
            yield from _in_all(file, text, one.name)


def _takes_all_of(code: Code, file: str, home: str) -> bool:
    """Whether a file imports all that a module offers."""
    package = file.split("/")[:-1]
    for use in uses.of_text(code.texts[file]):
        if use.kind == "import" and use.extra == "*":
            level = len(use.name) - len(use.name.lstrip("."))
            lead = package[: len(package) - level + 1] if level else []
            module = ".".join([*lead, use.name.lstrip(".").removesuffix("*").rstrip(".")]).rstrip(".")
            if f".{home}".endswith(f".{module}"):
                return True
    return False


_TYPING = frozenset("Union Optional List Dict Set FrozenSet Tuple Type Sequence Mapping MutableMapping Iterable Iterator Callable Awaitable Generator AsyncIterator AsyncIterable ClassVar Final Annotated list dict set tuple type".split())  # fmt: skip


def _quoted(code: Code, one: Thing) -> Iterator[Spot]:
    """The name of a class in annotations that are texts."""
    if one.kind != "class" or one.owner:
        return
    word = re.compile(rf"(?<![\w.]){re.escape(one.name)}(?!\w)")
    for file, text in code.texts.items():
        is_known = file == one.file or one.name in (code.imported(file) if file.endswith(".py") else {})
        tree = syntax.module(text) if is_known and file.endswith(".py") and syntax.has_plain_lines(text) else None
        rows = text.split("\n")
        for said in _annotations(tree) if tree is not None else ():
            for each in ast.walk(said):
                if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.lineno == each.end_lineno and word.search(each.value):  # fmt: skip
                    start = len(rows[each.lineno - 1].encode()[: each.col_offset].decode("utf-8", "replace"))
                    end = len(rows[each.lineno - 1].encode()[: each.end_col_offset].decode("utf-8", "replace"))
                    yield from (Spot(file, each.lineno, start + match.start()) for match in word.finditer(rows[each.lineno - 1][start:end]))  # fmt: skip


def _annotations(tree: ast.Module) -> Iterator[ast.expr]:
    """What annotates, and what stands in the brackets of types."""
    for node in ast.walk(tree):
        match node:
            case ast.arg(annotation=ast.expr() as said) | ast.AnnAssign(annotation=said):
                yield said
            case ast.FunctionDef(returns=ast.expr() as said) | ast.AsyncFunctionDef(returns=ast.expr() as said):
                yield said
            case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=said) if name in _TYPING:
                yield said


def _in_all(file: str, text: str, name: str) -> Iterator[Spot]:
    tree = syntax.module(text)
    rows = text.split("\n")
    for node in ast.walk(tree) if tree is not None else ():
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value) | ast.AugAssign(target=ast.Name(id="__all__"), value=value):  # fmt: skip
                for one in ast.walk(value):
                    if isinstance(one, ast.Constant) and one.value == name:
                        row = rows[one.lineno - 1]
                        column = len(row.encode()[: one.col_offset].decode("utf-8", "replace")) + 1
                        if row[column : column + len(name)] == name:
                            yield Spot(file, one.lineno, column)


def _in_texts(code: Code, name: str, changed: set[Spot]) -> Iterator[Place]:
    """Lines of code, texts and comments that have the name and were left."""
    lines = {(spot.file, spot.line) for spot in changed}
    for file, text in sorted(code.texts.items()):
        if name in text:
            for number, row in enumerate(text.split("\n"), 1):
                if (file, number) not in lines and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", row):
                    yield Place(file, number)
