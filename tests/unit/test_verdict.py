"""Verdicts as they come: at once, at the deadline, early, late; and what each says. The runs are told, nothing is executed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from analyzers.names import Looked, Names
from analyzers.text import Snapshot, changed_span
from assay.assistant.complete import choice
from assay.assistant.nouns import Failed, Passed, Unverified, Verdict
from assay.assistant.proof import sentences
from assay.assistant.proof.verdict import Limits, begin, patient
from assay.assistant.workbench import Workbench
from assay.assistant.world.change import Change, one_file
from assay.assistant.world.world import World
from sandbox.api import (
    NO_PROGRESS,
    Health,
    Job,
    Progress,
    Project,
    Running,
    SandboxUnavailable,
    Step,
    StepOutcome,
    TestReport,
    TestResult,
)
from tests.unit.conftest import Make

BEFORE = "def double(x):\n    return x\n"
AFTER = "def double(x):\n    return 2 * x\n"
TEST = "test_calc.py::test_double"
NOW, SOON = Limits(5.0, 0.0), Limits(5.0, 5.0)


def report(*tests: TestResult, finished: bool = True, control: str = "failed", **more: object) -> StepOutcome:
    told = TestReport(tests, control=control, finished=finished)
    return StepOutcome(1, 0, False, False, "", "", False, 5.0, tests=told, **more)  # type: ignore[arg-type]


GREEN = report(TestResult(TEST, "passed", hit=(0,)))
RED = report(TestResult(TEST, "failed", hit=(0,), detail="assert 2 == 4"))
PAST = report(TestResult(TEST, "passed", hit=()))
STYLE = StepOutcome(0, 0, False, False, "[]", "", False, 1.0)


class Told:
    """A sandbox that says what it is told: the outcome with the change, ruff's, and without it; each when its event is set."""

    def __init__(
        self,
        after: StepOutcome,
        before: StepOutcome = RED,
        style: StepOutcome = STYLE,
        is_running: Running | None = None,
    ) -> None:
        self.is_running = is_running
        self.outcomes = (after, style, before)
        self.go = [asyncio.Event() for _ in self.outcomes]
        self.jobs: list[Job] = []
        self.was_cancelled = False

    def let(self, *numbers: int) -> Told:
        for number in numbers or range(len(self.go)):
            self.go[number].set()
        return self

    async def run(self, job: Job, progress: Progress = NO_PROGRESS) -> tuple[StepOutcome, ...]:
        self.jobs.append(job)
        progress.started()
        if self.is_running is not None:
            progress.running(0, self.is_running)
        try:
            for number, _ in enumerate(job.steps):
                await self.go[number].wait()
                progress.outcome(number, self.outcomes[number])
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        return self.outcomes[: len(job.steps)]

    async def warm(self, project: Project) -> None:
        return None

    def health(self) -> Health:
        return Health("ready", "image")

    async def close(self) -> None:
        return None


class Away(Told):
    """A sandbox whose engine went away."""

    async def run(self, job: Job, progress: Progress = NO_PROGRESS) -> tuple[StepOutcome, ...]:
        raise SandboxUnavailable("Sandbox off: the engine is gone.", "Start it.")


@pytest.fixture
def change(tmp_path: Path) -> Change:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "test_calc.py").write_text(
        "from calc import double\n\n\ndef test_double():\n    assert double(2) == 4\n"
    )
    return changed(tmp_path, BEFORE, AFTER)


def changed(root: Path, before: str, after: str) -> Change:
    path = root / "calc.py"
    path.write_text(before)
    _, span = changed_span(before, after)
    return one_file(World(root), Snapshot(path.as_uri(), str(path), 0, before), after, span)


