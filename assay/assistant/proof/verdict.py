"""Where verdicts are made. A change is begun; its proof tells what is known within the limits
and what comes later.

T0 (parse) and T1 (ruff, names) are on text (`checks`); T2 is the tests in a container (`runs`). What is not proved is never called passed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast, get_args

from analyzers import secrets

from ..evidence import Evidence
from ..nouns import Check, Failed, Passed, Reason, Run, Unverified, Verdict, risk
from ..settings import Settings
from ..workbench import Workbench
from ..world.change import Change
from . import checks, runs, sentences, table
from .checks import Named, Static
from .plan import Cause, NotRun, Time
from .runs import Watch
from .sentences import WHOLE_RUN_S

CONTAINER_S = 6.0  # how long a container is waited for: a cold start takes 1 to 2 s; a warm pool gives one at once
LOADED = 3.0  # times the wait that is added at most on a machine that is too busy to run them
COLD_S = 0.15  # a longer wait means that nothing was warm yet; then the whole machine is starting, and so is jedi

REASONS: dict[Cause, Reason] = {
    "harness": "touches-harness",
    "no-sandbox": "no-sandbox",
    "no-python": "no-sandbox",
    "elsewhere": "unparsable-elsewhere",
}  # of a cause; else "no-tests"


@dataclass(frozen=True, slots=True)
class Limits:
    """`run_s`: when a container's run is ended, or a test in it hangs; None runs nothing. `wait_s`: how long `begin` waits for the tests from
    the moment a container is in hand; None until they are done, 0 not at all. `budget_s`: for all tests that reach the change, run together; None
    runs the likeliest first. What is not urgent has a small share of the processors."""

    run_s: float | None = WHOLE_RUN_S
    wait_s: float | None = None
    budget_s: float | None = None
    is_urgent: bool = True

    @property
    def time(self) -> Time:
        """For the runs."""
        quiet_s = self.run_s or 0.0
        if self.budget_s is None:
            return Time(2 * quiet_s, quiet_s, is_whole=False, is_urgent=self.is_urgent)
        return Time(self.budget_s, min(quiet_s, self.budget_s), is_whole=True, is_urgent=self.is_urgent)


def patient(settings: Settings) -> Limits:
    """The limits of a check that somebody asked for and waits for."""
    return Limits(None if settings.policy == "static" else WHOLE_RUN_S, budget_s=settings.number("verify.budget_s"))


class Proof:
    """One change being judged: `now` is the verdict at the end of the limits. It is final unless `goes_on`."""

    def __init__(self, now: Verdict, *work: asyncio.Task[Verdict] | asyncio.Task[Named]) -> None:
        self.now = now
        self._work = work

    @property
    def goes_on(self) -> bool:
        """Whether `later` may say something else than `now`."""
        return bool(self._work)

    async def later(self) -> Verdict:
        """The final verdict."""
        for task in self._work:
            if isinstance(verdict := await task, Passed | Failed | Unverified):
                return verdict
        return self.now

    def cancel(self) -> None:
        """End what still runs; its container is gone within a second."""
        for task in self._work:
            task.cancel()


def _unheard(begun: int, of: int) -> None:
    """Nobody wants to know how far it is."""


async def begin(bench: Workbench, change: Change, limits: Limits, tell: Callable[[int, int], None] = _unheard) -> Proof:
    """Judge a change within the limits. What is not done by then goes on until `Proof.cancel`; a cancelled `begin` ends all. `tell` hears
    meanwhile how many tests of about how many were begun."""
    change = replace(change, world=bench.projects.known_of(change.world))
    if all(one.before.text == one.after and not one.is_gone for one in change.files):
        return Proof(Unverified((), "no-tests", sentences.said("unchanged")))
    if not change.is_whole:
        told = await checks.so_far(bench, change)
        return Proof(_of_beginning((*told, *await _risky(change)), limits))
    names: list[asyncio.Task[Named]] = []

    def name_it() -> None:
        work = checks.named(bench, change, is_waited_for=limits.wait_s is not None)
        names.append(asyncio.create_task(work, name="names"))

    try:
        static = await checks.static(bench, change, name_it)
        if static.failed or static.elsewhere:
            for task in names:
                task.cancel()
            return Proof(_unread(static))
        if risky := await _risky(change):
            static = replace(static, checks=(*static.checks, *risky))
        if not names:
            name_it()
        (naming,) = names
        if limits.run_s is None:
            return Proof(_without_running(static, await naming))
        return await _run(bench, change, static, naming, limits, tell)
    except BaseException:
        for task in names:
            task.cancel()
        raise


async def _risky(change: Change) -> tuple[Check, ...]:
    return await asyncio.to_thread(checks.risks_of, change) if checks.may_be_risky(change) else ()


async def _run(
    bench: Workbench,
    change: Change,
    static: Static,
    naming: asyncio.Task[Named],
    limits: Limits,
    tell: Callable[[int, int], None],
) -> Proof:
    """Names and tests side by side, for as long as the limits have it."""
    watch = Watch(tell=tell)

    async def all_of_it() -> Verdict:
        found = await runs.run(bench, change, limits.time, watch)
        settled = _settled(static, await asyncio.shield(naming), found)
        return _of_redacted(settled) if bench.projects.is_redacted and isinstance(found, Run) else settled

    final = asyncio.create_task(all_of_it(), name="proof")
    try:
        await _waited(final, watch, limits.wait_s)
        if final.done():
            return Proof(final.result())
        name = naming.result() if naming.done() else None
    except BaseException:
        final.cancel()
        raise
    if name is not None and name.unknown:  # green tests would overrule it, so it is no failure yet
        why = sentences.said("deadline, unknown", detail=name.check.detail)
        return Proof(Unverified((*static.checks, name.check), "deadline", why, unknown=name.unknown), final, naming)
    early = _settled(static, name, watch.early) if watch.early is not None else None
    if isinstance(early, Passed) or (isinstance(early, Unverified) and early.reason == "tests-left"):
        return Proof(early, final, naming)
    known = (*static.checks, *([name.check] if name else []), Check("tests", "unverified", "still running"))
    return Proof(Unverified(known, "deadline", sentences.said("deadline")), final, naming)


async def _waited(final: asyncio.Task[Verdict], watch: Watch, wait_s: float | None) -> None:
    """Wait for the tests; time runs from the moment a container is in hand, and while the machine lets them run."""
    if wait_s is None:
        await asyncio.wait({final})
    if not wait_s:
        return
    started = asyncio.create_task(watch.running.wait())
    try:
        await asyncio.wait({final, started}, timeout=CONTAINER_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        started.cancel()
    is_cold = watch.boot_s > COLD_S or not watch.running.is_set()
    least = max(wait_s, CONTAINER_S / 2) if is_cold else wait_s
    began = time.monotonic()
    while not final.done() and (rest := began + least + min(watch.waited_s, LOADED * least) - time.monotonic()) > 0:
        await asyncio.wait({final}, timeout=rest)


# ---- what it all says


def flaw(verdict: Verdict) -> Failed | None:
    """What fails, or does so far; None where nothing does."""
    if isinstance(verdict, Unverified) and verdict.unknown:
        return Failed(verdict.checks, verdict.why, (), verdict.unknown)
    return verdict if isinstance(verdict, Failed) else None


def shortened(verdict: Verdict) -> Verdict:
    """The verdict on a whole line that nothing failed for, where only its beginning is offered."""
    return replace(verdict, why=f"{verdict.why} {sentences.said('shortened')}")


def recalled(state: str, reason: str | None, why: str) -> Verdict | None:
    """A verdict that was written down, without its checks; None for words that no verdict has."""
    if state == "passed":
        return Passed((), why)
    if state == "failed":
        return Failed((), why)
    return Unverified((), cast(Reason, reason), why) if reason in get_args(Reason) else None


def _of_beginning(found: tuple[Check, ...], limits: Limits) -> Verdict:
    failed = next((check for check in found if check.state == "failed"), None)
    if failed is not None:
        return Failed(found, failed.detail)
    if limits.run_s is None:
        return Unverified(found, "static-policy", _warned(found, sentences.said("static policy")))
    return Unverified(found, "no-tests", _warned(found, sentences.said("not whole")))


def _unread(static: Static) -> Verdict:
    """Of what does not parse, or is no good for ruff."""
    if static.failed:
        return Failed(static.checks, static.failed, static.undefined)
    return Unverified(static.checks, "unparsable-elsewhere", sentences.said("elsewhere", detail=static.elsewhere))


def _without_running(static: Static, name: Named) -> Verdict:
    known = (*static.checks, name.check)
    if name.unknown:
        return Failed(known, name.check.detail, (), name.unknown)
    return Unverified(known, "static-policy", _warned(known, sentences.said("static policy")))


def _warned(known: tuple[Check, ...], why: str) -> str:
    """With what somebody should look at first."""
    detail = risk(known)
    return f"{why} {sentences.said('risky', detail=detail)}" if detail else why


def _settled(static: Static, named: Named | None, found: Run | NotRun) -> Verdict:
    """All checks of one change into its verdict. Where tests execute all changed lines their names do exist, and jedi was mistaken."""
    verdict = _not_run(found) if isinstance(found, NotRun) else of_tests(found)
    name = named.check if named else None
    if (
        named
        and name
        and name.state == "failed"
        and isinstance(verdict, Passed)
        and isinstance(found, Run)
        and _ran(named, found)
    ):
        name = Check("names", "skipped", f"overruled by the tests: {name.detail}", name.ms)
    style = found.style if isinstance(found, Run) else None
    known = (*static.checks, *([name] if name else []), *verdict.checks, *([style] if style else []))
    if named and name and name.state == "failed":
        return Failed(known, name.detail, (), named.unknown)
    return replace(verdict, checks=known, why=_warned(known, verdict.why))


def _ran(named: Named, run: Run) -> bool:
    """Whether tests executed the unknown names themselves."""
    counts = run.counts
    return counts.executed == counts.changed and named.is_always


def _of_redacted(verdict: Verdict) -> Verdict:
    """What a run showed of files whose secrets were replaced on their way to another machine: a red test may be red for that alone."""
    why = f"{verdict.why} {sentences.said('redacted')}"
    if isinstance(verdict, Failed) and verdict.stage == "tests":
        checks_ = tuple(replace(c, state="unverified") if c.name == "tests" else c for c in verdict.checks)
        return Unverified(checks_, "baseline-red", why)
    return replace(verdict, why=why)


def by_its_own(verdict: Verdict, noticed: int, mutants: int) -> Verdict:
    """The verdict on a change once tests that it brings are known to mind mutants of it (`noticed` of so many): passed, where nothing else was missing. Others stay as they are."""
    evidence = next((check.evidence for check in verdict.checks if check.evidence is not None), None)
    is_lacking = isinstance(verdict, Unverified) and verdict.reason in ("no-tests", "partly-executed")
    if evidence is None or not evidence.own or not is_lacking:
        return verdict
    if evidence.red or evidence.unseen or evidence.wanting or evidence.halted or evidence.hidden:
        return verdict
    why = sentences.of_own(evidence.own, evidence.proving, noticed, mutants)
    tests = tuple(replace(one, state="passed", detail=why) if one.name == "tests" else one for one in verdict.checks)
    return Passed(tests, _warned(tests, why))


def _not_run(found: NotRun) -> Verdict:
    return _tests_unverified(
        REASONS.get(found.cause, "no-tests"), sentences.said(found.cause, detail=found.detail), found.ms
    )


def of_tests(run: Run) -> Verdict:
    """What the runs with and without the change prove, in the tests check alone."""
    meaning = table.means(run)
    if meaning.name == "tampering":
        return _tests_unverified("touches-harness", sentences.said("tampering", detail=run.evidence.tampering), run.ms)
    if meaning.verdict == "passed":
        verdict: Verdict = _passed(run.evidence, run)
    elif meaning.verdict == "failed":
        why = _why(meaning.name, run)
        verdict = Failed((Check("tests", "failed", why, run.ms),), why)
    else:
        green = len(run.evidence.proving) if meaning.name in ("left", "partly") else 0
        why = sentences.with_withheld(_why(meaning.name, run), tuple(map(secrets.redact, run.evidence.withheld)))
        verdict = replace(_tests_unverified(meaning.verdict, why, run.ms), green=green)
    first, *others = verdict.checks
    return replace(verdict, checks=(replace(first, counts=run.counts, evidence=run.evidence), *others))


def _why(name: str, run: Run) -> str:
    """The sentence of a row of `table.MEANS`."""
    found, counts = run.evidence, run.counts
    detail = sentences.with_mend(secrets.redact(found.detail))
    proving, words = found.proving, dict[str, str]()
    match name:
        case "suspicion":
            return sentences.said("harness", detail=run.suspicion)
        case "edited" | "broken" | "unseen" | "wanting":
            words = sentences.counted(getattr(found, name))
            name = "ended" if name == "broken" and found.ended_in and found.left else name
        case "contradicted":
            opposed = table.against(found, run.leaves, run.baseline)
            words = sentences.counted(opposed) | {"reach": "reaches" if len(opposed) == 1 else "reach"}
        case "stuck":
            words = sentences.counted(found.red) | {
                "turned": sentences.count(found.turned),
                "both": sentences.both(run.baseline, is_first=found.is_first),
            }
            name = "turned, stuck" if found.turned else name
            if set(found.red) == set(found.uncollected):
                every = (*found.uncollected, *found.halted)
                name = "halted" if found.halted else "uncollected"
                words = (
                    sentences.counted(every) | {"they": "they"} if found.halted else {"tests": sentences.places(every)}
                )
        case "left":
            words = {"done": str(counts.run), "reaching": str(counts.reaching)}
            name = name if proving else "left, not executed"
        case "not executed":
            is_all = bool(found.halted) and set(found.halted) >= set(found.beside)
            words = sentences.counted(found.halted) | {"they": "it" if len(found.halted) == 1 else "they"}
            name = "halted" if is_all else "could not execute" if detail else "own test" if found.is_own_test else name
            if name == "not executed" and found.hidden:
                name, words = (
                    "hidden",
                    {"tests": sentences.count(found.hidden), "run": "runs" if len(found.hidden) == 1 else "run"},
                )
        case "partly":
            words = {"executed": str(counts.executed), "changed": str(counts.changed)}
            words |= {"tests": sentences.count(proving), "passes": "passes" if len(proving) == 1 else "pass"}
            words |= {"were": "was" if counts.executed == 1 else "were"}
    return sentences.said(name, **words, detail=detail)


def _passed(found: Evidence, run: Run) -> Passed:
    proving, newly = found.turned + found.kept, found.turned if run.baseline != "pending" else ()
    aside, counts = found.left_out, run.counts
    told = f", {len(newly)} newly passing" if newly else ""
    told += f", {len(aside)} left out: red {sentences.both(run.baseline, is_first=found.is_first)}" if aside else ""
    told += f", {len(found.flaky)} left out: red once and green once" if found.flaky else ""
    told += f", {len(found.disturbed)} left out: red while watched" if found.disturbed else ""
    told += f", {counts.executed} of {counts.changed} changed lines" if counts.executed < counts.changed else ""
    named = secrets.redact(", ".join(proving[:4])) + (" …" if len(proving) > 4 else "")
    passes = "passes" if len(proving) == 1 else "pass"
    why = (
        sentences.said("turned", turned=sentences.count(newly))
        if newly
        else sentences.said("kept", tests=sentences.count(proving), passes=passes)
    )
    why += (
        f" {counts.executed} of {counts.changed} changed lines were executed."
        if counts.executed < counts.changed
        else ""
    )
    why += f" {sentences.count(aside)} {'is' if len(aside) == 1 else 'are'} red either way." if aside else ""
    why += (
        f" {sentences.count(found.halted)} {'is' if len(found.halted) == 1 else 'are'} red before executing it."
        if found.halted
        else ""
    )
    why = sentences.with_withheld(why, tuple(map(secrets.redact, found.withheld)))
    return Passed((Check("tests", "passed", f"{sentences.count(proving)}{told} ({named})", run.ms),), why)


def _tests_unverified(reason: Reason, why: str, ms: float) -> Unverified:
    return Unverified((Check("tests", "unverified", why, ms),), reason, why)
