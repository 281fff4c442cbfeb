"""Which calls become tests, and how they are written: without a sandbox."""

from __future__ import annotations

import ast

import pytest

from analyzers import homes, subjects
from analyzers.mutants import usual
from assay.assistant.rendering import cases, joining, written
from assay.assistant.rendering.rows import Row
from assay.assistant.test import kept, shapes, way
from assay.assistant.trials import answers
from assay.assistant.trials.answers import Answer
from sandbox.api import StepOutcome


def value(source: str) -> Answer:
    return Answer("value", source)


RAISED = Answer("raised", "ValueError: no", ("ValueError", "Exception"))


@pytest.mark.parametrize(
    ("expected", "found", "is_noticed"),
    [
        (value("3"), value("3"), False),
        (value("3"), value("4"), True),
        (value("3"), value("3.0"), False),
        (value("1"), value("True"), False),
        (value("[[1.5]]"), value("[[1.5]]"), False),
        (value("[[1.5]]"), value("[[1.6]]"), True),
        (value("(1.5,)"), value("[1.5]"), False),
        (value("3"), answers.UNASKED, False),
        (value("True"), value("1"), True),
        (value("None"), value("0"), True),
        (value("0.1"), value("0.10000000001"), False),
        (value("[1.0, 2]"), value("[1.0000000001, 2]"), False),
        (value("{1: 'a'}"), value("{1: 'b'}"), True),
        (value("(1, 2)"), value("[1, 2]"), True),
        (value("3"), answers.LATE, True),
        (value("3"), RAISED, True),
        (RAISED, value("3"), True),
        (RAISED, Answer("crashed", "UnicodeError: x", ("UnicodeError", "ValueError", "Exception")), False),
        (RAISED, Answer("crashed", "KeyError: x", ("KeyError", "Exception")), True),
    ],
)
def test_a_test_notices_what_its_assertion_would(expected: Answer, found: Answer, is_noticed: bool) -> None:
    assert answers.notices(expected, found) is is_noticed


def test_answers_of_other_forms_are_preferred() -> None:
    calls = ["f([])", "f([1])", "f([0])", "f([3])", "f([2, 2, 1])", "f([5, 5])"]
    told = [value("[]"), value("[[1]]"), value("[[0]]"), value("[[3]]"), value("[[2, 2], [1]]"), value("[[5, 5]]")]
    rows, _ = kept.chosen(calls, told, {number: {0, 1} for number in range(6)}, documented=set())
    assert {row.call for row in rows} == {"f([])", "f([1])", "f([2, 2, 1])", "f([5, 5])"}


def test_as_few_simple_calls_as_notice_all_are_kept() -> None:
    calls = ["f(1)", "f(1000000)", "f(2)", "f(3)", "f(object())", "f('')"]
    told = [value("1"), value("1"), value("2"), value("3"), Answer("other", "<object>"), RAISED]
    kills = {0: {1, 2}, 1: {1, 2}, 2: {3}, 3: set(), 4: {9}, 5: {4}}
    rows, noticed = kept.chosen(calls, told, kills, documented={"f(3)"})
    assert {row.call for row in rows} == {"f(1)", "f(2)", "f(3)", "f('')"}, (
        "what a docstring shows stays, and what can be expected"
    )
    assert noticed == {1, 2, 3, 4}
    assert [row.call for row in rows if row.source == "documented"] == ["f(3)"]


def test_few_calls_have_other_ends_and_second_witnesses_and_many_have_neither() -> None:
    short, long = [f"f({n})" for n in range(1, 7)], f"f({'9' * 200})"
    told = [value(str(n)) for n in range(7)]
    rows, noticed = kept.chosen([*short, long], told, {n: {n} for n in range(6)} | {6: set(range(6))}, documented=set())
    assert [row.call for row in rows] == short and noticed == set(range(6)), "each notices what no other one does"
    rows, _ = kept.chosen(short, told[:6], {0: {1, 2}, 1: {1}, 2: {2}}, documented=set())
    assert [row.call for row in rows] == short[:3], "what notices nothing is no test"


FUNCTION = "class Bad(ValueError): ...\n\n\ndef area(w, h):\n    return w * h\n"


