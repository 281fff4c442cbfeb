"""T2: run the tests that reach a change in a container, with it and without it, and remember what they showed.

Here are facts: what was run and what it gave, or for which cause nothing was. What that proves, and how it is said, is `verdict`'s.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter as time_now

from analyzers import reach, secrets
from analyzers.unfinished import Left
from sandbox.api import Job, Piece, Progress, Running, Sandbox, SandboxUnavailable, Step, StepOutcome

from ..evidence import Evidence
from ..nouns import Baseline, Check, Run
from ..workbench import Workbench
from ..world import withheld
from ..world.change import Change
from . import again, weighing
from .again import Home
from .plan import Batch, Files, NotRun, Plan, Time, digest, stamp
from .plan import plan as planned
from .table import against

STYLE_S = 5.0  # ruff takes 20 ms


@dataclass(slots=True)
class Watch:
    """Running tests seen from outside: whether they have a container, what was green before all of it was done, and for how long they could not
    run because the machine had no processor for them. `tell` hears how many tests of about how many were begun, `boot_s` is how long a container was waited for."""

    running: asyncio.Event = field(default_factory=asyncio.Event)
    boot_s: float = 0.0
    early: Run | None = None
    waited_s: float = 0.0
    tell: Callable[[int, int], None] = lambda begun, of: None


async def run(bench: Workbench, change: Change, time: Time, watch: Watch) -> Run | NotRun:
    """Run the tests that reach the change: all of them together where `time.is_whole`, else the likeliest first, and then the rest. What one batch
    breaks needs no other."""
    started = time_now()
    plan = await planned(bench, change, time)
    if isinstance(plan, NotRun):
        return replace(plan, ms=_ms(started))
    left, found = sum(batch.count for batch in plan.batches), None
    for batch in plan.batches:
        left -= batch.count
        place = digest(plan.state.project.digest, plan.functions, batch)
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
        opposed = against(found.evidence, found.leaves, found.baseline)
        if opposed or found.evidence.edited or found.evidence.tampering:
            break
        watch.early = found
    assert found is not None
    return found


def _counted(run: Run, plan: Plan, left: int) -> Run:
    """With how many tests there are, of which `left` are in other batches; what pytest found counts before what seemed to be there."""
    left += len(run.evidence.left)
    return replace(
        run,
        reaching=run.evidence.run + left,
        left=left,
        pieces=plan.pieces,
        suspicion=plan.suspicion,
        chosen=plan.chosen,
        leaves=_leaves(plan),
        uncounted=plan.uncounted,
    )


async def _run(bench: Workbench, plan: Plan, batch: Batch, watch: Watch, started: float) -> Run | NotRun:
    """The tests with the change, ruff, the tests without it where that is not known yet."""
    project, memory = plan.state.project, bench.memory
    run_s, quiet_s = batch.time.run_s, batch.time.quiet_s
    pieces = tuple(
        Piece(name, (p.lines[0], p.lines[-1]) if p.lines else (1, 0), p.at, p.names, p.owner, p.scope, p.is_top)
        for name, p in plan.pieces
    )
    step = Step("pytest", run_s, plan.written, batch.tests, batch.doctests, plan.names, pieces, batch.without, plan.test_files, plan.brought, quiet_s=quiet_s)  # fmt: skip
    baseline = Step(
        "pytest", run_s, plan.before or (), plan.there(batch), batch.doctests, without=batch.without, quiet_s=quiet_s
    )
    has_baseline = plan.before is not None and bool(baseline.tests)
    place = (project.digest, project.image, stamp(project), bench.sandbox.health().image)
    run_key = digest(place, step, plan.before, _leaves(plan))
    if (known := memory.runs.get(run_key)) is not None:
        return replace(known, ms=_ms(started))
    baseline_key = digest(place, _around(plan), baseline)
    earlier = memory.baselines.get(baseline_key) if has_baseline else None
    others = sum(other.count for other in plan.batches if other is not batch)

    def outcome(number: int, result: StepOutcome) -> None:
        if number == 0 and all(test.is_green for test in result.tests.tests):
            known = weighing.weigh(step, None, result)
            pending: Baseline = "unparsable" if plan.before is None else "pending"
            if watch.early is None:
                watch.early = _counted(Run(known, pending, _ms(started)), plan, others)

    waited: dict[int, float] = {}

    def running(number: int, how: Running) -> None:
        waited[number] = how.waited_ms / 1000
        watch.waited_s = sum(waited.values())
        if number == 0:
            watch.tell(how.tests, max(batch.count, how.tests))

    styles = tuple(Step("ruff", STYLE_S, path=name) for name in plan.changed)
    wanted = baseline if has_baseline and earlier is None else None
    job = Job(project, (step, *styles), batch.is_urgent and batch.time.is_urgent)
    asked = time_now()

    def in_hand() -> None:
        watch.boot_s = watch.boot_s or time_now() - asked
        watch.running.set()

    progress = Progress(in_hand, outcome, running)
    try:
        if wanted is None or not (batch.time.is_whole and batch.is_urgent):
            outcomes, found_before = await _behind(bench.sandbox, job, wanted, progress)
        else:
            alone = replace(wanted, files=tuple(sorted({**dict(plan.written), **dict(plan.before or ())}.items())))
            outcomes, found_before = await _beside(bench.sandbox, job, alone, progress)
        if found_before is not None:
            earlier = found_before
            if earlier.tests.finished and not earlier.timed_out and not earlier.oom:
                await asyncio.to_thread(memory.baselines.put, baseline_key, earlier)
        told = await asyncio.to_thread(withheld.known, plan.state, outcomes[0])
        known_before = await asyncio.to_thread(withheld.known, plan.state, earlier) if earlier is not None else None
        weighed = await asyncio.to_thread(weighing.weigh, step, known_before, told)
        found = await _questioned(Home(bench.sandbox, project), plan, step, outcomes[0], weighed)
    except SandboxUnavailable as error:
        return NotRun("no-sandbox", secrets.redact(str(error)), _ms(started))
    made = Run(found, plan.baseline, _ms(started), _style(plan, outcomes[1:]))
    if _holds(found, plan, outcomes[0]):
        await asyncio.to_thread(memory.runs.put, run_key, made)
    return made


async def _behind(
    sandbox: Sandbox, job: Job, baseline: Step | None, progress: Progress
) -> tuple[tuple[StepOutcome, ...], StepOutcome | None]:
    """What the steps of a job gave, and after them in their container, with all that they wrote, the run without the change, where there is one."""
    if baseline is None:
        return await sandbox.run(job, progress), None
    *outcomes, before = await sandbox.run(replace(job, steps=(*job.steps, baseline)), progress)
    return tuple(outcomes), before


async def _beside(
    sandbox: Sandbox, job: Job, baseline: Step, progress: Progress
) -> tuple[tuple[StepOutcome, ...], StepOutcome]:
    """The same at the same time, the run without the change in a container of its own."""
    beside = asyncio.create_task(sandbox.run(replace(job, steps=(baseline,))))
    try:
        outcomes = await sandbox.run(job, progress)
        try:
            return outcomes, (await beside)[0]
        except SandboxUnavailable:  # two at once were too many, perhaps
            return outcomes, (await sandbox.run(replace(job, steps=(baseline,))))[0]
    finally:
        beside.cancel()
        await asyncio.gather(beside, return_exceptions=True)


def _holds(found: Evidence, plan: Plan, outcome: StepOutcome) -> bool:
    """Whether another run would say the same; what is red may be green with what stands in the line under way now, which the key does not tell."""
    is_of_now = (
        plan.typing is not None and plan.typing.standing is not None and (found.broken or found.red or found.left_out)
    )
    return found.is_decided and not (is_of_now or outcome.timed_out or outcome.oom)


async def _questioned(place: Home, plan: Plan, step: Step, after: StepOutcome, weighed: Evidence) -> Evidence:
    """What is left of what speaks against the change, after it was looked at once more."""
    found = await again.confirmed(place, step, weighed)
    typing, leaves = plan.typing, _leaves(plan)
    if typing is None or leaves is None or found.tampering:
        return found
    if leaves == "header" and typing.other is not None and found.barring and not (found.broken or found.contrary):
        found = await again.otherwise(place, step, found, typing.other, after)
    if not found.broken and against(found, leaves, plan.baseline):
        texts = {**plan.state.texts, **{name: text or "" for name, text in plan.written}}
        own = {name: text for name, text in texts.items() if not reach.is_test_file(name, plan.state.test_files)}
        found = await again.unexcused(place, step, found, own)
    return found if typing.standing is None else await again.edited(place, step, found, typing.standing)


def _leaves(plan: Plan) -> Left | None:
    return plan.typing.leaves if plan.typing is not None else None


def _around(plan: Plan) -> Files:
    """What is written besides the changed files: the other open documents."""
    own = {name for name, _ in plan.before or ()}
    return tuple(item for item in plan.written if item[0] not in own)


def _style(plan: Plan, outcomes: Sequence[StepOutcome]) -> Check | None:
    """What ruff says in the container under the project's own configuration: told, never a failure. None where no Python changed."""
    if not outcomes:
        return None
    ms, told = sum(outcome.ms for outcome in outcomes), list[str]()
    for (name, changed), outcome in zip(plan.changed.items(), outcomes, strict=True):
        lead = f"{name}: " if len(outcomes) > 1 else ""
        try:
            found = [f for f in json.loads(outcome.stdout) if int(f["location"]["row"]) in changed.lines]
            told += [lead + f"{f['code']} {f['message']}"[:120] for f in found[:3]]
        except (ValueError, KeyError, TypeError):
            return Check("style", "skipped", "ruff gave no answer in the container", ms)
    return Check("style", "passed", secrets.redact("; ".join(told)), ms)


def _ms(started: float) -> float:
    return (time_now() - started) * 1000
