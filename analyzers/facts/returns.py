"""What a function gives back, as far as its `return` statements say."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .. import kinds
from . import flow
from .bound import Local

TEXT_LIMIT = 60  # characters of an expression that is told as it is written


@dataclass(frozen=True, slots=True)
class Returned:
    """One thing that may be returned: its `type` where the expression itself says it ("bool", "list", "None"; "" where it does not), and its source
    text, "" where that is long or there is none."""

    type: str
    text: str = ""


def of(
    function: ast.FunctionDef | ast.AsyncFunctionDef, nodes: Sequence[ast.AST], local: Local
) -> tuple[Returned, ...]:
    """All that may be returned, each once, in their order; `nodes` are its own. None is among them where the end may be reached, and a function without
    `return` returns nothing else."""
    found: dict[Returned, None] = {}
    for node in flow.reached(nodes):
        if isinstance(node, ast.Return):
            found |= dict.fromkeys(_returned(one, local) for one in _either(node.value))
    if any(isinstance(one, ast.Yield | ast.YieldFrom) for one in nodes):
        return ()
    if flow.falls_through(function.body):
        found[Returned("None", "None")] = None
    return tuple(found)


def _either(value: ast.expr | None) -> Iterator[ast.expr | None]:
    """Both sides of a conditional expression."""
    if isinstance(value, ast.IfExp):
        yield from _either(value.body)
        yield from _either(value.orelse)
    else:
        yield value


def _returned(value: ast.expr | None, local: Local) -> Returned:
    if value is None:
        return Returned("None", "None")
    text = ast.unparse(value)
    is_told = len(text) <= TEXT_LIMIT and "\n" not in text and not names_a(value, local.names)
    return Returned(type_of(value, local), text if is_told else "")


def names_a(node: ast.AST, names: frozenset[str]) -> bool:
    """Whether one of some names is used in a node."""
    return any(isinstance(one, ast.Name) and one.id in names for one in ast.walk(node))


def type_of(value: ast.expr, local: Local) -> str:
    """The type's name, where an expression cannot be of another one."""
    match value:
        case ast.Name(id=name) if name in local.values:
            inner = Local(local.names, {}, local.parameters)  # one step: what is bound to another local is not followed
            found = {type_of(one, inner) for one in local.values[name]}
            return found.pop() if len(found) == 1 else ""
        case ast.Constant(value=None):
            return "None"
        case ast.UnaryOp(op=ast.Not()):
            return "bool"
        case ast.Compare(ops=ops) if all(isinstance(one, ast.Is | ast.IsNot | ast.In | ast.NotIn) for one in ops):
            return "bool"
        case ast.GeneratorExp():
            return "generator"
        case ast.Call(func=ast.Name(id=name)) if (
            name in _GIVES and name not in local.names and name not in local.parameters
        ):
            return _GIVES[name]
        case ast.IfExp(body=body, orelse=orelse):
            one, other = type_of(body, local), type_of(orelse, local)
            return one if one == other else ""
    return kinds.of_literal(value)


_GIVES = {
    "len": "int", "int": "int", "hash": "int", "id": "int", "ord": "int", "float": "float", "complex": "complex", "str": "str", "repr": "str",
    "ascii": "str", "chr": "str", "hex": "str", "oct": "str", "bin": "str", "format": "str", "input": "str", "bytes": "bytes", "bytearray": "bytearray",
    "list": "list", "sorted": "list", "dir": "list", "dict": "dict", "vars": "dict", "set": "set", "frozenset": "frozenset", "tuple": "tuple",
    "bool": "bool", "isinstance": "bool", "issubclass": "bool", "callable": "bool", "hasattr": "bool", "all": "bool", "any": "bool", "type": "type",
}  # fmt: skip
