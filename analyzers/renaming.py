"""A rename in a project's texts: every place that means the name, those of methods that take its place in other classes, and what is left that may mean it. Nothing is written here."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from analyzers import uses
from analyzers.questions.code import Code, Place, Thing


class CannotRename(Exception):
    """Why a rename cannot be, in a sentence."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """The new texts by file, the places that were changed, and those of the same name that were left: they may mean something else."""

    files: Mapping[str, str]
    changed: tuple[Place, ...]
    left: tuple[Place, ...]


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """Where a name stands: line from 1, column from 0."""

    file: str
    line: int
    column: int


def family(code: Code, one: Thing) -> list[Thing]:
    """A thing, and where it is a method those that it takes the place of or that take its place."""
    if one.kind not in ("method", "property") or not one.owner:
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
    taken = next((other for other in code.in_file(one.file) if other.path == (f"{one.owner}.{new}" if one.owner else new)), None)  # fmt: skip
    if taken is not None:
        raise CannotRename(f"`{taken.path}` is there already ({taken.place}).")
    if not one.owner and new in dir(builtins):
        raise CannotRename(f"`{new}` is a builtin; the file may use it.")


def renamed(code: Code, one: Thing, new: str, spots: Iterable[Spot]) -> Renamed:
    """The texts with a thing under another name, at `spots` that are known to mean it, and at attributes of that name where no other thing of the project has it. Raises CannotRename where a spot does not have the name: a file was changed meanwhile."""
    sure = {spot for spot in spots if spot.file in code.texts}
    for spot in sure:
        if _at(code.texts[spot.file], spot, one.name) != one.name:
            raise CannotRename(f"{spot.file} is not as it was read; save it and ask again.")
    others = [spot for spot in _named(code, one.name) if spot not in sure]
    known = family(code, one)
    is_only = bool(one.owner) and all(other in known for other in code.by_name.get(one.name, ())) and one.name not in _COMMON  # fmt: skip
    more = {spot for spot in others if is_only and _is_attribute(code.texts[spot.file], spot)}
    exported = set(_exported(code, one))
    every = sure | more | exported
    files = {}
    for file in {spot.file for spot in every}:
        text = code.texts[file]
        rows = text.split("\n")
        for spot in sorted((s for s in every if s.file == file), reverse=True):
            row = rows[spot.line - 1]
            rows[spot.line - 1] = f"{row[: spot.column]}{new}{row[spot.column + len(one.name) :]}"
        files[file] = "\n".join(rows)
    left = [Place(s.file, s.line) for s in others if s not in every]
    return Renamed(files, tuple(Place(s.file, s.line) for s in sorted(every)), tuple(dict.fromkeys([*left, *_in_texts(code, one.name, every)])))  # fmt: skip


_COMMON = frozenset(name for kind in (str, bytes, list, dict, set, tuple, int, float, object) for name in dir(kind)) | frozenset("read write close open send get put run start stop join".split())  # fmt: skip


def _at(text: str, spot: Spot, name: str) -> str:
    rows = text.split("\n")
    return rows[spot.line - 1][spot.column : spot.column + len(name)] if spot.line <= len(rows) else ""


def _named(code: Code, name: str) -> Iterator[Spot]:
    """Every place of the name as a whole word in code, texts and comments left out."""
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    for file, text in code.texts.items():
        if not file.endswith(".py") or name not in text:
            continue
        lines = {use.line for use in uses.of_text(text) if use.last == name and use.kind != "text"}
        lines |= {one.line for one in code.in_file(file) if one.name == name}
        rows = text.split("\n")
        for line in sorted(lines):
            for match in word.finditer(rows[line - 1].partition("#")[0]):
                yield Spot(file, line, match.start())


def _is_attribute(text: str, spot: Spot) -> bool:
    row = text.split("\n")[spot.line - 1]
    return row[: spot.column].rstrip().endswith(".") or row[: spot.column].strip() in ("def", "async def")


def _exported(code: Code, one: Thing) -> Iterator[Spot]:
    """The name in `__all__` of its module and of packages that import it."""
    if one.owner:
        return
    for file, text in code.texts.items():
        is_home = file == one.file or (file.endswith(".py") and code.imported(file).get(one.name, "").endswith(f".{one.name}"))  # fmt: skip
        if not is_home or "__all__" not in text:
            continue
        within = next((other for other in code.in_file(file) if other.path == "__all__"), None)
        for line in range(within.line, within.end + 1) if within is not None else ():
            for match in re.finditer(rf"(?<=[\"']){re.escape(one.name)}(?=[\"'])", text.split("\n")[line - 1]):
                yield Spot(file, line, match.start())


def _in_texts(code: Code, name: str, changed: set[Spot]) -> Iterator[Place]:
    """Lines of code, texts and comments that have the name and were left."""
    lines = {(spot.file, spot.line) for spot in changed}
    for file, text in sorted(code.texts.items()):
        if name in text:
            for number, row in enumerate(text.split("\n"), 1):
                if (file, number) not in lines and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", row):
                    yield Place(file, number)