def bench_with(make: Make, sandbox: Told) -> Workbench:
    return replace(make("x"), sandbox=sandbox)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import sys\n\nfor x in sys.argv:\n    print(x)\nprint(1)\n", "import sys\n\nfor x in sys.argv:\n    print(x)\n    print(x, x)\nprint(1)\n"),
        ("def b(): pass\n\n\nif b:\n    b()\nb()\n", "def b(): pass\n\n\nif b:\n    b()\nelse:\n    b()\n"),
        ("try:\n    x = 1\nexcept ValueError:\n    pass\nprint(1)\n", "try:\n    x = 1\nexcept ValueError:\n    raise\nprint(1)\n"),
        ("N = [\n    1,\n]  # primes\n", "N = [\n    1,\n    2,\n]  # primes\n"),
        ("x = 1\r\n\r\n\r\ndef f():\r\n    return x\r\n", "x = 1\r\n\r\n\r\ndef f():\r\n    y = 2\r\n    return x + y\r\n"),
        ("", "x = 1"),
        ("def f():\n    return 1\n", ""),
    ],
)  # fmt: skip
async def test_a_text_that_parses_is_never_failed_for_parsing(
    make: Make, tmp_path: Path, before: str, after: str
) -> None:
    found = (await begin(make("x"), changed(tmp_path, before, after), patient(make("x").settings))).now
    assert not isinstance(found, Failed), found


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ('"""Doc."""\n\nimport a\n', '"""Doc.\n\nimport b\n', "unterminated triple-quoted string literal"),
        (
            "x = (1,\n     2)\n\n\ndef f():\n    pass\n",
            "x = (1,\n     2\n\n\ndef f():\n    pass\n",
            "Expected `)`, found newline: 2",
        ),
    ],
)
async def test_a_change_that_breaks_the_file_is_failed(
    make: Make, tmp_path: Path, before: str, after: str, why: str
) -> None:
    found = (await begin(make("x"), changed(tmp_path, before, after), patient(make("x").settings))).now
    assert isinstance(found, Failed)
    assert found.why.startswith(why)


async def verdict(make: Make, change: Change, sandbox: Told, limits: Limits = SOON) -> Verdict:
    return (await begin(bench_with(make, sandbox), change, limits)).now


def check(found: Verdict, name: str) -> str:
    return next(one.state for one in found.checks if one.name == name)


async def test_of_redacted_files_a_red_test_fails_nothing_and_each_verdict_says_so(make: Make, change: Change) -> None:
    for after, before, kind in ((RED, GREEN, Unverified), (GREEN, RED, Passed)):
        bench = replace(make("x", sandbox__remote=True), sandbox=Told(after, before).let())
        found = (await begin(bench, change, SOON)).now
        assert isinstance(found, kind)
        assert "with what looks like a secret in them replaced" in found.why


async def test_green_tests_speak_for_a_change_though_others_are_left(make: Make, change: Change) -> None:
    left = report(
        TestResult(TEST, "passed", hit=(0,)), TestResult("test_calc.py::test_other", "left"), finished=False, hung=False
    )
    sandbox = Told(replace(left, timed_out=True), left).let()
    found = await verdict(make, change, sandbox)
    assert isinstance(found, Unverified)
    assert (found.reason, found.green) == ("tests-left", 1)


async def test_red_to_green_is_passed_and_told(make: Make, change: Change) -> None:
    found = await verdict(make, change, Told(GREEN).let())
    assert isinstance(found, Passed)
    assert found.why == "It makes 1 test pass."
    assert [(c.name, c.state) for c in found.checks] == [
        (n, "passed") for n in ("parse", "ruff", "names", "tests", "style")
    ]


