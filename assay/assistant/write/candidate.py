"""A function that somebody or something wrote for a wish, and where it goes. Pure."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from analyzers import imports, syntax
from analyzers.text import Edit, Snapshot, Span, applied
from analyzers.wishes import Wish

from ..world.state import State

Source = Literal["project", "library", "template", "enumeration", "model"]
# The order in which equally good ones are offered: what is there before what is new, what is sure of its form before what is drawn.
SOURCES: tuple[Source, ...] = ("library", "project", "template", "enumeration", "model")
WRITTEN_BY: Mapping[Source, str] = {
    "library": "a call of what is there",
    "project": "like another function of the project",
    "template": "written by a rule",
    "enumeration": "found among small expressions",
    "model": "written by the model",
}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Candidate:
    """The lines of a body, without indentation; `imports` are the statements that it needs, `told` says where it is from, `likely` is the mean natural logarithm of its tokens' probability where a model tells."""

    body: str
    source: Source
    told: str = ""
    imports: tuple[str, ...] = ()
    likely: float | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Where a function is written: the `span` of the file `name` that it takes the place of, empty where nothing is there yet. `over`: other files that are not as the scan found them."""

    state: State
    name: str
    text: str
    span: Span
    over: Mapping[str, str] = field(default_factory=dict)

    def written(self, wish: Wish, one: Candidate) -> str:
        """The file with a candidate in it."""
        made = function(wish, one.body)
        before, after = self.text[: self.span.start], self.text[self.span.end :]
        if not self.text[self.span.start : self.span.end].strip():
            made = f"{_gap(before)}{made}{_end(after)}"
        text = applied(self.text, (Edit(self.span, made),))
        return with_imports(text, one.imports)


def function(wish: Wish, body: str) -> str:
    """The whole function, as source: its head, its description where it has one, and the body."""
    lines = [wish.head]
    if wish.doc:
        lines.append(textwrap.indent(_docstring(wish.doc), "    "))
    lines.append(textwrap.indent(body.strip("\n"), "    "))
    return "\n".join(lines)


def _docstring(doc: str) -> str:
    text = doc.strip().replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    end = "\n" if "\n" in text else " " if text.endswith('"') else ""
    return f'"""{text}{end}"""'


def with_imports(text: str, statements: Sequence[str]) -> str:
    """A file with the import statements that it lacks."""
    tree = syntax.module(text)
    there = {ast.unparse(node) for node in (tree.body if tree is not None else ())}
    missing = tuple(one for one in statements if one not in there)
    return applied(text, (imports.edit(Snapshot("", "", 0, text), missing),)) if missing else text


def _gap(before: str) -> str:
    """What stands between a function and what is above it: two empty lines."""
    if not before.strip():
        return ""
    ends = len(before) - len(before.rstrip("\n"))
    return "\n" * max(0, 3 - ends)


def _end(after: str) -> str:
    """What stands between a function and what is below it."""
    if not after.strip():
        return "\n"
    starts = len(after) - len(after.lstrip("\n"))
    return "\n" * max(1, 3 - starts)


def parsed(wish: Wish, one: Candidate) -> Function | None:
    """The tree of the function, None where it does not parse or is not one function."""
    tree = syntax.module(function(wish, one.body))
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], Function):
        return None
    return tree.body[0]
