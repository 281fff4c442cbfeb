"""Which tests are found and what they are believed, by how a project is laid out: one case for each layout and rule."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from assay.assistant.nouns import Counts, Unverified
from assay.assistant.shapes import state
from assay.assistant.workbench import Workbench
from tests.containers.conftest import judge

CALC = "def double(x):\n    return 2 * x\n"
WRONG = ("2 * x", "2 + x")
USES = "from calc import double\n"
TEST = "def test_it({0}):\n{1}    assert double(3) == 6\n"


@dataclass(frozen=True, slots=True)
class Case:
    """A project's files, one edit of calc.py, and what is to come of it: the state, or the reason, and words of the sentence."""

    files: dict[str, str]
    edit: tuple[str, str]
    state: str
    why: str = ""
    calc: str = CALC
    path: str = "calc.py"
    counts: Counts | None = None
    more: tuple[tuple[str, str], ...] = field(default=())


CASES = {
    "tests in a nested class": Case(
        {"test_calc.py": f"{USES}\n\nclass TestAll:\n    class TestInner:\n        def test_it(self):\n            assert double(3) == 6\n"},
        WRONG, "failed", "TestInner::test_it"),
    "tests under a condition of the module": Case(
        {"test_calc.py": f"import sys\n{USES}\nif sys.version_info > (3,):\n    def test_it():\n        assert double(3) == 6\n"},
        WRONG, "failed", "test_calc.py::test_it"),
    "tests that a mixin of another file brings": Case(
        {"checks.py": f"{USES}\n\nclass Mixin:\n    def test_it(self):\n        assert double(3) == 6\n",
         "test_calc.py": "from checks import Mixin\n\n\nclass TestReal(Mixin):\n    pass\n\n\ndef test_more():\n    from calc import double\n    assert double(2) == 4\n"},
        WRONG, "failed", "TestReal::test_it"),
    "test files by the project's own pattern": Case(
        {"pyproject.toml": "[tool.pytest.ini_options]\npython_files = ['check_*.py']\n", "check_calc.py": USES + TEST.format("", "")},
        WRONG, "failed", "check_calc.py::test_it"),
    "a test that imports by name": Case(
        {"test_calc.py": "import importlib\n\n\ndef test_it():\n    assert importlib.import_module('calc').double(3) == 6\n"},
        WRONG, "failed", "test_calc.py::test_it"),
    "examples in prose that the project tests": Case(
        {"pytest.ini": "[pytest]\naddopts = -x --cov=calc --doctest-glob='*.rst'\n", "guide.rst": ">>> from calc import double\n>>> double(3)\n6\n"},
        WRONG, "failed", "guide.rst"),
    "what only looks like a test by its name": Case(
        {"test_calc.py": f"import pytest\n{USES}\n\n@pytest.fixture\ndef test_url():\n    return 'x'\n\n\nclass MyTestCaseBase:\n    def test_no(self):\n"
                         f"        assert False\n\n\nclass Shared(MyTestCaseBase):\n    def test_neither(self):\n        assert False\n\n\n{TEST.format('', '')}"},
        ("2 * x", "x * 2"), "passed", "1 test executing it passes."),
    "parameters that differ from run to run": Case(
        {"test_calc.py": f"import uuid\nimport pytest\n{USES}\n\n@pytest.mark.parametrize('n', [uuid.uuid4().hex, uuid.uuid4().hex])\n{TEST.format('n', '')}"},
        ("2 * x", "x * 2"), "passed", "2 tests executing it pass."),
    "a module that could not be imported before": Case(
        {"test_calc.py": f"import pytest\n{USES}\n\n@pytest.mark.parametrize('n', [1, 2])\n{TEST.format('n', '')}"},
        ("    return x +\n", "    return 2 * x\n"), "passed", "It makes 2 tests pass.", "def double(x):\n    return x +\n"),
    "a name that is missing at import before": Case(
        {"test_calc.py": f"import pytest\n{USES}\n\n@pytest.mark.parametrize('n', [1, 2])\n{TEST.format('n', '')}"},
        ("TWO\n\n", "2\n\n\nTWO = 2\n\n"), "unverified", "", "ONE = TWO\n\n\ndef double(x):\n    return 2 * x\n"),
    "a test file does not prove itself": Case(
        {"calc.py": CALC, "test_calc.py": USES + TEST.format("", "")}, ("== 6", "> 0"), "unverified", "does not prove itself", path="test_calc.py"),
    "two hunks around a function that is not touched": Case(
        {"test_calc.py": USES + TEST.format("", "")}, ("a = 1", "a = 3"), "no-tests", "No test that ran executes a changed line.",
        f"def first():\n    a = 1\n    return a\n\n\n{CALC}\n\ndef last():\n    b = 2\n    return b\n", more=(("b = 2", "b = 4"),)),
    "a comment above a header, and a line under it that never runs": Case(
        {"test_calc.py": USES + TEST.format("", "")}, ("    if x < 0:\n        return -1", "    # negative\n    if x < 0:\n        return -2"), "no-tests", "",
        "def double(x):\n    if x < 0:\n        return -1\n    return 2 * x\n"),
    "half of the changed lines are executed": Case(
        {"test_calc.py": USES + TEST.format("", "")}, ("    return 2 * x", "    if x < 0:\n        y = -x\n        return -2 * y\n    return 2 * x + 0"),
        "partly-executed", "but 2 of 4 changed lines were executed", counts=Counts(2, 4, 1, 1)),
    "more than half of the changed lines are executed": Case(
        {"test_calc.py": USES + TEST.format("", "")}, ("    return 2 * x", "    y = x\n    if y < 0:\n        return 0\n    return 2 * y"),
        "passed", "3 of 4 changed lines were executed", counts=Counts(3, 4, 1, 1)),
    "one way of a conditional expression": Case(
        {"test_calc.py": USES + TEST.format("", "")}, ("2 * x", "2 * x if x > 0 else 7"), "partly-executed", "1 of 2", counts=Counts(1, 2, 1, 1)),
    "both ways of a conditional expression": Case(
        {"test_calc.py": USES + TEST.format("", "    assert double(-3) == -6\n")}, ("2 * x", "2 * x if x > 0 else x + x"), "passed", "", counts=Counts(2, 2, 1, 1)),
    "a return on its condition's line that never runs": Case(
        {"test_calc.py": USES + TEST.format("", "")}, ("    return 2 * x", "    if x < 0: return 9\n    return 2 * x"), "partly-executed", "1 of 2"),
    "a line at module level is not proved by its import": Case(
        {"test_calc.py": USES + TEST.format("", "")}, ("LIMIT = 3", "LIMIT = 4"), "no-tests", "", f"LIMIT = 3\n\n\n{CALC}"),
    "a line at module level is proved by a function that uses it": Case(
        {"test_calc.py": USES + TEST.format("", "")}, ("FACTOR = 1 + 1", "FACTOR = 2"), "passed", "", "FACTOR = 1 + 1\n\n\ndef double(x):\n    return FACTOR * x\n"),
    "a line at module level that breaks what uses it": Case(
        {"test_calc.py": USES + TEST.format("", "")}, ("FACTOR = 2", "FACTOR = 3"), "failed", "assert 9 == 6", "FACTOR = 2\n\n\ndef double(x):\n    return FACTOR * x\n"),
    "a table that is made as the module is imported": Case(
        {"test_calc.py": "from calc import TABLE\n\n\ndef test_table():\n    assert TABLE == [0, 2, 4]\n"}, WRONG, "failed", "test_table",
        f"{CALC}\n\nTABLE = [double(n) for n in range(3)]\n"),
    "an import above that reaches for the harness": Case(
        {"test_calc.py": USES + TEST.format("", "")}, ("def double", "import gc\n\n\ndef double"), "touches-harness", "It imports gc", more=(("2 * x", "x * 2"),)),
    "one test that is red either way": Case(
        {"test_calc.py": f"{USES}\n\ndef test_bad():\n    assert double(0) == 1\n\n\n{TEST.format('', '')}"}, ("x + x + x", "2 * x"), "passed",
        "It makes 1 test pass. 1 test is red either way.", "def double(x):\n    return x + x + x\n"),
    "a fixture whose plugin is not here": Case(
        {"test_calc.py": f"{USES}\n\n{TEST.format('mocker', '')}"}, ("2 * x", "x * 2"), "no-tests", "fixture 'mocker' not found"),
    "async tests without their plugin": Case(
        {"test_calc.py": f"{USES}\n\nasync {TEST.format('', '')}"}, ("2 * x", "x * 2"), "no-tests", "Async tests need a plugin"),
    "a test that counts the lines of the file": Case(
        {"test_calc.py": f"{USES}\n\ndef test_lines():\n    assert len(open('calc.py').readlines()) == 2\n\n\n{TEST.format('', '')}"},
        ("    return 2 * x", "    # twice\n    return x * 2"), "no-tests", "though nothing of it was seen to be executed"),
    "a program that a test starts": Case(
        {"test_calc.py": f"import subprocess, sys\n{USES}\n\ndef test_it():\n    code = 'import calc; print(calc.double(3))'\n"
                         "    assert subprocess.run([sys.executable, '-c', code], capture_output=True).stdout == b'6\\n'\n\n\ndef test_more():\n    assert double(2) == 4\n"},
        WRONG, "no-tests", "test_calc.py::test_it"),
    "a subtest that fails": Case(
        {"test_calc.py": f"import unittest\n{USES}\n\nclass TestIt(unittest.TestCase):\n    def test_it(self):\n        for n in (2, 3):\n"
                         "            with self.subTest(n=n):\n                self.assertEqual(double(n), 2 * n)\n"},
        WRONG, "failed", "TestIt::test_it"),
    "a fixture of the module that fails as it ends": Case(
        {"test_calc.py": f"import pytest\n{USES}\n\n@pytest.fixture(scope='module')\ndef got():\n    found = []\n    yield found\n    assert found == [6]\n\n\n"
                         "def test_it(got):\n    got.append(double(3))\n"},
        WRONG, "failed", "test_it"),
    "a class that is set up once": Case(
        {"test_calc.py": f"import unittest\n{USES}\nCOUNT = []\n\n\nclass TestIt(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls):\n        COUNT.append(1)\n\n"
                         + "".join(f"    def test_{n}(self):\n        assert double({n}) == {2 * n}\n        assert len(COUNT) == 1\n\n" for n in range(6))},
        ("2 * x", "x * 2"), "passed", "6 tests executing it pass."),
    "a test that is red in company alone": Case(
        {"test_calc.py": "from calc import gather\n\n\ndef test_a():\n    assert gather(1) == [1]\n\n\ndef test_b():\n    assert gather(2) == [2]\n"},
        ("def gather(x, into=None):\n    into = into or []\n", "def gather(x, into=[]):\n"), "failed", "test_b",
        "def gather(x, into=None):\n    into = into or []\n    into.append(x)\n    return into\n"),
    "a method that is taken out": Case(
        {"test_calc.py": "from calc import Square\n\n\ndef test_area():\n    assert Square(3).area() == 9\n"},
        ("\n    def area(self):\n        return self.x ** 2\n", ""), "failed", "test_area",
        "class Shape:\n    def __init__(self, x):\n        self.x = x\n\n    def area(self):\n        return 0\n\n\nclass Square(Shape):\n    kind = 'square'\n\n    def area(self):\n        return self.x ** 2\n"),
    "a name that does not exist, in a part that never ran": Case(
        {"test_calc.py": USES + TEST.format("", "")}, ("return 2 * x", "return 2 * x or textwrap.dedentt(x)"), "failed", "has no dedentt", f"import textwrap\n\n\n{CALC}"),
    "a handler on one line that never runs": Case(
        {"test_calc.py": "from calc import first\n\n\ndef test_it():\n    assert first({1: 6}) == 6\n"}, ("return 0", "return 99"), "no-tests", "",
        "def first(x):\n    try:\n        return x[1]\n    except KeyError: return 0\n"),
    "a member of a class that another class has by its name": Case(
        {"test_calc.py": "from calc import Other\n\n\ndef test_it():\n    assert Other().get() == 6\n"}, ("name = 'x'", "name = 'wrong'"), "no-tests", "",
        "class Config:\n    name = 'x'\n\n\nclass Other:\n    def __init__(self):\n        self.name = 6\n\n    def get(self):\n        return self.name\n"),
    "a constant that is used in a branch that never runs": Case(
        {"test_calc.py": USES + TEST.format("", "")}, ("LIMIT = 10", "LIMIT = 99999"), "no-tests", "",
        "LIMIT = 10\n\n\ndef double(x):\n    if x < 0:\n        return LIMIT\n    return 2 * x\n"),
    "a long way of imports": Case(
        {**{f"m{n}.py": f"from {'calc' if n == 0 else f'm{n - 1}'} import double\n" for n in range(6)}, "test_far.py": f"from m5 import double\n\n\n{TEST.format('', '')}"},
        WRONG, "failed", "test_far.py::test_it"),
    "a plugin that is named in conftest": Case(
        {"conftest.py": "pytest_plugins = ['fx']\n", "fx.py": f"import pytest\n{USES}\n\n@pytest.fixture\ndef six():\n    return double(3)\n", "test_calc.py": "def test_it(six):\n    assert six == 6\n"},
        WRONG, "failed", "test_it"),
    "a class without a body of its own": Case(
        {"test_calc.py": "import pytest\nfrom calc import MyError, fail\n\n\ndef test_it():\n    with pytest.raises(MyError):\n        fail()\n"},
        ("def fail():\n    raise ValueError\n", "class MyError(ValueError):\n    pass\n\n\ndef fail():\n    raise MyError\n"), "passed", "It makes 1 test pass.", "def fail():\n    raise ValueError\n"),
    "marks of a plugin that is not here, and strict": Case(
        {"pytest.ini": "[pytest]\naddopts = --strict-markers -W error\n", "test_calc.py": f"import pytest\n{USES}\n\n@pytest.mark.timeout(5)\n{TEST.format('', '')}"},
        WRONG, "failed", "test_it"),
    "a change that ends the whole run": Case(
        {"test_calc.py": f"{USES}\n\ndef test_a():\n    pass\n\n\ndef test_b():\n    assert double(1) == 2\n\n\ndef test_c():\n    pass\n"},
        ("    return 2 * x", "    import os\n    os.abort()"), "failed", "The whole run ends in a test that passed without it: test_calc.py::test_b: it gave no result (exit 134"),
    "a name that only running it shows": Case(
        {"test_calc.py": "from calc import wrapped\n\n\ndef test_it():\n    assert wrapped.again(3) == 6\n"},
        ("        return x\n", "        return self.__wrapped__(x)\n"), "passed", "",
        "import functools\n\n\ndef double(x):\n    return 2 * x\n\n\nclass Wrapped:\n    def __init__(self, f):\n        functools.update_wrapper(self, f)\n\n"
        "    def again(self, x):\n        return x\n\n\nwrapped = Wrapped(double)\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
async def test_layout_or_rule(bench: Workbench, tmp_path: Path, name: str) -> None:
    case = CASES[name]
    for path, text in {"pyproject.toml": "", "calc.py": case.calc, **case.files}.items():
        (tmp_path / path).write_text(text)
    after = (tmp_path / case.path).read_text()
    for old, new in (case.edit, *case.more):
        assert old in after
        after = after.replace(old, new, 1)
    found = await judge(bench, tmp_path / case.path, after)
    told = (
        found.reason
        if isinstance(found, Unverified) and case.state not in ("passed", "failed", "unverified")
        else state(found)
    )
    assert (told, case.why in found.why) == (case.state, True), found
    if case.counts is not None:
        counts = next(check.counts for check in found.checks if check.name == "tests")
        assert counts is not None
        assert replace(counts, files=(), harness="") == case.counts
        assert [(one.executed, one.changed) for one in counts.files] == [(counts.executed, counts.changed)]
