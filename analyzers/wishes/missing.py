"""The wish for a function that is called and that nobody defines, from how it is called. Pure."""

from __future__ import annotations

import ast
import itertools
import keyword
from collections.abc import Sequence
from dataclasses import replace

from .. import documented, homes, kinds, syntax, words
from ..documented import Example
from .wish import Wanted, Wish, read


def of_calls(text: str, name: str, owner: str = "") -> Wish | None:
    """The wish for a function that a module calls and nobody defines, or for a method that the class `owner` (by its dotted name) calls on its own instance, from how it is called there; None where no call of it stands in it."""
    tree = syntax.module(text)
    within = class_of(tree, owner) if owner and tree is not None else tree
    nodes = list(ast.walk(within)) if within is not None else []
    calls = [one for one in nodes if isinstance(one, ast.Call) and _is_of(one, name, is_member=bool(owner))]
    if not calls:
        return None
    parameters = _parameters(calls)
    is_async = any(isinstance(one, ast.Await) and one.value in calls for one in nodes)
    returns = _used_as(nodes, calls)
    doc = f"{words.spoken(words.of_name(name)).capitalize()}."
    examples = tuple(one for call in calls if (one := _asserted(nodes, call)) is not None)
    assumed = [f"its parameters are {', '.join(one.name for one in parameters)}, as it is called"] if parameters else []
    made = Wish(name, tuple(parameters), returns, doc, assumed=tuple(assumed), is_async=is_async)
    if owner:
        return read(replace(made, parameters=(Wanted("self"), *parameters), owner=owner, form="method"))
    return replace(read(made), examples=examples)


def _parameters(calls: Sequence[ast.Call]) -> list[Wanted]:
    """What every one of the calls can be given by: by place, then what some give by name, then what takes the rest."""
    rows = [list(itertools.takewhile(lambda one: not isinstance(one, ast.Starred), call.args)) for call in calls]
    keywords = {one.arg: one.value for call in calls for one in call.keywords if one.arg}
    by_place, least = max(rows, key=len), min(map(len, rows))
    found = list[Wanted]()
    for number, node in enumerate(by_place):
        name = _of_argument(node, number)
        is_given_twice = name in keywords and any(len(row) > number and _names(call, name) for row, call in zip(rows, calls, strict=True))  # fmt: skip
        if is_given_twice or name in ("self", "cls") or keyword.iskeyword(name):
            name = f"value_{number + 1}"
        name = homes.free(name, [one.name for one in found])
        found.append(Wanted(name, kinds.of_literal(node), "" if number < least else "None"))
    rest = [(name, node) for name, node in keywords.items() if all(one.name != name for one in found)]
    needed = {name for name, _ in rest if all(_names(call, name) for call in calls) and least == len(by_place)}
    for name, node in sorted(rest, key=lambda one: one[0] not in needed):
        found.append(Wanted(name, kinds.of_literal(node), "" if name in needed else "None"))
    taken = [one.name for one in found]
    if any(isinstance(one, ast.Starred) for call in calls for one in call.args):
        found.insert(len(by_place), Wanted(homes.free("values", taken), star="*"))
    if any(one.arg is None for call in calls for one in call.keywords):
        found.append(Wanted(homes.free("options", taken), star="**"))
    return found


def _names(call: ast.Call, name: str) -> bool:
    return any(one.arg == name for one in call.keywords)


def class_of(tree: ast.Module, owner: str) -> ast.ClassDef | None:
    """The class of this dotted name; None where there is none."""
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


def _used_as(nodes: Sequence[ast.AST], calls: Sequence[ast.Call]) -> str:
    """What its answer is used as, where that says of which type it is."""
    for node in nodes:
        match node:
            case ast.If(test=test) | ast.While(test=test) | ast.Assert(test=test) if test in calls:
                return "bool"
            case ast.UnaryOp(op=ast.Not(), operand=one) if one in calls:
                return "bool"
            case ast.Compare(left=one, ops=[ast.Eq()], comparators=[other]) if one in calls and kinds.of_literal(other):
                return kinds.of_literal(other)
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
