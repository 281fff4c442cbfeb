"""Parsing: tree-sitter for text that is being typed, Python's own parser for text that claims to be whole."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

from . import older
from .brackets import CLOSERS, scan

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser, Tree

PARSE_LIMIT = 1 << 20  # characters; beyond this nothing is offered, so nothing needs to be parsed
PIECE_ROWS = 150  # of a long text that Python parses at a time: three milliseconds
QUERIED = 200  # nodes that a query gives at most
DEPTH_LIMIT = 200  # open brackets at one point; Python's own limit
NEWER = ("[", "type ", "f'", 'f"')  # without one of them nothing is newer
_TURN = Lock()


def parse(text: str, older: Tree | None = None) -> Tree:
    """The concrete tree of `text`, errors included; `older` must have been through `edited`."""
    data = text.encode("utf-8", "surrogatepass")
    return _parser().parse(data, older) if older is not None else _parser().parse(data)


def edited(tree: Tree, before: str, after: str, start: int, old_end: int, inserted: int) -> Tree:
    """A copy of `tree` that knows of one replaced span (offsets in code points), ready for `parse`."""
    new_end = start + inserted
    other = copy(tree)
    other.edit(
        start_byte=_bytes(before, start),
        old_end_byte=_bytes(before, old_end),
        new_end_byte=_bytes(after, new_end),
        start_point=_point(before, start),
        old_end_point=_point(before, old_end),
        new_end_point=_point(after, new_end),
    )
    return other


def node_at(tree: Tree, text: str, offset: int) -> Node | None:
    """The smallest node that holds `offset`."""
    at = _bytes(text, offset)
    return tree.root_node.descendant_for_byte_range(at, at)


def why_no_query(text: str) -> str:
    """Why a text is no query for Python's tree that we take; "" where it is one. Predicates with regular expressions could be made to take for ever."""
    from tree_sitter import Query, QueryError

    if "match?" in text:
        return "predicates with regular expressions are not taken"
    try:
        query = Query(_language(), text)
    except (QueryError, ValueError, SyntaxError) as error:
        return str(error).strip().splitlines()[0][:120] or "it cannot be read"
    return "" if query.capture_count else "it captures nothing"


def captured(root: Node, text: str) -> list[Node]:
    """The nodes that a query captures as `@breach`, or as whatever it calls its first capture. Of a query that is one (`why_no_query`)."""
    from tree_sitter import Query, QueryCursor

    query = Query(_language(), text)
    named = QueryCursor(query, match_limit=256).captures(root)
    wanted = "breach" if "breach" in named else query.capture_name(0)
    return list(named.get(wanted, ()))[:QUERIED]


def bound(tree: Tree, function: int | None, last: int) -> frozenset[str]:
    """Names that are bound from the row of a function's header (from 0; None: at the top level of the module) to the row `last`: parameters, targets of assignments, loops and `with`, not those of functions and classes in it."""
    found: set[str] = set()
    stack = [tree.root_node]
    while stack:
        one = stack.pop()
        row = one.start_point[0]
        if row > last or (function is not None and one.end_point[0] < function):
            continue
        is_scope = one.type in ("function_definition", "class_definition", "lambda")
        if function is not None and row < function:
            stack += one.children
        elif not is_scope or row == function:
            # What is being bound where the place is, is not bound yet.
            is_under_way = one.end_point[0] >= last if one.type in _STATEMENTS else row == last and not is_scope
            for target in () if is_under_way else _targets(one):
                found |= set(_identifiers(target))
            stack += one.children
    return frozenset(found)


_STATEMENTS = ("assignment", "augmented_assignment")


def _targets(node: Node) -> Iterator[Node]:
    """What a node binds."""
    if node.type in ("assignment", "augmented_assignment", "for_statement"):
        wanted = "left"
    elif node.type == "named_expression":
        wanted = "name"
    elif node.type in ("function_definition", "lambda"):
        wanted = "parameters"
    elif node.type == "as_pattern":
        wanted = "alias"
    else:
        return
    if (target := node.child_by_field_name(wanted)) is not None:
        yield target


def _identifiers(node: Node) -> Iterator[str]:
    """The plain names in a target or a list of parameters, without defaults, annotations and attributes."""
    if node.type == "identifier" and node.text is not None:
        yield node.text.decode("utf-8", "replace")
    elif node.type in ("default_parameter", "typed_default_parameter") and (name := node.child_by_field_name("name")):
        yield from _identifiers(name)
    elif node.type == "typed_parameter" and node.children:
        yield from _identifiers(node.children[0])
    elif node.type in _GROUPS:
        for child in node.children:
            yield from _identifiers(child)


