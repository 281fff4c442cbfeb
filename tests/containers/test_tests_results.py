"""Tests by what is done with what a function gave: an instance, or a function; operators of a class; and a suite in which a test hangs under watch."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzers import subjects
from analyzers.mutants import usual
from assay.assistant.test import suite
from assay.assistant.test.asking import RUNS
from assay.assistant.test.suite import Place
from assay.assistant.test.way import made
from assay.assistant.workbench import Workbench

MODULE = """import warnings


class Point:
    def __init__(self, x: int, y: int = 0):
        self._x, self._y = x, y

    def __repr__(self):
        return f"<Point {self._x}, {self._y}>"

    def __eq__(self, other):
        return isinstance(other, Point) and (self._x, self._y) == (other._x, other._y)

    def __add__(self, other):
        return Point(self._x + other._x, self._y + other._y)


def counted(step=3):
    def decorator(function):
        def wrapper(*args):
            wrapper.calls += step
            return function(*args)

        wrapper.calls = 0
        return wrapper

    return decorator


class Matcher:
    def __init__(self, pattern, strict):
        self._pattern, self._strict = pattern, strict

    def match(self, text: str) -> bool:
        return text == self._pattern if self._strict else text.lower() == self._pattern.lower()


def matcher(pattern: str, strict=False):
    return Matcher(pattern, strict)


def old(n: int) -> int:
    warnings.warn("old is old", DeprecationWarning, stacklevel=2)
    return n
"""


@pytest.mark.parametrize(
    ("name", "parts", "left"),
    [
        ("Point", ("Point(", " == Point(", " + Point("), 0),
        ("counted", ("= counted()(lambda *args: len(args))", ".calls == 3"), 1),
        ("matcher", ("the_matcher = matcher(", "assert the_matcher.match("), 0),
        ("old", ("(recwarn: pytest.WarningsRecorder)", "[str(one.message) for one in recwarn] == "), 2),
    ],
)
async def test_what_was_given_is_used(
    bench: Workbench, tmp_path: Path, name: str, parts: tuple[str, ...], left: int
) -> None:
    (tmp_path / "shop.py").write_text(MODULE)
    subject = next(one for one in subjects.of_text(MODULE) if one.name == name)
    place = Place(await bench.projects.state(tmp_path), "shop.py", MODULE)
    found = await made(bench, place, subject, lambda stage, done, of: None)
    assert found.written is not None and found.runs == RUNS
    assert all(part in found.written.text for part in parts), found.written.text
    assert len(found.survivors) <= left, [one.told for one in found.survivors]


SLOW = """import time

from shop import double


def test_first() -> None:
    assert double(1) == 2


def test_slow() -> None:
    time.sleep(5)


def test_last() -> None:
    assert double(0) == 0
"""


async def test_tests_behind_one_that_gives_no_sign_of_life_are_seen_too(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite, "QUIET_S", 3.0)
    text = "def double(n: int) -> int:\n    return 2 * n\n"
    (tmp_path / "shop.py").write_text(text)
    (tmp_path / "test_shop.py").write_text(SLOW)
    seen = await suite.seen(bench, Place(await bench.projects.state(tmp_path), "shop.py", text))
    assert seen.lines == {
        "test_shop.py::test_first": {2},
        "test_shop.py::test_slow": frozenset(),
        "test_shop.py::test_last": {2},
    }
    assert seen.unseen == {"test_shop.py::test_slow"} and seen.red == ()


CASES = """import unittest

from shop import double


class DoubleTest(unittest.TestCase):
    def test_double(self):
        self.assertEqual(double(1), 2)


if __name__ == "__main__":
    unittest.main()
