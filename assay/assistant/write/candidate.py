"""A function that somebody or something wrote for a wish, and where it goes. Pure."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from analyzers import imports, syntax
from analyzers.text import Edit, Snapshot, Span, applied
from analyzers.wishes.begun import Begun
from analyzers.wishes.wish import Wish

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
    """The lines of a body, without indentation; `imports` are the statements that it needs, `told` says where it is from, `likely` is the mean natural logarithm of its tokens' probability where a model tells. `needs_example`: it was found by
    words alone, and means something only where an example holds."""

    body: str
    source: Source
    told: str = ""
    imports: tuple[str, ...] = ()
    likely: float | None = None
    needs_example: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """Where a function is written: the `span` of the file `name` that it takes the place of, empty where nothing is there yet, and the white space before its head. `over`: other files that are not as the scan found them."""

    state: State
    name: str
    text: str
    span: Span
    over: Mapping[str, str] = field(default_factory=dict)
    indent: str = ""

    @property
    def texts(self) -> dict[str, str]:
        """The project's files as they are, this one among them."""
        return {**self.state.texts, **self.over, self.name: self.text}

    def _with_plain_ends(self) -> Target:
        """The same in a text whose lines end by a line feed alone."""
        start, end = (at - self.text.count("\r\n", 0, at) for at in (self.span.start, self.span.end))
        return replace(self, text=self.text.replace("\r\n", "\n"), span=Span(start, end))

    def written(self, wish: Wish, one: Candidate, style: Callable[[str], str] = str) -> str:
        """The file with a candidate in it, formatted by `style`."""
        if "\r\n" in self.text and self.text.count("\n") == self.text.count("\r\n"):
            return self._with_plain_ends().written(wish, one, style).replace("\n", "\r\n")
        if re.search(r"^\t", self.text, re.MULTILINE):  # nothing of ours stands beside tabs by spaces
            made = textwrap.indent(_tabbed(function(wish, one.body)), self.indent)
        else:
            made = _styled(textwrap.indent(function(wish, one.body), self.indent), self.indent, style)
        before, after = self.text[: self.span.start], self.text[self.span.end :]
        if not self.text[self.span.start : self.span.end].strip():
            lines = 2 if self.indent else 3  # line ends between it and its neighbours
            made = f"{_gap(before, lines)}{made}{_end(after, lines)}"
        text = applied(self.text, (Edit(self.span, made),))
        return with_imports(text, one.imports)


def _tabbed(function: str) -> str:
    """A function with a tab for each step to the right."""
    return re.sub(r"^(?: {4})+", lambda match: "\t" * (len(match[0]) // 4), function, flags=re.MULTILINE)


def _styled(function: str, indent: str, style: Callable[[str], str]) -> str:
    """A function as `style` formats it, where it stands as far right as it does."""
    if not indent:
        return style(function).rstrip("\n")
    head, _, rest = style(f"class _:\n{function}").partition("\n")
    return textwrap.indent(textwrap.dedent(rest.strip("\n")), indent) if head == "class _:" else function


def function(wish: Wish, body: str) -> str:
    """The whole function, as source: its head and its description, as far as somebody wrote them as they stand, and the body."""
    return (wish.begun or Begun(wish.head)).with_body(wish.doc, body)


def with_imports(text: str, statements: Sequence[str]) -> str:
    """A file with the import statements that it lacks."""
    tree = syntax.module(text)
    there = {ast.unparse(node) for node in (tree.body if tree is not None else ())}
    missing = tuple(one for one in statements if one not in there)
    return applied(text, (imports.edit(Snapshot("", "", 0, text), missing),)) if missing else text


def _gap(before: str, lines: int) -> str:
    """What stands between a function and what is above it: one empty line between members, else two."""
    if not before.strip():
        return ""
    ends = len(before) - len(before.rstrip("\n"))
    return "\n" * max(0, lines - ends)


def _end(after: str, lines: int) -> str:
    """What stands between a function and what is below it."""
    if not after.strip():
        return "\n"
    starts = len(after) - len(after.lstrip("\n"))
    is_member = after.lstrip("\n").startswith((" ", "\t"))
    return "\n" * max(1, (lines if is_member else 3) - starts)


def parsed(wish: Wish, one: Candidate) -> Function | None:
    """The tree of the function, None where it does not parse or is not one function."""
    tree = syntax.module(function(wish, one.body))
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], Function):
        return None
    return tree.body[0]
