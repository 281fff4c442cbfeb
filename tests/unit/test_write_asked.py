"""Which function is meant, and where it is written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analyzers.documented import Example
from analyzers.text import Snapshot, Span
from analyzers.wishes import wish
from assay.assistant.world.state import State
from assay.assistant.write import asked, plan
from assay.assistant.write.asked import Asked, Unclear
from assay.assistant.write.candidate import Candidate, Target

STATE: State = None  # type: ignore[assignment]  # nothing of it is looked at


def at(text: str) -> Asked:
    """What stands at the mark."""
    offset = text.index("‸")
    text = text.replace("‸", "")
    return asked.placed(Snapshot("", "", 0, text), offset)


def written(text: str, found: Asked, body: str = "return 1", imports: tuple[str, ...] = ()) -> str:
    target = Target(STATE, "m.py", text.replace("‸", ""), found.span)
    made = target.written(found.wish, Candidate(body, "model", "", imports))
    compile(made, "m.py", "exec")
    return made


def test_a_stub_is_written_in_its_place_with_its_decorators() -> None:
    text = "import os\n\n\n@cache\ndef f(x: int) -> int:\n    '''Give one.'''\n    ...\n\n\ndef g():\n    return 2\n"
    made = written(text, asked.named(text, "f"))
    assert (
        made
        == "import os\n\n\n@cache\ndef f(x: int) -> int:\n    '''Give one.'''\n    return 1\n\n\ndef g():\n    return 2\n"
    )


def test_a_call_of_what_is_not_there_is_written_behind_its_caller() -> None:
    text = "def g(path):\n    return is_hidden(path)\n\n\nx = 1\n"
    made = written(text, asked.named(text, "is_hidden"))
    assert made.startswith("def g(path):\n    return is_hidden(path)\n\n\ndef is_hidden(path):\n")
    assert made.endswith("    return 1\n\n\nx = 1\n")


def test_what_a_module_calls_is_written_before_that() -> None:
    text = "import sys\n\nprint(shout('a'))\n"
    made = written(text, asked.named(text, "shout"))
    assert made.index("def shout") < made.index("print(")


def test_a_comment_becomes_the_function() -> None:
    text = "import os\n\n# count the vowels‸\n# in a text\n\nx = 1\n"
    found = at(text)
    assert found.wish.head == "def count_vowels(text: str) -> int:"
    made = written(text, found)
    assert "# count" not in made
    assert made.startswith("import os\n")
    assert made.endswith("x = 1\n")


def test_a_place_in_a_stub_and_at_a_call_are_read() -> None:
    assert at("def f(x):\n    '''Doc.‸'''\n").wish.name == "f"
    assert at("def g(y):\n    return go‸_on(y, 1)\n").wish.name == "go_on"


@pytest.mark.parametrize("text", ["x = 1‸\n", "def f():\n    return 1‸\n", "print‸(1)\n", "‸", "if x‸ ="])
def test_a_place_that_says_nothing_is_told(text: str) -> None:
    with pytest.raises(Unclear, match=r"Nothing at this place|No function"):
        at(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [("def f():\n    return 1\n", "f"), ("class f:\n    pass\n", "f"), ("x = 1\n", "f"), ("def f(:\n", "f")],
)
def test_what_is_no_stub_is_told(text: str, name: str) -> None:
    with pytest.raises(Unclear):
        asked.named(text, name)


@pytest.mark.parametrize("text", ["", "x = 1", "x = 1\n", "x = 1\n\n\n", "# a comment\n", '"""Doc."""\n'])
def test_a_sentence_is_written_at_the_end(text: str) -> None:
    found = asked.described(text, "count the vowels in a text")
    made = written(text, found)
    assert made.startswith(text.rstrip("\n"))
    assert made.endswith("    return 1\n")
    assert "\n\n\n\n" not in made


def test_a_sentence_is_written_behind_a_name_and_gets_a_free_one() -> None:
    text = "def f():\n    return 1\n\n\ndef count_vowels():\n    return 2\n"
    found = asked.described(text, "count the vowels in a text", "f")
    assert found.wish.name == "count_vowels_2"
    assert any("is there already" in one for one in found.wish.assumed)
    assert written(text, found).startswith("def f():\n    return 1\n\n\ndef count_vowels_2(text: str) -> int:\n")


def test_imports_that_are_missing_are_written_at_the_top() -> None:
    text = "import os\n\n\ndef f(x):\n    pass\n"
    found = asked.named(text, "f")
    made = written(text, found, "return math.sqrt(x)", ("import math", "import os"))
    assert made.startswith("import os\nimport math\n")


def test_a_docstring_is_written_as_it_was_said() -> None:
    for doc in ("Say \\\\n.", 'A "quote".', 'Three \\"\\"\\" quotes', "Two.\n\n    Lines."):
        text = f'def f(x):\n    """{doc}"""\n'
        made = written(text, asked.named(text, "f"))
        spaces: dict[str, object] = {}
        exec(compile(text + made.replace("def f", "def g"), "m", "exec"), spaces)
        assert spaces["f"].__doc__ == spaces["g"].__doc__ or "\n" in doc


def test_a_step_goes_above_the_decorators_of_the_whole() -> None:
    text = "import x\n\n\n@x.deco(\n    1,\n)\n@x.other\ndef f(a):\n    ...\n"
    assert text[asked.above(text, text.index("def f")) :].startswith("@x.deco(")
    assert asked.above(text, text.index("import x")) == 0


def test_the_plan_of_a_begun_function_changes_its_steps_alone() -> None:
    text = "async def run(a, *, b=0o17):\n    '''Work. First cut(a), then join(a).\n\n    >>> run(1)\n    2\n    '''\n"
    found = asked.named(text, "run")
    told = plan.as_text(found.wish)
    assert told == "run(a, *, b=15): Work. For example run(1) == 2.\n1. cut(a)\n2. join(a)"
    made = plan.changed(text, found, told.replace("join(a)", "glue(a)"))
    assert (made.span, made.wish) == (found.span, replace(found.wish, steps=("cut(a)", "glue(a)")))


def test_the_plan_of_a_sentence_is_changed_at_its_place() -> None:
    text = "x = 1\n\n# first cut the text, then join the parts\n\ny = 2\n"
    found = at(text.replace("first", "fi‸rst"))
    made = plan.changed(text, found, "run(text: str) -> str:\n1. cut the text\n2. count the parts")
    assert (made.span, made.wish.name, made.wish.steps) == (found.span, "run", ("cut the text", "count the parts"))


def test_a_class_on_one_line_and_lone_carriage_returns_are_told() -> None:
    with pytest.raises(Unclear, match="one line"):
        asked.named("class A: x = lambda self: self.m(1)\n", "A.m")
    with pytest.raises(Unclear, match="carriage return"):
        asked.named("x = 1\rdef f():\r    pass\r", "f")


def test_what_a_class_in_a_class_calls_is_written_behind_its_last_member() -> None:
    text = "class A:\n    class B:\n        def g(self):\n            return self.m(self, 1)\n\n    x = 1\n"
    found = asked.named(text, "A.B.m")
    target = Target(STATE, "m.py", text, found.span, indent=found.indent)
    made = target.written(found.wish, Candidate("return 2", "model"))
    compile(made, "m.py", "exec")
    assert "        def m(self, value_1, number: int):" in made and made.index("def m") < made.index("x = 1")


@pytest.mark.parametrize("comment", ["# SPDX-License-Identifier: MIT", "# Copyright 2024 somebody", "# -*- coding: utf-8 -*-", "# type: ignore"])  # fmt: skip
def test_what_is_about_the_file_asks_for_nothing(comment: str) -> None:
    with pytest.raises(Unclear):
        at(f"{comment[:3]}‸{comment[3:]}\n\nx = 1\n")


def test_a_long_description_is_no_long_line() -> None:
    said = "tidy(text: str) -> str: " + "give the text without the words that nobody needs, " * 4
    made = written("", asked.described("", said))
    assert max(map(len, made.splitlines())) <= 80 and made.count("nobody") == 4


def test_a_span_is_where_it_is_written() -> None:
    text = "def f(x):\n    pass\n"
    assert asked.named(text, "f").span == Span(0, len(text) - 1)


def test_line_ends_and_tabs_are_those_of_the_file() -> None:
    windows = "import os\r\n\r\n\r\ndef f(x):\r\n    '''Doc.'''\r\n\r\n\r\nX = 1\r\n"
    wanted = asked.named(windows, "f")
    at = Target(STATE, "m.py", windows, wanted.span)
    made = at.written(wanted.wish, Candidate("y = x\nreturn y", "model", "", ("import re",)))
    assert made.count("\n") == made.count("\r\n")
    assert "def f(x):\r\n    '''Doc.'''\r\n    y = x\r\n    return y\r\n\r\n\r\nX = 1\r\n" in made
    tabs = "class A:\n\tdef f(self):\n\t\t'''Doc.'''\n\n\tdef g(self):\n\t\treturn 1\n"
    wanted = asked.named(tabs, "A.f")
    at = Target(STATE, "m.py", tabs, wanted.span, indent=wanted.indent)
    made = at.written(wanted.wish, Candidate("if 1:\n    return y", "model"), lambda text: text.replace("\t", "    "))
    assert "\t\t'''Doc.'''\n\t\tif 1:\n\t\t\treturn y\n\n\tdef g" in made


BEGUN = """class A:
  @deco
  async def f(self, a, /, b: "int" = 0o17, *, c=1e3) -> int:  # noqa: X
    # before
    r'''Do \\d.

    More.
    '''  # behind
    # between
    ...
