"""What is still to be written: whether a text leaves anything to write behind it, the text without the statement under way, and functions that nobody
has written yet.

All of it is about code while somebody writes in it; for a change that claims to be whole none of it is asked.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Literal

from . import syntax
from .brackets import CLOSERS, OPENERS, last_definition, scan
from .memo import MIB, remembered
from .text import Span, columns

# "inner": code of its function stands below; "header": the block that hangs on it does; "whole": its function is written.
Left = Literal["open", "inner", "header", "whole"]

LINE_LIMIT = 40  # lines below the cursor at which its statement may end
LOOK_BACK = 20_000  # characters before the cursor in which its statement may begin: 4 ms at most

# What may stand for a statement that is taken out, the first that fits: nothing, nothing where something is needed, a header for the block below
# that is always or never entered.
_STAND_INS = (("",), ("pass",), ("if True:", "if False:"), ("for _ in (0,):", "for _ in ():"))
# What a file with an unwritten function holds: most hold none, and need not be parsed.
_PLACEHOLDER = re.compile(
    r"NotImplementedError|(?:^[ \t]*|:[ \t]*)(?:\.\.\.|pass)[ \t]*(?:#.*)?$",
    re.MULTILINE,
)


def left(tree: ast.Module, first: int, last: int) -> Left:
    """What lines `first` to `last` (from 1) of a module leave to write in the function that they are in: "open" where more may come behind them,
    or is missing above; so outside of functions."""
    try:
        return _left(tree, first, last)
    except RecursionError:  # a thousand branches of one `if`
        return "open"


def _left(tree: ast.Module, first: int, last: int) -> Left:
    function = _around(tree, first, last)
    if function is None or _has_gap(function, first, last):
        return "open"
    if any(isinstance(node, ast.stmt) and node.lineno > last for node in ast.walk(function)):
        return "header" if any(_heads(node, first, last) for node in _own(function)) else "inner"
    if not _falls_through(function.body):
        return "whole"
    own = [one for one in function.body if one.lineno < first]
    is_all = all(isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) for one in own)
    return "whole" if is_all and _gives_nothing(function) else "open"


@remembered(4 * MIB)
def unwritten(text: str) -> tuple[str, ...]:
    """The dotted names of a module's functions whose body is a docstring or a placeholder alone; none where it does not parse. Remembered by
    the text, for a project is asked file by file."""
    rows = text.replace("\r\n", "\n")
    tree = syntax.module(text) if _PLACEHOLDER.search(rows) or _ends_with_text(rows) else None
    own = syntax.functions(tree) if tree is not None else ()
    return tuple(name for name, node in own if is_unwritten(node))


def _ends_with_text(text: str) -> bool:
    """Whether a block ends by a line that ends with a quote, as one does that is a docstring alone."""
    last: int | None = None  # how far right the last line stands, where it ends so
    for row in text.split("\n"):
        if not (bare := row.strip()):
            continue
        indent = len(row) - len(row.lstrip())
        if last is not None and indent < last:
            return True
        is_text = bare.endswith(("'", '"')) or bare.partition(" #")[0].rstrip().endswith(("'", '"'))
        last = indent if is_text and indent else None
    return last is not None


def begun(text: str, offset: int) -> Span:
    """The lines of the statement that is under way at `offset`: from where it begins to the end of the cursor's line, or to where its brackets
    close below."""
    start = _begins(text[:offset])
    rows = text[offset:].split("\n", LINE_LIMIT)
    end = reach = offset + len(rows[0])
    indent = columns(text[start:end].partition("\n")[0])
    for row in rows[1:]:
        if not scan(text[start:reach]).open:
            return Span(start, reach)
        if row.strip() and columns(row) <= indent and row.lstrip()[0] not in OPENERS:
            break
        reach += 1 + len(row)
    return Span(start, end) if scan(text[start:reach]).open else Span(start, reach)


def _begins(before: str) -> int:
    """Where the line begins on which the statement at the end of `before` does."""
    window = before[-LOOK_BACK:]
    origin = len(before) - len(window) + last_definition(window)
    opened = list[int]()
    for at, sign in scan(before[origin:]).brackets:
        if sign in CLOSERS:
            opened.append(origin + at)
        elif opened:
            opened.pop()
    start = before.rfind("\n", 0, opened[0] if opened else len(before)) + 1
    while start and (above := before[before.rfind("\n", 0, start - 1) + 1 : start]).rstrip("\r\n").endswith("\\"):
        if "#" in above:  # a comment goes on nowhere
            break
        start -= len(above)
    return start


def without(text: str, statement: Span, lead: str) -> tuple[str, ...]:
    """`text` with `statement` taken out, in a form that runs: two forms where it is the header of what stands below, none where there is none.
    `lead` is the white space with which a line in its place begins."""
    head, tail = text[: statement.start], text[statement.end :]
    line = "" if not head or head.endswith("\n") else "\n"
    for forms in _STAND_INS:
        made = tuple(f"{head}{line}{lead}{one}{tail}" if one else head + tail for one in forms)
        if syntax.compiles(made[0]):
            return made
    return ()


def _around(tree: ast.Module, first: int, last: int) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The innermost function in whose body the lines are."""
    found = [one for _, one in syntax.functions(tree) if one.lineno < first and last <= (one.end_lineno or 0)]
    return max(found, key=lambda one: one.lineno, default=None)


