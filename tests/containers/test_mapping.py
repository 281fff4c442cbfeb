"""The coverage map as it is recorded and used, in real containers."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.assistant.nouns import Failed, Passed, Verdict
from assay.assistant.proof import mapping
from assay.assistant.workbench import Workbench
from tests.containers.conftest import judge

CALC = "def double(x):\n    return 2 * x\n\n\ndef triple(x):\n    return 3 * x\n"
TESTS = (
    "import pytest\nfrom calc import double, triple\n\n\n@pytest.fixture(scope='module')\ndef four():\n    return double(2)\n\n\n"
    "def test_first(four):\n    assert four\n\n\ndef test_second(four):\n    assert four == 4\n\n\n"
    "@pytest.mark.parametrize('n', [1, 2])\ndef test_triple(n):\n    assert triple(n) == 3 * n\n"
)


@pytest.fixture
def mapped(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text("")
    (root / "calc.py").write_text(CALC)
    (root / "test_calc.py").write_text(TESTS)
    return root


def counted(verdict: Verdict) -> tuple[int, int, str]:
    counts = next(check.counts for check in verdict.checks if check.name == "tests")
    assert counts is not None
    return counts.run, counts.reaching, counts.chosen


async def test_a_change_runs_the_tests_that_entered_it(bench: Workbench, mapped: Path) -> None:
    told: list[tuple[int, int]] = []
    found = await mapping.record(bench, mapped, lambda done, owing: told.append((done, owing)))
    assert told == [(0, 1), (1, 1)]
    assert found.entered["test_calc.py::test_triple"] == {"test_calc.py::test_triple", "calc.py::triple"}
    verdict = await judge(bench, mapped / "calc.py", CALC.replace("3 * x", "x * 3"))
    assert isinstance(verdict, Passed)
    assert counted(verdict) == (2, 2, "map")


async def test_what_a_fixture_of_several_tests_entered_reaches_all_of_them(bench: Workbench, mapped: Path) -> None:
    await mapping.record(bench, mapped)
    verdict = await judge(bench, mapped / "calc.py", CALC.replace("2 * x", "3 * x"))
    assert isinstance(verdict, Failed)
    assert "test_second" in verdict.why
    assert counted(verdict) == (2, 2, "map")


async def test_only_what_changed_is_recorded_again(bench: Workbench, mapped: Path) -> None:
    await mapping.record(bench, mapped)
    (mapped / "calc.py").write_text(CALC.replace("3 * x", "x + x + x"))
    bench.projects.forget(mapped)
    told: list[tuple[int, int]] = []
    await mapping.record(bench, mapped, lambda done, owing: told.append((done, owing)))
    assert told == [(0, 1), (1, 1)]
    told.clear()
    await mapping.record(bench, mapped, lambda done, owing: told.append((done, owing)))
    assert told == []


async def test_a_test_that_is_new_runs_though_it_is_not_in_the_map(bench: Workbench, mapped: Path) -> None:
    await mapping.record(bench, mapped)
    (mapped / "test_new.py").write_text("from calc import triple\n\n\ndef test_five():\n    assert triple(5) == 15\n")
    bench.projects.forget(mapped)
    verdict = await judge(bench, mapped / "calc.py", CALC.replace("3 * x", "3 * x if x < 5 else 0"))
    assert isinstance(verdict, Failed)
    assert "test_five" in verdict.why


async def test_where_the_map_is_of_no_use_the_imports_are(bench: Workbench, mapped: Path) -> None:
    await mapping.record(bench, mapped)
    after = CALC.replace("return 3 * x", "return half(6 * x)")
    (mapped / "calc.py").write_text(after)
    bench.projects.forget(mapped)
    verdict = await judge(bench, mapped / "calc.py", f"{after}\n\ndef half(x):\n    return x // 2\n")
    assert isinstance(verdict, Passed)
    assert verdict.why.startswith("It makes 2 tests pass")


STARTS = {
    "a program": "def test_far():\n    code = 'import calc; print(calc.triple(3))'\n    assert subprocess.run([sys.executable, '-c', code], capture_output=True).stdout == b'9\\n'\n",
    "a program that a fixture of the module starts": "@pytest.fixture(scope='module')\ndef said():\n    code = 'import calc; print(calc.triple(3))'\n    return subprocess.run([sys.executable, '-c', code], capture_output=True).stdout\n\n\n"
    "def test_other(said):\n    pass\n\n\ndef test_far(said):\n    assert said == b'9\\n'\n",
    "processes by multiprocessing": "def test_far():\n    with multiprocessing.get_context('spawn').Pool(1) as pool:\n        assert pool.map(calc.triple, [3]) == [9]\n",
    "a forked process": "def test_far():\n    with multiprocessing.get_context('fork').Pool(1) as pool:\n        assert pool.map(calc.triple, [3]) == [9]\n",
}


@pytest.mark.parametrize("name", STARTS)
async def test_who_starts_processes_reaches_every_change_with_a_map_too(
    bench: Workbench, mapped: Path, name: str
) -> None:
    (mapped / "test_calc.py").write_text("import calc\n\n\ndef test_near():\n    assert calc.triple(0) == 0\n")
    (mapped / "test_far.py").write_text(
        f"import multiprocessing, subprocess, sys\nimport pytest\nimport calc\n\n\n{STARTS[name]}"
    )
    found = await mapping.record(bench, mapped)
    assert found.entered["test_far.py::test_far"] is None
    verdict = await judge(bench, mapped / "calc.py", CALC.replace("3 * x", "2 * x"))
    assert not isinstance(verdict, Passed), verdict
