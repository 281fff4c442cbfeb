"""What descriptions ask of code beside what it does, and whether a tree holds it."""

from __future__ import annotations

import ast

import pytest

from analyzers import constraints
from analyzers.constraints import STANDARD, Constraint
from analyzers.documented import Example


def read(text: str) -> list[tuple[str, str]]:
    return [(one.kind, one.what) for one in constraints.of_text(text)]


@pytest.mark.parametrize(
    ("text", "demands"),
    [
        ("Must not use sort.", [("avoids", "sort")]),
        ("Sort them without using sorted() or sort.", [("avoids", "sort")]),
        ("Do not use recursion", [("avoids", "recursion")]),
        ("no recursion, no loops", [("avoids", "recursion"), ("avoids", "loop")]),
        ("It doesn't use a for loop.", [("avoids", "for")]),
        ("without imports", [("avoids", "import")]),
        ("It must not import anything", []),
        ("no import", [("avoids", "import")]),
        ("Never use `eval`.", [("avoids", "eval")]),
        ("without regular expressions", [("avoids", "re")]),
        ("must use a set", [("uses", "set")]),
        ("using recursion", [("uses", "recursion")]),
        ("Uses itertools.groupby to do so", [("uses", "itertools.groupby")]),
        ("using a list comprehension", [("uses", "comprehension")]),
        ("Raises ValueError for a negative n", [("raises", "ValueError")]),
        ("raise a `KeyError` if it is not there", [("raises", "KeyError")]),
        ("in one line", [("lines", "1")]),
        ("in at most 5 lines", [("lines", "5")]),
        ("a one-liner", [("lines", "1")]),
        ("in O(n log n)", [("growth", "n log n")]),
        ("O(n^2) is fine", [("growth", "n^2")]),
        ("in linear time", [("growth", "n")]),
        ("must not modify the input list", [("keeps", "")]),
        ("with no new dependency", [("avoids", STANDARD)]),
        ("no longer than ten characters", []),
        ("Return the words without spaces.", []),
        ("use the number of people", []),
        ("Return a list with no duplicates.", []),
        ("must not use max, min or sorted", [("avoids", "max"), ("avoids", "min"), ("avoids", "sort")]),
    ],
)
def test_demands_are_read_from_sentences(text: str, demands: list[tuple[str, str]]) -> None:
    assert read(text) == demands


def function(body: str) -> ast.FunctionDef:
    (node,) = ast.parse("def f(x, y=0):\n" + "".join(f"    {line}\n" for line in body.splitlines())).body
    assert isinstance(node, ast.FunctionDef)
    return node


@pytest.mark.parametrize(
    ("text", "holds", "breaks"),
    [
        ("must not use sort", "return [x]", "return sorted(x)"),
        ("must not use sort", "return x.index(1)", "x.sort()\nreturn x"),
        ("no recursion", "return g(x)", "return f(x - 1)"),
        ("using recursion", "return f(x - 1)", "return x"),
        ("no loops", "return [one for one in x]", "for one in x:\n    y += one\nreturn y"),
        ("without while loops", "for one in x:\n    pass", "while x:\n    x -= 1"),
        ("no import", "return math.pi", "import math\nreturn math.pi"),
        ("without regular expressions", "return x", "import re\nreturn re.sub('a', 'b', x)"),
        ("without regular expressions", "return x.re", "return re.sub('a', 'b', x)"),
        ("never use eval", "return evaluate(x)", "return eval(x)"),
        ("must use a set", "return {1, x}", "return [x]"),
        ("must use a set", "return set(x)", "return x"),
        ("uses itertools", "return list(itertools.chain(x))", "return x"),
        ("uses Counter", "return Counter(x)", "return x.count(1)"),
        ("without slicing", "return x[0]", "return x[::-1]"),
        ("raises ValueError", "if x < 0:\n    raise ValueError(x)\nreturn x", "return x"),
        ("in one line", '"""Doc."""\nreturn x', "y = x\nreturn y"),
        ("must not modify its arguments", "x = list(x)\nx.append(1)\nreturn x", "x.append(1)\nreturn x"),
        ("must not change the input", "return x + [1]", "x[0] = 1\nreturn x"),
        ("must not use comprehensions", "return list(x)", "return sum(one for one in x)"),
        ("without string formatting", "return str(x)", "return f'{x}'"),
        ("no new dependency", "import re\nreturn x", "import numpy\nreturn x"),
    ],
)
def test_a_demand_is_held_against_the_tree(text: str, holds: str, breaks: str) -> None:
    (demand,) = constraints.of_text(text)
    assert constraints.broken(demand, function(holds)) == ""
    assert constraints.broken(demand, function(breaks)).endswith(".")


def test_what_is_broken_is_told_with_its_line() -> None:
    told = constraints.broken(Constraint("avoids", "sort", "no sort"), function("y = 1\nreturn sorted(x)"))
    assert told == "It uses sort (line 3)."


@pytest.mark.parametrize(
    "text",
    [
        "must use sorted and must not use sort",
        "using recursion, no recursion",
        "must use a for loop, no loops",
        "using a regular expression and no imports",
        "must use Counter, without imports",
        "in O(n) and O(n^2)",
        "in one line, must use a while loop",
        "in one line, at most 3 lines",
    ],
)
def test_demands_that_cannot_hold_together_are_told(text: str) -> None:
    (told, *_) = constraints.conflicts(constraints.of_text(text))
    assert told.endswith(".")


def test_examples_that_contradict_one_another_are_told() -> None:
    both = (Example("f(1)", "2"), Example("f( 1 )", "3"))
    assert constraints.conflicts((), both) == ("`f(1)` is to give 2 and 3.",)
    assert constraints.conflicts((), (both[0], both[0], Example("f(2)", "3"))) == ()


def test_demands_that_agree_are_no_conflict() -> None:
    fine = constraints.of_text("must not use sort, uses a set, raises ValueError, in O(n), without imports")
    assert constraints.conflicts(fine) == ()
