"""Calls with literal arguments: which are made, and which are somebody's who expects them to fail."""

from __future__ import annotations

import ast

import pytest

from analyzers import calls


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
        ("def main():\n    return f(3)", ["f(3)"]),
        ("if True:\n    f(4)", ["f(4)"]),
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
    text = HEAD + "class D:\n    def m(self):\n        return f('ä')\n"
    (one,) = calls.literal_calls(ast.parse(text), text)
    assert text[one.span.start : one.span.end] == "f('ä')"
    assert (one.name, one.around) == ("f", "D.m")


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
