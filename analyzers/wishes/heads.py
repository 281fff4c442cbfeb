"""The wish that a function states by its head and docstring, at the top of a module or in a class there. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from .. import syntax
from . import begun
from .wish import Form, Wanted, Wish, read

Function = ast.FunctionDef | ast.AsyncFunctionDef


def members(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """The functions at the top of a module and in the classes there, by the dotted names of their owners ("" for the module)."""
    stack: list[tuple[str, ast.Module | ast.ClassDef]] = [("", tree)]
    while stack:
        owner, node = stack.pop()
        for one in node.body:
            if isinstance(one, Function):
                yield owner, one
            elif isinstance(one, ast.ClassDef):
                stack.append((f"{owner}.{one.name}".lstrip("."), one))


def of_function(text: str, name: str) -> Wish | None:
    """The wish that the function of this dotted name states; None where there is none, or the text does not parse."""
    tree = syntax.module(text)
    found = [(owner, one) for owner, one in (members(tree) if tree is not None else ()) if f"{owner}.{one.name}".lstrip(".") == name]  # fmt: skip
    return of_begun(text, found[-1][1], found[-1][0]) if found else None


def of_begun(text: str, node: Function, owner: str = "") -> Wish:
    """The wish of a function of the module `text`, that keeps what stands of it."""
    return replace(of_node(node, owner), begun=begun.of_node(text, node))


def of_node(node: Function, owner: str = "") -> Wish:
    """The wish of a function's node, a member of the class `owner`."""
    doc, args = ast.get_docstring(node) or "", node.args
    plain = [*args.posonlyargs, *args.args]
    defaults = [None] * (len(plain) - len(args.defaults)) + list(args.defaults)
    parameters = [_wanted(one, default) for one, default in zip(plain, defaults, strict=True)]
    if args.vararg is not None:
        parameters.append(replace(_wanted(args.vararg, None), star="*"))
    named = len(parameters) if args.kwonlyargs else -1
    parameters += [_wanted(one, default) for one, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)]
    if args.kwarg is not None:
        parameters.append(replace(_wanted(args.kwarg, None), star="**"))
    returns = ast.unparse(node.returns) if node.returns is not None else ""
    is_async = isinstance(node, ast.AsyncFunctionDef)
    form = _form(node) if owner else "function"
    wish = Wish(node.name, tuple(parameters), returns, doc, is_async=is_async, keyword=named, owner=owner, form=form)
    return read(wish)


def _form(node: Function) -> Form:
    decorators = [ast.unparse(one) for one in node.decorator_list]
    last = {one.rpartition(".")[2] for one in decorators}
    if "staticmethod" in last:
        return "static method"
    if "classmethod" in last:
        return "class method"
    if last & {"property", "cached_property"}:
        return "property"
    return "setter" if "setter" in last else "method"


def _wanted(one: ast.arg, default: ast.expr | None) -> Wanted:
    hint = ast.unparse(one.annotation) if one.annotation is not None else ""
    return Wanted(one.arg, hint, ast.unparse(default) if default is not None else "")