_GROUPS = "parameters lambda_parameters pattern_list tuple_pattern list_pattern list_splat_pattern dictionary_splat_pattern as_pattern_target tuple list".split()


def error_lines(tree: Tree) -> frozenset[int]:
    """Lines (from 1) on which tree-sitter could not make sense of the text."""
    lines: set[int] = set()
    stack = [tree.root_node]
    while stack:
        node = stack.pop()
        if node.is_error or node.is_missing:
            lines.update(range(node.start_point[0] + 1, node.end_point[0] + 2))
        elif node.has_error:
            stack += node.children
    return frozenset(lines)


def head(tree: Tree) -> tuple[int, bool]:
    """The last row (from 0) of a module's docstring and first imports, -1 where it has neither; and whether imports end it."""
    row, has_imports, has_docstring, is_note = -1, False, False, True
    for node in tree.root_node.children:
        first, last = node.start_point[0], node.end_point[0]
        if node.type in _IMPORTS:
            row, has_imports = last, True
        elif has_imports and not (node.type == "comment" and first == row):
            break
        elif not has_docstring and node.type == "expression_statement" and node.children[0].type == "string":
            row, has_docstring = last, True
        elif node.type == "comment" and not has_docstring and first == row + 1:
            row, is_note = last, is_note and not _is_directive(node)
        elif node.type != "comment":
            return (
                (-1, False) if is_note and not has_docstring and row >= 0 and first == row + 1 else (row, has_imports)
            )
    return row, has_imports


def top_level(tree: Tree, first: int, last: int) -> tuple[int, int | None]:
    """Where the statements of a module begin and end that rows `first` to `last` (from 0) belong to: the row of the last one that begins above
    or on the first row, and the row of the first one that begins below the last row, None where none does."""
    begin = 0
    for node in tree.root_node.children:
        row = node.start_point[0]
        if row > last:
            return begin, row
        if row <= first and node.type != "comment":
            begin = row
    return begin, None


def member(tree: Tree, first: int, last: int) -> tuple[int, int | None] | None:
    """Where the innermost member of a class begins and ends that rows `first` to `last` (from 0) are in, as `top_level` has it; None where they are in none."""
    nodes, end = tree.root_node.children, None
    found: tuple[int, int | None] | None = None
    is_in_class = False
    while True:
        statements = [node for node in nodes if node.type != "comment"]
        at = next((n for n in reversed(range(len(statements))) if statements[n].start_point[0] <= first), None)
        if at is None:
            return found
        one = statements[at]
        end = statements[at + 1].start_point[0] if at + 1 < len(statements) else end
        if end is not None and last >= end:
            return found
        if is_in_class:
            found = one.start_point[0], end
        definition = one.child_by_field_name("definition") or one
        body = definition.child_by_field_name("body") if definition.type == "class_definition" else None
        if body is None or first < body.start_point[0] or body.start_point[0] == definition.start_point[0]:
            return found
        nodes, is_in_class = body.children, True