def text_of(rows: list[Row], before: str = "") -> str:
    subject = next(one for one in subjects.of_text(FUNCTION) if one.name == "area")
    texts = {"shop/__init__.py": "", "shop/sizes.py": FUNCTION, "tests/test_other.py": ""} | (
        {"tests/test_sizes.py": before} if before else {}
    )
    made = written.written(texts, "shop/sizes.py", subject, rows)
    assert made is not None and made.name == "tests/test_sizes.py" and made.before == before
    ast.parse(made.text)
    assert all(f"def {name}(" in made.text for name in made.tests)
    return made.text


def test_rows_that_are_alike_stand_in_a_table() -> None:
    rows = [Row(f"area({n}, 2)", value(f"{n * 2}"), source="today") for n in range(3)]
    assert (
        text_of(
            [
                *rows,
                Row("area(1, 1)", value("1"), source="documented"),
                Row("area(-1, 1)", Answer("raised", "", ("Bad", "ValueError")), source="today"),
            ]
        )
        == """import pytest

from shop.sizes import Bad, area


def test_area_as_documented() -> None:
    assert area(1, 1) == 1


@pytest.mark.parametrize(
    ("w", "h", "expected"),
    [
        (0, 2, 0),
        (1, 2, 2),
        (2, 2, 4),
    ],
)
def test_area_as_it_is_today(w: object, h: object, expected: object) -> None:
    # What `area` gives today: nothing says that it should.
    assert area(w, h) == expected


def test_area_raises_bad() -> None:
    with pytest.raises(Bad):
        area(-1, 1)
"""
    )


def test_a_file_that_is_there_keeps_its_own_style_and_names() -> None:
    before = (
        '"""Sizes."""\nimport os\n\nfrom shop.sizes import area\n\n\ndef test_area_as_it_is_today():\n    assert os\n'
    )
    text = text_of(
        [Row("area(1.5, 2)", value("3.0"), source="today"), Row("area(0, 1)", value("None"), source="today")],
        before,
    )
    assert text == (
        '"""Sizes."""\nimport os\n\nfrom shop.sizes import area\nimport pytest\n\n\ndef test_area_as_it_is_today():\n    assert os\n\n\n'
        "def test_area_as_it_is_today_2():\n    # What `area` gives today: nothing says that it should.\n"
        "    assert area(1.5, 2) == pytest.approx(3.0)\n    assert area(0, 1) is None\n"
    )


def test_homes_are_where_people_look() -> None:
    assert homes.test_file({"a.py": ""}, "a.py") == "test_a.py"
    assert homes.test_file({"a.py": "", "x/a_test.py": ""}, "a.py") == "x/a_test.py"
    both = {"a/utils.py": "", "b/utils.py": "", "tests/test_utils.py": "from a.utils import f\n"}
    assert homes.test_file(both, "a/utils.py") == "tests/test_utils.py"
    assert homes.test_file(both, "b/utils.py") == "tests/test_b_utils.py", "the other one's is left alone"
    both["tests/b/test_utils.py"] = "from b import utils\n"
    assert homes.test_file(both, "b/utils.py") == "tests/b/test_utils.py"
    private = {"s/_utils.py": "", "s/__init__.py": "", "tests/test_utils.py": "from s._utils import x\n"}
    assert homes.test_file(private, "s/_utils.py") == "tests/test_utils.py", "whose underscore nobody wrote"
    assert (
        homes.test_file({**private, "tests/test_utils.py": "from s.utils import x\n"}, "s/_utils.py")
        == "tests/test__utils.py"
    )
    assert homes.test_file({"s/_more.py": "", "tests/test_utils.py": ""}, "s/_more.py") == "tests/test_more.py"
    assert homes.test_file({"pack/__init__.py": "", "tests/test_x.py": ""}, "pack/__init__.py") == "tests/test_pack.py"
    assert homes.importable("src/pack/mod.py", {}) == "pack.mod"
    assert homes.importable("src/pack/mod.py", {"src/__init__.py": ""}) == "src.pack.mod"
    assert homes.importable("not-a-name.py", {}) == ""
    assert homes.bound("import a.b as c\nfrom x import y\nclass D: ...\ndef e(): ...\nz = 1\n") == {
        "c",
        "y",
        "D",
        "e",
        "z",
    }


