"""Exceptions that are swallowed, and what is missing afterwards."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .piece import Function, Passage, Suspicion, own


def swallowed_exception(piece: Passage) -> Iterator[Suspicion]:
    """A handler that does nothing, where the code below uses what the `try` alone gives."""
    for block in piece.blocks():
        for number, statement in enumerate(block):
            if not isinstance(statement, ast.Try) or statement.finalbody:
                continue
            silent = [handler for handler in statement.handlers if _is_silent(handler)]
            function = piece.function(statement)
            if not silent or function is None or len(statement.body) != 1:
                continue
            for name in _bound(statement.body[0]):
                if _is_known_before(function, statement, name, piece):
                    continue
                if _used(block[number + 1 :], name) is not None:
                    message = f"Where the exception is swallowed `{name}` has no value, and it is used below."
                    yield Suspicion("swallowed-exception", silent[0], message, 0.8)


def _is_silent(handler: ast.ExceptHandler) -> bool:
    return all(
        isinstance(one, ast.Pass) or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        for one in handler.body
    )


def _bound(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return [name]
    return []


def _is_known_before(function: Function, statement: ast.Try, name: str, piece: Passage) -> bool:
    """Whether the name may have a value already: a parameter, one that is bound elsewhere, one of an outer scope, or by an earlier round of a loop."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    if any(one.arg == name for one in every) or any(
        one is not None and one.arg == name for one in (arguments.vararg, arguments.kwarg)
    ):
        return True
    inside = set(map(id, ast.walk(statement)))
    for each in own(function):
        if isinstance(each, ast.comprehension):
            inside |= set(map(id, ast.walk(each.target)))  # a name of its own
    for node in own(function):
        match node:
            case ast.Name(id=found, ctx=ast.Store()) if found == name and id(node) not in inside:
                return True
            case ast.Global(names=names) | ast.Nonlocal(names=names) if name in names:
                return True
            case ast.ImportFrom(names=aliases) | ast.Import(names=aliases) if any(
                (a.asname or a.name) == name for a in aliases
            ):
                return True
            case ast.FunctionDef(name=found) | ast.ClassDef(name=found) if found == name:
                return True
    return any(isinstance(one, ast.For | ast.While | ast.AsyncFor) for one in piece.around(statement))


def _used(rest: list[ast.stmt], name: str) -> ast.Name | None:
    """The first use right below, before anything could have bound the name; None where it stands under a condition or in a `try`."""
    for statement in rest:
        if isinstance(statement, ast.Try | ast.With | ast.If | ast.While | ast.For | ast.Match | ast.Delete):
            head = (
                statement.test
                if isinstance(statement, ast.If | ast.While)
                else statement.iter
                if isinstance(statement, ast.For)
                else None
            )
            return _in(head, name) if head is not None else None
        if (found := _in(statement, name)) is not None:
            return found
    return None


def _in(node: ast.AST, name: str) -> ast.Name | None:
    """A use of the name in a node, but for those that mean something else by it: a lambda's parameter, a comprehension's variable."""
    stack = [node]
    while stack:
        one = stack.pop()
        match one:
            case ast.Name(id=found, ctx=ast.Load()) if found == name:
                return one
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                continue  # it runs later, or has names of its own
            case ast.Lambda(args=arguments) if any(
                a.arg == name for a in ast.walk(arguments) if isinstance(a, ast.arg)
            ):
                stack += [*arguments.defaults, *(default for default in arguments.kw_defaults if default)]
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp() if any(
                isinstance(target, ast.Name) and target.id == name
                for each in one.generators
                for target in ast.walk(each.target)
            ):
                stack.append(one.generators[0].iter)
            case _:
                stack += reversed(list(ast.iter_child_nodes(one)))
    return None
