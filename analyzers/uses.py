"""What a text does with names, by line: calls, reads, assignments, imports, exceptions raised and caught, decorators, bases, texts, variables of the environment. Nothing is imported, and no name is resolved."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from . import syntax
from .facts.bound import dotted
from .memo import MIB, remembered

Kind = Literal["call", "read", "assign", "import", "raise", "catch", "decorate", "base", "text", "environment", "warn", "return"]  # fmt: skip
TEXT_LEAST = 3  # characters of a text that is told
_ENVIRONMENT = ("environ.get", "getenv", "environ.setdefault", "environ.pop", "environb.get")
_Function = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Use:
    """One use: `name` as it is written, dotted ("….close" behind what is no name), of an import the dotted name that it means ("" for a `raise` of what was caught, and a `return` of nothing), of a text the text itself ("…" for what a format
    string puts in). `owner` is the dotted path of the function or class around, "" for the module; `extra` the name that an import binds, the value that is assigned, or the category of a warning."""

    kind: Kind
    name: str
    line: int
    owner: str = ""
    extra: str = ""

    @property
    def last(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]


@remembered(24 * MIB)
def of_text(text: str) -> tuple[Use, ...]:
    """The uses in a module, in its order; none where it does not parse, or its lines have odd ends."""
    tree = syntax.module(text) if syntax.has_plain_lines(text) else None
    if tree is None:
        return ()
    try:
        return tuple(sorted(_below(tree), key=lambda one: one.line))
    except RecursionError:  # hundreds of operators in one expression
        return ()


def _below(tree: ast.Module) -> Iterator[Use]:
    stack: list[tuple[ast.AST, str]] = [(tree, "")]
    docstrings: set[int] = set()
    while stack:
        node, owner = stack.pop()
        inner = owner
        if isinstance(node, (*_Function, ast.ClassDef)):
            yield from (Use("decorate", _named(one), one.lineno, owner) for one in node.decorator_list)
            inner = f"{owner}.{node.name}" if owner else node.name
            if isinstance(node, ast.ClassDef):
                yield from (Use("base", _named(one), one.lineno, inner) for one in node.bases)
        if isinstance(node, (*_Function, ast.ClassDef, ast.Module)) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                docstrings.add(id(first.value))
        if id(node) not in docstrings:
            yield from _of(node, owner)
        if isinstance(node, ast.JoinedStr):  # its texts were told as one
            stack += [(one.value, inner) for one in node.values if isinstance(one, ast.FormattedValue)]
            continue
        stack += [(child, inner) for child in ast.iter_child_nodes(node)]


def _named(node: ast.AST) -> str:
    """A name as it is written, of a call that of what is called."""
    if isinstance(node, ast.Call):
        return _named(node.func)
    if isinstance(node, ast.Subscript):
        return _named(node.value)
    return (isinstance(node, ast.expr) and dotted(node)) or (
        f"….{node.attr}" if isinstance(node, ast.Attribute) else ""
    )


def _of(node: ast.AST, owner: str) -> Iterator[Use]:
    match node:
        case ast.Call(func=func):
            name = _named(func)
            if name:
                yield Use("call", name, func.end_lineno or node.lineno, owner)
            yield from _of_environment(node, name, owner)
            if name.rpartition(".")[2] in ("warn", "warn_explicit"):
                category = next((_named(one) for one in [*node.args, *(k.value for k in node.keywords)] if _named(one).endswith("Warning")), "UserWarning")  # fmt: skip
                yield Use("warn", name, node.lineno, owner, category)
        case ast.Subscript(value=value, slice=ast.Constant(value=str(key))) if _is_environment(value, key):
            yield Use("environment", key, node.lineno, owner)
        case ast.Compare(left=ast.Constant(value=str(key)), comparators=[other]) if _is_environment(other, key):
            yield Use("environment", key, node.lineno, owner)
        case ast.Name(id=name, ctx=ast.Load()):
            yield Use("read", name, node.lineno, owner)
        case ast.Attribute(ctx=ast.Load()):
            yield Use("read", _named(node), node.end_lineno or node.lineno, owner)
        case ast.Name(ctx=ast.Store()) | ast.Attribute(ctx=ast.Store()):
            yield Use("assign", _named(node), node.lineno, owner)
        case ast.Import(names=names):
            yield from (Use("import", one.name, node.lineno, owner, one.asname or one.name) for one in names)
        case ast.ImportFrom(names=names):
            lead = "." * node.level + (node.module or "")
            yield from (Use("import", f"{lead}{'' if lead.endswith('.') or not lead else '.'}{one.name}", one.lineno or node.lineno, owner, one.asname or one.name) for one in names)  # fmt: skip
        case ast.Raise(exc=None):
            yield Use("raise", "", node.lineno, owner)
        case ast.Raise(exc=ast.expr() as raised) if name := _named(raised):
            yield Use("raise", name, node.lineno, owner)
        case ast.Return(value=value):
            yield Use("return", "" if value is None else "return", node.lineno, owner)
        case ast.Yield() | ast.YieldFrom():
            yield Use("return", "yield", node.lineno, owner)
        case ast.ExceptHandler(type=ast.expr() as caught):
            every = caught.elts if isinstance(caught, ast.Tuple) else [caught]
            yield from (Use("catch", _named(one), node.lineno, owner) for one in every if _named(one))
        case ast.ExceptHandler():
            yield Use("catch", "BaseException", node.lineno, owner)
        case ast.Constant(value=str(text)) if len(text) >= TEXT_LEAST:
            yield Use("text", text, node.lineno, owner)
        case ast.JoinedStr(values=values):
            told = "".join(one.value if isinstance(one, ast.Constant) and isinstance(one.value, str) else "…" for one in values)  # fmt: skip
            if len(told) >= TEXT_LEAST:
                yield Use("text", told, node.lineno, owner)


def _is_environment(node: ast.AST, key: str) -> bool:
    """Whether something is the process's environment: a dictionary of WSGI's is called so, too."""
    name = _named(node)
    return name.endswith("os.environ") or (name.endswith("environ") and key.isupper())


def _of_environment(node: ast.Call, name: str, owner: str) -> Iterator[Use]:
    if name.endswith(_ENVIRONMENT) and node.args:
        match node.args[0]:
            case ast.Constant(value=str(key)):
                if "getenv" in name or "os." in name or key.isupper():
                    yield Use("environment", key, node.lineno, owner)
            case other if told := _named(other):
                yield Use("environment", told, node.lineno, owner)