def test_a_scenario_is_told_step_by_step() -> None:
    text = "class Box:\n    def put(self, item): ...\n    def get(self): ...\n    def __len__(self): ...\n"
    (subject,) = subjects.of_text(text)
    gave = Answer("value", repr(["None", "1", "'o.put'", "<object>"]), is_steps=True)
    rows = [
        Row("[o := Box(), repr(o.put('o')), repr(len(o)), repr(o.get()), repr(o.get())][1:]", gave, source="today"),
        Row("[o := Box(), repr(o.get())][1:]", Answer("raised", "", ("LookupError",)), source="today"),
    ]
    made = written.written({"box.py": text}, "box.py", subject, rows)
    assert made is not None
    assert made.text == (
        "import pytest\n\nfrom box import Box\n\n\ndef test_box_as_it_is_today() -> None:\n    # What `Box` gives today: nothing says that it should.\n"
        "    box = Box()\n    box.put('o')\n    assert len(box) == 1\n    assert box.get() == 'o.put'\n    box.get()\n\n\n"
        "def test_box_raises_lookup_error() -> None:\n    box = Box()\n    with pytest.raises(LookupError):\n        box.get()\n"
    )
    assert answers.notices(gave, Answer("value", repr(["3", "1", "'x'", "1"]), is_steps=True))
    assert answers.notices(gave, Answer("value", repr(["3", "<object>", "'o.put'", "1"]), is_steps=True))
    same = Answer("value", repr(["3", "1", "'o.put'", "1"]), is_steps=True)
    assert not answers.notices(gave, same), "nobody looks at what the first and the last gave"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import os", "import os\nimport pytest\nfrom m import f\n\n\nBODY"),
        ('"""Doc."""\n', '"""Doc."""\nimport pytest\nfrom m import f\n\n\nBODY'),
        ("import pytest as pt\nfrom m import a\n", "import pytest as pt\nfrom m import a, f\nimport pytest\n\n\nBODY"),
        (
            "from m import (\n    a,\n)\nx = 1\n",
            "from m import (\n    a,\n)\nimport pytest\nfrom m import f\nx = 1\n\n\nBODY",
        ),
        (
            'import pytest\nT = """\nfrom m import q\n"""\n',
            'import pytest\nfrom m import f\nT = """\nfrom m import q\n"""\n\n\nBODY',
        ),
        ("import pytest\r\nfrom m import f\r\n", "import pytest\r\nfrom m import f\r\n\r\n\r\nBODY"),
        ("x = 1\n", "import pytest\nfrom m import f\n\n\nx = 1\n\n\nBODY"),
    ],
)
def test_a_file_keeps_what_it_has(before: str, after: str) -> None:
    body = "assert pytest.approx(f())"
    assert joining.joined(before, "m", ["f"], body) == after.replace("BODY", body)


def test_names_that_are_others_in_that_file_are_imported_inside() -> None:
    before = "from other.sizes import area\n\n\ndef test_area():\n    assert area(1, 1)\n"
    text = text_of([Row("area(1, 2)", value("2"), source="today")], before)
    assert text.startswith(before) and "def test_area_as_it_is_today():\n    from shop.sizes import area\n\n" in text


@pytest.mark.parametrize("name", ["List", "Not", "counter"])
def test_an_instance_has_a_name_of_its_own(name: str) -> None:
    text = f"class {name}:\n    def get(self): ...\n"
    (subject,) = subjects.of_text(text)
    row = Row(f"[o := {name}(), repr(o.get())][1:]", Answer("value", "['1']", is_steps=True), source="today")
    made = written.written({"m.py": text}, "m.py", subject, [row])
    assert made is not None and f"the_{name.lower()} = {name}()" in made.text
    ast.parse(made.text)


def test_numbers_in_numbers_are_expected_as_they_are() -> None:
    rows = [Row(f"area({n}, 2)", value(f"[[{n}.5]]"), source="today") for n in range(3)]
    assert "approx" not in text_of(rows) and "approx" in text_of([Row("area(1, 2)", value("[1.5, 2]"), source="today")])


def outcome(returned: dict[int, str], **how: bool | int) -> StepOutcome:
    usual = {"exit": 0, "signal": 0, "timed_out": False, "oom": False} | how
    return StepOutcome(**usual, stdout="", stderr="", truncated=False, ms=1.0, returned=returned)  # type: ignore[arg-type]


