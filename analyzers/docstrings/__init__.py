"""Docstrings in the three styles that people write them in (Google, NumPy, reST): what one says of parameters, results and exceptions, and on which of its lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Style = Literal["google", "numpy", "rest"]
STYLES: tuple[Style, ...] = ("google", "numpy", "rest")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is said of one parameter or exception: its name without stars, and its lines `first` to `last` in the docstring, from 0."""

    name: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Section:
    """A section with its entries; `first` is its heading's line, `last` its last one that is not empty. `indent` is what stands before an entry."""

    kind: Literal["parameters", "returns", "raises"]
    first: int
    last: int
    entries: tuple[Entry, ...]
    indent: str = ""


@dataclass(frozen=True, slots=True)
class Docstring:
    """A docstring's lines as `inspect.cleandoc` gives them, the style of its sections (None where it has none), and the sections."""

    lines: tuple[str, ...]
    style: Style | None
    sections: tuple[Section, ...]

    def section(self, kind: str) -> Section | None:
        """The first section of a kind."""
        return next((one for one in self.sections if one.kind == kind), None)

    def entries(self, kind: str) -> tuple[Entry, ...]:
        """The entries of all sections of a kind."""
        return tuple(entry for one in self.sections if one.kind == kind for entry in one.entries)


_HEADS: dict[str, Literal["parameters", "returns", "raises"]] = {
    "args": "parameters", "arguments": "parameters", "parameters": "parameters", "params": "parameters", "keyword args": "parameters",
    "keyword arguments": "parameters", "other parameters": "parameters", "returns": "returns", "return": "returns", "yields": "returns", "yield": "returns",
    "raises": "raises", "raise": "raises",
}  # fmt: skip
_GOOGLE_HEAD = re.compile(r"^([A-Z][A-Za-z ]*):[ \t]*$")
_GOOGLE_ENTRY = re.compile(
    r"^([ \t]+)(\*{0,2}[\w.]+(?:, *\*{0,2}\w+)*)[ \t]*(?:\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\])?[ \t]*:(?:[ \t]|$)"
)
_NUMPY_ENTRY = re.compile(r"^(\*{0,2}\w[\w.]*(?:, *\*{0,2}\w+)*)[ \t]*(?::.*)?$")
_REST = re.compile(
    r"^:(param|parameter|arg|argument|key|keyword|type|raises|raise|except|exception|returns|return|rtype|yields)\b([^:]*):"
)


def parsed(text: str) -> Docstring:
    """A docstring, cleaned of its indentation, in its parts."""
    lines = text.split("\n")
    for style, read in (("numpy", _numpy), ("google", _google), ("rest", _rest)):
        if found := read(lines):
            return Docstring(tuple(lines), style, tuple(found))  # type: ignore[arg-type]  # of the table above
    return Docstring(tuple(lines), None, ())


def style_of(docstrings: Iterable[str]) -> Style:
    """The style that most of some docstrings have; Google's where none has any."""
    counted = Counter(style for text in docstrings if (style := parsed(text).style) is not None)
    return counted.most_common(1)[0][0] if counted else "google"


def _google(lines: list[str]) -> list[Section]:
    found = []
    heads = [at for at, line in enumerate(lines) if (m := _GOOGLE_HEAD.match(line)) and m[1].lower() in _HEADS]
    for at in heads:
        end = at + 1
        while end < len(lines) and (not lines[end].strip() or lines[end][:1].isspace()):
            end += 1
        if end == at + 1:
            continue  # nothing below it: a sentence that ends in a colon
        kind = _HEADS[lines[at].strip().rstrip(":").lower()]
        indent = next((re.match(r"[ \t]*", line)[0] for line in lines[at + 1 : end] if line.strip()), "    ")  # type: ignore[index]  # it matches always
        starts = []
        for row in range(at + 1, end):
            match = _GOOGLE_ENTRY.match(lines[row]) if kind != "returns" else None
            if match and match[1] == indent:
                starts.append((row, match[2]))
        found.append(Section(kind, at, _last(lines, at, end), _entries(lines, starts, end), indent))
    return found


def _numpy(lines: list[str]) -> list[Section]:
    found = []
    for at in range(len(lines) - 1):
        head = lines[at].strip().lower()
        if head not in _HEADS or not re.fullmatch(r"-{3,}", lines[at + 1].strip()):
            continue
        end = at + 2
        while end < len(lines) and not (
            end + 1 < len(lines) and lines[end].strip() and re.fullmatch(r"[-=]{3,}", lines[end + 1].strip())
        ):
            end += 1
        kind = _HEADS[head]
        starts = [
            (row, match[1])
            for row in range(at + 2, end)
            if kind != "returns" and (match := _NUMPY_ENTRY.match(lines[row]))
        ]
        found.append(Section(kind, at, _last(lines, at, end), _entries(lines, starts, end)))
    return found


def _rest(lines: list[str]) -> list[Section]:
    entries: dict[str, list[tuple[int, str]]] = {}
    for row, line in enumerate(lines):
        if match := _REST.match(line):
            said = match[2].split()
            if match[1] in ("returns", "return", "rtype", "yields"):
                entries.setdefault("returns", []).append((row, "returns"))
            elif match[1] in ("raises", "raise", "except", "exception"):
                entries.setdefault("raises", []).append((row, " ".join(said)))
            elif said:
                entries.setdefault("parameters", []).append((row, said[-1]))
    found = []
    for kind, starts in entries.items():
        end = starts[-1][0] + 1
        while end < len(lines) and lines[end][:1].isspace():
            end += 1
        found.append(Section(kind, starts[0][0], _last(lines, starts[0][0], end), _entries(lines, starts, end)))  # type: ignore[arg-type]  # of the three above
    return found


def _entries(lines: list[str], starts: list[tuple[int, str]], end: int) -> tuple[Entry, ...]:
    """An entry goes on over the lines below that are deeper, empty ones between them counted."""
    found = []
    for number, (row, names) in enumerate(starts):
        until = starts[number + 1][0] if number + 1 < len(starts) else end
        depth, last = len(lines[row]) - len(lines[row].lstrip()), row
        for below in range(row + 1, until):
            if lines[below].strip():
                if len(lines[below]) - len(lines[below].lstrip()) <= depth:
                    break
                last = below
        found += [Entry(name.strip().lstrip("*"), row, last) for name in names.split(",") if name.strip()]
    return tuple(found)


def _last(lines: list[str], at: int, end: int) -> int:
    while end - 1 > at and not lines[end - 1].strip():
        end -= 1
    return end - 1
