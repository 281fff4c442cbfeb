"""Tests that are made: what is offered notices the mutants that it says, and says what its expectations rest on."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from analyzers import subjects
from analyzers.mutants import usual
from analyzers.text import applied
from assay.assistant.changes import gathered
from assay.assistant.test import asked, regress, suite
from assay.assistant.test.asking import RUNS, is_green
from assay.assistant.test.suite import Place
from assay.assistant.test.way import Made, made
from assay.assistant.workbench import Workbench
from evals import beside_pynguin
from evals.tests_made import Function
from sandbox.api import Job, Step

MODULE = '''"""Some functions."""
import random


class Refused(ValueError):
    """No."""


def grade(points, best=100):
    """A letter.

    >>> grade(95)
    'A'
    >>> grade(10)
    'E'
    """
    if points < 0 or points > best:
        raise Refused("outside")
    share = points / best
    if share >= 0.9:
        return "A"
    if share >= 0.5:
        return "C"
    return "F"


def drawn(n: int) -> float:
    return random.SystemRandom().random() + n


def held(text: str):
    return object()


async def later(n: int) -> int:
    return n
'''


async def of(bench: Workbench, tmp_path: Path, name: str) -> tuple[Made, Place]:
    (tmp_path / "grades.py").write_text(MODULE)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_other.py").write_text("def test_other():\n    pass\n")
    bench.projects.open_folder(tmp_path)
    place = Place(await bench.projects.state(tmp_path), "grades.py", MODULE)
    subject = next(one for one in subjects.of_text(MODULE) if one.name == name)
    stages: list[str] = []
    found = await made(bench, place, subject, lambda stage, done, count: stages.append(stage))
    assert name != "grade" or list(dict.fromkeys(stages)) == ["tests", "inputs tried", "mutants", "runs"]
    return found, place


async def test_what_is_offered_notices_what_it_says(bench: Workbench, tmp_path: Path) -> None:
    found, place = await of(bench, tmp_path, "grade")
    assert found.written is not None and found.runs == RUNS
    assert found.written.name == "tests/test_grades.py"
    assert "from grades import Refused, grade" in found.written.text
    assert [(one.call, one.documented, one.found) for one in found.questions] == [("grade(10)", "'E'", "'F'")]
    assert "assert grade(95) == 'A'" in found.written.text.replace('"', "'")
    assert "grade(10)" not in found.written.text, "a question is no expectation"
    assert {one.rpartition("grade_")[2] for one in found.written.tests} == {
        "as_documented",
        "as_it_is_today",
        "raises_refused",
    }
    mutants = usual.of_lines(MODULE, *found.subject.lines)
    assert found.mutants == len(mutants) and len(found.survivors) <= len(mutants) / 4
    steps = tuple(
        Step(
            "pytest",
            20.0,
            (("grades.py", applied(MODULE, (one.edit,))), (found.written.name, found.written.text)),
            (found.written.name,),
        )
        for one in mutants
    )
    outcomes = await bench.sandbox.run(Job(place.state.project, steps))
    alive = {one for one, outcome in zip(mutants, outcomes, strict=True) if is_green(outcome, 1)}
    assert alive == set(found.survivors)


@pytest.mark.parametrize(
    ("name", "why"),
    [("drawn", "gave what a test can hold"), ("held", "gave what a test can hold")],
)
async def test_what_cannot_be_expected_is_no_test(bench: Workbench, tmp_path: Path, name: str, why: str) -> None:
    found, _ = await of(bench, tmp_path, name)
    assert found.written is None and why in found.why


TESTED = "import grades\nimport pytest\n\n\ndef test_best():\n    assert grades.grade(95) == 'A'\n\n\ndef test_red():\n    assert grades.grade(10) == 'E'\n"


async def test_only_what_the_tests_that_are_there_do_not_notice_is_tested(bench: Workbench, tmp_path: Path) -> None:
    """And each mutant has the fate that the whole suite gives it."""
    (tmp_path / "grades.py").write_text(MODULE)
    (tmp_path / "test_grades.py").write_text(TESTED)
    bench.projects.open_folder(tmp_path)
    place = Place(await bench.projects.state(tmp_path), "grades.py", MODULE)
    subject = next(one for one in subjects.of_text(MODULE) if one.name == "grade")
    mutants = usual.of_lines(MODULE, *subject.lines)
    known = await suite.seen(bench, place)
    assert (set(known.lines), known.red) == ({"test_grades.py::test_best"}, ("test_grades.py::test_red",))
    told: list[tuple[int, int]] = []
    fates = await suite.fates(bench, place, mutants, known, lambda done, of: told.append((done, of)))
    assert told[-1] == (len(mutants), len(mutants)) and set(fates) == {"noticed", "alive", "unreached"}
    steps = tuple(
        Step("pytest", 20.0, (("grades.py", applied(MODULE, (one.edit,))),), ("test_grades.py::test_best",))
        for one in mutants
    )
    outcomes = await bench.sandbox.run(Job(place.state.project, steps))
    assert [fate == "noticed" for fate in fates] == [not is_green(outcome, 1) for outcome in outcomes]
    found = await made(bench, place, subject, lambda stage, done, count: None, known)
    assert found.before == fates.count("noticed") and found.written is not None
    assert found.written.text.startswith("import grades\nimport pytest\nfrom grades import Refused, grade\n")
    assert not any(row.call == "grade(95)" for row in found.rows), "that is tested"


NEEDED = """import order

