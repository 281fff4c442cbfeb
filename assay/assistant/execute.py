"""T2: run the tests that reach a change in a container, with it and without it, and say what that proves."""

from __future__ import annotations

import ast
import asyncio
import json
import time
from dataclasses import dataclass, replace
from typing import Literal

from analyzers import harness, reach, secrets, syntax
from sandbox import evidence
from sandbox.api import Job, Progress, Project, SandboxUnavailable, Step, StepOutcome

from . import workspace
from .bench import Change, Workbench
from .recent import digest
from .verdict import Check, Failed, Passed, Tested, Unverified, Verdict, unverified

RUN_S = {"line": 5.0, "block": 8.0, "function": 15.0}  # a hanging test is ended then, deadline or not
STYLE_S = 5.0  # ruff takes 20 ms

Baseline = Literal["run", "pending", "unparsable"]  # what is known of the run without the change


@dataclass(slots=True)
class Watch:
    """A running T2 seen from outside: whether it has a container, and a proof that came before all of it was done."""

    running: asyncio.Event
    early: Tested | None = None


async def tests(bench: Workbench, change: Change, tree: ast.Module, kind: str, watch: Watch | None = None) -> Tested:
    """The verdict of the tests that reach the change: the likeliest first, and where none of them executes it, the others."""
    started = time.perf_counter()
    plan = await _plan(bench, change, tree)
    if isinstance(plan, Unverified):
        return Tested(Check("tests", "unverified", plan.why, _ms(started)), plan)
    tested = None
    for number, batch in enumerate(plan.batches):
        place = digest(plan.state.project.digest, plan.name, plan.changed.functions, batch)
        if number and bench.fruitless.get(place):
            break
        tested = await _run(bench, plan, batch, RUN_S.get(kind, RUN_S["function"]), watch, started)
        if not isinstance(tested.verdict, Unverified) or tested.verdict.reason != "no-tests":
            break
        bench.fruitless.put(place, True)
    assert tested is not None
    return tested


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


async def _plan(bench: Workbench, change: Change, tree: ast.Module) -> _Plan | Unverified:
    """What to run, or why nothing is."""
    if change.before.preamble or not change.name:
        return unverified("no-tests", (), "It is not a file of a project, so no test reaches it.")
    rules = await bench.workspace.rules(change.root)
    if not rules.allows(change.name):
        return unverified("no-tests", (), "The file is ignored or secret, so it is not put into a container.")
    first, last = change.lines
    changed = reach.changed_lines(tree, first, last)
    if what := harness.touched(change.name, tree, changed.all | frozenset(range(first, last + 1))):
        why = f"{what[0].upper()}{what[1:]}, so a green run would prove nothing."
        return unverified("touches-harness", (), why)
    state = await bench.workspace.state(change.root)
    after = secrets.redact(change.after)
    if any(a != b for a, b in zip(_lines(after, first, last), _lines(change.after, first, last), strict=True)):
        why = "The changed lines hold what looks like a secret, which goes into no container."
        return unverified("no-tests", (), why)
    texts = {n: secrets.redact(t) for n, t in change.overlay.items() if rules.allows(n)} | {change.name: after}
    batches = await asyncio.to_thread(reach.tests, {**state.texts, **texts}, change.name, changed, tree)
    if not batches:
        return unverified("no-tests", (), "No test reaches the changed lines.")
    before = secrets.redact(change.before.text)
    can_run = (await asyncio.to_thread(syntax.module, before)) is not None
    return _Plan(state, change.name, workspace.changes(state, texts), before if can_run else None, changed, batches)


