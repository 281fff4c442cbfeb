"""What a change changes: the pieces of code of which a run can say whether they were executed.

Each hunk counts by itself, so that what stands between two of them is no part of the change; comments, blank lines and docstrings are none.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from . import syntax

HUNKS_LIMIT = 4000  # lines between the first and the last difference that are compared one by one


@dataclass(frozen=True, slots=True)
class Hunk:
    """Changed lines of the new text, `first` to `last` from 1, and the lines of the old text that they stand for; an empty range has its `last`
    before its `first`."""

    first: int
    last: int
    old_first: int
    old_last: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Code that is executed or is not. `changed` are its changed lines, `lines` all of its own.

    In a function it is executed when one of its lines is; `at` (line, column, end line, end column as in `ast`) tells pieces on one line apart.
    `is_top`: it stands at module level or in the class `scope`, and importing it shows nothing; a function has to run that uses one of `names`,
    or that `owner` is or holds.
    """

    lines: tuple[int, ...]
    changed: tuple[int, ...]
    at: tuple[int, int, int, int] | None = None
    names: tuple[str, ...] = ()
    owner: str = ""
    scope: str = ""
    is_top: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """The pieces that a change changes, the functions around them by their dotted names, and all changed lines (from 1)."""

    pieces: tuple[Piece, ...]
    functions: tuple[str, ...]
    lines: frozenset[int]

    @property
    def names(self) -> frozenset[str]:
        """What a test that reaches the change may name."""
        parts = {part for name in self.functions for part in name.split(".")}
        return frozenset(parts | {name for piece in self.pieces for name in piece.names})


def hunks(before: str, after: str) -> tuple[Hunk, ...]:
    """The differences by lines, each by itself."""
    old, new = before.split("\n"), after.split("\n")
    start, limit = 0, min(len(old), len(new))
    while start < limit and old[start] == new[start]:
        start += 1
    end = 0
    while end < limit - start and old[-1 - end] == new[-1 - end]:
        end += 1
    old, new = old[start : len(old) - end], new[start : len(new) - end]
    if not old and not new:
        return ()
    if len(old) + len(new) > HUNKS_LIMIT:
        return (Hunk(start + 1, start + len(new), start + 1, start + len(old)),)
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return tuple(
        Hunk(start + j1 + 1, start + j2, start + i1 + 1, start + i2) for tag, i1, i2, j1, j2 in codes if tag != "equal"
    )


def new_lines(before: str, after: str) -> frozenset[int]:
    """The lines of the new text (from 1) that stand in a difference."""
    return frozenset(line for hunk in hunks(before, after) for line in range(hunk.first, hunk.last + 1))


def changed(after: ast.Module, text: str, found: tuple[Hunk, ...], before: ast.Module | None = None) -> Changed:
    """The pieces of `after`, parsed from `text`, in the hunks. What only lost lines is changed where the code around them goes on, in the function
    that they stood in (by `before`)."""
    rows = text.split("\n")
    lines = {line for hunk in found for line in range(hunk.first, hunk.last + 1)}
    lost: list[Piece] = []
    ranges = _Ranges(after), _Ranges(before) if before is not None else None
    for hunk in found:
        if hunk.last < hunk.first:
            near, piece = _around(hunk, ranges, before, rows)
            lines |= set(near)
            lost += [piece] if piece is not None else []
    code = {line for line in lines if _is_code(rows[line - 1])}
    places = list(places_in(after))
    own = {place: code & set(place.lines) for place in places}
    for line in sorted(code.difference(*own.values())):  # an `else:` or a `try:` alone is what stands in it
        if re.match(r"(else|try|finally)\b", rows[line - 1].strip()) and (below := _first_below(places, line)):
            own[below].add(line)
    new = {place.dotted for place in places if own[place] and isinstance(place.node, ast.ClassDef)}
    found_pieces = [
        piece
        for place in places
        if own[place] and place.is_code and not (place.is_member and place.scope in new)
        for piece in _pieces(place, tuple(sorted(own[place])))
    ]
    shared = Counter(line for place in places if place.is_inside for line in place.lines if line in code)
    held = Counter(line for piece in found_pieces for line in piece.lines)
    pieces = tuple(
        dict.fromkeys(
            p if max((max(shared[n], held[n]) for n in p.lines), default=0) > 1 else replace(p, at=None)
            for p in [*found_pieces, *lost]
        )
    )
    functions = [
        name
        for name, node in syntax.functions(after)
        if any(_start(node) <= line <= (node.end_lineno or 0) for line in lines)
    ]
    return Changed(pieces, tuple(sorted(functions, key=len, reverse=True)), frozenset(lines))