@pytest.mark.parametrize(
    ("after", "before", "kind", "why"),
    [
        (GREEN, GREEN, Passed, "1 test executing it passes."),
        (RED, GREEN, Failed, f"1 test that passed without it fails: {TEST}: assert 2 == 4"),
        (RED, RED, Unverified, f"1 test fails with and without it: {TEST}: assert 2 == 4"),
        (PAST, PAST, Unverified, "No test that ran executes a changed line."),
        (replace(GREEN, touched=("conftest.py",)), RED, Unverified, "Files that steer the tests changed during the run (conftest.py), so the run proves nothing."),
        (report(TestResult(TEST, "passed", hit=(0,)), control="passed"), RED, Unverified, "The control test, which must fail, was not reported as failed, so the run proves nothing."),
        (report(finished=False), GREEN, Failed, f"1 test that passed without it fails: {TEST}: it gave no result (exit 1)"),
        (replace(RED, timed_out=True), GREEN, Failed, f"1 test that passed without it fails: {TEST}: it did not end in time. A test that gives no sign of life for 15 s is ended."),
        (replace(RED, oom=True), GREEN, Failed, f"1 test that passed without it fails: {TEST}: it used too much memory"),
    ],
)  # fmt: skip
async def test_what_the_runs_say(
    make: Make, change: Change, after: StepOutcome, before: StepOutcome, kind: type[Verdict], why: str
) -> None:
    found = await verdict(make, change, Told(after, before).let())
    assert isinstance(found, kind)
    assert found.why == why


async def test_a_missing_module_says_where_to_look(make: Make, change: Change) -> None:
    lost = report(TestResult(TEST, "missing", detail="it could not be collected: ModuleNotFoundError: numpy"))
    found = await verdict(make, change, Told(lost, lost).let())
    assert "`assay doctor`" in found.why


async def test_a_sandbox_that_went_away_is_no_failed_program(make: Make, change: Change) -> None:
    found = await verdict(make, change, Away(GREEN))
    assert isinstance(found, Unverified)
    assert (found.reason, found.why) == ("no-sandbox", "Sandbox off: the engine is gone. Start it.")


async def test_nothing_is_changed(make: Make, change: Change) -> None:
    found = await verdict(make, replace(change, files=(replace(change.first, after=BEFORE),)), Told(GREEN))
    assert found == Unverified((), "no-tests", "Nothing is changed.")


async def test_at_the_deadline_it_is_unverified_and_goes_on(make: Make, change: Change) -> None:
    sandbox = Told(GREEN)
    proof = await begin(bench_with(make, sandbox), change, Limits(5.0, 0.3))
    assert isinstance(proof.now, Unverified)
    assert (proof.now.reason, check(proof.now, "tests"), proof.goes_on) == ("deadline", "unverified", True)
    sandbox.let()
    assert isinstance(await proof.later(), Passed)


async def test_a_run_that_was_green_is_passed_before_the_run_without_it(make: Make, change: Change) -> None:
    sandbox = Told(GREEN).let(0, 1)
    proof = await begin(bench_with(make, sandbox), change, Limits(5.0, 0.5))
    assert isinstance(proof.now, Passed)
    assert (proof.now.why, proof.goes_on) == ("1 test executing it passes.", True)
    sandbox.let(2)
    assert (await proof.later()).why == "It makes 1 test pass."


async def test_a_machine_that_is_too_busy_to_run_the_tests_is_waited_for(make: Make, change: Change) -> None:
    for waited_ms, kind in ((0.0, Unverified), (2000.0, Passed)):
        sandbox, told = Told(GREEN, is_running=Running(1, waited_ms)), list[tuple[int, ...]]()
        asyncio.get_running_loop().call_later(0.7, sandbox.let)
        proof = await begin(
            bench_with(make, sandbox), change, Limits(5.0, 0.3), lambda begun, of, told=told: told.append((begun, of))
        )
        assert isinstance(proof.now, kind)
        assert told == [(1, 1)]
        proof.cancel()


async def test_who_does_not_wait_gets_what_is_known(make: Make, change: Change) -> None:
    proof = await begin(bench_with(make, Told(GREEN)), change, NOW)
    assert isinstance(proof.now, Unverified)
    assert proof.now.reason == "deadline"
    proof.cancel()


async def test_a_cancelled_proof_ends_its_run(make: Make, change: Change) -> None:
    sandbox = Told(GREEN)
    proof = await begin(bench_with(make, sandbox), change, Limits(5.0, 0.2))
    proof.cancel()
    with pytest.raises(asyncio.CancelledError):
        await proof.later()
    assert sandbox.was_cancelled


