"""What somebody asks for, as a wish and the part of a file that the function takes the place of: by a place, by a name, or by a sentence. Pure."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from analyzers import homes, syntax, unfinished
from analyzers.mechanical import shape
from analyzers.text import Snapshot, Span
from analyzers.wishes import heads, missing, sentences, tested
from analyzers.wishes.heads import Function
from analyzers.wishes.wish import Wish

_LONE_RETURN = re.compile(r"\r(?!\n)")
_NAME = re.compile(r"[^\W\d]\w*")
_MARK = re.compile(r"^\s*#+\s?(?:(?:TODO|FIXME|XXX)(?:\([^)]*\))?:?\s*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """A wish, and where its function is written: over the `span`, or at it where that is empty. `indent`: the white space before its head."""

    wish: Wish
    span: Span
    indent: str = ""


class Unclear(Exception):
    """Nobody can tell what is wanted; the message is one sentence for a person."""


def named(text: str, name: str) -> Asked:
    """The function `name` ("total", "Cart.total"), that has a head and no body yet, or that is called and not there. Raises Unclear."""
    tree = _parsed(text)
    found = [(owner, node) for owner, node in heads.members(tree) if f"{owner}.{node.name}".lstrip(".") == name]
    if found:  # several of one name: a property and its setter, overloads
        for owner, node in found:
            if _is_begun(node):
                return _begun(text, owner, node)
        raise Unclear(f"{name} is written already; name one whose body is a docstring, `pass` or `...` alone.")
    owner, _, last = name.rpartition(".")
    if any(isinstance(node, ast.ClassDef) and node.name == name for node in tree.body):
        raise Unclear(f"{name} is a class; name a function.")
    wish = missing.of_calls(text, last, owner)
    if wish is None:
        raise Unclear(f"No function {name} is begun or called in this file.")
    if owner:
        return _behind_member(text, tree, wish)
    return Asked(wish, _behind_caller(text, tree, name))


def placed(snapshot: Snapshot, offset: int) -> Asked:
    """What a place asks for: the function or method without a body around it, the comment on its line and those above it, or a name that is called there and not defined. Raises Unclear."""
    text = snapshot.text
    tree = syntax.module(text) and _parsed(text)
    line = snapshot.line_of(offset) + 1
    for owner, node in heads.members(tree) if tree is not None else ():
        is_around = _first(node) <= line <= (node.end_lineno or 0)
        if is_around and _is_begun(node):
            return _begun(text, owner, node)
    if (comment := _comment(snapshot, line - 1, tree)) is not None and not _is_of_file(text, comment[0], comment[1]):
        said, span, indent, of = comment
        if of is None:
            return Asked(_free(sentences.of_sentence(said), homes.bound(text)), span)
        wish = sentences.of_member(said, of.name, shape.of_class(of).names)
        return Asked(_free(wish, _members(of)), span, indent)
    span = snapshot.line_span(line - 1)
    for match in _NAME.finditer(text, span.start, span.end):
        if tree is None or not match.start() <= offset <= match.end():
            continue
        if text[: match.start()].endswith("self."):
            owner_node = _class_at(tree, line)
            if owner_node is not None and not owner_node.bases and match[0] not in _all_names(owner_node):
                return named(text, f"{owner_node.name}.{match[0]}")
        elif not _is_bound(tree, match[0]):
            return named(text, match[0])
    raise Unclear("Nothing at this place says what is wanted: a comment between functions, a function without a body, or a call of a name that is not there.")  # fmt: skip


_OF_FILES = re.compile(r"SPDX-License-Identifier|copyright|licen[sc]e|-\*-|coding[:=]|pylint|flake8|noqa|type: ?ignore|pragma|fmt: ?(?:on|off)|isort", re.IGNORECASE)  # fmt: skip


def _is_of_file(text: str, said: str, span: Span) -> bool:
    """Whether a comment is about the file, or for a tool: a licence above everything, a switch."""
    return bool(_OF_FILES.search(said)) or (not text[: span.start].strip() and not text[span.end :].lstrip("\r\n").startswith(("def ", "class ", "@")) and text[span.end :].strip() != "" and len(said) > 200)  # fmt: skip


def described(text: str, sentence: str, after: str = "") -> Asked:
    """What a sentence asks for, written behind the function or class `after`, or at the end of the file. Raises Unclear."""
    if not sentence.strip():
        raise Unclear("The description is empty.")
    tree = _parsed(text)
    wish = _free(sentences.of_sentence(sentence), homes.bound(text))
    if not after:
        return Asked(wish, Span(len(text.rstrip("\n")) if text.strip() else 0, len(text)))
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and node.name == after:
            return Asked(wish, _behind(text, node))
    for of in (one for one in tree.body if isinstance(one, ast.ClassDef)):
        for one in of.body:
            if isinstance(one, Function) and f"{of.name}.{one.name}" == after:
                made = sentences.of_member(sentence, of.name, shape.of_class(of).names)
                return Asked(_free(made, _members(of)), _behind(text, one), _indent(text, one))
    raise Unclear(f"There is no function, class or method {after} in the file.")


def with_tests(wanted: Asked, texts: Mapping[str, str], name: str) -> Asked:
    """With the examples that tests of the project show; `texts` are its files, the function's (`name`) among them."""
    return replace(wanted, wish=tested.with_tests(wanted.wish, texts, name))


def _parsed(text: str) -> ast.Module:
    tree = syntax.module(text)
    if tree is None:
        raise Unclear("The file does not parse, so nothing can be written into it.")
    if _LONE_RETURN.search(text):
        raise Unclear("Lines of the file end by a carriage return alone, so nothing can be written into it.")
    return tree