def _first_below(places: list[Statement], line: int) -> Statement | None:
    return min((p for p in places if p.lines[0] > line), key=lambda p: p.lines[0], default=None)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement's own lines, without those of the statements inside it. `scope` is the dotted name of the class around it; `is_inside` says
    whether it stands in a function."""

    node: ast.AST
    lines: tuple[int, ...]
    scope: str
    is_inside: bool

    @property
    def dotted(self) -> str:
        """The name of the class or function that it is, with those around it."""
        return f"{self.scope}.{getattr(self.node, 'name', '')}".lstrip(".")

    @property
    def is_member(self) -> bool:
        """Whether it stands in a class's body and is no function."""
        return bool(self.scope) and not self.is_inside and not isinstance(self.node, _DEFINITIONS)

    @property
    def is_code(self) -> bool:
        """Whether there is anything to execute."""
        match self.node:
            case ast.ImportFrom(module="__future__"):
                return False
            case ast.Pass():
                return self.is_inside
            case ast.Global() | ast.Nonlocal() | ast.Expr(value=ast.Constant()):
                return False
            case ast.AnnAssign(value=None):
                return not self.is_inside
        return True


def places_in(tree: ast.AST, scope: str = "", *, is_inside: bool = False) -> Iterator[Statement]:
    """Every statement, handler and case below a tree, in their order; without recursion, for a chain of `elif` is as deep as it is long."""
    left = [(_inner(tree), scope, is_inside)]
    while left:
        children, around, inside = left[-1]
        child = next(children, None)
        if child is None:
            left.pop()
            continue
        yield Statement(child, tuple(range(_start(child), _header_end(child) + 1)), around, inside)
        is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            left.append((_inner(child), f"{around}.{child.name}".lstrip("."), inside or is_function))
        else:
            left.append((_inner(child), around, inside))


def _inner(node: ast.AST) -> Iterator[ast.AST]:
    """The statements, handlers and cases right inside."""
    for name in ("body", "handlers", "orelse", "finalbody", "cases"):
        children = getattr(node, name, None)
        if isinstance(children, list):
            yield from (c for c in children if isinstance(c, ast.stmt | ast.ExceptHandler | ast.match_case))


def _start(node: ast.AST) -> int:
    if isinstance(node, ast.match_case):
        return node.pattern.lineno
    first: int = node.lineno  # type: ignore[attr-defined]
    return min((d.lineno for d in getattr(node, "decorator_list", ())), default=first)


def _header_end(node: ast.AST) -> int:
    """The last line of a statement's own, up to where its body begins."""
    start = _start(node)
    if not any(True for _ in _inner(node)):
        return getattr(node, "end_lineno", start) or start
    own = [getattr(node, "lineno", start)]
    inner = set(map(id, _inner(node)))
    for child in ast.iter_child_nodes(node):
        if id(child) not in inner:
            own += [n.end_lineno or start for n in ast.walk(child) if isinstance(n, ast.expr | ast.pattern | ast.arg)]
    return max(own)


def _pieces(place: Statement, lines: tuple[int, ...]) -> list[Piece]:
    node = place.node
    if not place.is_inside:
        owner = f"{place.scope}.{node.name}".lstrip(".") if isinstance(node, _DEFINITIONS) else ""
        return [Piece(place.lines, lines, None, tuple(sorted(_bound(node))), owner, place.scope, is_top=True)]
    body = next(iter(_inner(node)), None)
    if body is not None:
        if _start(body) != place.lines[-1] or isinstance(node, _DEFINITIONS):
            return [Piece(place.lines, lines)]
        test = getattr(node, "test", None) or getattr(node, "iter", None)
        return [Piece(place.lines, lines, _at(test))] if test is not None else []
    # A statement that shares its line with the header before it is told apart from it by its columns.
    ways = [way for top in _tops(node) for way in _ways(top)]
    ways = [way for way in ways if any(way.lineno <= line <= (way.end_lineno or way.lineno) for line in lines)]
    whole = Piece(place.lines, lines, _at(node) if isinstance(node, ast.stmt) else None)
    if ways and any(isinstance(n, ast.IfExp) for n in _tops(node)):
        return [Piece(place.lines, lines, _at(way)) for way in ways]
    return [whole, *(Piece(place.lines, lines, _at(way)) for way in ways)]


