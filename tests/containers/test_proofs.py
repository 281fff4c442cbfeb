"""What was proved once is not run again, as long as nothing that went into it has changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assay.assistant.nouns import Failed, Passed, Unverified
from assay.assistant.proof.verdict import Limits
from assay.assistant.workbench import Workbench
from sandbox.api import NO_PROGRESS, Health, Job, Progress, Project, Sandbox, StepOutcome
from tests.containers.conftest import judge

BOX = "\n\nclass Box:\n    def __init__(self, x):\n        self.x = x\n"
RIGHT, OTHER = f"def double(x):\n    return 2 * x\n{BOX}", f"def double(x):\n    return x + x\n{BOX}"


class Counting:
    """A sandbox that remembers what it was asked."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.steps: list[int] = []

    async def run(self, job: Job, progress: Progress = NO_PROGRESS) -> tuple[StepOutcome, ...]:
        self.steps.append(len(job.steps))
        return await self._sandbox.run(job, progress)

    async def warm(self, project: Project) -> None:
        await self._sandbox.warm(project)

    def health(self) -> Health:
        return self._sandbox.health()

    async def close(self) -> None:
        await self._sandbox.close()


@pytest.fixture
def counting(bench: Workbench) -> tuple[Workbench, Counting]:
    sandbox = Counting(bench.sandbox)
    return replace(bench, sandbox=sandbox), sandbox


async def test_the_same_change_is_run_once(counting, project: Path) -> None:
    bench, sandbox = counting
    first = await judge(bench, project / "calc.py", RIGHT)
    again = await judge(bench, project / "calc.py", RIGHT)
    assert sandbox.steps == [2, 1]  # with it and ruff, and without it
    assert isinstance(first, Passed)
    assert isinstance(again, Passed)
    assert [(c.name, c.state, c.detail) for c in again.checks] == [(c.name, c.state, c.detail) for c in first.checks]


async def test_another_candidate_shares_the_run_without_it(counting, project: Path) -> None:
    bench, sandbox = counting
    await judge(bench, project / "calc.py", RIGHT)
    verdict = await judge(bench, project / "calc.py", OTHER)
    assert sandbox.steps == [2, 1, 2]
    assert "makes 2 tests pass" in verdict.why


async def test_a_changed_test_is_run_again(counting, project: Path) -> None:
    bench, sandbox = counting
    assert isinstance(await judge(bench, project / "calc.py", RIGHT), Passed)
    tests = project / "test_calc.py"
    tests.write_text(tests.read_text() + "\n\ndef test_four():\n    assert double(4) == 9\n")
    bench.projects.forget(project)
    verdict = await judge(bench, project / "calc.py", RIGHT)
    assert sandbox.steps == [2, 1, 2, 1]
    assert isinstance(verdict, Unverified)


async def test_what_is_unverified_is_run_again(counting, project: Path) -> None:
    bench, sandbox = counting
    half = RIGHT.replace("2 * x", "4 if x == 2 else x * x")
    for _ in range(2):
        assert isinstance(await judge(bench, project / "calc.py", half), Unverified)
    assert sandbox.steps == [2, 1, 2]


async def test_a_failure_is_remembered_too(counting, project: Path) -> None:
    bench, sandbox = counting
    (project / "calc.py").write_text(RIGHT)
    for _ in range(2):
        assert isinstance(await judge(bench, project / "calc.py", RIGHT.replace("2 * x", "x")), Failed)
    assert sandbox.steps == [2, 1, 1, 1]  # what was broken ran once more, watched and not


async def test_unlikely_tests_that_did_not_execute_a_function_are_not_run_for_it_again(counting, project: Path) -> None:
    bench, sandbox = counting
    unlikely = "".join(f"def test_{n}():\n    assert Box\n\n\n" for n in range(50))
    (project / "test_calc.py").write_text(f"from calc import Box\n\n\n{unlikely}")
    for after in (RIGHT, OTHER):
        verdict = await judge(bench, project / "calc.py", after, Limits())
        assert isinstance(verdict, Unverified)
        assert verdict.reason == "no-tests"
    assert len(sandbox.steps) == 3  # both batches for the first candidate, the likely ones for the second
