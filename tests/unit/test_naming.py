"""Where a name is written, and which of the names that may come were near."""

from __future__ import annotations

import pytest

from analyzers import naming
from analyzers.naming import Naming
from analyzers.text import Snapshot


def place(marked: str, preamble: str = "") -> Naming | None:
    """The place that is marked with |."""
    offset = marked.index("|")
    return naming.at(Snapshot("file:///m.py", "/m.py", 1, marked.replace("|", ""), preamble), offset)


def test_the_word_that_was_begun_is_taken_out_of_the_text() -> None:
    found = place("import os\nos.pa|\nx = 1\n")
    assert found is not None
    assert (found.typed, found.receiver, found.row, found.column) == ("pa", "os", 2, 3)
    assert found.text == "import os\nos.\nx = 1\n"
    other = place("import os\nos.|\nx = 1\n")
    assert other is not None and (other.text, other.at) == (found.text, found.at)


def test_a_name_is_held_where_there_is_no_dot() -> None:
    """Else jedi takes the place at the end of a function for one behind it."""
    found = place("def f(a):\n    b = a\n    b|\n\n\nc = 1\n")
    assert found is not None and found.text == "def f(a):\n    b = a\n    _\n\n\nc = 1\n"


def test_rows_count_from_the_preamble_on() -> None:
    found = place("b = a|", "a = 1\n")
    assert found is not None and (found.row, found.column, found.text[found.at - 2 : found.at]) == (2, 4, "= ")


@pytest.mark.parametrize(
    ("marked", "receiver"),
    [
        ("x|", ""),
        ("self.a.b|", "self.a"),
        ("f().|", ")"),
        ("[].a|", "]"),
        ("from . import a|", ""),
        ("from .|", ""),
        ("from ..a|", ""),
        ("größe.|", "größe"),
    ],
)
def test_what_stands_before_the_dot(marked: str, receiver: str) -> None:
    found = place(marked)
    assert found is not None and found.receiver == receiver


@pytest.mark.parametrize("marked", ["# a comment|", "x = 12|", "x = 3.|", "x = ...|", "x = 0x1f|"])
def test_where_no_name_is_written(marked: str) -> None:
    assert place(marked) is None


def test_in_a_string_nothing_is_a_word() -> None:
    found = place("open('da|')")
    assert found is not None and (found.is_code, found.typed) == (False, "")


def test_a_receiver_means_the_same_until_its_name_is_bound_anew() -> None:
    text = "def f(a):\n    a.one()\n    b = a\n    a.|\n"
    first, second = place(text), place(text.replace("b = a", "b = c\n    b.x = a.y(z=1)"))
    assert first is not None and second is not None
    assert first.bound == second.bound
    others = (
        text.replace("b = a", "a = 3"),
        text.replace("b = a", "for a in b: pass"),
        text.replace("b = a", "with b as a: pass"),
        text.replace("def f", "def g"),
        text.replace("a.|", "b.|"),
        f"class C:\n    {text}",
    )
    for other in others:
        changed = place(other)
        assert changed is not None and changed.bound != first.bound


def test_near_names_come_first_and_shy_ones_last() -> None:
    found = place("zebra = 1\n" + "\n" * 3000 + "def f(alpha):\n    beta = alpha\n    |\n")
    assert found is not None
    names = ["__doc__", "_hidden", "alpha", "beta", "len", "width=", "zebra"]
    assert naming.by_nearness(found, names)[:3] == ["alpha", "beta", "width="]
    assert naming.by_nearness(found, names)[-2:] == ["_hidden", "__doc__"]


def test_what_goes_on_from_what_is_typed() -> None:
    assert naming.fits("IsFile", "isf") and naming.fits("isfile", "")
    assert not naming.fits("isfile", "sf")
    assert not naming.fits("__init__", "") and naming.fits("__init__", "_")


@pytest.mark.parametrize(
    ("marked", "may"), [("data|", True), ("dat|", False), ("if|", False), ("|", False), ("'data|'", False)]
)
def test_a_dot_may_follow_a_name_that_exists(marked: str, may: bool) -> None:
    found = place(marked)
    assert found is not None and naming.may_follow(found, ["data", "if"]) is may


@pytest.mark.parametrize(
    ("marked", "is_new"),
    [
        ("def fe|", True),
        ("class Fe|", True),
        ("def f(fe|", True),
        ("def f(a, *fe|", True),
        ("def f(a=fe|", False),
        ("def f(a: Fe|", False),
        ("f = lambda fe|", True),
        ("f = lambda a: fe|", False),
        ("for fe|", True),
        ("for a, fe|", True),
        ("for a in fe|", False),
        ("with a as fe|", True),
        ("global fe|", True),
        ("x = fe|", False),
        ("g(fe|", False),
    ],
)
def test_where_a_name_is_made(marked: str, is_new: bool) -> None:
    found = place(marked)
    assert found is not None and naming.is_new(found) is is_new


def test_one_endless_line_is_no_trouble() -> None:
    """Each of these took seconds: what is looked for in a line must not be looked for from each of its characters."""
    for text in (
        f'x = "{"A" * 200_000}" + fo',
        f"x = {'a' * 200_000}.",
        "x = [" + '" for ", ' * 40_000 + "\nfor_ = 1\nfor_.",
    ):
        snapshot = Snapshot("file:///m.py", "/m.py", 1, text)
        assert naming.at(snapshot, len(text)) is not None
