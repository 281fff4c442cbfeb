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

from analyzers import harness, reach, secrets, syntax, unfinished
from analyzers.changed import Changed, hunks
from analyzers.changed import changed as changed_pieces
from analyzers.text import Snapshot, Span
from analyzers.unfinished import Left
from sandbox import evidence
from sandbox.api import Job, Piece, Progress, Project, Running, SandboxUnavailable, Step, StepOutcome
from sandbox.evidence import Evidence

from .. import workspace
from ..nouns import Baseline, Change, Check, Chosen, Run
from ..record.coverage import Known
from ..workbench import Workbench
from . import again
from .again import Place

STYLE_S = 5.0  # ruff takes 20 ms
FIRST_TESTS, FIRST_FILES = 40, 8  # of the batch that somebody who types waits for: the deadline of a line is 400 ms
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
        against = against_it(found.evidence, found.leaves, found.baseline)
        if against or found.evidence.edited or found.evidence.tampering:
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
        leaves=plan.leaves,
    )


def digest(*parts: object) -> str:
    """A key for parts whose `repr` tells all of them: frozen dataclasses, tuples, texts, numbers."""
    return hashlib.sha256("\0".join(map(repr, parts)).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is run for one change. `files` turns the archive into the project with the change; `before` is the changed file
    without it, None where that does not parse and so cannot run; `other` the same in its second form; `standing` the file as it is in the editor, where that could run and is something
    else; `suspicion` what in the change reaches for the test harness."""

    state: workspace.State
    name: str
    files: tuple[tuple[str, str | None], ...]
    before: str | None
    other: str | None
    standing: str | None
    changed: Changed
    batches: tuple[Batch, ...]
    suspicion: str
    chosen: Chosen
    leaves: Left | None
    is_test_file: bool

    @property
    def baseline(self) -> Baseline:
        """What the run without the change can tell."""
        return "run" if self.before is not None else "unparsable"


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
    forms = tuple(bench.workspace.sent(form) for form in await asyncio.to_thread(without, change))
    standing = await asyncio.to_thread(_standing, change, forms)
    written = workspace.changes(state, texts)
    return _Plan(
        state,
        change.name,
        written,
        forms[0] if forms else None,
        forms[1] if len(forms) > 1 else None,
        bench.workspace.sent(standing) if standing is not None else None,
        changed,
        batches,
        suspicion,
        "map" if known else "imports",
        await asyncio.to_thread(unfinished.left, tree, *change.lines) if change.begun is not None else None,
        reach.is_test_file(change.name, state.test_files),
    )


def _changed(change: Change, tree: ast.Module) -> Changed:
    found = hunks(change.before.text, change.after)
    return changed_pieces(tree, change.after, found, syntax.module(change.before.text))


def without(change: Change) -> tuple[str, ...]:
    """The text without the change, that can run, in one form or two: where somebody writes, without the statement under way, so that it is the same
    while he does; () where there is none."""
    text, begun = change.before.text, change.begun
    if begun is not None:
        started = text[begun.start : begun.end]
        first = change.span.start + len(written := change.after[change.span.start :]) - len(written.lstrip())
        row = started if started.strip() else change.after[change.after.rfind("\n", 0, first) + 1 : first + 1]
        lead = row[: len(row) - len(row.lstrip())]
        for piece in (_around(change.before, begun), Span(0, len(text))):
            inner = Span(begun.start - piece.start, begun.end - piece.start)
            made = unfinished.without(text[piece.start : piece.end], inner, lead)
            forms = tuple(text[: piece.start] + form + text[piece.end :] for form in made)
            if forms and syntax.module(forms[0]) is not None:
                return forms
    return (text,) if syntax.module(text) is not None else ()


def _around(snapshot: Snapshot, begun: Span) -> Span:
    """The module's statements that `begun` belongs to: a long file is not compiled for them."""
    rows = (snapshot.line_of(begun.start), snapshot.line_of(begun.end))
    begin, end = syntax.top_level(snapshot.tree, *rows)
    return Span(snapshot.line_starts[begin], len(snapshot.text) if end is None else snapshot.line_starts[end])


def _standing(change: Change, forms: tuple[str, ...]) -> str | None:
    """The text as it is, where something of the statement under way is there and could run."""
    begun, text = change.begun, change.before.text
    is_more = begun is not None and text[begun.start : begun.end].strip() and text not in forms
    return text if is_more and syntax.compiles(text) else None


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
    run_key = digest(place, step, plan.before, plan.leaves)
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
        found = await _questioned(Place(bench.sandbox, project), plan, step, outcomes[0], weighed)
    except SandboxUnavailable as error:
        return NotRun("no-sandbox", secrets.redact(str(error)), _ms(started))
    made = Run(found, plan.baseline, _ms(started), _style(outcomes[1], plan.changed.lines))
    if _holds(found, plan, outcomes[0]):
        memory.runs.put(run_key, made)
    return made


def _holds(found: Evidence, plan: _Plan, outcome: StepOutcome) -> bool:
    """Whether another run would say the same; what is red may be green with what stands in the line under way now, which the key does not tell."""
    is_of_now = plan.standing is not None and (found.broken or found.red or found.left_out)
    return found.is_decided and not (is_of_now or outcome.timed_out or outcome.oom)


async def _questioned(place: Place, plan: _Plan, step: Step, after: StepOutcome, weighed: Evidence) -> Evidence:
    """What is left of what speaks against the change, after it was looked at once more."""
    found = await again.confirmed(place, step, weighed)
    if plan.leaves is None or found.tampering:
        return found
    if plan.leaves == "header" and plan.other is not None and found.barring and not (found.broken or found.contrary):
        found = await again.otherwise(place, step, found, plan.other, after)
    if not found.broken and against_it(found, plan.leaves, plan.baseline):
        texts = {**plan.state.texts, **{name: text or "" for name, text in plan.files}}
        own = {name: text for name, text in texts.items() if not reach.is_test_file(name, plan.state.test_files)}
        found = await again.unexcused(place, step, found, own)
    return found if plan.standing is None else await again.edited(place, step, found, plan.standing)


def against_it(found: Evidence, leaves: Left | None, baseline: Baseline) -> tuple[str, ...]:
    """The tests that speak against a change: those that it breaks; where it is offered to somebody who writes and leaves nothing to write, also
    those that it makes fail otherwise than without it (where nothing runs without it, by an error of its own lines), and those that the header of
    the block below does not move."""
    if leaves is None or leaves == "open":
        return found.broken
    stuck = found.contrary if baseline == "run" else found.raised
    return found.broken + (stuck or (found.unmoved if leaves == "header" and not (found.turned or found.kept) else ()))


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