seen = []


def test_first():
    seen.append(1)
    assert order.one() == 1


def test_second():
    assert seen and order.two() == 2
"""


async def test_tests_run_up_to_the_first_that_fails_in_the_order_that_was_asked_for(
    bench: Workbench, tmp_path: Path
) -> None:
    (tmp_path / "order.py").write_text("def one():\n    return 1\n\n\ndef two():\n    return 2\n")
    (tmp_path / "test_order.py").write_text(NEEDED)
    (tmp_path / "test_other.py").write_text("def test_other():\n    pass\n")
    bench.projects.open_folder(tmp_path)
    state = await bench.projects.state(tmp_path)
    asked = ("test_other.py::test_other", "test_order.py::test_second", "test_order.py::test_first")
    plain, stops = (Step("pytest", 20.0, (), asked, stops=stops) for stops in (False, True))
    every, some = await bench.sandbox.run(Job(state.project, (plain, stops)))
    assert len(every.tests.tests) == 3 and is_green(every, 3)
    ended = {one.id.rpartition("::")[2]: one.outcome for one in some.tests.tests}
    assert ended == {"test_other": "passed", "test_second": "failed", "test_first": "missing"}
    text = state.texts["order.py"]
    place = Place(state, "order.py", text)
    known = await suite.seen(bench, place)
    mutants = usual.of_lines(text, 1, 6)
    fates = await suite.fates(bench, place, mutants, known, lambda done, of: None)
    assert len(known.lines) == 2 and set(fates) == {"noticed"}, "a test that needs another one counts with it"


BEFORE = MODULE.replace("share >= 0.9", "share > 0.9")
BOX = """class Box:
    def __init__(self, size: int):
        if size < 1:
            raise ValueError("too small")
        self.size, self._inner = size, []

    def put(self, item: int) -> bool:
        if len(self._inner) == self.size:
            return False
        self._inner.append(item)
        return True

    def total(self) -> int:
        return sum(self._inner)
