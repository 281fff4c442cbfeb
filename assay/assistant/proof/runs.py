"""T2: run the tests that reach a change in a container, with it and without it, and remember what they showed.

Here are facts: what was run and what it gave, or for which cause nothing was. What that proves, and how it is said, is `verdict`'s.
"""

from __future__ import annotations

import ast
import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter as time_now
from typing import Literal

from analyzers import harness, reach, secrets, syntax
from analyzers.changed import Changed, hunks
from analyzers.changed import changed as changed_pieces
from sandbox import evidence
from sandbox.api import Job, Piece, Progress, Project, Running, SandboxUnavailable, Step, StepOutcome
from sandbox.evidence import Evidence

from .. import workspace
from ..nouns import Baseline, Change, Check, Chosen, Run
from ..record.coverage import Known
from ..workbench import Workbench

STYLE_S = 5.0  # ruff takes 20 ms
FIRST_TESTS, FIRST_FILES = 40, 8  # of the batch that somebody who types waits for: the deadline of a line is 400 ms
AGAIN = 8  # broken tests that are run once more at first
AGAIN_QUIET_S = 5.0  # for one that hung, and that ended without the change
REST_S = 30.0  # for the tests beyond it, which nobody waits for


@dataclass(slots=True)
class Watch:
    """Running tests seen from outside: whether they have a container, what was green before all of it was done, and for how long they could not
    run because the machine had no processor for them. `tell` hears how many tests of about how many were begun."""

    running: asyncio.Event = field(default_factory=asyncio.Event)
    early: Run | None = None
    waited_s: float = 0.0
    tell: Callable[[int, int], None] = lambda begun, of: None


@dataclass(frozen=True, slots=True)
class Time:
    """When a run is ended (`run_s`), and when it is because nothing was heard of a test (`quiet_s`). `is_whole`: all tests are run together."""

    run_s: float
    quiet_s: float
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """Tests of one run, as node ids or whole files, `without` those that an earlier one ran; `count` says how many they seem to be.
    `doctests`: some of them are doctests of the changed file. A last resort is for when the others told nothing;
    one that is not urgent has a small share of the processors."""

    tests: tuple[str, ...]
    without: tuple[str, ...]
    count: int
    doctests: bool
    time: Time
    is_last_resort: bool = False
    is_urgent: bool = True


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
    left, found = sum(batch.count for batch in plan.batches), None
    for batch in plan.batches:
        left -= batch.count
        place = digest(plan.state.project.digest, plan.name, plan.changed.functions, batch)
        if found is not None and (
            found.evidence.is_telling
            if batch.is_last_resort
            else bench.memory.fruitless.get(place) and not found.evidence.is_telling
        ):
            found = _counted(found, plan, left)
            continue
        one = await _run(bench, plan, batch, watch, started)
        if isinstance(one, NotRun):
            return one if found is None else replace(found, left=batch.count + left)
        if not one.evidence.is_telling:
            bench.memory.fruitless.put(place, True)
        joined = one if found is None else replace(one, evidence=found.evidence.joined(one.evidence))
        found = _counted(joined, plan, left)
        if found.evidence.broken or found.evidence.tampering:
            break
        watch.early = found
    assert found is not None
    return found


def _counted(run: Run, plan: _Plan, left: int) -> Run:
    """With how many tests there are, of which `left` are in other batches; what pytest found counts before what seemed to be there."""
    left += len(run.evidence.left)
    return replace(
        run,
        reaching=run.evidence.run + left,
        left=left,
        pieces=plan.changed.pieces,
        suspicion=plan.suspicion,
        chosen=plan.chosen,
        completes=plan.completes,
    )


