"""The wish for a function that is called and that nobody defines, from how it is called. Pure."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Sequence
from dataclasses import replace

from .. import documented, syntax, words
from ..documented import Example
from .wish import Wanted, Wish, read


def of_calls(text: str, name: str, owner: str = "") -> Wish | None:
    """The wish for a function that a module calls and nobody defines, or for a method that the class `owner` (by its dotted name) calls on its own instance, from how it is called there; None where no call of it stands in it."""
    tree = syntax.module(text)
    within = _class(tree, owner) if owner and tree is not None else tree
    nodes = list(ast.walk(within)) if within is not None else []
    calls = [one for one in nodes if isinstance(one, ast.Call) and _is_of(one, name, is_member=bool(owner))]
    if not calls:
        return None
    most = max(calls, key=lambda one: len(one.args))
    parameters = [Wanted(_of_argument(one, number), _hint(one)) for number, one in enumerate(most.args)]
    parameters = [replace(one, name=f"{one.name}_{n}") if any(o.name == one.name for o in parameters[:n]) else one for n, one in enumerate(parameters)]  # fmt: skip
    keywords = {one.arg: _hint(one.value) for call in calls for one in call.keywords if one.arg}
    parameters += [Wanted(key, hint) for key, hint in keywords.items() if all(one.name != key for one in parameters)]
    least = min(len(one.args) for one in calls)
    parameters = [replace(one, default="None") if least <= at < len(most.args) else one for at, one in enumerate(parameters)]  # fmt: skip
    is_async = any(isinstance(one, ast.Await) and one.value in calls for one in nodes)
    returns = _used_as(nodes, calls)
    doc = f"{words.spoken(words.of_name(name)).capitalize()}."
    examples = tuple(one for call in calls if (one := _asserted(nodes, call)) is not None)
    assumed = [f"its parameters are {', '.join(one.name for one in parameters)}, as it is called"] if parameters else []
    made = Wish(name, tuple(parameters), returns, doc, assumed=tuple(assumed), is_async=is_async)
    if owner:
        return read(replace(made, parameters=(Wanted("self"), *parameters), owner=owner, form="method"))
    return replace(read(made), examples=examples)


def _class(tree: ast.Module, owner: str) -> ast.ClassDef | None:
    node: ast.Module | ast.ClassDef = tree
    for part in owner.split("."):
        found = next((one for one in node.body if isinstance(one, ast.ClassDef) and one.name == part), None)
        if found is None:
            return None
        node = found
    return node if isinstance(node, ast.ClassDef) else None


def _is_of(call: ast.Call, name: str, *, is_member: bool) -> bool:
    match call.func:
        case ast.Name(id=other):
            return not is_member and other == name
        case ast.Attribute(value=ast.Name(id="self"), attr=other):
            return is_member and other == name
    return False


def _of_argument(node: ast.expr, number: int) -> str:
    match node:
        case ast.Name(id=name) if not keyword.iskeyword(name):
            return name
        case ast.Attribute(attr=name):
            return name
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return "_".join(word.lower() for word in words.of_name(name)[-1:]) or f"value_{number + 1}"
        case ast.Constant(value=str()):
            return "text"
        case ast.Constant(value=int() | float()):
            return "number"
        case ast.List() | ast.ListComp() | ast.Tuple():
            return "values"
        case ast.Dict() | ast.DictComp():
            return "mapping"
    return f"value_{number + 1}"


def _hint(node: ast.expr) -> str:
    """The type of a literal, "" for what is none."""
    match node:
        case ast.Constant(value=value) if value is not None and value is not ...:
            return type(value).__name__
        case ast.List() | ast.ListComp():
            return "list"
        case ast.Dict() | ast.DictComp():
            return "dict"
        case ast.Set() | ast.SetComp():
            return "set"
        case ast.Tuple():
            return "tuple"
        case ast.JoinedStr():
            return "str"
    return ""


def _used_as(nodes: Sequence[ast.AST], calls: Sequence[ast.Call]) -> str:
    """What its answer is used as, where that says of which type it is."""
    for node in nodes:
        match node:
            case ast.If(test=test) | ast.While(test=test) | ast.Assert(test=test) if test in calls:
                return "bool"
            case ast.UnaryOp(op=ast.Not(), operand=one) if one in calls:
                return "bool"
            case ast.Compare(left=one, ops=[ast.Eq()], comparators=[other]) if one in calls and _hint(other):
                return _hint(other)
    return ""


def _asserted(nodes: Sequence[ast.AST], call: ast.Call) -> Example | None:
    """An example where an assert says what a call with literals gives."""
    for node in nodes:
        match node:
            case ast.Compare(left=one, ops=[ast.Eq() | ast.Is()], comparators=[other]) if one is call:
                source, gives = ast.unparse(call), ast.unparse(other)
                if documented.is_literal(gives) and all(documented.is_literal(ast.unparse(arg)) for arg in call.args):
                    return Example(source, gives)
    return None
