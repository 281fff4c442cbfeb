"""Statements that are still being typed, made whole; and no way to go on where there is none."""

from __future__ import annotations

import ast
import textwrap

import pytest

from analyzers import fragment
from analyzers.fragment import _starts, closing

WHOLE = ["x = 1", "return_value", "", "for x in y: pass", "# a note"]
BEGUN = [
    "x = ", "f(", "f(a, [b", "if x", "if x:", "for x", "for x in", "while", "with open(p) as", "def f", "def f(a, b", "class A", "class A(B",
    "import", "from a", "from a import", "lambda x", "x = 'a", 'x = """a', "{'a': [1", "a if b", "a[1:", "@decorated", "try", "x: int",
    "elif x > 1", "else", "except ValueError", "assert x, ", "print('a' if b else 'c", "not", "f(x for x",
]  # fmt: skip


@pytest.mark.parametrize("line", BEGUN)
def test_a_begun_statement_is_closed(line: str) -> None:
    found = closing(f"def f():\n    {line}", "\n")
    assert found is not None
    head = {"elif": "if x: pass\n", "else": "if x: pass\n", "except": "try: pass\n"}.get(line.split(maxsplit=1)[0], "")
    ast.parse(head + line + found.middle + found.end)


@pytest.mark.parametrize("line", WHOLE)
def test_what_is_whole_needs_nothing(line: str) -> None:
    found = closing(line, "\nmore(")
    assert found is not None
    assert found.is_nothing


@pytest.mark.parametrize("line", ["x = )", "1x", "x = = 3", "def 1", "a b c", "import 3"])
def test_there_is_no_way_to_go_on(line: str) -> None:
    assert closing(f"x = 1\n\n{line}", "\n") is None


def test_a_statement_may_have_begun_lines_above() -> None:
    text = textwrap.dedent("""\
        value = compute(
            first,
            second), (third""")
    found = closing(text, "\n")
    assert found is not None
    ast.parse(text + found.middle + found.end)


def test_what_follows_on_the_line_counts() -> None:
    found = closing("print(x", ")\n")
    assert found is not None
    assert found.is_nothing
    assert closing("print(x", ")]\n") is None


@pytest.mark.parametrize(
    "before",
    ["match x:\n    case 1:\n        pass\n    case [a, ", "total = a + \\\n    b + ", "calls = {\n    'a': f(1,\n           2), 'b': g("],
)  # fmt: skip
def test_a_statement_is_closed_from_where_it_began(before: str) -> None:
    found = closing(before, "\n")
    assert found is not None
    ast.parse(before + found.middle + found.end)


def test_a_line_with_the_cursor_in_its_indentation_is_whole() -> None:
    found = closing("if x:\n  ", "  return\n")
    assert found is not None
    assert found.is_nothing


def test_a_line_that_is_wrong_is_not_looked_for_above() -> None:
    assert list(_starts(["first(", "second)", "third = = 3"])) == [2]
    assert list(_starts(["first(", "    second(", "    third = = 3"])) == [2, 1, 0]


def test_the_search_ends_after_a_bounded_amount_of_work() -> None:
    assert closing("x = (" + "1, " * 1000, "\n") is not None
    assert closing("x = (" + "1, " * 3000, "\n") is None
    assert list(_starts(["x = (", "1, " * 3000, "2"])) == [2]


@pytest.mark.parametrize(
    ("before", "after", "is_statement"),
    [
        ("x = 1", "\n", True),
        ("def f():\n    return x", "\n", True),
        ("f(x)", "\n", True),
        ("self.x", "\n", False),
        ("x == y", "\n", False),
        ("x = (1", "\n", False),
        ("for x in y:", "\n", False),
        ("x = f(\n    1, 2", ")\n", True),
        ("await x", "\n", True),
    ],
)
def test_a_statement_is_whole_where_it_does_something(before: str, after: str, *, is_statement: bool) -> None:
    assert fragment.is_statement(before, after) is is_statement