def digest(*parts: object) -> str:
    """A key for parts whose `repr` tells all of them: frozen dataclasses, tuples, texts, numbers."""
    return hashlib.sha256("\0".join(map(repr, parts)).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is run for one change. `files` turns the archive into the project with the change; `before` is the changed file
    without it, None where that does not parse and so cannot run; `suspicion` what in the change reaches for the test harness."""

    state: workspace.State
    name: str
    files: tuple[tuple[str, str | None], ...]
    before: str | None
    changed: Changed
    batches: tuple[Batch, ...]
    suspicion: str
    chosen: Chosen
    completes: Literal["", "open", "closed"]
    is_test_file: bool


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
    changed = await asyncio.to_thread(_changed, change, tree)
    if what := harness.steers(change.name):
        return NotRun("harness", what)
    state = await bench.workspace.state(change.root)
    after = bench.workspace.sent(change.after)
    rows = list(zip(after.split("\n"), change.after.split("\n"), strict=True))
    if any(rows[line - 1][0] != rows[line - 1][1] for line in changed.lines):
        return NotRun("secret")
    texts = {n: bench.workspace.sent(t) for n, t in change.overlay.items() if rules.allows(n)} | {change.name: after}
    files = {**state.prose, **state.texts, **texts}
    reaching = await asyncio.to_thread(reach.tests, files, change.name, changed, tree, state.test_files)
    known = await asyncio.to_thread(_known, bench, change, state, changed, files)
    batches = _batches(reaching, known, change.name, time)
    suspicion = harness.touched(tree, changed.lines)
    if not batches:
        return NotRun("harness", suspicion) if suspicion else NotRun("no-tests")
    other = await asyncio.to_thread(without, change)
    before = bench.workspace.sent(other or change.before.text)
    written = workspace.changes(state, texts)
    return _Plan(
        state,
        change.name,
        written,
        before if other is not None else None,
        changed,
        batches,
        suspicion,
        "map" if known else "imports",
        change.completes,
        reach.is_test_file(change.name, state.test_files),
    )


def _changed(change: Change, tree: ast.Module) -> Changed:
    found = hunks(change.before.text, change.after)
    return changed_pieces(tree, change.after, found, syntax.module(change.before.text))


def without(change: Change) -> str | None:
    """The text without the change, that can run: where somebody writes, without the line under way (`pass` where one is needed), so that it is the
    same while he does; None where there is none."""
    text = change.before.text
    if change.begun is not None:
        head, tail = text[: change.begun.start], text[change.begun.end :]
        lead = text[change.begun.start : change.begun.end]
        lead = lead[: len(lead) - len(lead.lstrip())]
        found = (one for one in (head + tail, f"{head}{lead}pass{tail}") if syntax.module(one) is not None)
        if (first := next(found, None)) is not None:
            return first
    return text if syntax.module(text) is not None else None


def _known(
    bench: Workbench, change: Change, state: workspace.State, changed: Changed, files: Mapping[str, str]
) -> Known | None:
    """What the coverage map knows of the change; None where there is none that holds here."""
    if not bench.settings.is_on("verify.map"):
        return None
    found = bench.maps.load(change.root)
    if found.place != place_of(bench, state.project):
        return None
    return found.reaching(change.name, changed, files, bench.workspace.sent(change.before.text))


def place_of(bench: Workbench, project: Project) -> str:
    """What a coverage map is recorded in: another image or other dependencies may run other code."""
    return digest(project.image, stamp(project), bench.sandbox.health().image)


def _batches(reaching: reach.Reaching, known: Known | None, name: str, time: Time) -> tuple[Batch, ...]:
    """All of them, or the likeliest and the rest. What a file really holds is known once pytest has collected it: whole files are asked for
    where all of their tests are to run, and no map knows them."""
    files, tests, doctests = reaching.files, reaching.tests, reaching.doctests
    patient = Time(max(REST_S, time.run_s), time.quiet_s, is_whole=True)
    wanted = (
        files
        if known is None
        else (*known.tests, *dict.fromkeys((*known.files, *(f for f in files if f in known.unknown))))
    )
    if known is not None:
        tests = (*known.tests, *(t for t in tests if t.partition("::")[0] in wanted))
    doctests = tuple(d for d in doctests if name not in wanted)
    count = max(len(tests), len(wanted)) + len(doctests)
    if time.is_whole or (count <= FIRST_TESTS and len(wanted) <= FIRST_FILES):
        parts = [Batch((*doctests, *wanted), (), count, bool(doctests), time)]
    else:
        nearest = list(dict.fromkeys(test.partition("::")[0] for test in tests))[:FIRST_FILES]
        first = (*doctests, *(t for t in tests if t.partition("::")[0] in nearest))[:FIRST_TESTS] or wanted[
            :FIRST_FILES
        ]
        parts = [Batch(first, (), len(first), bool(doctests), time)]
        if set(wanted) - set(first):
            parts.append(
                Batch(wanted, first, max(count - len(first), 1), doctests=False, time=patient, is_urgent=False)
            )
    if known is not None and files:
        parts.append(Batch(files, (*doctests, *wanted), 0, doctests=False, time=patient, is_last_resort=True))
    return tuple(part for part in parts if part.tests)


async def _run(bench: Workbench, plan: _Plan, batch: Batch, watch: Watch, started: float) -> Run | NotRun:
    """One container: the tests with the change, ruff, the tests without it where that is not known yet."""
    project, memory = plan.state.project, bench.memory
    run_s, quiet_s = batch.time.run_s, batch.time.quiet_s
    pieces = tuple(
        Piece((p.lines[0], p.lines[-1]) if p.lines else (1, 0), p.at, p.names, p.owner, p.scope, p.is_top)
        for p in plan.changed.pieces
    )
    step = Step("pytest", run_s, plan.files, batch.tests, batch.doctests, plan.name, pieces, batch.without, plan.is_test_file, quiet_s=quiet_s)  # fmt: skip
    without_it = ((plan.name, plan.before),)
    baseline = Step("pytest", run_s, without_it, batch.tests, batch.doctests, without=batch.without, quiet_s=quiet_s)
    place = (project.digest, project.image, stamp(project), bench.sandbox.health().image)
    run_key = digest(place, step, plan.before)
    if (known := memory.runs.get(run_key)) is not None:
        return replace(known, ms=_ms(started))
    baseline_key = digest(place, tuple(item for item in plan.files if item[0] != plan.name), baseline)
    earlier = memory.baselines.get(baseline_key) if plan.before is not None else None
    others = sum(other.count for other in plan.batches if other is not batch)

    def outcome(number: int, result: StepOutcome) -> None:
        if number == 0 and all(test.is_green for test in result.tests.tests):
            known = evidence.weigh(step, None, result)
            pending: Baseline = "unparsable" if plan.before is None else "pending"
            if watch.early is None:
                watch.early = _counted(Run(known, pending, _ms(started)), plan, others)

    waited: dict[int, float] = {}

    def running(number: int, how: Running) -> None:
        waited[number] = how.waited_ms / 1000
        watch.waited_s = sum(waited.values())
        if number == 0:
            watch.tell(how.tests, max(batch.count, how.tests))

    steps: tuple[Step, ...] = (step, Step("ruff", STYLE_S, path=plan.name))
    if plan.before is not None and earlier is None:
        steps = (*steps, baseline)
    try:
        outcomes = await bench.sandbox.run(
            Job(project, steps, batch.is_urgent), Progress(watch.running.set, outcome, running)
        )
        if baseline in steps:
            earlier = outcomes[steps.index(baseline)]
            if earlier.tests.finished and not earlier.timed_out and not earlier.oom:
                memory.baselines.put(baseline_key, earlier)
        weighed = await asyncio.to_thread(evidence.weigh, step, earlier, outcomes[0])
        found = await _confirmed(bench, plan, step, weighed)
    except SandboxUnavailable as error:
        return NotRun("no-sandbox", secrets.redact(str(error)), _ms(started))
    made = Run(
        found, "run" if plan.before is not None else "unparsable", _ms(started), _style(outcomes[1], plan.changed.lines)
    )
    if found.is_decided and not outcomes[0].timed_out and not outcomes[0].oom:
        memory.runs.put(run_key, made)
    return made


async def _confirmed(bench: Workbench, plan: _Plan, step: Step, found: Evidence) -> Evidence:
    """What was green and is red, run once more: a flaky test is no witness, nor one that has nothing to do with the change."""
    asked: set[str] = set()
    while found.broken and not found.tampering:
        owing = [test for test in found.broken if test not in asked]
        if not owing or (asked and set(found.broken) & asked):
            break  # one that was asked is red again: the others need no second run
        some = sorted(owing, key=lambda test: test in found.missed)[: len(owing) if asked else AGAIN]
        asked |= set(some)
        chosen = tuple(dict.fromkeys(test.partition("[")[0] for test in some))
        again = replace(step, tests=chosen, without=(), traces=True, quiet_s=min(step.quiet_s, AGAIN_QUIET_S))
        (outcome,) = await bench.sandbox.run(Job(plan.state.project, (again,)))
        found = evidence.confirmed(found, frozenset(some), again, outcome)
    if found.flaky and not found.broken:  # alone they are green: it may be what the others leave behind
        (outcome,) = await bench.sandbox.run(Job(plan.state.project, (step,)))
        found = evidence.in_company(found, step, outcome)
    return found


def stamp(project: Project) -> int:
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


def _ms(started: float) -> float:
    return (time_now() - started) * 1000
