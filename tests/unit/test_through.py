"""Calls by which tests reach a function, as somebody would write them; and expressions like them."""

from __future__ import annotations

import ast

import pytest

from analyzers import subjects
from analyzers.mixed import LENGTH, Mix
from assay.assistant.test import through
from assay.assistant.test.suite import Suite
from sandbox.api import Entry, Taken

TEXT = """class Lexer:
    def __init__(self, sign="#"):
        self.sign = sign

    def read(self, text):
        return _read(self, text)

    def __call__(self, text):
        return _read(self, text)


def lexer(sign):
    return Lexer(sign)


def _read(lexer, text):
    return text.partition(lexer.sign)


def read(text, strict=False):
    return Lexer().read(text)


usual = Lexer("%")
"""


def call(*args: str | None) -> Taken:
    return Taken(args, "()", {}, "{}")


@pytest.mark.parametrize(
    ("entry", "file", "name", "written"),
    [
        (Entry("m.py", 20, call("'a#b'", "False")), "m.py", "read", ("", "read('a#b')")),
        (Entry("m.py", 20, call("'a#b'", "True")), "m.py", "read", ("", "read('a#b', True)")),
        (
            Entry("m.py", 5, call(None, "'a'"), Entry("m.py", 12, call("'='"))),
            "m.py",
            "lexer",
            ("lexer('=')", "o.read('a')"),
        ),
        (
            Entry("m.py", 5, call(None, "'a'"), Entry("m.py", 2, call(None, "';'"))),
            "m.py",
            "Lexer",
            ("Lexer(';')", "o.read('a')"),
        ),
        (Entry("m.py", 8, call(None, "'a'"), module="n.py", name="usual"), "n.py", "usual", ("", "usual('a')")),
        (Entry("m.py", 5, call(None, "'a'"), module="m.py", name="usual"), "m.py", "usual", ("", "usual.read('a')")),
        (Entry("m.py", 5, call(None, None), module="m.py", name="usual"), "", "", None),
        (Entry("m.py", 20, call(None, "False")), "", "", None),
        (Entry("m.py", 20, call("exit()", "False")), "", "", None),
        (Entry("gone.py", 20, call("1", "False")), "", "", None),
        (Entry("m.py", 99, call("1")), "", "", None),
        (Entry("m.py", 5, call(None, "'a'"), module="elsewhere.py", name="usual"), "", "", None),
        (Entry("m.py", 5, call(None, "'a'"), module="m.py", name="exit() or usual"), "", "", None),
    ],
)
def test_an_entry_is_written_as_it_was_called(
    entry: Entry, file: str, name: str, written: tuple[str, str] | None
) -> None:
    subject = next(one for one in subjects.of_text(TEXT) if one.name == "_read")
    suite = Suite({}, (), 0.0, entries={subject.starts: (entry,)})
    found = list(through.ways(subject, suite, {"m.py": TEXT, "n.py": "from m import usual\n"}))
    assert [(one.file, one.subject.name, *one.calls) for one in found] == ([(file, name, written)] if written else [])


def test_other_expressions_are_made_of_texts_and_signs() -> None:
    mix = Mix.of(["read('a#b')", "o['key']"], ["<%", 5])
    assert mix.texts == ("a#b", "key") and mix.signs == ("<%", "<", "%")
    found = [mix.other("read('a#b', 3, [1, 2], {'k': (True, None)}, b'x', 1.5, {4}, named=-2)") for _ in range(400)]
    assert all(not one or isinstance(ast.parse(one, mode="eval").body, ast.Call) for one in found)
    assert len(set(found)) > 60 and all(len(one) <= LENGTH for one in found)
    assert (
        any("<%" in one for one in found)
        and any("key" in one for one in found)
        and any("False" in one for one in found)
    )


@pytest.mark.parametrize("source", ["f(x)", "f(", "o", ""])
def test_what_holds_no_literal_has_no_others(source: str) -> None:
    assert Mix.of([source], []).other(source) == ""


def test_the_same_seed_makes_the_same() -> None:
    first, again = (Mix.of(["f('a b c')"], ["="], seed=3) for _ in range(2))
    assert [first.other("f('a b c')") for _ in range(30)] == [again.other("f('a b c')") for _ in range(30)]