async def test_a_cancelled_begin_ends_its_run(make: Make, change: Change) -> None:
    sandbox = Told(GREEN)
    beginning = asyncio.create_task(begin(bench_with(make, sandbox), change, SOON))
    while not sandbox.jobs:
        await asyncio.sleep(0.005)
    beginning.cancel()
    await asyncio.wait({beginning})
    await asyncio.sleep(0)
    assert sandbox.was_cancelled


async def test_a_final_verdict_does_not_go_on(make: Make, change: Change) -> None:
    proof = await begin(bench_with(make, Told(GREEN).let()), change, SOON)
    assert not proof.goes_on
    assert await proof.later() is proof.now


async def test_the_same_change_is_run_once(make: Make, change: Change) -> None:
    sandbox = Told(GREEN).let()
    bench = bench_with(make, sandbox)
    for _ in range(2):
        assert isinstance((await begin(bench, change, SOON)).now, Passed)
    assert len(sandbox.jobs) == 1


async def test_the_static_policy_runs_nothing(make: Make, change: Change) -> None:
    bench = make("x", verify__policy="static")
    found = (await begin(bench, change, patient(bench.settings))).now
    assert isinstance(found, Unverified)
    assert (found.reason, check(found, "names")) == ("static-policy", "passed")


async def test_under_the_static_policy_a_name_that_does_not_exist_fails(make: Make, tmp_path: Path) -> None:
    wrong = changed(
        tmp_path,
        f"import textwrap\n{BEFORE}",
        f"import textwrap\n{BEFORE.replace('return x', 'return textwrap.dedentt(x)')}",
    )
    bench = make("x", verify__policy="static")
    found = (await begin(bench, wrong, patient(bench.settings))).now
    assert isinstance(found, Failed)
    assert (found.stage, found.why) == ("names", "textwrap (module textwrap) has no dedentt")


async def test_a_name_on_the_line_that_tests_execute_does_exist(make: Make, tmp_path: Path, change: Change) -> None:
    wrong = changed(
        tmp_path,
        f"import textwrap\n{BEFORE}",
        f"import textwrap\n{BEFORE.replace('return x', 'return textwrap.dedentt(x)')}",
    )
    passed = await verdict(make, wrong, Told(GREEN).let())
    assert isinstance(passed, Passed)
    assert next(c.detail for c in passed.checks if c.name == "names").startswith("overruled by the tests")
    failed = await verdict(make, wrong, Told(PAST, PAST).let())
    assert isinstance(failed, Failed)
    assert [u.instead for u in failed.unknown] == ["dedent"]


async def test_a_name_that_does_not_exist_is_no_failure_while_tests_may_show_that_it_does(
    make: Make, tmp_path: Path, change: Change
) -> None:
    wrong = changed(
        tmp_path,
        f"import textwrap\n{BEFORE}",
        f"import textwrap\n{BEFORE.replace('return x', 'return textwrap.dedentt(x)')}",
    )
    proof = await begin(bench_with(make, Told(GREEN)), wrong, Limits(5.0, 2.0))
    now = proof.now
    assert isinstance(now, Unverified)
    assert (now.reason, [one.instead for one in now.unknown]) == ("deadline", ["dedent"])
    assert now.why == "The checks were not finished in time, and so far: textwrap (module textwrap) has no dedentt."
    assert choice.refused(now, "balanced") == now.why, "nobody is offered it meanwhile"
    assert proof.goes_on
    proof.cancel()


async def test_what_is_undefined_is_told_for_a_repair(make: Make, tmp_path: Path) -> None:
    found = await verdict(make, changed(tmp_path, BEFORE, "def double(x):\n    return math.pi * x\n"), Told(GREEN))
    assert isinstance(found, Failed)
    assert (found.stage, found.undefined) == ("ruff", ("math",))


@pytest.mark.parametrize(
    ("after", "stage"),
    [("def double(x):\n    return (x\n", "parse"), ("def double(x):\n    x == 2\n    return x\n", "ruff")],
)
async def test_what_is_wrong_on_text_fails_without_a_run(make: Make, tmp_path: Path, after: str, stage: str) -> None:
    sandbox = Told(GREEN)
    found = await verdict(make, changed(tmp_path, BEFORE, after), sandbox)
    assert isinstance(found, Failed)
    assert (found.stage, sandbox.jobs) == (stage, [])


