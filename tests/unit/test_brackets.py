"""The one scanner of brackets, quotes and comments: what is open at the end of a text that is not whole."""

from __future__ import annotations

import io
import tokenize
from pathlib import Path

import pytest

from analyzers.brackets import open_quote, scan


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ('x = "a', '"'), ("x = 'a' + \"b", '"'), ('"""a "b" \n', '"""'), ('"""a"""', ""), ("'''x''", "'''"),
        ('# it is "open', ""), ('x = "ends with the line\n', ""), ('x = "goes \\\non', '"'), ('x = "\\"', '"'),
        ('x = "\\', '"'), ('x = "a\\\r\nb', '"'), ('"\\\\"', ""), ('""', ""), ('# odd """\nx = 1\n', ""), ("it = 1  # don't\ny = (", ""),
    ],
)  # fmt: skip
def test_the_open_string_is_found(text: str, quote: str) -> None:
    assert scan(text).quote == open_quote(text) == quote


@pytest.mark.parametrize(
    ("text", "closers"),
    [("f(a, [b", "])"), ("f('(')", ""), ("{(", ")}"), ("x)", ""), ("f(  # (", ")"), ("f('''(", "))")],
)
def test_what_closes_the_open_brackets_comes_innermost_first(text: str, closers: str) -> None:
    assert scan(text).closers == closers


def test_it_sees_the_brackets_that_python_sees() -> None:
    text = Path(__file__).read_text("utf-8")
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    wanted = [
        (starts[t.start[0] - 1] + t.start[1], t.string) for t in tokens if t.string in ("(", ")", "[", "]", "{", "}")
    ]
    assert list(scan(text).brackets) == wanted


def test_what_stands_in_an_open_string_is_read_as_code() -> None:
    found = scan('f(s, f"{foo([')
    assert (found.open, found.quote, found.outside) == ("({([", '"', 1)
    found = scan("x = (1, [")
    assert (found.open, found.quote, found.outside) == ("([", "", 2)


def test_it_counts_how_deep_they_go() -> None:
    assert scan("f([{}]), (x)").deep == 3


@pytest.mark.parametrize(
    "text", ["'" * 99_999, '"""' + '\\"' * 50_000, "'\"" * 50_000, '("' * 30_000, "(" * 90_000, "\\" * 99_999]
)
def test_hostile_text_is_read_in_one_pass(text: str) -> None:
    assert scan(text).quote == open_quote(text)
