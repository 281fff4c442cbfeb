"""Results that get lost: what is computed and not kept, and functions that forget to return."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .piece import Function, Passage, Suspicion, own, told

# Methods of text that only give a new text; no other common type has methods of these names that do something.
_OF_TEXT = frozenset(
    "strip lstrip rstrip upper capitalize casefold swapcase zfill removeprefix removesuffix expandtabs ljust rjust".split()
)
_OF_MORE = frozenset("lower title".split())  # of windows, too: they need a sign that it is a text
_SIGNS_OF_TEXT = _OF_TEXT | frozenset("split startswith endswith encode splitlines join isdigit".split())
_PURE = frozenset("sorted reversed round abs".split())
_IN_PLACE = frozenset("append extend insert sort reverse remove clear update add discard".split())
_MAKERS = frozenset("list dict set sorted defaultdict deque".split())
_SAYS_RETURN = re.compile(r"\s*Returns?\b(?! (?:the )?(?:immediately|early|to|from|control)\b)")


def lost_result(piece: Passage) -> Iterator[Suspicion]:
    """A statement that computes something and keeps nothing of it, and a name that gets the None of a method that changes its object."""
    for node in piece.nodes:
        match node:
            case ast.Expr(value=ast.Call() as call):
                yield from _discarded(piece, node, call)
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Call(func=ast.Attribute(value=ast.Name(id=of), attr=attr)) as call,
            ):
                if attr in _IN_PLACE and _is_made_here(piece, call, of):
                    message = f"`{of}.{attr}` changes `{of}` and gives None, so `{name}` becomes None."
                    yield Suspicion("lost-result", node, message, 0.9, ast.unparse(call))
            case ast.Return(value=ast.Call(func=ast.Attribute(value=ast.Name(id=of), attr=attr))) if (
                attr in _IN_PLACE and _is_made_here(piece, node, of)
            ):
                yield Suspicion(
                    "lost-result", node, f"`{of}.{attr}` changes `{of}` and gives None, so None is returned.", 0.9
                )


def _discarded(piece: Passage, node: ast.Expr, call: ast.Call) -> Iterator[Suspicion]:
    if piece.is_expected_to_fail(node):
        return
    match call:
        case ast.Call(func=ast.Attribute(attr=attr, value=ast.Name(id=name) as value), args=args, keywords=[]):
            is_replace = attr == "replace" and len(args) == 2
            if (attr in _OF_TEXT or attr in _OF_MORE or is_replace) and _is_text(piece, value):
                why = f"`{told(call)}` gives a new text and changes nothing; it is not kept."
                yield Suspicion("lost-result", node, why, 0.8, f"{name} = {ast.unparse(call)}")
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in _PURE:
            instead = (
                f"{ast.unparse(first)} = {ast.unparse(call)}"
                if isinstance(first, ast.Name) and name == "sorted"
                else ""
            )
            yield Suspicion(
                "lost-result", node, f"`{name}` gives a new object and changes nothing; it is not kept.", 0.85, instead
            )


def _is_text(piece: Passage, value: ast.expr) -> bool:
    """Whether the function around treats a name as text elsewhere, or says that it is one."""
    function = piece.function(value)
    if function is None or not isinstance(value, ast.Name):
        return False
    for node in ast.walk(function):
        match node:
            case ast.arg(arg=name, annotation=ast.Name(id="str")) if name == value.id:
                return True
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)) if (
                name == value.id and attr in _SIGNS_OF_TEXT and not isinstance(piece.parent(node), ast.Expr)
            ):
                return True
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str()) | ast.JoinedStr()) if (
                name == value.id
            ):
                return True
    return False


def _is_made_here(piece: Passage, node: ast.AST, name: str) -> bool:
    """Whether the function around makes `name` a list, dictionary or set, and nothing else."""
    function = piece.function(node)
    if function is None:
        return False
    values = [
        one.value
        for one in own(function)
        if isinstance(one, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in one.targets)
    ]
    bound = [
        one for one in own(function) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store) and one.id == name
    ]
    return (
        any(map(_is_collection, values))
        and len(values) == len(bound)
        and all(_is_collection(value) or _is_method_of(value, name) for value in values)
    )


def _is_method_of(node: ast.expr, name: str) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=of), attr=attr)):
            return of == name and attr in _IN_PLACE
    return False


def _is_collection(node: ast.expr) -> bool:
    match node:
        case ast.List() | ast.Dict() | ast.Set() | ast.ListComp() | ast.DictComp() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in _MAKERS
    return False


def lost_return(piece: Passage) -> Iterator[Suspicion]:
    """A function that says what it returns and returns nothing, and a search that drops what its own call found."""
    for function in piece.functions():
        returns = [node for node in own(function) if isinstance(node, ast.Return)]
        if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in own(function)):
            continue
        with_value = [
            node
            for node in returns
            if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None)
        ]
        if not with_value:
            if not function.name.startswith("test"):
                yield from _unreturned(function)
        elif all(not isinstance(node.value, ast.Constant) for node in with_value):
            yield from _dropped_recursion(function)


def _unreturned(function: Function) -> Iterator[Suspicion]:
    says = _SAYS_RETURN.match(ast.get_docstring(function) or "")
    is_none = isinstance(function.returns, ast.Constant) and function.returns.value is None
    last = function.body[-1]
    binds = [one for one in function.body if isinstance(one, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.For)]
    if not says or is_none or not binds or isinstance(last, ast.Raise | ast.While | ast.Try | ast.With | ast.AsyncWith):
        return
    targets = [t for one in binds for t in getattr(one, "targets", [getattr(one, "target", None)])]
    if any(isinstance(target, ast.Attribute) for target in targets) or _may_end_otherwise(function):
        return
    message = f"The docstring of `{function.name}` says what it returns, and nothing is returned."
    yield Suspicion("lost-return", _header(function), message, 0.8)


def _may_end_otherwise(function: Function) -> bool:
    """Whether it is for something else than its value: it calls for effects at its end, asserts, or raises."""
    writes = (ast.Attribute, ast.Subscript)
    return isinstance(function.body[-1], ast.Expr | ast.Delete | ast.Assert | ast.If | ast.Match) or any(
        (
            isinstance(node, ast.Raise | ast.Global | ast.Nonlocal | ast.Expr)
            and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        )
        or (isinstance(node, writes) and isinstance(node.ctx, ast.Store))
        for node in own(function)
    )


def _dropped_recursion(function: Function) -> Iterator[Suspicion]:
    for node in own(function):
        match node:
            case ast.If(body=body, orelse=orelse):
                ends = [body[-1], *(orelse[-1:] if orelse and not isinstance(orelse[0], ast.If) else [])]
            case _:
                continue
        if node is not function.body[-1] and not _is_last_of(function, node):
            continue
        for last in ends:
            if (
                isinstance(last, ast.Expr)
                and _calls_itself(last.value, function)
                and _has_a_sibling_that_returns(ends, last)
            ):
                message = f"What `{function.name}` finds here is not returned, as it is elsewhere."
                yield Suspicion("lost-return", last, message, 0.8, f"return {ast.unparse(last.value)}")


def _is_last_of(function: Function, node: ast.AST) -> bool:
    """Whether an `elif` chain that ends a function holds it."""
    last: ast.AST = function.body[-1]
    while isinstance(last, ast.If):
        if last is node:
            return True
        last = last.orelse[0] if len(last.orelse) == 1 else ast.Pass()
    return False


def _calls_itself(value: ast.expr, function: Function) -> bool:
    match value:
        case ast.Call(func=ast.Name(id=name)):
            return name == function.name
        case ast.Call(func=ast.Attribute(attr=name, value=ast.Name(id="self" | "cls"))):
            return name == function.name
    return False


def _has_a_sibling_that_returns(ends: list[ast.stmt], last: ast.stmt) -> bool:
    return any(isinstance(one, ast.Return) and one.value is not None for one in ends if one is not last)


def _header(function: Function) -> ast.AST:
    """The place of a function's name, for a hint about all of it."""
    begin = function.col_offset + (len("async ") if isinstance(function, ast.AsyncFunctionDef) else 0) + len("def ")
    end = begin + len(function.name.encode())
    return ast.Pass(lineno=function.lineno, col_offset=begin, end_lineno=function.lineno, end_col_offset=end)
