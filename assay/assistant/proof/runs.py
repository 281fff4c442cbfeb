"""T2: run the tests that reach a change in a container, with it and without it, and remember what they showed.

Here are facts: what was run and what it gave, or for which cause nothing was. What that proves, and how it is said, is `verdict`'s.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass, field, replace
from time import perf_counter as time_now
from typing import Literal

from analyzers import harness, reach, secrets, syntax
from sandbox import evidence
from sandbox.api import Job, Progress, Project, SandboxUnavailable, Step, StepOutcome

from .. import workspace
from ..nouns import Baseline, Change, Check, Run
from ..workbench import Workbench

STYLE_S = 5.0  # ruff takes 20 ms
FIRST_TESTS, FIRST_FILES = 40, 8  # of the batch that somebody who types waits for: the deadline of a line is 400 ms
REST_S = 30.0  # for the tests beyond it, which nobody waits for


@dataclass(slots=True)
class Watch:
    """Running tests seen from outside: whether they have a container, and what was green before all of it was done."""

    running: asyncio.Event = field(default_factory=asyncio.Event)
    early: Run | None = None


@dataclass(frozen=True, slots=True)
class Time:
    """When a run is ended (`run_s`), and when it is because nothing was heard of a test (`quiet_s`). `is_whole`: all tests are run together."""

    run_s: float
    quiet_s: float
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """Tests of one run, and whether some of them are doctests of the changed file."""

    tests: tuple[str, ...]
    doctests: bool
    time: Time


Cause = Literal["no-project", "ignored", "harness", "secret", "no-tests", "no-sandbox", "elsewhere"]


@dataclass(frozen=True, slots=True)
class NotRun:
    """Nothing was run, for this cause; `detail` is what was seen, where the cause alone does not tell."""

    cause: Cause
    detail: str = ""
    ms: float = 0.0


async def run(bench: Workbench, change: Change, time: Time, watch: Watch) -> Run | NotRun:
    """Run the tests that reach the change: all of them together where `time.is_whole`, else the likeliest first, and then the rest. What one batch
    breaks needs no other."""
    started = time_now()
    plan = await _plan(bench, change, time)
    if isinstance(plan, NotRun):
        return replace(plan, ms=_ms(started))
    left, found = sum(len(batch.tests) for batch in plan.batches), None
    for batch in plan.batches:
        left -= len(batch.tests)
        place = digest(plan.state.project.digest, plan.name, plan.changed.functions, batch)
        if found is not None and bench.memory.fruitless.get(place):
            found = replace(found, left=left + len(found.evidence.left))
            continue
        one = await _run(bench, plan, batch, watch, started)
        if isinstance(one, NotRun):
            return one if found is None else found
        if not one.evidence.is_telling:
            bench.memory.fruitless.put(place, True)
        joined = one if found is None else replace(one, evidence=found.evidence.joined(one.evidence))
        found = replace(joined, reaching=plan.reaching, left=left + len(joined.evidence.left))
        if found.evidence.broken or found.evidence.tampering:
            break
        watch.early = found
    assert found is not None
    return found


def digest(*parts: object) -> str:
    """A key for parts whose `repr` tells all of them: frozen dataclasses, tuples, texts, numbers."""
    return hashlib.sha256("\0".join(map(repr, parts)).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is run for one change. `files` turns the archive into the project with the change; `before` is the changed file
    without it, None where that does not parse and so cannot run."""

    state: workspace.State
    name: str
    files: tuple[tuple[str, str | None], ...]
    before: str | None
    changed: reach.ChangedLines
    batches: tuple[Batch, ...]

    @property
    def reaching(self) -> int:
        return sum(len(batch.tests) for batch in self.batches)


async def _plan(bench: Workbench, change: Change, time: Time) -> _Plan | NotRun:
    """What to run, or why nothing is."""
    if change.before.preamble or not change.name:
        return NotRun("no-project")
    rules = await bench.workspace.rules(change.root)
    if not rules.allows(change.name):
        return NotRun("ignored")
    tree = await asyncio.to_thread(syntax.module_or_flaw, change.after)
    if isinstance(tree, syntax.Flaw):  # newer than the Python that parses it here: ruff takes more
        return NotRun("elsewhere", tree.message)
    first, last = change.lines
    changed = reach.changed_lines(tree, first, last)
    if what := harness.touched(change.name, tree, changed.all | frozenset(range(first, last + 1))):
        return NotRun("harness", what)
    state = await bench.workspace.state(change.root)
    after = bench.workspace.sent(change.after)
    if any(a != b for a, b in zip(_lines(after, first, last), _lines(change.after, first, last), strict=True)):
        return NotRun("secret")
    texts = {n: bench.workspace.sent(t) for n, t in change.overlay.items() if rules.allows(n)} | {change.name: after}
    tests = await asyncio.to_thread(reach.tests, {**state.texts, **texts}, change.name, changed, tree)
    if not tests:
        return NotRun("no-tests")
    before = bench.workspace.sent(change.before.text)
    can_run = (await asyncio.to_thread(syntax.module, before)) is not None
    return _Plan(
        state,
        change.name,
        workspace.changes(state, texts),
        before if can_run else None,
        changed,
        _batches(tests, change.name, time),
    )


