"""What runs show of functions: joined over tests, shown beside the facts, and against them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analyzers import facts
from analyzers.facts import Facts
from assay.assistant.summarize import seen, shapes, symbols
from assay.assistant.summarize.symbols import Symbol
from sandbox.api import Observed

ERROR = ("ValueError", "Exception", "BaseException", "object")
TEXT = """\
def size(x):
    if x < 0:
        raise ValueError("no")
    return len(str(x))


def other(x):
    return x.y


def many(x):
    yield x


def old():
    if many:
        raise IOError


def own():
    raise shop.Closed
"""


def of(name: str) -> Facts:
    found = facts.of_text(TEXT)
    assert found is not None
    return next(one for one in found if one.path == name)


def observed(
    *returned: str, raised: tuple[tuple[tuple[str, ...], int, bool], ...] = (), yields: bool = False
) -> Observed:
    return Observed(frozenset(returned), frozenset(raised), yields)


@pytest.mark.parametrize(
    ("name", "what", "denied"),
    [
        ("size", observed("int", raised=((ERROR, 3, True),)), []),
        ("size", observed("str"), ["it returned a str"]),
        ("size", observed("NoneType"), ["it returned a NoneType"]),
        ("size", observed(raised=((("KeyError", *ERROR[1:]), 3, True),)), ["line 3 raised KeyError"]),
        ("size", observed(raised=((("MyError", *ERROR), 3, True),)), []),
        ("size", observed(raised=((("KeyError", *ERROR[1:]), 3, False),)), []),  # of a function that it called there
        ("size", observed(raised=((("TypeError", *ERROR[1:]), 2, True),)), []),  # nothing is told of that line
        ("size", observed(yields=True), ["it yields"]),
        ("old", observed(raised=((("OSError", *ERROR[1:]), 17, True),)), []),  # that is what IOError is
        ("old", observed(raised=((ERROR, 17, True),)), ["line 17 raised ValueError"]),
        ("own", observed(raised=((ERROR, 21, True),)), []),  # nobody knows what the name is
        ("other", observed("str", "NoneType"), []),  # nothing is told of what it returns
        ("many", observed(yields=True), []),
    ],
)
def test_what_a_run_denies(name: str, what: Observed, denied: list[str]) -> None:
    assert list(seen.denied(of(name), what)) == denied


def test_what_is_denied_is_not_told() -> None:
    kept = seen.without_denied(of("size"), observed("int", raised=((("KeyError", *ERROR[1:]), 3, True),)))
    assert kept.raises == () and kept.returns == of("size").returns
    kept = seen.without_denied(of("size"), observed("str", raised=((ERROR, 3, True),)))
    assert kept.returns == () and kept.raises == of("size").raises


def test_what_several_tests_saw_is_one_and_names_the_first_of_them() -> None:
    line = of("size").line
    by_test = {f"t.py::test_{n}": {line: observed("int", raised=((ERROR, 3, True),))} for n in range(5)}
    by_test["t.py::test_last"] = {line: observed("bool")}
    ended = seen.joined(by_test)[line]
    assert ended.returned == {"int": tuple(f"t.py::test_{n}" for n in range(3)), "bool": ("t.py::test_last",)}
    assert ended.shows("ValueError") == ended.shows("builtins.ValueError") == ended.shows("Exception")
    assert ended.shows("KeyError") == ()


def test_a_summary_tells_which_test_showed_it() -> None:
    found = [Symbol(of("size"), ""), Symbol(of("other"), "")]
    ended = seen.joined(
        {
            "t.py::test_no": {of("size").line: observed(raised=((ERROR, 3, True),))},
            "t.py::test_y": {of("other").line: observed("str", "NoneType")},
        }
    )
    size, other = symbols.confirmed(found, ended)
    assert "Raises `ValueError` where `x < 0`: seen in `test_no`." in list(shapes.lines(size))
    assert "In its tests it returned `None` and a `str`." in list(shapes.lines(other))
    told = shapes.summary_json([size])["symbols"][0]["facts"]
    assert told["raises"][0]["seenIn"] == ["t.py::test_no"]
    assert told["seen"] == {"returned": {}, "raised": {"ValueError": ["t.py::test_no"]}}
    assert shapes.summary_json(found)["symbols"][0]["facts"]["seen"] is None


def test_a_class_and_a_function_that_no_test_entered_stay_as_they_are() -> None:
    one = Symbol(of("size"), "said")
    assert symbols.confirmed([one], {}) == [one]
    a_class = Symbol(replace(one.facts, kind="class"), "said")
    assert symbols.confirmed([a_class], seen.joined({"t": {a_class.facts.line: observed("str")}})) == [a_class]