async def test_old_findings_are_not_held_against_a_change(make: Make, tmp_path: Path, change: Change) -> None:
    (tmp_path / "calc.py").write_text("")
    old = changed(tmp_path, f"undefined_name\n{BEFORE}", f"undefined_name\n{AFTER}")
    assert isinstance(await verdict(make, old, Told(GREEN).let()), Passed)


@pytest.mark.parametrize(
    ("after", "why"),
    [
        ("AWS = 'AKIAIOSFODNN7EXAMPLE'\n" + BEFORE, "The changed lines hold what looks like a secret, which goes into no container."),
        (BEFORE + "\n\ndef other():\n    return breakpoint()\n", "It uses breakpoint (`breakpoint`), so a green run would prove nothing."),
    ],
)  # fmt: skip
async def test_what_is_not_run_says_why(make: Make, tmp_path: Path, after: str, why: str) -> None:
    sandbox = Told(GREEN)
    bench = replace(make("x", sandbox__remote=True), sandbox=sandbox)
    found = (await begin(bench, changed(tmp_path, BEFORE, after), SOON)).now
    assert (found.why, sandbox.jobs) == (why, [])


async def test_a_document_outside_a_project_is_not_run(make: Make, change: Change) -> None:
    found = await verdict(
        make, one_file(change.world, Snapshot("untitled:1", "", 0, BEFORE), AFTER, change.first.span), Told(GREEN)
    )
    assert found.why == "It is not a file of a project, so no test reaches it."


async def test_ruffs_opinion_in_the_container_is_told_and_never_fails(make: Make, change: Change) -> None:
    said = '[{"code": "E501", "message": "Line too long", "location": {"row": 2}}, {"code": "X", "message": "y", "location": {"row": 9}}]'
    found = await verdict(make, change, Told(GREEN, style=replace(STYLE, stdout=said)).let())
    assert next((c.state, c.detail) for c in found.checks if c.name == "style") == ("passed", "E501 Line too long")
    found = await verdict(
        make, changed(change.root, BEFORE, AFTER + "\n"), Told(GREEN, style=replace(STYLE, stdout="?")).let()
    )
    assert check(found, "style") == "skipped"


@pytest.mark.parametrize(
    ("text", "kind", "why"),
    [
        ("return 2 * x", Unverified, sentences.SENTENCES["not whole"]),
        ("return dou", Failed, "F821 Undefined name `dou`"),
        ("return double(x, [", Unverified, sentences.SENTENCES["not whole"]),
        ("return ) x", Failed, "there is no way to go on from here"),
    ],
)
async def test_a_beginning_is_checked_as_far_as_it_goes(
    make: Make, tmp_path: Path, text: str, kind: type[Verdict], why: str
) -> None:
    begun = changed(tmp_path, "def double(x):\n    \n", f"def double(x):\n    {text}\n")
    sandbox = Told(GREEN)
    found = await verdict(make, replace(begun, is_whole=False), sandbox)
    assert isinstance(found, kind)
    assert (found.why, sandbox.jobs) == (why, [])


def test_a_step_is_what_memory_goes_by() -> None:
    from assay.assistant.proof.plan import digest

    assert digest(Step("pytest", 1.0)) == digest(Step("pytest", 1.0)) != digest(Step("pytest", 2.0))


async def test_names_that_nobody_looked_at_in_time_are_said(make: Make, tmp_path: Path) -> None:
    class Late(Names):
        async def check(self, *words: object, **more: object) -> Looked:
            return Looked((), 24, 31)

    bench = replace(make("x"), names=Late(tmp_path))
    proof = await begin(
        bench, changed(tmp_path, "import os\n", "import os\nprint(os.path.jion)\n"), patient(bench.settings)
    )
    (check,) = [one for one in proof.now.checks if one.name == "names"]
    assert (check.state, check.detail) == ("skipped", "24 of 31 names were looked at in time")
