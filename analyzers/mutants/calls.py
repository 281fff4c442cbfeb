"""Other forms of calls and subscripts: other arguments, another function, one more or less."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .scope import Form, Scope

# What stands in for what: functions and methods that are taken for each other.
_ALIKE = [
    "min max", "any all", "append extend", "startswith endswith", "find rfind index", "lstrip rstrip strip", "lower upper", "split rsplit", "partition rpartition",
    "keys values items", "floor ceil", "pop popleft", "appendleft append", "union intersection difference", "union update", "issubset issuperset", "add discard", "int float round",
    "sum len", "isdigit isalnum isalpha", "removeprefix removesuffix", "ljust rjust", "first last", "head tail", "left right", "next prev", "start end", "low high",
    "min_value max_value", "extend update", "remove discard", "sin cos", "real imag", "seconds total_seconds", "heappush heappop", "setdefault get", "title capitalize", "isupper islower",
    "most_common elements", "bisect_left bisect_right", "search match fullmatch", "combinations permutations", "dirname basename", "abs int", "nlargest nsmallest", "difference symmetric_difference",
]  # fmt: skip
INSTEAD: dict[str, list[str]] = {}
for _group in _ALIKE:
    for _word in _group.split():
        INSTEAD.setdefault(_word, []).extend(other for other in _group.split() if other != _word)


def one_off(node: ast.expr, scope: Scope, prior: float) -> Iterator[Form]:
    """One more and one less."""
    text = scope.told(node)
    if isinstance(node, ast.Constant | ast.Slice | ast.Lambda | ast.Starred) or (
        isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant)
    ):
        return
    text = f"({text})" if isinstance(node, ast.IfExp | ast.BoolOp | ast.Compare) else text
    yield Form(node, f"{text} - 1", prior)
    yield Form(node, f"{text} + 1", prior)


def forms(node: ast.Call, scope: Scope) -> Iterator[Form]:
    function, args = scope.told(node.func), [scope.told(arg) for arg in node.args]
    keywords = [scope.told(keyword) for keyword in node.keywords]
    for n in range(len(args) - 1):
        turned = [*args[:n], args[n + 1], args[n], *args[n + 2 :]]
        yield Form(node, f"{function}({', '.join([*turned, *keywords])})", 0.4)
    if len(args) == 1 and not keywords and isinstance(node.func, ast.Name):
        yield Form(node, args[0], 0.3)
    elif args and (len(args) > 1 or isinstance(node.func, ast.Attribute)):
        yield Form(node, f"{function}({', '.join([*args[:-1], *keywords])})", 0.25)
    is_own = isinstance(node.func, ast.Name) and node.func.id == scope.function
    for arg in node.args:
        if isinstance(node.func, ast.Name) and (node.func.id in ("min", "max", "range") or is_own):
            yield from one_off(arg, scope, 0.45 if is_own else 0.35)
        if is_own and isinstance(arg, ast.Name):
            others = [name for name in scope.names if name != arg.id][:8]
            yield from (Form(arg, f"{arg.id} {sign} {name}", 0.15) for name in others for sign in "-+")
    if function == "len" and len(args) == 1:
        yield Form(node, f"len({args[0]}[0])", 0.2)
    for n in range(len(keywords)):
        yield Form(node, f"{function}({', '.join([*args, *keywords[:n], *keywords[n + 1 :]])})", 0.35)
    given = {arg.id for arg in node.args if isinstance(arg, ast.Name)} | {keyword.arg for keyword in node.keywords}
    for name in scope.parameters:  # what was not handed on
        prior = 0.4 if name in scope.unused else 0.25 if is_own and name not in given else 0.0
        if prior:
            yield Form(node, f"{function}({', '.join([*args, name, *keywords])})", prior)
            yield Form(node, f"{function}({', '.join([*args, *keywords, f'{name}={name}'])})", prior)
    if len(args) == 1 and not keywords and isinstance(node.args[0], ast.Name):
        yield Form(node, f"{function}(*{args[0]})", 0.12)
    if isinstance(node.func, ast.Attribute) and not args and not keywords:
        yield Form(node, scope.told(node.func.value), 0.3)
    for more in _more(node, args, keywords):
        yield Form(
            node,
            f"{function}({', '.join([*args, *keywords, more[0]])})"
            if more[0]
            else more[1].format(function=function, args=", ".join(args)),
            more[2],
        )


def _more(node: ast.Call, args: list[str], keywords: list[str]) -> Iterator[tuple[str, str, float]]:
    """What calls of well-known functions lack: an argument, or all of another form."""
    name = (
        node.func.attr
        if isinstance(node.func, ast.Attribute)
        else node.func.id
        if isinstance(node.func, ast.Name)
        else ""
    )
    has = {keyword.arg for keyword in node.keywords}
    if name in ("sorted", "sort", "min", "max") and "reverse" not in has and name.startswith("sort"):
        yield "reverse=True", "", 0.5
    if name in ("min", "max") and len(args) == 1 and "default" not in has:
        yield "default=0", "", 0.3
        yield "default=None", "", 0.3
    if name == "get" and len(args) == 1:
        yield from ((text, "", 0.3) for text in ("0", "''", "[]"))
    if name == "popitem" and not has:
        yield "last=False", "", 0.5
    if name == "next" and len(args) == 1:
        yield "None", "", 0.35
    if name == "enumerate" and len(args) == 1 and not keywords:
        yield "1", "", 0.6
    if name in ("split", "rsplit"):
        yield from ((("1", "", 0.35),) if len(args) == 1 else ())
        yield from ((("", "{function}()", 0.5),) if args else ())
    if name == "replace" and len(args) == 2:
        yield "1", "", 0.15
    if name == "round" and len(args) == 1:
        yield "2", "", 0.25
    if name == "strip" and args:
        yield "", "{function}()", 0.4
    if name == "range":
        yield from (("", f"range({text})", prior) for text, prior in _ranges(args))
    if name == "isinstance" and args[1:] in (["int"], ["float"]):
        yield "", f"isinstance({args[0]}, (int, float))", 0.5
    if name == "isinstance" and args[1:] in (["list"], ["tuple"]):
        yield "", f"isinstance({args[0]}, (list, tuple))", 0.4
    if name == "join" and len(args) == 1 and not args[0].startswith(("map(", "(")):
        yield "", f"{{function}}(map(str, {args[0]}))", 0.15
    if name == "len" and len(args) == 1:
        yield "", f"len(set({args[0]}))", 0.1


def _ranges(args: list[str]) -> list[tuple[str, float]]:
    """Other bounds of a range."""
    match args:
        case [end]:
            others = [(f"1, {end}", 0.5), (f"1, {end} + 1", 0.5), (f"{end} + 1", 0.6), (f"{end} - 1", 0.6)]
            return [*others, (f"{end} - 1, -1, -1", 0.2)]
        case [start, end]:
            return [
                (f"{start}, {end} + 1", 0.7),
                (f"{start}, {end} - 1", 0.6),
                (f"{start} + 1, {end}", 0.6),
                (end, 0.3),
            ]
        case [start, end, step]:
            texts = (f"{start}, {end} + 1, {step}", f"{start}, {end} - 1, {step}", f"{start} - 1, {end}, {step}")
            return [(text, 0.55) for text in texts]
    return []


def of_subscript(node: ast.Subscript, scope: Scope) -> Iterator[Form]:
    value = scope.told(node.value)
    match node.slice:
        case ast.Slice(lower=lower, upper=upper, step=step):
            a, b = (scope.told(one) if one is not None else "" for one in (lower, upper))
            tail = f":{scope.told(step)}" if step is not None else ""
            shapes = [
                (f"{a}:", 0.35),
                (f":{b}", 0.35),
                (f"{a}:{b} + 1", 0.5),
                (f"{a}:{b} - 1", 0.5),
                (f"{a} + 1:{b}", 0.4),
                (f"{a} - 1:{b}", 0.3),
                (f"{b}:{a}", 0.1),
            ]
            for text, prior in shapes:
                if (
                    not re.match(r"^:? [+-]|^: ?[+-]|.*:\s*[+-] 1$|^ [+-]", text)
                    and text != f"{a}:{b}"
                    and (text != ":" or tail)
                ):
                    yield Form(node, f"{value}[{text}{tail}]", prior)
            if not a:
                yield Form(node, f"{value}[1:{b}{tail}]", 0.35)
            if b and isinstance(upper, ast.Name):
                yield from (
                    Form(node, f"{value}[{a}:{b} - len({name}){tail}]", 0.2)
                    for name in scope.names
                    if name not in (b, value)
                )
            if not b:
                yield Form(node, f"{value}[{a}:-1{tail}]", 0.35)
            if not tail:
                yield Form(node, f"{value}[{a}:{b}:-1]", 0.1)
            yield Form(node, value, 0.3)
        case index if isinstance(node.ctx, ast.Load):
            yield from one_off(index, scope, 0.45)
            if isinstance(index, ast.Constant) and index.value == 0:
                yield Form(node, f"{value}[-1]", 0.5)
            if isinstance(index, ast.UnaryOp):
                yield Form(node, f"{value}[0]", 0.5)
            if not isinstance(index, ast.UnaryOp) and not (
                isinstance(index, ast.Constant) and isinstance(index.value, int)
            ):
                yield Form(node, f"{value}.get({scope.told(index)})", 0.2)
                yield Form(node, f"{value}.get({scope.told(index)}, 0)", 0.2)
