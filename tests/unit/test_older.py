"""Syntax that is newer than our own Python is read all the same, every statement at its place."""

from __future__ import annotations

import ast

import pytest

from analyzers import syntax

NEWER = """\
def first[T: int](p: list[T]) -> T:
    return p[0]


class Box[T, *Ts]:
    def get[K](self, key: K) -> T:
        return f"{self.items["ä"]} of {", ".join(key)}"


type Pair[A] = tuple[A, A]


def last(x):
    type Own = int
    return f'{'\\n'.join(x)}' + f"{f"{x!r}"}"
"""


@pytest.mark.parametrize("text", [NEWER, NEWER.replace("\n", "\r\n"), f"\ufeff{NEWER}"])
def test_its_tree_has_every_statement_at_its_place(text: str) -> None:
    tree = syntax.module(text)
    assert tree is not None
    places = {name: (node.lineno, node.col_offset) for name, node in syntax.functions(tree)}
    assert places == {"first": (1, 0), "Box.get": (6, 4), "last": (13, 0)}
    returns = {
        node.lineno: (node.col_offset, node.end_col_offset) for node in ast.walk(tree) if isinstance(node, ast.Return)
    }
    assert returns == {2: (4, 15), 7: (8, 56), 15: (4, 44)}
    bound = [
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    assert sorted(bound) == ["Own", "Pair"]


@pytest.mark.parametrize(
    "text", ["def f[T(x):\n    return x\n", "type = \n", 'x = f"{a["b}"\n', "x = [1\n", "def f(:\n    pass\n"]
)
def test_what_is_no_python_stays_none(text: str) -> None:
    assert isinstance(syntax.module_or_flaw(text), syntax.Flaw)
