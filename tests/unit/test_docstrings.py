"""Docstrings: read in three styles, written from facts, brought up to date without a word of the author's changed, and told of where they and the code disagree."""

from __future__ import annotations

import ast
import random

import pytest

from analyzers import docstrings
from analyzers.docstrings import STYLES, Style, disagree
from assay.assistant.document.docstrings import Change, changes, style_of
from evals import documenting

GOOGLE = "Do it.\n\nArgs:\n    a (int): The first.\n        More of it.\n    *rest: Others.\n\nReturns:\n    It: done.\n\nRaises:\n    KeyError: If not.\n\nNote:\n    b: no parameter.\n"
NUMPY = "Do it.\n\nParameters\n----------\na : int\n    The first.\nb, c\n    Others.\n\nReturns\n-------\nint\n    It.\n\nRaises\n------\nKeyError\n    If not.\n\nNotes\n-----\nd\n"
REST = (
    "Do it.\n\n:param int a: The first.\n    More of it.\n:param b: Other.\n:returns: It.\n:raises KeyError: If not.\n"
)


@pytest.mark.parametrize(
    ("text", "style", "names"),
    [(GOOGLE, "google", ["a", "rest"]), (NUMPY, "numpy", ["a", "b", "c"]), (REST, "rest", ["a", "b"])],
)
def test_what_a_docstring_tells_is_read_in_each_style(text: str, style: Style, names: list[str]) -> None:
    doc = docstrings.parsed(text)
    assert doc.style == style
    parameters, raises = doc.section("parameters"), doc.section("raises")
    assert parameters is not None
    assert [one.name for one in parameters.entries] == names
    assert raises is not None
    assert [one.name for one in raises.entries] == ["KeyError"]
    first = parameters.entries[0]
    assert "More of it" in doc.lines[first.last] or style == "numpy"


@pytest.mark.parametrize(
    "text", ["", "Do it.", "Note:\n    this.", "It takes these parameters:\nfirst, second", "Args:"]
)
def test_prose_has_no_sections(text: str) -> None:
    assert docstrings.parsed(text).sections == ()


def test_the_style_is_the_one_that_most_have() -> None:
    assert docstrings.style_of([GOOGLE, NUMPY, NUMPY, "Do."]) == "numpy"
    assert docstrings.style_of([]) == "google"
    assert style_of([f'def f():\n    """{REST}"""\n', "def f(:"]) == "rest"


def applied(text: str, found: list[Change]) -> str:
    for one in sorted(found, key=lambda each: -each.edit.span.start):
        text = text[: one.edit.span.start] + one.edit.text + text[one.edit.span.end :]
    return text


CHECK = "def check(value, *, limit: int = 3, **more):\n\n    # first\n    if not value:\n        raise KeyError(value)\n    return [value]\n"


@pytest.mark.parametrize("style", STYLES)
def test_a_new_docstring_tells_the_facts_and_is_written_once(style: Style) -> None:
    (one,) = changes(CHECK, style)
    after = applied(CHECK, [one])
    docstring = ast.get_docstring(ast.parse(after).body[0])  # type: ignore[arg-type]  # a function
    assert docstring is not None
    doc = docstrings.parsed(docstring)
    parameters, raises = doc.section("parameters"), doc.section("raises")
    assert parameters is not None
    assert [each.name for each in parameters.entries] == ["value", "limit", "more"]
    assert raises is not None
    assert [each.name for each in raises.entries] == ["KeyError"]
    assert docstring.startswith("Check the value and return it as a list.")
    assert after.startswith('def check(value, *, limit: int = 3, **more):\n    """Check')
    assert '    """\n    # first\n' in after
    assert changes(after, style) == []
    assert disagree.of_text(after) == []


@pytest.mark.parametrize(
    "text",
    [
        "def f(a): return a\n",
        "def f(a):\n    'Do it.'\n    return a\n",
        "def _private(a):\n    return a\n",
        'def f(a):\n    """Do it.\n\n    Args:\n        a: The \\\\ first.\n    """\n    return a\n',
        "def f(:\n",
        "x = 1\r\ry = 2\n",
    ],
)
def test_what_is_told_well_or_cannot_be_written_into_is_left_alone(text: str) -> None:
    assert changes(text, "google") == []


def test_an_authors_words_stay_where_parameters_come_and_go() -> None:
    text = '''class C:
    def f(self, a, c):
        r"""
        Do it, as ever.

        Args:
            a: The first,
                and most important.
            b: What is gone
                by now.

        Note:
            Mind the step.
        """
        if not a:
            raise ValueError
'''
    after = applied(text, changes(text, "numpy"))
    assert after == text.replace(
        "            b: What is gone\n                by now.\n",
        "            c: The c.\n",
    )
    assert changes(after, "numpy") == []


