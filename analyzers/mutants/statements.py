"""Other forms of one statement as a whole: left out, moved, assigned otherwise, another way out of a loop."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from analyzers.text import Span

from .calls import one_off
from .expressions import tests
from .scope import Form, Scope

_WRAPS = (
    ("list({})", 0.25),
    ("str({})", 0.12),
    ("int({})", 0.12),
    ("abs({})", 0.15),
    ("sorted({})", 0.2),
    ("len({})", 0.08),
    ("max({}, 0)", 0.1),
    ("not {}", 0.15),
    ("{}.lower()", 0.2),
    ("{}.strip()", 0.2),
    ("{}.copy()", 0.1),
)
_AUGMENTED = {
    ast.Add: ("-=", "="),
    ast.Sub: ("+=", "="),
    ast.Mult: ("/=", "+=", "="),
    ast.Div: ("*=", "//="),
    ast.FloorDiv: ("/=", "%="),
    ast.BitOr: ("&=", "="),
    ast.BitAnd: ("|=", "^="),
    ast.BitXor: ("&=", "|="),
    ast.Mod: ("//=",),
    ast.LShift: (">>=",),
    ast.RShift: ("<<=",),
}
_SIGNS = {
    ast.Add: "+=",
    ast.Sub: "-=",
    ast.Mult: "*=",
    ast.Div: "/=",
    ast.FloorDiv: "//=",
    ast.BitOr: "|=",
    ast.BitAnd: "&=",
}
STEP = 4  # columns of one step of indentation, where the code around says nothing else


def forms(statement: ast.stmt | ast.ExceptHandler, scope: Scope) -> Iterator[Form]:
    """Other forms of a statement itself, without those of the expressions in it."""
    match statement:
        case ast.If(test=test) | ast.While(test=test):
            yield from tests(test, scope)
            yield from _of_header(statement, scope)
            brackets = f"({scope.told(test)})" if isinstance(test, ast.BoolOp | ast.IfExp) else scope.told(test)
            for name in scope.parameters[:6]:
                yield Form(test, f"{brackets} or not {name}", 0.2)
                yield Form(test, f"{brackets} and {name}", 0.2)
        case ast.Assign(targets=[target], value=value):
            yield from _wrapped(value, scope)
            if isinstance(target, ast.Name | ast.Attribute | ast.Subscript):
                between = Span(scope.places.span(target).end, scope.places.span(value).start)
                if scope.places.text[between.start : between.end].strip() == "=":
                    yield Form(between, " += ", 0.35)
            if isinstance(target, ast.Name) and scope.bound.get(target.id, 0) > 1:
                yield from (Form(value, f"{how}({target.id}, {scope.told(value)})", 0.35) for how in ("max", "min"))
            if isinstance(value, ast.Name | ast.Attribute):
                yield from (Form(value, f"{how}({scope.told(value)})", 0.3) for how in ("list", "dict", "set"))
                yield Form(value, f"{scope.told(value)}.copy()", 0.3)
                yield Form(value, f"{scope.told(value)} or []", 0.15)
        case ast.AugAssign(target=target, op=op, value=value):
            for sign in _AUGMENTED.get(type(op), ()):
                between = Span(scope.places.span(target).end, scope.places.span(value).start)
                yield Form(between, f" {sign} ", 0.6 if sign != "=" else 0.3)
            yield from one_off(value, scope, 0.15)
        case ast.Return(value=ast.expr() as value):
            yield from _wrapped(value, scope)
            yield from one_off(value, scope, 0.2)
            yield from (Form(value, name, 0.2) for name in scope.names[:8] if not isinstance(value, ast.Name))
            yield from _other_answers(value, scope)
        case ast.Return(value=None):
            yield from (Form(statement, f"return {name}", 0.35) for name in scope.names[:8])
        case ast.Expr(value=ast.Call() | ast.BinOp() | ast.Compare() | ast.BoolOp() | ast.Name() as value):
            yield Form(statement, f"return {scope.told(value)}", 0.35)
            if (
                isinstance(value, ast.Call)
                and isinstance(value.func, ast.Attribute)
                and isinstance(value.func.value, ast.Name)
            ):
                yield Form(statement, f"{value.func.value.id} = {scope.told(value)}", 0.35)
        case ast.Break():
            yield Form(statement, "continue", 0.6)
            yield Form(statement, "pass", 0.4)
        case ast.Continue():
            yield Form(statement, "break", 0.6)
            yield Form(statement, "pass", 0.4)
        case ast.For(iter=iterated):
            text = scope.told(iterated)
            yield from (
                Form(iterated, form.format(text), prior)
                for form, prior in (
                    ("list({})", 0.3),
                    ("reversed({})", 0.2),
                    ("sorted({})", 0.25),
                    ("{}[1:]", 0.25),
                    ("{}[:-1]", 0.1),
                    ("{}.items()", 0.15),
                )
            )
        case ast.ExceptHandler(type=ast.expr() as kind):
            yield from (
                Form(kind, f"({scope.told(kind)}, {name})", 0.3)
                for name in ("KeyError", "TypeError", "ValueError", "IndexError", "AttributeError")
            )
        case ast.Raise(exc=ast.Call(func=ast.Name() as name)):
            yield from (
                Form(name, other, 0.3)
                for other in ("ValueError", "KeyError", "TypeError", "IndexError")
                if other != name.id
            )
        case ast.FunctionDef(args=arguments) | ast.AsyncFunctionDef(args=arguments):
            for default in (*arguments.defaults, *arguments.kw_defaults):
                if isinstance(default, ast.List | ast.Dict) and not ast.unparse(default).strip("[]{}"):
                    yield Form(default, "None", 0.2)
            return
    yield from _moved(statement, scope)


def _of_header(statement: ast.If | ast.While, scope: Scope) -> Iterator[Form]:
    start = scope.places.span(statement).start
    text = scope.places.text
    if isinstance(statement, ast.If):
        if text.startswith("elif", start):
            yield Form(Span(start, start + 4), "if", 0.35)
        elif _follows_an_if(statement, scope):
            yield Form(Span(start, start + 2), "elif", 0.4)
        if len(statement.body) == 1 and not statement.orelse:
            yield Form(Span(start, start + 2), "while", 0.2)
    else:
        yield Form(Span(start, start + 5), "if", 0.15)


def _other_answers(value: ast.expr, scope: Scope) -> Iterator[Form]:
    """What may be returned instead: nothing, a plain value, or of a plain yes or no what decides it; a collection with what was found so far."""
    text = scope.told(value)
    yield from (Form(value, other, 0.15) for other in ("None", "[]", "0", "''", "True", "False") if text != other)
    if text in ("True", "False"):
        for name in scope.names[:8]:
            yield from (Form(value, form.format(name), 0.25) for form in ("bool({})", "not {}", "{} == 0", "{} > 0"))
    if text == "[]":
        yield Form(value, "[[]]", 0.3)
        yield from (Form(value, f"[{name}]", 0.3) for name in scope.names[:8])
    if isinstance(value, ast.List | ast.ListComp | ast.Call | ast.BinOp):
        yield from (Form(value, f"{name} + {text}", 0.12) for name in scope.names[:8])


def _follows_an_if(statement: ast.If, scope: Scope) -> bool:
    above = scope.parent(statement)
    for name in ("body", "orelse"):
        block = getattr(above, name, None)
        if isinstance(block, list) and statement in block:
            at = block.index(statement)
            return at > 0 and isinstance(block[at - 1], ast.If) and not block[at - 1].orelse
    return False


def _wrapped(value: ast.expr, scope: Scope) -> Iterator[Form]:
    if isinstance(value, ast.Constant | ast.Lambda | ast.Yield):
        return
    text = scope.told(value)
    is_one = isinstance(value, ast.Name | ast.Attribute | ast.Call | ast.Subscript)
    for form, prior in _WRAPS:
        if not text.startswith(form.partition("(")[0] + "(") and (is_one or not form.startswith("{}")):
            yield Form(value, form.format(text), prior)


def _moved(statement: ast.stmt | ast.ExceptHandler, scope: Scope) -> Iterator[Form]:
    """Left out, a step further left or right, or behind the next one."""
    if (
        isinstance(statement, ast.ExceptHandler)
        or statement.lineno != statement.end_lineno
        or isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.If | ast.For | ast.While)
    ):
        return
    block, at = _block(statement, scope)
    span = scope.places.span(statement)
    text = scope.places.text
    begin = text.rfind("\n", 0, span.start) + 1
    if not block or text[begin : span.start].strip() or ";" in text[span.end : text.find("\n", span.end) + 1]:
        return
    row = text[span.start : span.end]
    if len(block) > 1 or not isinstance(statement, ast.Pass):
        yield Form(statement, "pass", 0.3 if isinstance(statement, ast.Expr | ast.AugAssign) else 0.15)
    above = scope.parent(statement)
    is_last = at == len(block) - 1
    if is_last and len(block) > 1 and isinstance(above, ast.For | ast.While | ast.If | ast.With | ast.Try):
        width = statement.col_offset - above.col_offset
        if width > 0:
            yield Form(
                Span(span.start - width, span.end),
                row,
                0.5 if isinstance(statement, ast.Return | ast.Expr | ast.AugAssign) else 0.3,
            )
    if at > 0 and isinstance(block[at - 1], ast.For | ast.While | ast.If | ast.With):
        inner = block[at - 1].body[0].col_offset - statement.col_offset  # type: ignore[attr-defined]
        yield Form(Span(span.start, span.end), " " * (inner if inner > 0 else STEP) + row, 0.3)
    if (
        not is_last
        and block[at + 1].lineno == block[at + 1].end_lineno
        and block[at + 1].lineno == statement.lineno + 1
    ):
        following = scope.places.span(block[at + 1])
        if not isinstance(block[at + 1], ast.FunctionDef | ast.ClassDef | ast.If | ast.For | ast.While):
            other, between = text[following.start : following.end], text[span.end : following.start]
            yield Form(Span(span.start, following.end), f"{other}{between}{row}", 0.35)


def _block(statement: ast.stmt, scope: Scope) -> tuple[list[ast.stmt], int]:
    above = scope.parent(statement)
    for name in ("body", "orelse", "finalbody"):
        block = getattr(above, name, None)
        if isinstance(block, list) and any(one is statement for one in block):
            return block, next(n for n, one in enumerate(block) if one is statement)
    return [], 0