@pytest.mark.parametrize("how", [{"timed_out": True}, {"oom": True}, {"signal": 9}, {"exit": 3}])
def test_behind_a_call_that_ended_it_nothing_was_asked(how: dict[str, bool | int]) -> None:
    found = answers.of(outcome({0: "1", 1: "2"}, **how), ["a", "b", "c", "d", "e"])
    assert found[2] is answers.LATE and set(found[3:]) == {answers.UNASKED}
    assert [answers.notices(value("9"), one) for one in found] == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("told", "written_down"),
    [
        ("list([0, 2])", "assert list(area(1, 2)) == [0, 2]"),
        ("Decimal('1.5')", "assert repr(area(1, 2)) == \"Decimal('1.5')\""),
        ("datetime.date(2024, 2, 29)", "assert repr(area(1, 2)) == 'datetime.date(2024, 2, 29)'"),
        ("<class 'int'>", "assert repr(area(1, 2)) == \"<class 'int'>\""),
        ("<Color.RED: 1>", "assert repr(area(1, 2)) == '<Color.RED: 1>'"),
        ("Point(x=1, at={'a'})", "assert repr(area(1, 2)) == \"Point(x=1, at={'a'})\""),
        ("<object object>", ""),
        ("<generator object f>", ""),
        ("[<m.Thing object>]", ""),
        ("<function f.<locals>.g>", ""),
        ("list([<object object>])", ""),
        ("frozenset()", ""),
        ("nan", "assert repr(area(1, 2)) == 'nan'"),
    ],
)
def test_what_is_no_literal_is_known_by_what_it_tells_of_itself(told: str, written_down: str) -> None:
    (answer,) = answers.of(outcome({0: told}), ["f()"])
    assert answer.is_testable is bool(written_down)
    if written_down:
        assert written_down in text_of([Row("area(1, 2)", answer, source="today")]).replace('"', '"')
        assert answers.notices(answer, value("None")) and answers.notices(value("None"), answer)
        assert not answers.notices(answer, answer)


@pytest.mark.parametrize(
    ("told", "says_more"),
    [
        ("<Result (1,) {'a': 2}>", True),
        ("<re.Match object; span=(0, 1), match='a'>", True),
        ("[<Point 1, 2>]", True),
        ("<Point>", False),
        ("<function f>", False),
        ("<module 're' from '/usr/lib/re.py'>", False),
        ("<Reader name='/tmp/x'>", False),
        ("functools.partial(<function f>, 1)", False),
    ],
)
def test_an_object_is_known_by_its_repr_where_that_says_more_than_its_kind(told: str, says_more: bool) -> None:
    assert answers.is_repr(told) is says_more


CASES = 'import unittest\n\nfrom sizes import area\n\n\nclass AreaTest(unittest.TestCase):\n    def test_area(self):\n        self.assertEqual(area(1, 1), 1)\n\n\nif __name__ == "__main__":\n    unittest.main()\n'
SIZES = "def area(a, b):\n    if a < 0:\n        raise ValueError\n    return a * b\n"


def test_where_tests_are_methods_of_cases_new_ones_are_too() -> None:
    (subject,) = subjects.of_text(SIZES)
    rows = [
        Row("area(2, 3)", Answer("value", "6"), "today"),
        Row("area(2, 4)", Answer("value", "8"), "today"),
        Row("area(3, 4)", Answer("value", "12"), "today"),
        Row("area(-1, 4)", Answer("raised", "ValueError", ("ValueError",)), "today"),
        Row(
            "[repr(area(1, 2)), repr(capsys.readouterr().out)]",
            Answer("value", "['2', \"''\"]", is_steps=True),
            "today",
        ),
    ]
    made = written.written({"sizes.py": SIZES, "test_sizes.py": CASES}, "sizes.py", subject, rows)
    assert made is not None
    assert made.tests == ("AreaTest2::test_area_as_it_is_today", "AreaTest2::test_area_raises_value_error")
    assert [len(of) for of in made.rows] == [3, 1], "what needs a fixture is left out"
    assert "pytest" not in made.text and made.text.endswith('if __name__ == "__main__":\n    unittest.main()\n')
    assert (
        "        for a, b, expected in [(2, 3, 6), (2, 4, 8), (3, 4, 12)]:\n            with self.subTest(a=a, b=b):\n"
        in made.text
    )
    assert "                self.assertEqual(area(a, b), expected)\n" in made.text
    assert "        # What `area` gives today: nothing says that it should.\n" in made.text
    assert "        with self.assertRaises(ValueError):\n            area(-1, 4)\n" in made.text
    compile(made.text, "test_sizes.py", "exec")
    again = written.written({"sizes.py": SIZES, "test_sizes.py": made.text}, "sizes.py", subject, rows)
    assert again is not None and again.tests[0] == "AreaTest3::test_area_as_it_is_today_2", "no name twice"


