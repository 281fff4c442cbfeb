"""The functions and classes that a module offers, with what they say of themselves: read off the text, nothing is imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from . import syntax

SIGNATURE_LIMIT = 300  # characters
ABOUT_LIMIT = 600  # of a docstring's beginning
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Signature:
    """One function, method or class of a module by its dotted `path` in it: `parameters` as they are written between the brackets, `about` its docstring's first
    paragraph, `required` the names of parameters that a call must give, without `self`, `keywords` those of them that it must give by name."""

    path: str
    kind: str
    line: int
    parameters: str
    about: str
    required: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()


def of_text(text: str, *, private: bool = False) -> list[Signature]:
    """What a module offers, without what is private by its name unless it is asked for; nothing where it does not parse."""
    tree = syntax.module(text)
    try:
        return list(_below(tree.body, "", private=private)) if tree is not None else []
    except RecursionError:  # hundreds of operators or branches in one
        return []


def module_of(name: str) -> str:
    """The dotted name of a file's module."""
    parts = name.removesuffix(".py").split("/")
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts[1:] if parts and parts[0] in ("src", "lib") and len(parts) > 1 else parts)


def _below(body: list[ast.stmt], path: str, *, private: bool) -> Iterator[Signature]:
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() if _is_offered(
                node.name, private=private
            ) and not _is_overload(node):
                yield _of_function(node, path)
            case ast.ClassDef() if _is_offered(node.name, private=private):
                yield _of_class(node, path)
                yield from _below(node.body, f"{path}{node.name}.", private=private)
            case ast.If(body=then, orelse=otherwise):
                yield from _below([*then, *otherwise], path, private=private)
            case ast.Try(body=tried, handlers=handlers, orelse=otherwise):
                inner = [one for handler in handlers for one in handler.body]
                yield from _below([*tried, *inner, *otherwise], path, private=private)


def _is_offered(name: str, *, private: bool) -> bool:
    return not name.startswith("_") or (private and not name.startswith("__"))


def _is_overload(node: Function) -> bool:
    return any(ast.unparse(one).endswith("overload") for one in node.decorator_list)


def _of_function(node: Function, path: str) -> Signature:
    is_static = any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in node.decorator_list)
    is_property = any(
        ast.unparse(one).rpartition(".")[2] in ("property", "cached_property") for one in node.decorator_list
    )
    kind = "property" if is_property else "method" if path else "function"
    return _made(f"{path}{node.name}", kind, node, node.args, node, drops_first=bool(path) and not is_static)


def _of_class(node: ast.ClassDef, path: str) -> Signature:
    made = next((one for one in node.body if isinstance(one, Function) and one.name == "__init__"), None)
    arguments = made.args if made else ast.arguments([], [], None, [], [], None, [])
    return _made(f"{path}{node.name}", "class", node, arguments, node, drops_first=made is not None)


def _made(
    path: str, kind: str, node: ast.stmt, arguments: ast.arguments, told: Function | ast.ClassDef, *, drops_first: bool
) -> Signature:
    positional = [*arguments.posonlyargs, *arguments.args]
    required = [one.arg for one in positional[: len(positional) - len(arguments.defaults)]][1 if drops_first else 0 :]
    keywords = [
        one.arg for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None
    ]
    required += keywords
    written = ast.unparse(arguments)
    if drops_first:
        written = re.sub(r"^\w+(: [^,]+)?(, /)?(, |$)", "", written)
    about = re.split(r"\n\s*\n", ast.get_docstring(told) or "", maxsplit=1)[0]
    return Signature(
        path,
        kind,
        node.lineno,
        written if len(written) <= SIGNATURE_LIMIT else f"{written[:SIGNATURE_LIMIT]}…",
        " ".join(about.split())[:ABOUT_LIMIT],
        tuple(required),
        tuple(keywords),
    )
