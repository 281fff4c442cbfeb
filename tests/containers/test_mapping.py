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