def _has_gap(function: ast.AST, first: int, last: int) -> bool:
    """Whether a placeholder stands somewhere else in the function: it is not finished there."""
    for node in _own(function):
        if isinstance(node, ast.stmt) and not first <= node.lineno <= last and _is_gap(node):
            return True
        if isinstance(node, ast.stmt | ast.match_case) and not isinstance(node, ast.ClassDef | ast.FunctionDef):
            blocks = (getattr(node, "body", []), getattr(node, "orelse", []))
            alone = (block[0] for block in blocks if len(block) == 1)
            if any(isinstance(one, ast.Pass) and not first <= one.lineno <= last for one in alone):
                return True
    return False


def _own(function: ast.AST) -> Iterator[ast.AST]:
    """What is below a function, without what is below the classes in it."""
    stack = [function]
    while stack:
        node = stack.pop()
        yield node
        stack += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.ClassDef)]


def _heads(node: ast.AST, first: int, last: int) -> bool:
    """Whether a header in the lines opens a block that stands below them."""
    body = getattr(node, "body", None)
    return isinstance(body, list) and first <= getattr(node, "lineno", 0) <= last < body[0].lineno


def _is_gap(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant) and statement.value.value is ...
    if not isinstance(statement, ast.Raise) or statement.exc is None:
        return False
    raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def is_unwritten(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether its body is a docstring or a placeholder alone."""
    return all(_is_gap(one) or isinstance(one, ast.Pass) or _is_string(one) for one in function.body)


def _is_string(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _gives_nothing(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    is_none = isinstance(function.returns, ast.Constant) and function.returns.value is None
    return is_none or function.name == "__init__"


def _falls_through(body: Sequence[ast.stmt]) -> bool:
    """Whether what runs `body` may come to its end."""
    match body[-1] if body else None:
        case ast.Return() | ast.Raise() | ast.Continue() | ast.Break():
            return False
        case ast.If(body=inner, orelse=other):
            return not other or _falls_through(inner) or _falls_through(other)
        case ast.With(body=inner) | ast.AsyncWith(body=inner):
            return _falls_through(inner)
        case ast.Try(body=inner, handlers=handlers, orelse=other, finalbody=last):
            if last and not _falls_through(last):
                return False
            return _falls_through(other or inner) or any(_falls_through(one.body) for one in handlers)
        case ast.While(test=ast.Constant(value=True), body=inner):
            return any(isinstance(node, ast.Break) for one in inner for node in ast.walk(one))
        case ast.Match(cases=cases):
            last_case = cases[-1]
            is_any = isinstance(last_case.pattern, ast.MatchAs) and last_case.pattern.pattern is None
            is_all = is_any and last_case.guard is None
            return not is_all or any(_falls_through(one.body) for one in cases)
        case _:
            return True
