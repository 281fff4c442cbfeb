"""Calls with literal arguments: which are made, and which are somebody's who expects them to fail."""

from __future__ import annotations

import ast

import pytest

from analyzers import bugs, calls, syntax
from analyzers.mutants import Mutants
from analyzers.text import Snapshot


def sources(text: str) -> list[str]:
    return [one.source for one in calls.literal_calls(ast.parse(text), text)]


HEAD = "def f(a, b=1):\n    return a\n\n\nclass C:\n    def __init__(self, a):\n        self.a = a\n\n\ndef g(a):\n    yield a\n\n\n"


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("x = f(1)", ["f(1)"]),
        ("x = f(-1, b=[1, {'a': (2,)}])", ["f(-1, b=[1, {'a': (2,)}])"]),
        ("C('ü')", ["C('ü')"]),
        ("print(f(1), f(1), f(2))", ["f(1)", "f(2)"]),
        ("def main():\n    return f(3)", []),
        ("import os\n\n\ndef r(n):\n    return os.environ[n]\n\n\nr('X')", []),
        ("import sys\n\n\ndef r(n):\n    return sys.argv[n]\n\n\nr(2)", []),
        ("T = {}\nfor b in range(9):\n    T[b] = b\n\n\ndef r(n):\n    return T[n]\n\n\nr(7)", []),
        ("H = {}\nH.update(a=1)\n\n\ndef r(n):\n    return q(n)\n\n\ndef q(n):\n    return H[n]\n\n\nr('a')", []),
        ("X = None\n\n\ndef connect():\n    global X\n    X = 1\n\n\ndef r(n):\n    return X + n\n\n\nr(1)", []),
        ("T = {1: 2}\n\n\ndef r(n):\n    return T[n]\n\n\nr(7)", ["r(7)"]),
        ("if True:\n    f(4)", ["f(4)"]),
        ("if __name__ == '__main__':\n    f(4)", ["f(4)"]),
        ("import sys\nif sys.platform == 'win32':\n    f(0)", []),
        ("if False:\n    f(0)\nelse:\n    f(1)", []),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    f(0)", []),
        ("while x:\n    f(0)", []),
        ("for i in f(1):\n    f(0)", ["f(1)"]),
        ("x = f(0) if y else f(1)", []),
        ("y and f(0)", []),
        ("x = [f(0) for _ in []]", []),
        ("match x:\n    case 1:\n        f(0)", []),
        ("import sys\nf(1)\nsys.exit()\nf(0)", ["f(1)"]),
        ("f()", []),
        ("f(x)", []),
        ("f(*[1])", []),
        ("f(**{'a': 1})", []),
        ("print(1)", []),
        ("g(1)", []),
        ("try:\n    f(0)\nexcept ValueError:\n    pass", []),
        ("with raises(ValueError):\n    f(0)", []),
        ("def test_f():\n    f(0)", []),
        ("class TestF:\n    def check(self):\n        f(0)", []),
        ("@f(1)\ndef h():\n    pass", []),
    ],
)
def test_which_calls_are_made(code: str, wanted: list[str]) -> None:
    assert sources(HEAD + code + "\n") == wanted


def test_a_call_knows_where_it_stands() -> None:
    text = HEAD + "class D:\n    size = f('ä')\n\n\nx = f('ö')\n"
    (one,) = calls.literal_calls(ast.parse(text), text)
    assert text[one.span.start : one.span.end] == "f('ö')"
    assert one.name == "f"


@pytest.mark.parametrize(
    "text",
    [
        "def f(a):\r    return a\rx = f(1)\r",
        "def f(a):\r\r\n    return a\r\r\nf(1)\r\r\n",
    ],
)
def test_lines_that_python_counts_otherwise_are_left_alone(text: str) -> None:
    tree = syntax.module(text)
    assert tree is None or calls.literal_calls(tree, text) == ()
    assert bugs.found(Snapshot("", "", 0, text)) == ()
    assert Mutants(text).of_line(2) == []


def test_there_are_not_too_many() -> None:
    assert len(sources(HEAD + "".join(f"f({n})\n" for n in range(500)))) == calls.CALLS_LIMIT


@pytest.mark.parametrize(
    ("code", "is_documented"),
    [
        ('def f(a):\n    """Raises KeyError for what is not there."""', True),
        ("def f(a):\n    raise KeyError(a)", True),
        ('def f(a):\n    """Look it up."""', False),
        ("def f(a):\n    raise ValueError", False),
    ],
)
def test_what_a_function_says_that_it_raises(code: str, is_documented: bool) -> None:
    (function,) = ast.parse(code).body
    assert isinstance(function, ast.FunctionDef)
    assert calls.documented(function, ("KeyError", "LookupError", "Exception")) is is_documented