def statement_rows(tree: Tree) -> list[int]:
    """The rows (from 0) on which statements of a module begin, each row once; a comment is no statement."""
    return list(dict.fromkeys(node.start_point[0] for node in tree.root_node.children if node.type != "comment"))


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a text is not Python: what the parser says, and on which line (from 1; 0 where that is not known)."""

    message: str
    line: int = 0


def abstract(text: str) -> ast.Module:
    """Python's own tree of `text`, for texts that we wrote or measured before; `module` is for all others.

    One thread at a time: up to 3.11.8 Python counts how deep it is in one place for all threads, and two that build a tree together
    fail with a SystemError (python/cpython#106905); the filters of warnings are one list for all threads as well.

    Raises SyntaxError, ValueError, MemoryError or RecursionError where there is none.
    """
    if (tree := _by_pieces(text)) is not None:
        return tree
    return _abstract(text)


def _abstract(text: str) -> ast.Module:
    with _TURN, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _by_pieces(text: str) -> ast.Module | None:
    """The tree of a long text, some of its statements at a time; None where that is not certain to be the same, or not worth it.

    Python's parser lets no other thread run: 50 ms for 2 500 lines, in whatever thread it is called.
    """
    if text.count("\n") < 2 * PIECE_ROWS or not has_plain_lines(text):
        return None
    tree = parse(text)
    if tree.root_node.has_error:
        return None
    rows, starts = text.split("\n"), [0]
    for row in statement_rows(tree):
        if row - starts[-1] >= PIECE_ROWS:
            starts.append(row)
    body: list[ast.stmt] = []
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        try:
            body += _abstract("\n" * start + "\n".join(rows[start:end]) + "\n").body
        except SyntaxError:
            return None  # all of it says what is wrong
    return ast.Module(body, [])


def expression(text: str) -> ast.expr | None:
    """The tree of one expression; None where the text is none."""
    try:
        body = abstract(text.strip()).body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    return body[0].value if len(body) == 1 and isinstance(body[0], ast.Expr) else None


def module(text: str) -> ast.Module | None:
    """The abstract tree of `text`, or None where it does not parse."""
    found = module_or_flaw(text)
    return None if isinstance(found, Flaw) else found


def module_or_flaw(text: str) -> ast.Module | Flaw:
    """The abstract tree, or why there is none."""
    if len(text) > PARSE_LIMIT:
        return Flaw(f"the file has over {PARSE_LIMIT >> 20} million characters")
    if "\0" in text:
        return Flaw("the file holds NUL characters, so it is not Python text")
    if _too_deep(text):
        return Flaw("brackets are nested too deep")
    try:
        return abstract(text.removeprefix("\ufeff"))
    except SyntaxError as error:
        return _of_newer(text) or Flaw(error.msg, error.lineno or 0)
    except (ValueError, MemoryError, RecursionError) as error:
        return Flaw(f"not Python: {error}")


def _of_newer(text: str) -> ast.Module | None:
    """The tree of a text that only a newer Python than ours takes, in older words at the same places; None for what is none either."""
    if not any(word in text for word in NEWER):
        return None
    other = older.rewritten(text.removeprefix("\ufeff"), parse(text.removeprefix("\ufeff")))
    try:
        return abstract(other) if other is not None else None
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def has_plain_lines(text: str) -> bool:
    """Whether Python's tree counts lines as we do: no carriage return but before a line feed."""
    return "\r" not in text or re.search(r"\r(?!\n)", text) is None


def compiles(text: str) -> bool:
    """Whether `text` is a module that could be run: it parses, and no `break` or `return` stands where there can be none."""
    if (tree := module(text)) is None:
        return False
    try:
        with _TURN, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(tree, "<text>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True


def functions(tree: ast.AST) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every function below `tree` with its dotted path of classes and functions."""
    stack: list[tuple[str, ast.AST]] = [("", tree)]
    while stack:
        path, node = stack.pop()
        for child in ast.iter_child_nodes(node):
            name = f"{path}.{child.name}".lstrip(".") if isinstance(child, _NAMED) else path
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield name, child
            if isinstance(child, _HOLDERS):
                stack.append((name, child))


def statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Every statement below `tree`, with the handlers and cases that hold some."""
    stack = [tree]
    while stack:
        for child in ast.iter_child_nodes(stack.pop()):
            if isinstance(child, _HOLDERS):
                yield child
                stack.append(child)


_IMPORTS = ("import_statement", "import_from_statement", "future_import_statement")
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_HOLDERS = (
    ast.stmt,
    ast.excepthandler,
    ast.match_case,
)  # what other statements can stand in: no expression holds one


def _is_directive(comment: Node) -> bool:
    """A first line for the system or the interpreter, before which nothing may stand."""
    return comment.start_point[0] < 2 and re.match(rb"#!|#.*coding[:=]", comment.text or b"") is not None


def _too_deep(text: str) -> bool:
    return sum(text.count(opener) for opener in CLOSERS) >= DEPTH_LIMIT and scan(text).deep >= DEPTH_LIMIT


def _bytes(text: str, offset: int) -> int:
    return offset if text.isascii() else len(text[:offset].encode("utf-8", "surrogatepass"))


def _point(text: str, offset: int) -> tuple[int, int]:
    start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset), len(text[start:offset].encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=1)
def _parser() -> Parser:
    import tree_sitter

    return tree_sitter.Parser(_language())


@lru_cache(1)
def _language() -> Language:
    import tree_sitter
    import tree_sitter_python

    return tree_sitter.Language(tree_sitter_python.language())