"""


async def test_a_class_is_tested_by_what_its_methods_give_in_turn(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "box.py").write_text(BOX)
    place = Place(await bench.projects.state(tmp_path), "box.py", BOX)
    (subject,) = subjects.of_text(BOX)
    found = await made(bench, place, subject, lambda stage, done, count: None)
    assert found.written is not None and found.runs == RUNS and len(found.survivors) <= 2, found.written
    assert "box = Box(" in found.written.text and "box.total() == " in found.written.text
    assert any("raises_value_error" in one for one in found.written.tests)


async def test_a_test_of_a_change_fails_without_it(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "grades.py").write_text(BEFORE)
    bench.projects.open_folder(tmp_path)
    lines = difflib.unified_diff(
        BEFORE.splitlines(keepends=True), MODULE.splitlines(keepends=True), "grades.py", "grades.py"
    )
    change = gathered.of_diff(tmp_path, tmp_path, "".join(lines), {}).change
    state = await bench.projects.state(tmp_path)
    (both,) = regress.sides(state, change)
    (subject,) = regress.changed(both)
    found = await regress.made(bench, both, subject, lambda stage, done, count: None)
    assert found.written is not None and found.runs == RUNS and found.rows[0].source == "changed"
    step = Step("pytest", 20.0, ((found.written.name, found.written.text),), (found.written.name,))
    (without,) = await bench.sandbox.run(Job(state.project, (step,)))
    assert {one.outcome for one in without.tests.tests} == {"failed"}
    same = regress.Both(both.after, both.after)
    assert regress.changed(same) == ()
    nothing = await regress.made(bench, same, subject, lambda stage, done, count: None)
    assert nothing.written is None and "gives something else without the change" in nothing.why


async def test_what_is_new_with_a_change_has_tests_too(bench: Workbench, tmp_path: Path) -> None:
    before, after = "def one(n):\n    return n\n", "def one(n):\n    return n\n\n\ndef two(n: int):\n    return n * 2\n"
    (tmp_path / "old.py").write_text(before)
    bench.projects.open_folder(tmp_path)
    diff = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), "old.py", "old.py")
    new = "--- /dev/null\n+++ b/new.py\n@@ -0,0 +1,2 @@\n+def three(n: int):\n+    return n * 3\n"
    change = gathered.of_diff(tmp_path, tmp_path, "".join(diff) + new, {}).change
    found = await asked.of_change(bench, await bench.projects.state(tmp_path), change, lambda stage, done, of: None)
    assert {name: [one.subject.name for one in of] for name, of in found.items()} == {
        "old.py": ["two"],
        "new.py": ["three"],
    }
    for of, text in ((found["old.py"], "two("), (found["new.py"], "three(")):
        assert of[0].written is not None and of[0].runs == RUNS and text in of[0].written.text


RATED = "RATE = 3\n\n\ndef f(x):\n    if x > 100:\n        return 0 * x\n    return x + RATE\n"
IN_TURN = (
    "import rated\nseen = []\n\n\ndef test_a():\n    seen.append(rated.f(1))\n\n\n"
    "def test_b():\n    assert seen and rated.f(101) == 0\n\n\ndef test_rate():\n    assert rated.RATE == 3\n"
)


async def test_a_test_that_needs_another_one_notices_nothing_by_itself(bench: Workbench, tmp_path: Path) -> None:
    """And what the import executes is held against whoever looks at it."""
    (tmp_path / "rated.py").write_text(RATED)
    (tmp_path / "test_rated.py").write_text(IN_TURN)
    bench.projects.open_folder(tmp_path)
    place = Place(await bench.projects.state(tmp_path), "rated.py", RATED)
    mutants = usual.of_lines(RATED, 1, 7)
    known = await suite.seen(bench, place)
    fates = await suite.fates(bench, place, mutants, known, lambda done, of: None)
    told = {(one.line, one.told): fate for one, fate in zip(mutants, fates, strict=True)}
    assert told[6, "`*` were `/`"] == "alive" and told[6, "`0` were `1`"] == "noticed"
    assert told[1, "`3` were `4`"] == "noticed"


GIVES = """import os


def evens(n: int):
    for one in range(0, n, 2):
        yield one


def table(n: int) -> list:
    return [[one / 2] for one in range(n)]


def ends(n: int) -> int:
    if n == 10:
        os._exit(3)
    return n + 1


class Stack:
    def __init__(self):
        self.items = []

    def push(self, item: int) -> None:
        self.items.append(item)

    def pop(self) -> int:
        return self.items.pop() if self.items else -1
"""


@pytest.mark.parametrize("name", ["table", "ends", "Stack", "evens"])
async def test_an_answer_that_no_test_can_hold_costs_no_other(bench: Workbench, tmp_path: Path, name: str) -> None:
    (tmp_path / "gives.py").write_text(GIVES)
    place = Place(await bench.projects.state(tmp_path), "gives.py", GIVES)
    subject = next(one for one in subjects.of_text(GIVES) if one.name == name)
    found = await made(bench, place, subject, lambda stage, done, count: None)
    assert found.written is not None and found.runs == RUNS, found.why
    assert name != "evens" or "list(evens(" in found.written.text


async def test_a_file_of_tests_that_is_red_without_a_mutant_notices_nothing(bench: Workbench, tmp_path: Path) -> None:
    one = Function("HumanEval/x", "double", "def double(n):\n    return n * 2\n", "")
    (tmp_path / "module.py").write_text(one.module)
    good = "import pytest\nimport module\n\n\ndef test_0():\n    assert module.double(3) == 6\n\n\n@pytest.mark.xfail(strict=True)\ndef test_1():\n    module.double(None)\n"
    assert await beside_pynguin.score(bench, tmp_path, one, good) == 1.0
    assert await beside_pynguin.score(bench, tmp_path, one, good.replace("== 6", "== 7")) == 0.0
    assert beside_pynguin.read([".", "--pynguin", "x"]).count == 6
