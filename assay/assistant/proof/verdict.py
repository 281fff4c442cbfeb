"""Where verdicts are made, and the sentences that they say. A change is begun; its proof tells what is known within the limits
and what comes later.

T0 (parse) and T1 (ruff, names) are on text (`checks`); T2 is the tests in a container (`runs`). What is not proved is never called passed.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace

from analyzers import secrets
from sandbox.evidence import Evidence

from ..nouns import Baseline, Change, Check, Failed, Passed, Reason, Run, Unverified, Verdict
from ..settings import Settings
from ..workbench import Workbench
from . import checks, runs
from .checks import Named, Static
from .runs import Cause, NotRun, Watch

CONTAINER_S = 6.0  # how long a container is waited for: a cold start takes 1 to 2 s; a warm pool gives one at once
COLD_S = 0.15  # a longer wait means that nothing was warm yet; then the whole machine is starting, and so is jedi
WHOLE_RUN_S = 15.0  # a run without anybody waiting: a hanging test is ended then

# What a verdict says, by what was seen; one that fails for parse, ruff or names says what that check saw. `{detail}` is in words of the check.
SENTENCES = {
    "unchanged": "Nothing is changed.",
    "not whole": "The line is not finished, so nothing of it can be run yet.",
    "shortened": "Only the likely beginning of the line is offered.",
    "elsewhere": "The file does not parse in another place: {detail}.",
    "static policy": "The policy is static: nothing was run.",
    "deadline": "The checks were not finished in time.",
    "no-project": "It is not a file of a project, so no test reaches it.",
    "ignored": "The file is ignored or secret, so it is not put into a container.",
    "secret": "The changed lines hold what looks like a secret, which goes into no container.",
    "harness": "{detail}, so a green run would prove nothing.",
    "no-tests": "No test reaches the changed lines.",
    "no-sandbox": "{detail}",
    "tampering": "{detail}, so the run proves nothing.",
    "not executed": "No test that ran executes a changed line.",
    "left": "{done} of {reaching} tests that may reach it ran in the time there was, all green so far.",
    "left, not executed": "{done} of {reaching} tests that may reach it ran in the time there was, and none of them executes it.",
    "broken": "{tests} that passed without it {fail}: {detail}",
    "stuck": "{tests} {fail} {both}: {detail}",
    "turned, stuck": "It makes {turned} pass, but {tests} {fail} {both}: {detail}",
    "no module": "{why}. `assay doctor` says how a project's dependencies come into the sandbox.",
    "turned": "It makes {turned} pass.",
    "kept": "{tests} executing it {passes}.",
    "redacted": "The files went to a container engine elsewhere, with what looks like a secret in them replaced.",
}
REASONS: dict[Cause, Reason] = {
    "harness": "touches-harness",
    "no-sandbox": "no-sandbox",
    "elsewhere": "unparsable-elsewhere",
}  # of a cause; else "no-tests"


@dataclass(frozen=True, slots=True)
class Limits:
    """`run_s`: when a container's run is ended, or a test in it hangs; None runs nothing. `wait_s`: how long `begin` waits for the tests from
    the moment a container is in hand; None until they are done, 0 not at all. `budget_s`: for all tests that reach the change, run together; None
    runs the likeliest first."""

    run_s: float | None = WHOLE_RUN_S
    wait_s: float | None = None
    budget_s: float | None = None

    @property
    def time(self) -> runs.Time:
        """For the runs."""
        quiet_s = self.run_s or 0.0
        if self.budget_s is None:
            return runs.Time(2 * quiet_s, quiet_s, is_whole=False)
        return runs.Time(self.budget_s, min(quiet_s, self.budget_s), is_whole=True)


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


async def begin(bench: Workbench, change: Change, limits: Limits) -> Proof:
    """Judge a change within the limits. What is not done by then goes on until `Proof.cancel`; a cancelled `begin` ends all."""
    if change.before.text == change.after:
        return Proof(Unverified((), "no-tests", _said("unchanged")))
    if not change.is_whole:
        return Proof(_of_beginning(await checks.so_far(bench, change), limits))
    static = await checks.static(bench, change)
    if static.failed:
        return Proof(Failed(static.checks, static.failed, static.undefined))
    if static.elsewhere:
        why = _said("elsewhere", detail=static.elsewhere)
        return Proof(Unverified(static.checks, "unparsable-elsewhere", why))
    naming = asyncio.create_task(checks.named(bench, change), name="names")
    try:
        if limits.run_s is None:
            return Proof(_without_running(static, await naming))
        return await _run(bench, change, static, naming, limits)
    except BaseException:
        naming.cancel()
        raise


async def _run(
    bench: Workbench,
    change: Change,
    static: Static,
    naming: asyncio.Task[Named],
    limits: Limits,
) -> Proof:
    """Names and tests side by side, for as long as the limits have it."""
    watch = Watch()
    is_one_line = change.lines[0] == change.lines[1]

    async def all_of_it() -> Verdict:
        found = await runs.run(bench, change, limits.time, watch)
        settled = _settled(static, await asyncio.shield(naming), found, is_one_line=is_one_line)
        return _of_redacted(settled) if bench.workspace.is_redacted and isinstance(found, Run) else settled

    final = asyncio.create_task(all_of_it(), name="proof")
    try:
        await _waited(final, watch, limits.wait_s)
        if final.done():
            return Proof(final.result())
        name = naming.result() if naming.done() else None
    except BaseException:
        final.cancel()
        raise
    if name is not None and name.unknown:
        final.cancel()
        return Proof(Failed((*static.checks, name.check), name.check.detail, (), name.unknown))
    early = _settled(static, name, watch.early, is_one_line=is_one_line) if watch.early is not None else None
    if isinstance(early, Passed) or (isinstance(early, Unverified) and early.reason == "tests-left"):
        return Proof(early, final, naming)
    known = (*static.checks, *([name.check] if name else []), Check("tests", "unverified", "still running"))
    return Proof(Unverified(known, "deadline", _said("deadline")), final, naming)


async def _waited(final: asyncio.Task[Verdict], watch: Watch, wait_s: float | None) -> None:
    """Wait for the tests; time runs from the moment a container is in hand."""
    if wait_s is None:
        await asyncio.wait({final})
    if not wait_s:
        return
    started = asyncio.create_task(watch.running.wait())
    began = time.monotonic()
    try:
        await asyncio.wait({final, started}, timeout=CONTAINER_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        started.cancel()
    is_cold = time.monotonic() - began > COLD_S
    await asyncio.wait({final}, timeout=max(wait_s, CONTAINER_S / 2) if is_cold else wait_s)


# ---- what it all says


def shortened(verdict: Verdict) -> Verdict:
    """The verdict on a whole line that nothing failed for, where only its beginning is offered."""
    return replace(verdict, why=f"{verdict.why} {_said('shortened')}")


def _said(what: str, **words: str) -> str:
    text = SENTENCES[what].format(**words)
    return text[:1].upper() + text[1:]


def _of_beginning(found: tuple[Check, ...], limits: Limits) -> Verdict:
    failed = next((check for check in found if check.state == "failed"), None)
    if failed is not None:
        return Failed(found, failed.detail)
    return Unverified(found, "static-policy" if limits.run_s is None else "no-tests", _said("not whole"))


def _without_running(static: Static, name: Named) -> Verdict:
    known = (*static.checks, name.check)
    if name.unknown:
        return Failed(known, name.check.detail, (), name.unknown)
    return Unverified(known, "static-policy", _said("static policy"))


def _settled(static: Static, named: Named | None, found: Run | NotRun, *, is_one_line: bool) -> Verdict:
    """All checks of one change into its verdict. A name on the one changed line that tests execute does exist, and
    jedi was mistaken; on several lines nobody knows which of them were executed."""
    verdict = _not_run(found) if isinstance(found, NotRun) else _of_tests(found)
    name = named.check if named else None
    if name and name.state == "failed" and isinstance(verdict, Passed) and is_one_line:
        name = Check("names", "skipped", f"overruled by the tests: {name.detail}", name.ms)
    style = found.style if isinstance(found, Run) else None
    known = (*static.checks, *([name] if name else []), *verdict.checks, *([style] if style else []))
    if named and name and name.state == "failed":
        return Failed(known, name.detail, (), named.unknown)
    return replace(verdict, checks=known)


def _of_redacted(verdict: Verdict) -> Verdict:
    """What a run showed of files whose secrets were replaced on their way to another machine: a red test may be red for that alone."""
    why = f"{verdict.why} {_said('redacted')}"
    if isinstance(verdict, Failed) and verdict.stage == "tests":
        checks_ = tuple(replace(c, state="unverified") if c.name == "tests" else c for c in verdict.checks)
        return Unverified(checks_, "baseline-red", why)
    return replace(verdict, why=why)


def _not_run(found: NotRun) -> Verdict:
    return _tests_unverified(REASONS.get(found.cause, "no-tests"), _said(found.cause, detail=found.detail), found.ms)


def _of_tests(run: Run) -> Verdict:
    """What the runs with and without the change prove, in the tests check alone."""
    found = run.evidence
    if found.tampering:
        return _tests_unverified("touches-harness", _said("tampering", detail=found.tampering), run.ms)
    detail = secrets.redact(found.detail)
    if found.broken:
        why = _said("broken", tests=_count(found.broken), fail=_fail(found.broken), detail=detail)
        return Failed((Check("tests", "failed", why, run.ms),), why)
    if found.stuck:
        words = {"tests": _count(found.stuck), "fail": _fail(found.stuck), "turned": _count(found.turned)}
        what = "turned, stuck" if found.turned else "stuck"
        why = _said(what, **words, both=_both(run.baseline), detail=detail)
        why = _said("no module", why=why) if "ModuleNotFoundError" in detail else why
        return _tests_unverified("baseline-red", why, run.ms)
    if run.left:
        what = "left" if found.turned or found.kept else "left, not executed"
        why = _said(what, done=str(run.reaching - run.left), reaching=str(run.reaching))
        return replace(_tests_unverified("tests-left", why, run.ms), green=len(found.turned + found.kept))
    if not found.turned and not found.kept:
        return _tests_unverified("no-tests", _said("not executed"), run.ms)
    return _passed(found, run)


def _passed(found: Evidence, run: Run) -> Passed:
    proving, newly = found.turned + found.kept, found.turned if run.baseline != "pending" else ()
    told = f", {len(newly)} newly passing" if newly else ""
    told += f", {len(found.stale)} left out: red {_both(run.baseline)}" if found.stale else ""
    named = secrets.redact(", ".join(proving[:4])) + (" …" if len(proving) > 4 else "")
    passes = "passes" if len(proving) == 1 else "pass"
    why = _said("turned", turned=_count(newly)) if newly else _said("kept", tests=_count(proving), passes=passes)
    return Passed((Check("tests", "passed", f"{_count(proving)}{told} ({named})", run.ms),), why)


def _both(baseline: Baseline) -> str:
    return "with it; without it the file does not parse" if baseline == "unparsable" else "with and without it"


def _tests_unverified(reason: Reason, why: str, ms: float) -> Unverified:
    return Unverified((Check("tests", "unverified", why, ms),), reason, why)


def _fail(tests: tuple[str, ...]) -> str:
    return "fails" if len(tests) == 1 else "fail"


def _count(tests: tuple[str, ...]) -> str:
    return f"{len(tests)} test" + ("" if len(tests) == 1 else "s")