def _tops(node: ast.AST) -> list[ast.IfExp | ast.Lambda]:
    """The conditional expressions and lambdas of a statement that stand in no other."""
    found: list[ast.IfExp | ast.Lambda] = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.IfExp | ast.Lambda):
            found.append(child)
        elif not isinstance(child, ast.stmt):
            found += _tops(child)
    return found


def _ways(node: ast.expr) -> list[ast.expr]:
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            return [*_ways(body), *_ways(orelse)]
        case ast.Lambda(body=body):
            return _ways(body)
    return [node]


def _at(node: ast.AST) -> tuple[int, int, int, int]:
    return (node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0)  # type: ignore[attr-defined]


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _bound(node: ast.AST) -> set[str]:
    """What a statement at module or class level gives a name to, or changes."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return {(alias.asname or alias.name).partition(".")[0] for alias in names}
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=value))):
            return _roots(value)
        case ast.Assign(targets=targets) | ast.Delete(targets=targets):
            return {name for target in targets for name in _roots(target)}
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            return _roots(target)
    found: set[str] = set()
    for name in ("target", "name"):
        part = getattr(node, name, None)
        found |= {part} if isinstance(part, str) else _roots(part) if isinstance(part, ast.expr) else set()
    return found.union(*(_bound(child) for child in _inner(node)))


def _roots(target: ast.expr) -> set[str]:
    match target:
        case ast.Name(id=name):
            return {name}
        case ast.Attribute(value=value) | ast.Subscript(value=value) | ast.Starred(value=value):
            return _roots(value)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return {name for part in parts for name in _roots(part)}
    return set()


class _Ranges:
    """The functions of a tree by their lines."""

    def __init__(self, tree: ast.Module) -> None:
        self._known = [(_start(node), node.end_lineno or 0, name) for name, node in syntax.functions(tree)]

    def at(self, first: int, last: int) -> str:
        """The innermost function whose lines hold all of those; "" outside of any."""
        return max((name for begin, end, name in self._known if begin <= first and last <= end), key=len, default="")


def _around(
    hunk: Hunk, ranges: tuple[_Ranges, _Ranges | None], before: ast.Module | None, rows: list[str]
) -> tuple[list[int], Piece | None]:
    """Where a hunk of lost lines is seen: the next line of code below it, or the last one above it, in the function that they stood in; else
    where something uses the names that they bound."""
    below = next((line for line in range(hunk.first, len(rows) + 1) if _is_code(rows[line - 1])), 0)
    above = next((line for line in range(hunk.first - 1, 0, -1) if _is_code(rows[line - 1])), 0)
    if before is None or ranges[1] is None:
        return [line for line in (above, below) if line], None
    old = ranges[1].at(hunk.old_first, hunk.old_last)
    near = [line for line in (below, above) if line and old and ranges[0].at(line, line) == old][:1]
    if near:
        return near, None
    lost = set(range(hunk.old_first, hunk.old_last + 1))
    gone = [p for p in places_in(before) if p.is_code and not p.is_inside and not lost.isdisjoint(p.lines)]
    if not gone:
        return [], None
    names = {name for place in gone for name in _bound(place.node)}
    return [], Piece((), (hunk.first,), None, tuple(sorted(names)), "", gone[0].scope, is_top=True)


def always_runs(tree: ast.Module, line: int, column: int) -> bool:
    """Whether what stands at a place (line from 1, column from 0) is executed whenever its statement is: in a function, or in an import of the module's, which importing it executes."""
    is_inside = any(isinstance(one, ast.Import | ast.ImportFrom) and _holds(one, line, column) for one in tree.body)
    node: ast.AST = tree
    while True:
        child = next((c for c in ast.iter_child_nodes(node) if _holds(c, line, column)), None)
        if child is None:
            return is_inside
        match node:
            case ast.BoolOp(values=[first, *_]) if child is not first:
                return False
            case ast.IfExp(test=test) if child is not test:
                return False
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                return False
            case ast.Compare(left=left, comparators=[first, *_]) if child is not left and child is not first:
                return False
        is_inside = is_inside or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
        node = child


def _holds(node: ast.AST, line: int, column: int) -> bool:
    first = getattr(node, "lineno", None)
    if first is None:
        return any(_holds(child, line, column) for child in ast.iter_child_nodes(node))
    start = (first, node.col_offset)  # type: ignore[attr-defined]
    return start <= (line, column) < (node.end_lineno or 0, node.end_col_offset or 0)  # type: ignore[attr-defined]


def _is_code(row: str) -> bool:
    return bool(row.strip()) and not row.lstrip().startswith("#")
