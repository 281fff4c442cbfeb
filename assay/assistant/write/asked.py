"""What somebody asks for, as a wish and the part of a file that the function takes the place of: by a place, by a name, or by a sentence. Pure."""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import dataclass, replace

from analyzers import homes, syntax, unfinished, wishes
from analyzers.text import Snapshot, Span
from analyzers.wishes import Wish

Function = ast.FunctionDef | ast.AsyncFunctionDef
_NAME = re.compile(r"[^\W\d]\w*")
_MARK = re.compile(r"^\s*#+\s?(?:(?:TODO|FIXME|XXX)(?:\([^)]*\))?:?\s*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """A wish, and where its function is written: over the `span`, or at it where that is empty."""

    wish: Wish
    span: Span


class Unclear(Exception):
    """Nobody can tell what is wanted; the message is one sentence for a person."""


def named(text: str, name: str) -> Asked:
    """The function `name`, that has a head and no body yet, or that is called and not there. Raises Unclear."""
    tree = _parsed(text)
    for node in tree.body:
        if isinstance(node, Function) and node.name == name:
            if name not in unfinished.unwritten(text):
                raise Unclear(f"{name} is written already; name one whose body is a docstring, `pass` or `...` alone.")
            wish = wishes.of_function(text, name)
            assert wish is not None
            return Asked(wish, _span(text, node))
        if isinstance(node, ast.ClassDef) and node.name == name:
            raise Unclear(f"{name} is a class; name a function.")
    wish = wishes.of_calls(text, name)
    if wish is None:
        raise Unclear(f"No function {name} is begun or called in this file.")
    return Asked(wish, _behind_caller(text, tree, name))


def placed(snapshot: Snapshot, offset: int) -> Asked:
    """What a place asks for: the function without a body around it, the comment on its line and those above it, or a name that is called there and not defined. Raises Unclear."""
    text = snapshot.text
    tree = syntax.module(text)
    line = snapshot.line_of(offset) + 1
    for node in tree.body if tree is not None else ():
        if not isinstance(node, Function) or not _first(node) <= line <= (node.end_lineno or 0):
            continue
        if node.name in unfinished.unwritten(text):
            return named(text, node.name)
    if (comment := _comment(snapshot, line - 1)) is not None:
        said, span = comment
        return Asked(_free(wishes.of_sentence(said), text), span)
    span = snapshot.line_span(line - 1)
    for match in _NAME.finditer(text, span.start, span.end):
        if match.start() <= offset <= match.end() and tree is not None and not _is_bound(tree, match[0]):
            return named(text, match[0])
    raise Unclear("Nothing at this place says what is wanted: a comment at the top of the file, a function without a body, or a call of a name that is not there.")  # fmt: skip


def described(text: str, sentence: str, after: str = "") -> Asked:
    """What a sentence asks for, written behind the function or class `after`, or at the end of the file. Raises Unclear."""
    if not sentence.strip():
        raise Unclear("The description is empty.")
    tree = _parsed(text)
    wish = _free(wishes.of_sentence(sentence), text)
    if not after:
        return Asked(wish, Span(len(text.rstrip("\n")) if text.strip() else 0, len(text)))
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and node.name == after:
            return Asked(wish, _behind(text, node))
    raise Unclear(f"There is no function or class {after} at the top of the file.")


def _parsed(text: str) -> ast.Module:
    tree = syntax.module(text)
    if tree is None:
        raise Unclear("The file does not parse, so nothing can be written into it.")
    return tree


def _first(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min(node.lineno, *(int(one.lineno) for one in decorators), node.lineno)


def _offset(text: str, line: int) -> int:
    """Where a line (from 1) begins; the text's end behind the last one."""
    rows = text.split("\n")
    return min(len("\n".join(rows[: line - 1])) + (line > 1), len(text))


def _span(text: str, node: Function) -> Span:
    """From `def` to the end of the body, without decorators and without the line end."""
    end = _offset(text, (node.end_lineno or node.lineno) + 1)
    start = _offset(text, node.lineno)
    return Span(start, start + len(text[start:end].rstrip("\n")))


def _behind(text: str, node: ast.stmt) -> Span:
    at = _offset(text, (node.end_lineno or node.lineno) + 1)
    return Span(at, at)


def _behind_caller(text: str, tree: ast.Module, name: str) -> Span:
    """Behind the function that calls it; before the statement of the module that does, for there it has to be bound by then."""
    for node in tree.body:
        if any(isinstance(one, ast.Name) and one.id == name for one in ast.walk(node)):
            if isinstance(node, Function | ast.ClassDef):
                return _behind(text, node)
            at = _offset(text, _first(node))
            return Span(at, at)
    return Span(len(text), len(text))


def _comment(snapshot: Snapshot, line: int) -> tuple[str, Span] | None:
    """The comment lines at the left edge around a line (from 0), as one sentence, and their span."""
    rows = snapshot.text.split("\n")

    def is_comment(at: int) -> bool:
        return 0 <= at < len(rows) and rows[at].startswith("#") and not rows[at].startswith("#!")

    if not is_comment(line):
        return None
    first = last = line
    while is_comment(first - 1):
        first -= 1
    while is_comment(last + 1):
        last += 1
    said = " ".join(_MARK.sub("", rows[at]).strip() for at in range(first, last + 1)).strip()
    start, end = _offset(snapshot.text, first + 1), _offset(snapshot.text, last + 1) + len(rows[last])
    return (said, Span(start, end)) if said else None


def _free(wish: Wish, text: str) -> Wish:
    """With a name that the file does not have yet."""
    name = homes.free(wish.name, homes.bound(text))
    if name == wish.name:
        return wish
    return replace(wish, name=name, assumed=(*wish.assumed, f"{wish.name} is there already, so it is called {name}"))


def _is_bound(tree: ast.Module, name: str) -> bool:
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    bound |= {node.name for node in ast.walk(tree) if isinstance(node, Function | ast.ClassDef)}
    bound |= {(one.asname or one.name).partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom) for one in node.names}  # fmt: skip
    return name in bound or hasattr(builtins, name)