@pytest.mark.parametrize(
    ("others", "are_cases"),
    [
        ({"tests/test_a.py": CASES}, True),
        ({"tests/test_a.py": CASES, "tests/test_b.py": "import pytest\n"}, False),
        ({"tests/test_a.py": "def test_a(): pass\n"}, False),
        ({}, False),
        ({"test_sizes.py": CASES + "\n\ndef test_b():\n    pass\n"}, False),
    ],
)
def test_a_new_file_of_tests_is_as_most_of_the_others(others: dict[str, str], are_cases: bool) -> None:
    assert cases.are_written({"sizes.py": SIZES, **others}, "test_sizes.py") is are_cases


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("    assert f(1) == pytest.approx(0.5)\n", "        self.assertAlmostEqual(f(1), 0.5, delta=5e-07)"),
        ("    assert f(1) == pytest.approx([0.5, 1])\n", ""),
        ("    assert f(1) is None\n", "        self.assertIsNone(f(1))"),
        ("    assert (a == b) is False\n", "        self.assertIs(a == b, False)"),
        (
            "    a = f(1)\n    assert repr(a) == 'x'\n",
            "    a = f(1)\n    self.assertEqual(repr(a), 'x')".replace("    ", "        ", 0),
        ),
    ],
)
def test_each_statement_has_unittests_words(test: str, said: str) -> None:
    made = cases.method(f"def test_f():\n{test}")
    assert made == (f"def test_f(self):\n{said.replace('        self', '    self')}" if said else "")


@pytest.mark.parametrize(
    ("before", "where"),
    [
        ("from m import f\n\n\nif __name__ == '__main__':\n    f()\n", "before the end"),
        ('from m import f\n\nTEXT = """\nif __name__ == \'__main__\':\n' + "    " * 40 + 'f()\n"""\n', "at the end"),
        ("from m import f\n\nif __name__ == '__main__':\n    f()\n\nx = 1\n", "at the end"),
    ],
)
def test_new_tests_stand_before_what_runs_the_file(before: str, where: str) -> None:
    text = joining.joined(before, "m", ["f"], "def test_f() -> None:\n    assert f() == 1\n")
    assert text.endswith("    f()\n" if where == "before the end" else "    assert f() == 1\n")
    ast.parse(text)


def test_blank_lines_cost_nothing() -> None:
    blank = "\n" * 60_000
    assert homes.test_file({"a/b.py": "", "tests/test_b.py": blank}, "a/b.py") == "tests/test_b.py"
    assert not cases.are_written({"test_b.py": blank + "class " + "TestCase" * 4_000}, "test_b.py")


def made_of(source: str, survivors: int = 0, **how: object) -> way.Made:
    (subject, *_) = subjects.of_text(SIZES)
    rows = (Row("area(2, 3)", Answer("value", "6"), source),)  # type: ignore[arg-type]
    of = written.Written("test_sizes.py", "", "", ("test_area",), (rows,))
    left = tuple(usual.of_lines(SIZES, 1, 4)[:1] * survivors)
    return way.Made(subject, of, "", rows, (), 9, 2, left, 40, 5, **how)  # type: ignore[arg-type]


def test_what_was_made_is_told_in_lines_and_at_a_glance() -> None:
    today, changed = made_of("today", survivors=12), made_of("changed")
    asks = way.Made(today.subject, why="Nothing.", questions=(way.Question("area(1, 1)", "-> str", "1"),))
    told = [*shapes.lines(today)]
    assert (
        told[0]
        == "area: with 1 call of 40 that were tried tests notice -3 of 9 small changes, 2 before; passed 5 of 5 runs, 0 s"
    )
    assert told[-1].startswith("  and ") and "no test notices if" in told[1]
    assert "1 call of 40 that were tried gives something else without the change" in next(shapes.lines(changed))
    assert [*shapes.lines(asks)] == ["area: Nothing.", "  ? area(1, 1): its hint says -> str, and it gives 1"]
    assert shapes.glance([]) == "no function or class that can be tried is concerned"
    assert shapes.glance([changed]) == "tests of area fail without the change and passed 5 of 5 runs"
    assert shapes.glance([asks]) == "no tests of area: Nothing.; 1 call gives something else than is documented"
    assert shapes.glance([today, asks]).startswith("tests of 1 of 2 functions and classes notice -3 of 9 small changes")
