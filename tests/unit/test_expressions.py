"""Small expressions: what a search finds for examples, and how it is written for people."""

from __future__ import annotations

import itertools
import math
import time
from collections import Counter
from collections.abc import Sequence

import pytest

from analyzers import expressions as host
from sandbox.runner import expressions, expressions_step


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("sum([x for x in y])", "sum((x for x in y))"),
        ("list([x for x in y])", "[x for x in y]"),
        ("set([f(x) for x in y])", "{f(x) for x in y}"),
        ("len([x for x in y if x > 0])", "sum((1 for x in y if x > 0))"),
        ("sorted(list(x))", "sorted(x)"),
        ("[y for y in list(x)]", "[y for y in x]"),
        ("not a == b", "a != b"),
        ("not x in y", "x not in y"),
        ("x + 1 + 1", "x + 2"),
        ("x - 1 + 1", "x - 1 + 1"),
        ("''.join([x for x in y])", "''.join((x for x in y))"),
        ("x +", "x +"),
    ],
)
def test_an_expression_is_written_as_people_do(source: str, plain: str) -> None:
    assert host.plain(source) == plain


def test_what_an_expression_needs_is_imported() -> None:
    assert host.imports("math.sqrt(x) + math.pi") == ("import math",)
    assert host.imports("dict(Counter(list(itertools.chain(x))))") == ("from collections import Counter", "import itertools")  # fmt: skip
    assert host.imports("x + 1") == ()


def found(names: Sequence[str], *examples: tuple[Sequence[object], str], words: str = "") -> list[str]:
    rows = [list(row) for row, _ in examples]
    checks = [expressions_step._check(check) for _, check in examples]
    about = expressions.About((), set(words.split()), time.monotonic() + 4.0)
    return [one.source for one in expressions.found(names, rows, checks, about)]


@pytest.mark.parametrize(
    ("names", "examples", "words", "wanted"),
    [
        (["x"], [([3], "_ == 9"), ([4], "_ == 16")], "square", "x ** 2"),
        (["text"], [(["Abc"], "_ == 'cbA'")], "reverse", "text[::-1]"),
        (["xs"], [([[3, 1, 2]], "_ == [1, 2, 3]")], "sort", "sorted(xs)"),
        (["xs"], [([[3, -1, 2, -5]], "_ == 2")], "count positive", "sum(x > 0 for x in xs)"),
        (["a", "b"], [([[1, 2, 3], [2, 3, 4]], "set(_) == {2, 3}")], "common", "set(a) & set(b)"),
        (["xs"], [([["a", "bcd", "ef"]], "_ == 3")], "length longest", None),
        (["n"], [([5], "_ == 55")], "sum squares", None),
    ],
)  # fmt: skip
def test_an_expression_is_found_for_examples(
    names: list[str], examples: list[tuple[Sequence[object], str]], words: str, wanted: str | None
) -> None:
    every = found(names, *examples, words=words)
    assert every
    for source in every:
        for row, check in examples:
            names_of = dict(zip(names, row, strict=True))
            value = eval(source, {"math": math, "itertools": itertools, "Counter": Counter, **names_of})
            assert expressions_step._check(check)(value), source
    if wanted is not None:
        assert wanted in every


def test_a_value_of_another_type_is_not_what_was_shown() -> None:
    assert not expressions_step._check("_ == True")(1)
    assert not expressions_step._check("_ == [1]")((1,))
    assert expressions_step._check("_ == 2.0")(2)
    assert expressions_step._check("math.isclose(_, 3.14, rel_tol=0.01)")(3.141)


@pytest.mark.parametrize("row", [[[[1, [2, 3]], "ab"]], [10**30], ["x" * 5000], [{"a": {"b": [1] * 300}}], [0.0], [[]]])
def test_odd_values_end_in_time(row: list[object]) -> None:
    assert found(["x"], (row, "_ == 'nobody gives this'")) == []