"""


@pytest.mark.parametrize(
    "text", [BEGUN, BEGUN.replace("  ", "\t"), BEGUN.replace("\n", "\r\n"), BEGUN.replace("    ...\n", "")]
)
def test_all_that_stands_of_a_function_stays_as_it_is(text: str) -> None:
    found = asked.named(text, "A.f")
    made = Target(STATE, "m.py", text, found.span, indent=found.indent).written(found.wish, Candidate("if a:\n    return 1\nreturn 2", "model"))  # fmt: skip
    compile(made, "m.py", "exec")
    end = "\r\n" if "\r\n" in text else "\n"
    for row in text.split(end):
        assert row.strip() == "..." or row in made.split(end)
    shown = wish.with_example(found.wish, Example("A().f(1)", "2"))
    made = Target(STATE, "m.py", text, found.span, indent=found.indent).written(shown, Candidate("return 2", "model"))
    compile(made, "m.py", "exec")
    assert ">>> A().f(1)" in made and "# behind" in made and "0o17" in made


@pytest.mark.parametrize("text", ["def f(x): ...\n", "def f(x): 'Doc'; pass\n", "def f(x): 'Doc'\n", "def f(x):\n    pass  # TODO\n"])  # fmt: skip
def test_a_function_on_one_line_is_written_on_several(text: str) -> None:
    made = written(text, asked.named(text, "f"))
    assert made.startswith("def f(x):\n    ") and made.endswith("    return 1\n")
    assert ("'Doc'" in made) == ("Doc" in text)


SETTER = "class C:\n    @property\n    def x(self):\n        return self._x\n\n    @x.setter\n    def x(self, v): ...\n"
OVERLOADS = "@overload\ndef f(x: int) -> int: ...\n@overload\ndef f(x: str) -> str: ...\ndef f(x):\n    return x * 2\n"


def test_what_is_written_stays_where_others_of_its_name_are_not() -> None:
    found = asked.named(SETTER, "C.x")
    assert found.wish.form == "setter"
    assert SETTER[found.span.start :].startswith("    def x(self, v)")
    for text, name in ((OVERLOADS, "f"), ("class C:\n    @abstractmethod\n    def f(self): ...\n", "C.f")):
        with pytest.raises(Unclear, match="written already"):
            asked.named(text, name)
    with pytest.raises(Unclear):
        at(SETTER.replace("return self._x", "return ‸None"))


@pytest.mark.parametrize("text", ['x = """\n# the ‸total\n"""\n', "def f():\n    return (\n# the ‸total\n1)\n"])
def test_a_line_in_a_text_is_no_comment(text: str) -> None:
    with pytest.raises(Unclear):
        at(text)


def test_a_member_of_a_class_in_a_class_stays_there_once_it_is_formatted() -> None:
    text = "class A:\n  class B:\n    def f(self): ...\n\n  def g(self):\n    return 1\n"
    found = asked.named(text, "A.B.f")
    target = Target(STATE, "m.py", text, found.span, indent=found.indent)
    made = target.written(found.wish, Candidate("return 2", "model"), lambda source: source.replace("\t", "    "))
    assert "\n    def f(self):\n        return 2\n" in made
    compile(made, "m.py", "exec")


def test_a_call_of_what_has_no_words_is_a_parameter() -> None:
    found = asked.named('def g():\n    return f(_("x"))\n', "f")
    assert found.wish.head == "def f(value_1):"
