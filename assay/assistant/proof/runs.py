"""T2: run the tests that reach a change in a container, with it and without it, and remember what they showed.

Here are facts: what was run and what it gave, or for which cause nothing was. What that proves, and how it is said, is `verdict`'s.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from dataclasses import dataclass, field, replace
from typing import Literal

from analyzers import harness, reach, secrets, syntax
from sandbox import evidence
from sandbox.api import Job, Progress, Project, SandboxUnavailable, Step, StepOutcome

from .. import workspace
from ..nouns import Change, Check, Run
from ..workbench import Workbench

STYLE_S = 5.0  # ruff takes 20 ms


@dataclass(slots=True)
class Watch:
    """Running tests seen from outside: whether they have a container, and what was green before all of it was done."""

    running: asyncio.Event = field(default_factory=asyncio.Event)
    early: Run | None = None


Cause = Literal["no-project", "ignored", "harness", "secret", "no-tests", "no-sandbox", "elsewhere"]


@dataclass(frozen=True, slots=True)
class NotRun:
    """Nothing was run, for this cause; `detail` is what was seen, where the cause alone does not tell."""

    cause: Cause
    detail: str = ""
    ms: float = 0.0


async def run(bench: Workbench, change: Change, run_s: float, watch: Watch) -> Run | NotRun:
    """Run the tests that reach the change: the likeliest first, and where none of them executes it, the others. A run is ended
    after `run_s` seconds."""
    started = time.perf_counter()
    plan = await _plan(bench, change)
    if isinstance(plan, NotRun):
        return replace(plan, ms=_ms(started))
    found: Run | NotRun | None = None
    for number, batch in enumerate(plan.batches):
        place = digest(plan.state.project.digest, plan.name, plan.changed.functions, batch)
        if number and bench.memory.fruitless.get(place):
            break
        found = await _run(bench, plan, batch, run_s, watch, started)
        if isinstance(found, NotRun) or found.evidence.is_telling:
            break
        bench.memory.fruitless.put(place, True)
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
    batches: tuple[reach.Batch, ...]


async def _plan(bench: Workbench, change: Change) -> _Plan | NotRun:
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
    after = secrets.redact(change.after)
    if any(a != b for a, b in zip(_lines(after, first, last), _lines(change.after, first, last), strict=True)):
        return NotRun("secret")
    texts = {n: secrets.redact(t) for n, t in change.overlay.items() if rules.allows(n)} | {change.name: after}
    batches = await asyncio.to_thread(reach.tests, {**state.texts, **texts}, change.name, changed, tree)
    if not batches:
        return NotRun("no-tests")
    before = secrets.redact(change.before.text)
    can_run = (await asyncio.to_thread(syntax.module, before)) is not None
    return _Plan(state, change.name, workspace.changes(state, texts), before if can_run else None, changed, batches)


async def _run(
    bench: Workbench, plan: _Plan, batch: reach.Batch, run_s: float, watch: Watch, started: float
) -> Run | NotRun:
    """One container: the tests with the change, ruff, the tests without it where that is not known yet."""
    changed, project, memory = plan.changed, plan.state.project, bench.memory
    step = Step("pytest", run_s, plan.files, batch.tests, batch.doctests, plan.name, changed.body, changed.module)
    baseline = Step("pytest", run_s, ((plan.name, plan.before),), batch.tests, batch.doctests)
    place = (project.digest, project.image, _stamp(project), bench.sandbox.health().image)
    run_key = digest(place, step, plan.before)
    if (known := memory.runs.get(run_key)) is not None:
        return replace(known, ms=_ms(started))
    baseline_key = digest(place, tuple(item for item in plan.files if item[0] != plan.name), baseline)
    earlier = memory.baselines.get(baseline_key) if plan.before is not None else None

    def outcome(number: int, result: StepOutcome) -> None:
        if number == 0 and all(test.is_green for test in result.tests.tests):
            watch.early = Run(
                evidence.weigh(step, None, result), "unparsable" if plan.before is None else "pending", _ms(started)
            )

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
    return (time.perf_counter() - started) * 1000
