"""Tests as methods of unittest's cases, where a project writes its tests so."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from analyzers import homes, inputs, syntax

from ..trials.answers import CLOSE

_CASE = re.compile(r"^class (\w+)\((?:[\w.]+, *)*[\w.]*TestCase\b", re.MULTILINE)
_NUMBERS = {ast.Constant, ast.UnaryOp}  # nodes of one
_FUNCTION = re.compile(r"^(?:async )?def test", re.MULTILINE)


def are_written(texts: Mapping[str, str], target: str) -> bool:
    """Whether tests in the file `target` are methods of cases: as those that stand there are, else as most files of tests have it where none knows pytest."""
    if texts.get(target, "").strip():
        return bool(_CASE.search(texts[target])) and not _FUNCTION.search(texts[target])
    others = [text for name, text in texts.items() if re.fullmatch(r"test_.*\.py|.*_test\.py|tests\.py", PurePosixPath(name).name)]  # fmt: skip
    with_cases = sum(bool(_CASE.search(text)) for text in others)
    return with_cases * 2 > len(others) and not any("pytest" in text for text in others)


def named(subject: str, before: str) -> str:
    """The free name of a case for a function or class, as the cases of a file are named."""
    camel = "".join(part[:1].upper() + part[1:] for part in subject.split("_") if part) or "Module"
    names = _CASE.findall(before)
    is_first = sum(one.startswith("Test") for one in names) * 2 >= len(names)
    name, bound = f"Test{camel}" if is_first else f"{camel}Test", homes.bound(before)
    return next(one for one in (name, *(f"{name}{count}" for count in range(2, len(bound) + 3))) if one not in bound)


def case(name: str, methods: Sequence[str]) -> str:
    """The text of a case."""
    body = "\n\n".join("\n".join(f"    {line}" if line else "" for line in one.split("\n")) for one in methods)
    return f"class {name}(unittest.TestCase):\n{body}\n"


def method(function: str) -> str:
    """A test as `written` writes it, as a method; "" for one that needs what pytest alone has (fixtures, lists that are nearly the same)."""
    tree = syntax.module(function)
    node = tree.body[-1] if tree is not None and tree.body else None
    if not isinstance(node, ast.FunctionDef) or (node.args.args and not node.decorator_list):
        return ""
    try:
        body = [_said(one) for one in node.body]
        if node.decorator_list:
            body = [_table(node.decorator_list[0], body)]
    except ValueError:
        return ""
    note = re.search(r"^    # .*\n", function, re.MULTILINE)
    text = "\n".join(ast.unparse(ast.fix_missing_locations(one)) for one in body)
    lines = "".join(f"    {line}\n" if line else "\n" for line in text.split("\n"))
    ends = " -> None" if node.returns is not None else ""
    return f"def {node.name}(self){ends}:\n{note[0] if note else ''}{lines}".rstrip("\n")


def _said(node: ast.stmt) -> ast.stmt:
    """A statement in unittest's words. Raises ValueError for what it has none for."""
    match node:
        case ast.Assert(test=ast.Compare(left=left, ops=[ast.Eq()], comparators=[ast.Call(func=ast.Attribute(attr="approx"), args=[value])])):  # fmt: skip
            if type(value) not in _NUMBERS | {ast.Name}:
                raise ValueError("nothing compares the parts of a list so")
            return ast.Expr(
                ast.Call(_attribute("assertAlmostEqual"), [left, value], [ast.keyword("delta", _delta(value))])
            )
        case ast.Assert(test=ast.Compare(left=left, ops=[ast.Eq()], comparators=[value])):
            return _call("assertEqual", left, value)
        case ast.Assert(test=ast.Compare(left=left, ops=[ast.Is()], comparators=[ast.Constant(value=None)])):
            return _call("assertIsNone", left)
        case ast.Assert(test=ast.Compare(left=left, ops=[ast.Is()], comparators=[value])):
            return _call("assertIs", left, value)
        case ast.With(items=[ast.withitem(context_expr=ast.Call(func=ast.Attribute(attr="raises"), args=[kind]))], body=body):  # fmt: skip
            return ast.With([ast.withitem(_on_self("assertRaises", kind))], body)
        case ast.Expr() | ast.Assign() | ast.Import() | ast.ImportFrom():
            return node
    raise ValueError(ast.unparse(node))


def _delta(value: ast.expr) -> ast.expr:
    """By which it may differ, as `answers.same` has it."""
    number = inputs.literal(ast.unparse(value))
    if isinstance(number, int | float):
        return ast.Constant(max(float(f"{abs(number) * CLOSE:.6g}"), 1e-12))
    return ast.BinOp(ast.Call(ast.Name("abs"), [value], []), ast.Mult(), ast.Constant(CLOSE))


def _table(decorator: ast.expr, body: list[ast.stmt]) -> ast.stmt:
    """A loop over the rows of a table."""
    match decorator:
        case ast.Call(args=[names, ast.List(elts=rows)]):
            words = [one.value for one in ast.walk(names) if isinstance(one, ast.Constant)]
        case _:
            raise ValueError("no table")
    if any(
        isinstance(one, ast.Attribute) and one.attr == "assertAlmostEqual" for each in body for one in ast.walk(each)
    ):
        values = [row.elts[-1] if isinstance(row, ast.Tuple) else row for row in rows]
        if not all(type(one) in _NUMBERS for one in values):
            raise ValueError("nothing compares the parts of a list so")
    targets = [ast.Name(str(one)) for one in words]
    target = targets[0] if len(targets) == 1 else ast.Tuple(list(targets))
    given = [ast.keyword(one.id, one) for one in targets if one.id not in ("expected", "expected_value")]
    inner = ast.With([ast.withitem(ast.Call(_attribute("subTest"), [], given))], body)
    return ast.For(target, ast.List(rows), [inner], [], lineno=0)


def _call(name: str, *args: ast.expr) -> ast.stmt:
    return ast.Expr(_on_self(name, *args))


def _on_self(name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(_attribute(name), list(args), [])


def _attribute(name: str) -> ast.Attribute:
    return ast.Attribute(ast.Name("self"), name)