def _batches(tests: tuple[str, ...], name: str, time: Time) -> tuple[Batch, ...]:
    """All of them, or the likeliest and the rest."""
    files = list(dict.fromkeys(test.partition("::")[0] for test in tests))[:FIRST_FILES]
    first = tests if time.is_whole else tuple(t for t in tests if t.partition("::")[0] in files)[:FIRST_TESTS]
    known = set(first)
    rest = tuple(test for test in tests if test not in known)
    patient = Time(REST_S, time.quiet_s, is_whole=True)
    parts = (Batch(part, any(t.startswith(f"{name}::") for t in part) and not reach.is_test_file(name), when)
             for part, when in ((first, time), (rest, patient)))  # fmt: skip
    return tuple(part for part in parts if part.tests)


async def _run(bench: Workbench, plan: _Plan, batch: Batch, watch: Watch, started: float) -> Run | NotRun:
    """One container: the tests with the change, ruff, the tests without it where that is not known yet."""
    changed, project, memory = plan.changed, plan.state.project, bench.memory
    run_s, quiet_s = batch.time.run_s, batch.time.quiet_s
    step = Step("pytest", run_s, plan.files, batch.tests, batch.doctests, plan.name, changed.body, changed.module,
                quiet_s=quiet_s)  # fmt: skip
    baseline = Step("pytest", run_s, ((plan.name, plan.before),), batch.tests, batch.doctests, quiet_s=quiet_s)
    place = (project.digest, project.image, _stamp(project), bench.sandbox.health().image)
    run_key = digest(place, step, plan.before)
    if (known := memory.runs.get(run_key)) is not None:
        return replace(known, ms=_ms(started))
    baseline_key = digest(place, tuple(item for item in plan.files if item[0] != plan.name), baseline)
    earlier = memory.baselines.get(baseline_key) if plan.before is not None else None

    def outcome(number: int, result: StepOutcome) -> None:
        if number == 0 and all(test.is_green for test in result.tests.tests):
            known = evidence.weigh(step, None, result)
            left = plan.reaching - len(batch.tests) + len(known.left)
            pending: Baseline = "unparsable" if plan.before is None else "pending"
            if watch.early is None:
                watch.early = Run(known, pending, _ms(started), reaching=plan.reaching, left=left)

    steps: tuple[Step, ...] = (step, Step("ruff", STYLE_S, path=plan.name))
    if plan.before is not None and earlier is None:
        steps = (*steps, baseline)
    try:
        outcomes = await bench.sandbox.run(Job(project, steps), Progress(watch.running.set, outcome))
    except SandboxUnavailable as error:
        return NotRun("no-sandbox", secrets.redact(str(error)), _ms(started))
    if baseline in steps:
        earlier = outcomes[steps.index(baseline)]
        if earlier.tests.finished and not earlier.timed_out and not earlier.oom:
            memory.baselines.put(baseline_key, earlier)
    found = evidence.weigh(step, earlier, outcomes[0])
    made = Run(
        found, "run" if plan.before is not None else "unparsable", _ms(started), _style(outcomes[1], changed.all)
    )
    if found.is_decided and not outcomes[0].timed_out and not outcomes[0].oom:
        memory.runs.put(run_key, made)
    return made


def _stamp(project: Project) -> int:
    """When the mounted dependencies last changed, as far as their folder tells; 0 without any."""
    try:
        return project.site_packages.stat().st_mtime_ns if project.site_packages else 0
    except OSError:
        return 0


def _style(outcome: StepOutcome, lines: frozenset[int]) -> Check:
    """What ruff says in the container under the project's own configuration: told, never a failure."""
    try:
        found = [f for f in json.loads(outcome.stdout) if int(f["location"]["row"]) in lines]
        detail = "; ".join(f"{f['code']} {f['message']}"[:120] for f in found[:3])
    except (ValueError, KeyError, TypeError):
        return Check("style", "skipped", "ruff gave no answer in the container", outcome.ms)
    return Check("style", "passed", secrets.redact(detail), outcome.ms)


def _lines(text: str, first: int, last: int) -> list[str]:
    return text.split("\n")[first - 1 : last]


def _ms(started: float) -> float:
    return (time_now() - started) * 1000