"""


async def test_a_project_of_unittests_is_given_such(bench: Workbench, tmp_path: Path) -> None:
    text = "def double(n):\n    if n < 0:\n        raise ValueError\n    return 2.5 * n if n > 9 else 2 * n\n"
    (tmp_path / "shop.py").write_text(text)
    (tmp_path / "test_shop.py").write_text(CASES)
    (subject,) = subjects.of_text(text)
    state = await bench.projects.state(tmp_path)
    found = await made(bench, Place(state, "shop.py", text), subject, lambda stage, done, of: None)
    assert found.written is not None and found.runs == RUNS and not found.survivors
    assert all(one.startswith("DoubleTest2::test_double_") for one in found.written.tests)
    assert "pytest" not in found.written.text and "        with self.assertRaises(ValueError):\n" in found.written.text
    assert found.written.text.index("class DoubleTest2(unittest.TestCase):") < found.written.text.index(
        "unittest.main()"
    )


async def test_where_a_hint_says_otherwise_it_is_a_question(bench: Workbench, tmp_path: Path) -> None:
    text = "def first(words: list[str]) -> str:\n    if words:\n        return words[0].strip()\n"
    (tmp_path / "shop.py").write_text(text)
    (subject,) = subjects.of_text(text)
    found = await made(bench, Place(await bench.projects.state(tmp_path), "shop.py", text), subject, lambda *told: None)
    assert [(one.documented, one.found) for one in found.questions] == [("-> str", "None")]
    assert found.written is not None and "None" not in found.written.text.replace("-> None", "")


NAMES = """import os
from pathlib import Path


def names(folder: Path) -> list[str]:
    return [one for one in os.listdir(folder) if one != "skipped"]


def ordered(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())
"""


async def test_in_which_order_a_folder_lists_its_files_is_no_expectation(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(NAMES)
    place = Place(await bench.projects.state(tmp_path), "shop.py", NAMES)
    named, ordered = subjects.of_text(NAMES)
    found = await made(bench, place, named, lambda *told: None)
    assert not any("', '" in row.answer.gives for row in found.rows), found.rows
    found = await made(bench, place, ordered, lambda *told: None)
    assert any("', '" in row.answer.gives for row in found.rows), found.rows


async def test_a_module_that_takes_long_to_import_is_no_mutant_that_hangs(bench: Workbench, tmp_path: Path) -> None:
    text = "import time\n\nWAITED = time.sleep(1.2)\n\n\ndef least(n: int) -> int:\n    if n > 7:\n        return 7\n    return n\n"
    (tmp_path / "shop.py").write_text(text)
    (subject,) = subjects.of_text(text)
    found = await made(bench, Place(await bench.projects.state(tmp_path), "shop.py", text), subject, lambda *told: None)
    assert found.written is not None
    assert [one.told for one in found.survivors] == ["`>` were `>=`", "`7` were `6`"], "it is the same with them"


COUNTED = "def start():\n    return 3\n\n\nFIRST = start()\n\n\ndef double(n):\n    return 2 * n\n\n\nif __name__ == '__main__':\n    print(double(FIRST))\n"
RUNNER = "import subprocess\nimport sys\n\n\ndef run():\n    return subprocess.run([sys.executable, 'counted.py'], capture_output=True, text=True).stdout\n"
STARTED = "from helper import run\n\n\ndef test_it():\n    assert run() == '6\\n'\n"
TOLD = "import counted\n\n\ndef test_first():\n    assert counted.FIRST == 3\n"


async def test_what_is_run_in_another_process_or_at_the_import_is_noticed(bench: Workbench, tmp_path: Path) -> None:
    """No test executes `double` where it can be seen, nor `start` within a test."""
    for name, text in {"counted.py": COUNTED, "tests/helper.py": RUNNER, "tests/test_started.py": STARTED, "tests/test_told.py": TOLD}.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\npythonpath = ['.', 'tests']\n")
    bench.projects.open_folder(tmp_path)
    state = await bench.projects.state(tmp_path)
    at = Place(state, "counted.py", COUNTED)
    known = await suite.seen(bench, at)
    mutants = usual.of_lines(COUNTED, 1, 10)
    fates = await suite.fates(bench, at, mutants, known, lambda done, of: None)
    assert {one.line for one in mutants} == {2, 9}, mutants
    assert set(fates) == {"noticed"}, list(zip(mutants, fates, strict=True))


def test_what_an_import_enters() -> None:
    text = "def a():\n    return b()\n\n\ndef b():\n    return 1\n\n\ndef c():\n    return a()\n\n\ndef d(f):\n    return f\n\n\n@d\ndef e():\n    return c()\n\n\nX = a()\n"
    assert suite.at_import(text) == {1, 2, 5, 6, 13, 14}