async def _run(
    bench: Workbench, plan: _Plan, batch: reach.Batch, run_s: float, watch: Watch | None, started: float
) -> Tested:
    """One container: the tests with the change, ruff, the tests without it where that is not known yet."""
    changed, project = plan.changed, plan.state.project
    step = Step("pytest", run_s, plan.files, batch.tests, batch.doctests, plan.name, changed.body, changed.module)
    baseline = Step("pytest", run_s, ((plan.name, plan.before),), batch.tests, batch.doctests)
    place = (project.digest, project.image, _stamp(project), bench.sandbox.health().image)
    proof_key = digest(place, step, plan.before)
    if (proof := bench.proofs.get(proof_key)) is not None:
        return replace(proof, check=replace(proof.check, ms=_ms(started)))
    baseline_key = digest(place, tuple(item for item in plan.files if item[0] != plan.name), baseline)
    earlier = bench.baselines.get(baseline_key) if plan.before is not None else None

    def outcome(number: int, result: StepOutcome) -> None:
        if number == 0 and watch is not None:
            known: Baseline = "pending" if plan.before is not None else "unparsable"
            check, verdict = _judge(evidence.weigh(step, None, result), _ms(started), known)
            is_clean = all(test.is_green for test in result.tests.tests)
            watch.early = Tested(check, verdict) if isinstance(verdict, Passed) and is_clean else None

    progress = Progress(watch.running.set if watch else lambda: None, outcome)
    steps: tuple[Step, ...] = (step, Step("ruff", STYLE_S, path=plan.name))
    if plan.before is not None and earlier is None:
        steps = (*steps, baseline)
    try:
        outcomes = await bench.sandbox.run(Job(project, steps), progress)
    except SandboxUnavailable as error:
        why = secrets.redact(str(error))
        return Tested(Check("tests", "unverified", why, _ms(started)), unverified("no-sandbox", (), why))
    if baseline in steps:
        earlier = outcomes[steps.index(baseline)]
        if _is_whole(earlier):
            bench.baselines.put(baseline_key, earlier)
    found = evidence.weigh(step, earlier, outcomes[0])
    check, verdict = _judge(found, _ms(started), "run" if plan.before is not None else "unparsable")
    tested = Tested(check, verdict, _style(outcomes[1], changed.all))
    if isinstance(verdict, Passed | Failed) and not outcomes[0].timed_out and not outcomes[0].oom:
        bench.proofs.put(proof_key, tested)
    return tested


def _is_whole(outcome: StepOutcome) -> bool:
    """Whether a run came to its end, so that another one would say the same."""
    return outcome.tests.finished and not outcome.timed_out and not outcome.oom


def _stamp(project: Project) -> int:
    """When the mounted dependencies last changed, as far as their folder tells; 0 without any."""
    try:
        return project.site_packages.stat().st_mtime_ns if project.site_packages else 0
    except OSError:
        return 0


def _judge(found: evidence.Evidence, ms: float, baseline: Baseline) -> tuple[Check, Verdict]:
    """The tests check and its verdict; `baseline` says what is known of the run without the change."""
    is_whole = baseline != "pending"
    both = "with it; without it the file does not parse" if baseline == "unparsable" else "with and without it"
    if found.tampering:
        why = f"{found.tampering[0].upper()}{found.tampering[1:]}, so the run proves nothing."
        return Check("tests", "unverified", why, ms), unverified("touches-harness", (), why)
    detail = secrets.redact(found.detail)
    if found.broken:
        why = f"{_count(found.broken)} that passed without it {'fails' if len(found.broken) == 1 else 'fail'}: {detail}"
        return Check("tests", "failed", why, ms), Failed((), why)
    proving = found.turned + found.kept
    if found.stuck:
        start = f"It makes {_count(found.turned)} pass, but " if found.turned else ""
        why = f"{start}{_count(found.stuck)} {'fails' if len(found.stuck) == 1 else 'fail'} {both}: {detail}"
        if "ModuleNotFoundError" in detail:
            why += ". `assay doctor` says how a project's dependencies come into the sandbox."
        return Check("tests", "unverified", why, ms), unverified("baseline-red", (), why)
    if not proving:
        why = "No test that ran executes a changed line."
        return Check("tests", "unverified", why, ms), unverified("no-tests", (), why)
    told = f", {len(found.turned)} newly passing" if found.turned and is_whole else ""
    told += f", {len(found.stale)} left out: red {both}" if found.stale else ""
    names_ = ", ".join(proving[:4]) + (" …" if len(proving) > 4 else "")
    does = "passes" if len(proving) == 1 else "pass"
    why = (
        f"It makes {_count(found.turned)} pass."
        if found.turned and is_whole
        else f"{_count(proving)} executing it {does}."
    )
    return Check("tests", "passed", f"{_count(proving)}{told} ({names_})", ms), Passed((), why)


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


def _count(tests_: tuple[str, ...]) -> str:
    return f"{len(tests_)} test" + ("" if len(tests_) == 1 else "s")


def _ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000