@pytest.mark.parametrize(
    ("head", "docstring", "after"),
    [
        (
            "f(b)",
            ":param gone: x\n    :returns: The important\n        thing.\n    :param b: y",
            ":returns: The important\n        thing.\n    :param b: y",
        ),
        (
            "f(a, b)",
            "Args:\n        gone: x\n        a (tuple(int, int)): the author's\n            words.",
            "Args:\n        a (tuple(int, int)): the author's\n            words.\n        b: The b.",
        ),
        (
            "f(a, *args)",
            "Args:\n        a: x\n        start: y",
            "Args:\n        a: x\n        start: y\n        *args: More arguments.",
        ),
        ("f(a)", "Args:\n        a: x\n        old: Removed in 2.0.", ""),
        ("f(a, b)", "Args:\n        a: x\n\n    Keyword Args:\n        b: y", ""),
        ("f(a, b)", "Args:\n        a - x\n        b: y", ""),
        ("f(a)", "Args:\n        gone: the only one", "Args:\n        gone: the only one\n        a: The a."),
        ("f(a, b)", "Args:\n        a:\tx", ""),
        ("f(a, b)", "Args:\n        a: x  \n        y", ""),
        ("f(a, b)", "Args:\r\n        a: x", ""),
    ],
)
def test_what_is_not_certainly_gone_or_cannot_stay_as_it_is_written_is_left_alone(
    head: str, docstring: str, after: str
) -> None:
    text = f'def {head}:\n    """Do it.\n\n    {docstring}\n    """\n    return a\n'
    found = changes(text, "google")
    assert applied(text, found) == (text.replace(docstring, after) if after else text)


def test_what_is_written_is_what_is_meant_whatever_its_characters() -> None:
    text = 'def split(größe, sep="\\n", quote=\'"""\'):\n    return größe\n'
    docstring = ast.get_docstring(ast.parse(applied(text, changes(text, "google"))).body[0])  # type: ignore[arg-type]  # a function
    assert docstring is not None
    assert "größe: The größe." in docstring
    assert "'\\n' by default" in docstring


@pytest.mark.parametrize("decorator", ["overload", "typing.overload", "x.setter", "x.deleter"])
def test_what_is_not_a_function_of_its_own_gets_no_docstring(decorator: str) -> None:
    assert changes(f"@{decorator}\ndef x(a):\n    return a\n", "google") == []


@pytest.mark.parametrize(
    ("head", "docstring", "body", "code"),
    [
        ("f(a)", "Args:\n        a: It.\n        b: It.", "return a", "docstring-parameter"),
        ("f(a, **more)", "Args:\n        a: It.\n        b: It.", "return a", ""),
        ("f(a)", "Args:\n        a: It.\n        old: Removed in 2.0.", "return a", ""),
        ("f(a)", "Raises:\n        KeyError: If not.", "return a", "docstring-raises"),
        ("f(a)", "Raises:\n        KeyError: If not.", "return a[0]", ""),
        ("f(a)", "Raises:\n        KeyError: If not.", "raise KeyError", ""),
        ("f(a)", "Raises:\n        KeyError: If not.", "raise NotImplementedError", ""),
        ("f(a)", "Raises:\n        KeyError: If not.", "pass", ""),
        ("f(a)", "Raises:\n        ElsewhereError: If not.", "return call(a)", ""),
        ("f(a)", "Raises:\n        UnheardOfError: If not.", "return call(a)", "docstring-raises"),
        ("f(a, *more)", "Args:\n        start: It.", "return a", ""),
        ("f(a)", "Raises:\n        ValueError: If not.", "b = a\n    raise b", ""),
        ("f(a)", "Raises:\n        lib.UnheardOfError: If not.", "return call(a)", ""),
    ],
)
def test_where_docstring_and_code_disagree_is_told(head: str, docstring: str, body: str, code: str) -> None:
    text = f'def {head}:\n    """Do it.\n\n    {docstring}\n    """\n    {body}\n'
    found = disagree.of_text(text, ["class ElsewhereError(Exception): ..."])
    assert [one.code for one in found] == ([code] if code else [])
    if found:
        assert text[found[0].span.start : found[0].span.end] in found[0].message


def test_of_exceptions_that_nobody_can_know_of_nothing_is_said() -> None:
    text = 'def f(a):\n    """Do it.\n\n    Raises:\n        UnheardOfError: If not.\n    """\n    return call(a)\n'
    assert disagree.of_text(text, None) == []
    assert len(disagree.of_text(text, [])) == 1


def test_docstrings_of_a_real_package_are_written_cleanly_and_what_is_planted_is_found() -> None:
    """Some files of one package; `python -m evals.documenting` does fifty functions with ruff's rules, and ten packages."""
    texts = documenting.texts_of("click")
    chance = random.Random(2)
    for name in chance.sample(sorted(texts), 6):
        after = applied(texts[name], changes(texts[name], "rest"))
        assert changes(after, "rest") == [], name
    for name in ("click/termui.py", "click/utils.py"):
        for other, planted in documenting.planted(texts[name]):
            assert any(planted in one.message for one in disagree.of_text(other, [])), other
