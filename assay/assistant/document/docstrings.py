"""The way of a docstring: which functions of a file want one, or want theirs brought up to date, in the style of the project; and that nothing but the docstring changes."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from analyzers import docstrings, facts, sentence, syntax
from analyzers.docstrings import Style, write
from analyzers.facts import Parameter
from analyzers.memo import MIB, Bounded
from analyzers.places import Places
from analyzers.text import Edit

FILES_LIMIT = 200  # files whose docstrings tell a project's style


@dataclass(frozen=True, slots=True)
class Change:
    """An edit of a file's docstring: of which function, on which line (from 1) that begins, and whether it is new or brought up to date."""

    function: str
    line: int
    last: int
    kind: Literal["new", "updated"]
    edit: Edit


def style_of(texts: Iterable[str]) -> Style:
    """The style that the docstrings of some Python texts have."""

    def every() -> Iterable[str]:
        for text in texts:
            tree = syntax.module(text)
            for node in ast.walk(tree) if tree is not None else ():
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (found := ast.get_docstring(node)):
                    yield found

    return docstrings.style_of(every())


_styles = Bounded[Style](MIB)


def style_of_project(root: str, revision: int, texts: Sequence[str]) -> Style:
    """The same of a project, remembered for its `revision`: what FILES_LIMIT of its files have."""
    if (known := _styles.get((root, revision))) is None:
        known = style_of(texts[:FILES_LIMIT])
        _styles.put((root, revision), known)
    return known


def changes(text: str, style: Style, *, private: bool = False, lines: tuple[int, int] | None = None) -> list[Change]:
    """The docstrings that a file wants, in its order: of functions that are not private by their names (or of all), and are in no other function; `lines` (from 1) are those
    that a function's head or docstring must touch. An edit after which the text would mean something else is left out."""
    tree = syntax.module(text) if syntax.has_plain_lines(text) else None
    known = facts.of_text(text)
    if tree is None or known is None:
        return []
    by_place = {(one.path, one.line): one for one in known}
    places, made = Places(text), list[Change]()
    other = syntax.module(text)  # a second one, for it is taken apart
    if other is None:
        return []
    try:
        as_it_is = _bare(other)
    except RecursionError:  # hundreds of operators in one expression
        return []
    inner = {id(one) for _, node in syntax.functions(tree) for one in ast.walk(node) if one is not node}
    for path, node in sorted(syntax.functions(tree), key=lambda item: item[1].lineno):
        first = min((one.lineno for one in node.decorator_list), default=node.lineno)
        found = by_place.get((path, first))
        is_private = any(part.startswith("_") for part in path.split(".")) and not private
        decorators = {ast.unparse(one).rpartition(".")[2] for one in node.decorator_list}
        if found is None or id(node) in inner or is_private or decorators & _NOT_ITS_OWN:
            continue
        if lines is not None and not (first <= lines[1] and lines[0] <= (node.body[0].end_lineno or 0)):
            continue
        positional = [*node.args.posonlyargs, *node.args.args]
        if (
            "." not in path and positional and positional[0].arg in ("self", "cls")
        ):  # a function of its own all the same
            found = replace(found, parameters=(Parameter(positional[0].arg), *found.parameters))
        kind: Literal["new", "updated"] = "updated" if ast.get_docstring(node, clean=False) is not None else "new"
        if kind == "updated":
            edit = write.updated(node, found, places)
        else:
            edit = write.new(node, found, sentence.of(found).replace("`", ""), style, places)
        if edit is not None and _says_the_same(text, edit, as_it_is):
            made.append(Change(path, first, found.end, kind, edit))
    return made


_NOT_ITS_OWN = frozenset(("overload", "setter", "deleter"))


def _says_the_same(text: str, edit: Edit, as_it_is: str) -> bool:
    """Whether a text with an edit is the same program, its docstrings aside; `as_it_is` is what it is without."""
    after = syntax.module(text[: edit.span.start] + edit.text + text[edit.span.end :])
    return after is not None and _bare(after) == as_it_is


def _bare(tree: ast.Module) -> str:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and isinstance(body, list)
            and ast.get_docstring(node, clean=False) is not None
        ):
            body[:1] = []
    return ast.dump(tree)
