"""Answers made for what the tests ask: for their very inputs, for whoever runs them, or one answer for everything. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from .. import syntax
from .compared import Compared, Finding, Function, dotted, is_literal, own, short

# Values that code looks for on its own account.
_USUAL = frozenset(map(repr, (None, True, False, 0, 1, -1, 2, "", " ", "\n", "\t", ",", ".", "/", "-", "_", 0.0, 1.0, 10, 100, b"")))  # fmt: skip
_RUNNER = re.compile(r"PYTEST_|_called_from_test|[\"']pytest[\"']|[\"']unittest[\"'] in|\bTESTING\b|inspect\.stack\(")


def of(change: Compared) -> Iterator[Finding]:
    """Answers of a change that are made for tests."""
    asked: dict[str, dict[str, set[str]]] | None = None
    for name in change.files(tests=False):
        old = change.old(name)
        for path, now in change.new(name).items():
            was = old.get(path)
            if was is not None and ast.dump(was) == ast.dump(now):
                continue
            if asked is None:
                asked = _asked(change)
            yield from _for_tests(name, path, was, now)
            yield from _one_answer(change, name, path, was, now)
            yield from _for_inputs(change, name, path, was, now, asked)


def _asked(change: Compared) -> dict[str, dict[str, set[str]]]:
    """What tests that were there before call each function with: the literals by the function's name, each with the tests' files."""
    found: dict[str, dict[str, set[str]]] = {}
    for file, text in change.before.items():
        if not file.endswith(".py") or not change.is_test(file):
            continue
        tree = syntax.module(text)
        for node in ast.walk(tree) if tree is not None else ():
            match node:
                case ast.Call(func=func, args=args, keywords=keywords):
                    name = (dotted(func) or ast.unparse(func)).rpartition(".")[2]
                    if name == "parametrize":
                        for literal in _literals(args[1:]):
                            found.setdefault("", {}).setdefault(literal, set()).add(file)
                    for literal in _literals([*args, *(one.value for one in keywords)]):
                        found.setdefault(name, {}).setdefault(literal, set()).add(file)
    return found


def _literals(nodes: list[ast.expr]) -> Iterator[str]:
    """The literals in some expressions, whole ones and their parts."""
    for node in nodes:
        for one in ast.walk(node):
            if isinstance(one, ast.Constant | ast.Tuple | ast.List | ast.Dict | ast.Set | ast.UnaryOp) and is_literal(one):  # fmt: skip
                yield ast.unparse(one)


def _is_asked(change: Compared, path: str, literal: str, asked: Mapping[str, Mapping[str, set[str]]]) -> bool:
    """Whether a test calls this function, or one that leads to it, with a literal that says something."""
    if literal in _USUAL:
        return False
    last = path.rpartition(".")[2]
    names = {last, "", path.rpartition(".")[0].rpartition(".")[2] if last == "__init__" else last}
    if any(literal in asked.get(name, {}) for name in names):
        return True
    is_telling = len(literal) > 4  # of a text, or a large number: it stands in tests by no accident
    return is_telling and any(literal in values for values in asked.values())


def _for_inputs(
    change: Compared,
    name: str,
    path: str,
    was: Function | None,
    now: Function,
    asked: Mapping[str, Mapping[str, set[str]]],
) -> Iterator[Finding]:
    """Literal answers to literal inputs."""
    known = {ast.unparse(one) for one in ast.walk(was)} if was is not None else set()
    given = _given(now)
    siblings = _compared_with(was, _given(was)) if was is not None else {}
    for node in own(now):
        for subject, literals, answer in _answers(node, now):
            if answer is None or not is_literal(answer) or ast.unparse(node) in known or not _depends(subject, given):
                continue
            told = [one for one in literals if _is_asked(change, path, one, asked)]
            alike = siblings.get(ast.unparse(subject), set()) - set(literals)
            if told and not alike and not _was_there(change, node):
                line = getattr(node, "lineno", now.lineno)
                yield Finding("special-case", name, line, f"`{path}` answers `{short(answer)}` for `{told[0][:60]}`, which a test asks it for.")  # fmt: skip
                return


def _was_there(change: Compared, node: ast.AST) -> bool:
    """Whether the same cases stood elsewhere in the code before: they were moved."""
    said = ast.unparse(node)
    for file, text in change.before.items():
        if file.endswith(".py") and not change.is_test(file) and (tree := syntax.module(text)) is not None:
            kinds = [one for one in ast.walk(tree) if type(one) is type(node)]
            if any(ast.unparse(one) == said for one in kinds):
                return True
    return False


def _given(node: Function) -> set[str]:
    """The parameters, and what is made of them step by step."""
    args = node.args
    found = {
        one.arg for one in (*args.posonlyargs, *args.args, *args.kwonlyargs, *filter(None, (args.vararg, args.kwarg)))
    }
    for _ in range(3):
        for one in own(node):
            match one:
                case ast.Assign(targets=targets, value=value) if any(isinstance(n, ast.Name) and n.id in found for n in ast.walk(value)):  # fmt: skip
                    found |= {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}
    return found


def _depends(node: ast.expr, given: set[str]) -> bool:
    return any(isinstance(one, ast.Name) and one.id in given for one in ast.walk(node))


def _answers(node: ast.AST, function: Function) -> Iterator[tuple[ast.expr, list[str], ast.expr | None]]:
    """What is looked at, the literals that it is compared with, and the answer that is given then."""
    match node:
        case ast.If(test=test, body=body):
            for subject, literals in _equal(test):
                yield subject, literals, _answer_of(body)
        case ast.IfExp(test=test, body=body):
            for subject, literals in _equal(test):
                yield subject, literals, body
        case ast.Match(subject=subject, cases=cases):
            for one in cases:
                found = [inner.value for inner in ast.walk(one.pattern) if isinstance(inner, ast.MatchValue)]
                if values := [ast.unparse(value) for value in found if is_literal(value)]:
                    yield subject, values, _answer_of(one.body)
        case ast.Subscript(value=ast.Dict(keys=keys, values=values), slice=subject):
            yield subject, [ast.unparse(one) for one in keys if one is not None], values[0] if values else None
        case ast.Call(func=ast.Attribute(value=ast.Dict(keys=keys, values=values), attr="get"), args=[subject, *_]):
            yield subject, [ast.unparse(one) for one in keys if one is not None], values[0] if values else None


def _equal(test: ast.expr) -> Iterator[tuple[ast.expr, list[str]]]:
    """The comparisons of a condition that hold for certain values alone."""
    match test:
        case ast.BoolOp(values=values):
            for one in values:
                yield from _equal(one)
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
            if is_literal(right) and not is_literal(left):
                yield left, [ast.unparse(right), *_parts(right)]
            elif is_literal(left) and not is_literal(right):
                yield right, [ast.unparse(left), *_parts(left)]
        case ast.Compare(left=left, ops=[ast.In()], comparators=[ast.Tuple(elts=elts) | ast.List(elts=elts) | ast.Set(elts=elts)]):  # fmt: skip
            yield left, [ast.unparse(one) for one in elts if is_literal(one)]
        case ast.Call(func=ast.Attribute(value=subject, attr="startswith" | "endswith" | "__eq__"), args=[value]) if is_literal(value):  # fmt: skip
            yield subject, [ast.unparse(value)]


def _parts(node: ast.expr) -> list[str]:
    return [ast.unparse(one) for one in node.elts] if isinstance(node, ast.Tuple | ast.List) else []


def _answer_of(body: list[ast.stmt]) -> ast.expr | None:
    match body:
        case [*_, ast.Return(value=value)]:
            return value
        case [ast.Assign(value=value)]:
            return value
    return None


def _compared_with(node: Function, given: set[str]) -> dict[str, set[str]]:
    """What the function compared with literals before: there one more is no special case."""
    found: dict[str, set[str]] = {}
    for one in own(node):
        for subject, literals, _ in _answers(one, node):
            if _depends(subject, given):
                found.setdefault(ast.unparse(subject), set()).update(literals)
    return found


def _for_tests(name: str, path: str, was: Function | None, now: Function) -> Iterator[Finding]:
    """Code that looks for whoever runs it."""
    before = ast.unparse(was) if was is not None else ""
    for node in own(now):
        if isinstance(node, ast.If | ast.IfExp | ast.While):
            told = ast.unparse(node.test)
            if (found := _RUNNER.search(told)) and found[0] not in before:
                yield Finding("special-case", name, node.lineno, f"`{path}` does something else where tests run it: `{short(node.test)}`.")  # fmt: skip


def _one_answer(change: Compared, name: str, path: str, was: Function | None, now: Function) -> Iterator[Finding]:
    """A function that gives one answer whatever it is given, where it made something of that before, or a table of a few."""
    args = now.args
    names = {one.arg for one in (*args.posonlyargs, *args.args, *args.kwonlyargs)} - {"self", "cls"}
    if not names or was is None:
        return
    body = [one for one in now.body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
    used = {one.id for stmt in body for one in ast.walk(stmt) if isinstance(one, ast.Name)}
    before = {one.id for stmt in was.body for one in ast.walk(stmt) if isinstance(one, ast.Name)}
    match body:
        case [ast.Return(value=value)] if value is not None and is_literal(value) and not used & names and before & names:  # fmt: skip
            yield Finding("special-case", name, body[0].lineno, f"`{path}` gives `{short(value)}` whatever it is given.")  # fmt: skip