def _is_begun(node: Function) -> bool:
    """Whether it has a head that somebody means to be filled: those of overloads and of abstract methods are whole."""
    decorators = {ast.unparse(one).rpartition(".")[2] for one in node.decorator_list}
    return unfinished.is_unwritten(node) and not decorators & {"overload", "abstractmethod"}


def _begun(text: str, owner: str, node: Function) -> Asked:
    """The function of a head: over all of it but its decorators."""
    return Asked(heads.of_begun(text, node, owner), _span(text, node), _indent(text, node))


def _indent(text: str, node: ast.stmt) -> str:
    row = text.split("\n")[node.lineno - 1]
    return row[: len(row) - len(row.lstrip())]


def _members(of: ast.ClassDef) -> frozenset[str]:
    """The names that a class binds."""
    return frozenset(name for one in of.body for name in _bound_by(one))


def _all_names(of: ast.ClassDef) -> frozenset[str]:
    """The names that its instances have."""
    return _members(of) | shape.of_class(of).names


def _bound_by(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            yield from (one.id for one in targets if isinstance(one, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name


def _class_at(tree: ast.Module, line: int) -> ast.ClassDef | None:
    """The class at the top of the module that a line (from 1) is in."""
    return next((one for one in tree.body if isinstance(one, ast.ClassDef) and one.lineno <= line <= (one.end_lineno or 0)), None)  # fmt: skip


def _behind_member(text: str, tree: ast.Module, wish: Wish) -> Asked:
    """Behind the last member of its class."""
    of = missing.class_of(tree, wish.owner)
    assert of is not None  # its calls were found in it
    last = of.body[-1]
    if last.lineno == of.lineno:
        raise Unclear(f"{wish.owner} is written on one line; begin {wish.name} on a line of its own.")
    return Asked(wish, _behind(text, last), _indent(text, last))


def _first(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min(node.lineno, *(int(one.lineno) for one in decorators), node.lineno)


def above(text: str, offset: int) -> int:
    """Where the first decorator of the statement at `offset` of a module begins, or else the statement's line."""
    line = text.count("\n", 0, offset) + 1
    tree = syntax.module(text)
    nodes = tree.body if tree is not None else []
    return _offset(text, next((_first(one) for one in nodes if _first(one) <= line <= (one.end_lineno or 0)), line))


def _offset(text: str, line: int) -> int:
    """Where a line (from 1) begins; the text's end behind the last one."""
    rows = text.split("\n")
    return min(len("\n".join(rows[: line - 1])) + (line > 1), len(text))


def _span(text: str, node: Function) -> Span:
    """From `def` to the end of the body, without decorators and without the line end."""
    end = _offset(text, (node.end_lineno or node.lineno) + 1)
    start = _offset(text, node.lineno)
    return Span(start, start + len(text[start:end].rstrip("\r\n")))


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


def _comment(snapshot: Snapshot, line: int, tree: ast.Module | None) -> tuple[str, Span, str, ast.ClassDef | None] | None:  # fmt: skip
    """The comment lines around a line (from 0) as one sentence, their span, what stands before them, and the class whose member they ask for: at the left edge, or between the members of a class."""
    rows = snapshot.text.split("\n")
    row = rows[line] if line < len(rows) else ""
    if tree is None or any(_first(one) <= line + 1 <= (one.end_lineno or 0) for one in tree.body if not isinstance(one, ast.ClassDef)):  # fmt: skip
        return None  # a line of a text, or in the middle of a function
    indent = row[: len(row) - len(row.lstrip())]
    of = _class_around(tree, rows, line, len(indent)) if tree is not None and indent else None
    if indent and of is None:
        return None

    def is_comment(at: int) -> bool:
        return 0 <= at < len(rows) and rows[at].startswith(f"{indent}#") and not rows[at].startswith("#!")

    if not is_comment(line):
        return None
    first = last = line
    while is_comment(first - 1):
        first -= 1
    while is_comment(last + 1):
        last += 1
    said = " ".join(_MARK.sub("", rows[at]).strip() for at in range(first, last + 1)).strip()
    start, end = _offset(snapshot.text, first + 1), _offset(snapshot.text, last + 1) + len(rows[last])
    return (said, Span(start, end), indent, of) if said else None


def _class_around(tree: ast.Module, rows: Sequence[str], line: int, indent: int) -> ast.ClassDef | None:
    """The class between whose members, or behind the last of them, a comment on `line` (from 0) stands, as far right as they do. Python counts what comes behind the last one to nobody."""
    above = [one for one in tree.body if one.lineno <= line]
    of = above[-1] if above else None
    if not isinstance(of, ast.ClassDef) or of.body[0].col_offset != indent:
        return None
    if any(_first(one) <= line + 1 <= (one.end_lineno or 0) for one in of.body):
        return None
    between = rows[(of.end_lineno or 0) : line]
    return of if all(not row.strip() or row.startswith(" " * indent + "#") for row in between) else None


def _free(wish: Wish, taken: Collection[str]) -> Wish:
    """With a name that its file, or its class, does not have yet."""
    name = homes.free(wish.name, taken)
    if name == wish.name:
        return wish
    return replace(wish, name=name, assumed=(*wish.assumed, f"{wish.name} is there already, so it is called {name}"))


def _is_bound(tree: ast.Module, name: str) -> bool:
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    bound |= {node.name for node in ast.walk(tree) if isinstance(node, Function | ast.ClassDef)}
    bound |= {(one.asname or one.name).partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom) for one in node.names}  # fmt: skip
    return name in bound or hasattr(builtins, name)
