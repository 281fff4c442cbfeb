"""Where verdicts are made, and the sentences that they say. A change is begun; its proof tells what is known within the limits
and what comes later.

T0 and T1 run here on text (`checks`); T2 runs in a container (`tests`). What is not proved is never called passed.
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
from . import checks, tests
from .checks import Named, Static
from .tests import NotRun, Watch

CONTAINER_S = 6.0  # how long a container is waited for: a cold start takes 1 to 2 s; a warm pool gives one at once
COLD_S = 0.15  # a longer wait means that nothing was warm yet; then the whole machine is starting, and so is jedi
WHOLE_RUN_S = 15.0  # a run without anybody waiting: a hanging test is ended then

SENTENCES: dict[Reason, str] = {
    "no-tests": "No test that ran executes a changed line.",
    "static-policy": "The policy is static: nothing was run.",
    "deadline": "The checks were not finished in time.",
    "no-sandbox": "Nothing could be run.",
    "baseline-red": "The tests that reach it fail with and without it.",
    "unparsable-elsewhere": "The file does not parse in another place, so nothing could be run.",
    "touches-harness": "It reaches for the test harness, so a green run would prove nothing.",
}
SHORTENED = "Only the likely beginning of the line is offered."
NOT_WHOLE = "The line is not finished, so nothing of it can be run yet."


@dataclass(frozen=True, slots=True)
class Limits:
    """`run_s`: when a container's run is ended; None runs nothing. `wait_s`: how long `begin` waits for the tests from the moment
    a container is in hand; None until they are done, 0 not at all."""

    run_s: float | None = WHOLE_RUN_S
    wait_s: float | None = None


def patient(settings: Settings) -> Limits:
    """The limits of a check that somebody asked for and waits for."""
    return Limits(None if settings.policy == "static" else WHOLE_RUN_S)


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
        return Proof(_unverified("no-tests", (), "Nothing is changed."))
    if not change.is_whole:
        return Proof(_of_beginning(await checks.so_far(bench, change), limits))
    static = await checks.static(change)
    if static.failed:
        return Proof(Failed(static.checks, static.failed, static.undefined))
    if static.tree is None:
        why = f"The file does not parse in another place: {static.elsewhere}."
        return Proof(_unverified("unparsable-elsewhere", static.checks, why))
    naming = asyncio.create_task(checks.named(bench, change), name="names")
    try:
        if limits.run_s is None:
            return Proof(_without_running(static, await naming))
        return await _run(bench, change, static, naming, limits.run_s, limits.wait_s)
    except BaseException:
        naming.cancel()
        raise


async def _run(
    bench: Workbench,
    change: Change,
    static: Static,
    naming: asyncio.Task[Named],
    run_s: float,
    wait_s: float | None,
) -> Proof:
    """Names and tests side by side, for as long as the limits have it."""
    watch = Watch()
    is_one_line = change.lines[0] == change.lines[1]

    async def all_of_it() -> Verdict:
        assert static.tree is not None
        found = await tests.run(bench, change, static.tree, run_s, watch)
        return _settled(static, await asyncio.shield(naming), found, is_one_line=is_one_line)

    final = asyncio.create_task(all_of_it(), name="proof")
    try:
        await _waited(final, watch, wait_s)
    except BaseException:
        final.cancel()
        raise
    if final.done():
        return Proof(final.result())
    name = naming.result() if naming.done() else None
    if name is not None and name.unknown:
        final.cancel()
        return Proof(Failed((*static.checks, name.check), name.check.detail, (), name.unknown))
    early = _settled(static, name, watch.early, is_one_line=is_one_line) if watch.early is not None else None
    if isinstance(early, Passed):
        return Proof(early, final, naming)
    known = (*static.checks, *([name.check] if name else []), Check("tests", "unverified", "still running"))
    return Proof(_unverified("deadline", known), final, naming)


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
    return replace(verdict, why=f"{verdict.why} {SHORTENED}")


def _of_beginning(found: tuple[Check, ...], limits: Limits) -> Verdict:
    failed = next((check for check in found if check.state == "failed"), None)
    if failed is not None:
        return Failed(found, failed.detail)
    return _unverified("static-policy" if limits.run_s is None else "no-tests", found, NOT_WHOLE)


def _without_running(static: Static, name: Named) -> Verdict:
    known = (*static.checks, name.check)
    if name.unknown:
        return Failed(known, name.check.detail, (), name.unknown)
    return _unverified("static-policy", known)


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
    match verdict:
        case Passed(why=why):
            return Passed(known, why)
        case Failed(why=why):
            return Failed(known, why)
        case Unverified(reason=reason, why=why):
            return Unverified(known, reason, why)


def _not_run(found: NotRun) -> Verdict:
    why = found.why or SENTENCES[found.reason]
    return Unverified((Check("tests", "unverified", why, found.ms),), found.reason, why)


def _of_tests(run: Run) -> Verdict:
    """What the runs with and without the change prove, in the tests check alone."""
    found, both = run.evidence, _both(run.baseline)
    if found.tampering:
        why = f"{found.tampering[0].upper()}{found.tampering[1:]}, so the run proves nothing."
        return _tests_unverified("touches-harness", why, run.ms)
    detail = secrets.redact(found.detail)
    if found.broken:
        why = f"{_count(found.broken)} that passed without it {_fail(found.broken)}: {detail}"
        return Failed((Check("tests", "failed", why, run.ms),), why)
    if found.stuck:
        start = f"It makes {_count(found.turned)} pass, but " if found.turned else ""
        why = f"{start}{_count(found.stuck)} {_fail(found.stuck)} {both}: {detail}"
        if "ModuleNotFoundError" in detail:
            why += ". `assay doctor` says how a project's dependencies come into the sandbox."
        return _tests_unverified("baseline-red", why, run.ms)
    if not found.turned and not found.kept:
        return _tests_unverified("no-tests", SENTENCES["no-tests"], run.ms)
    return _passed(found, run)


def _passed(found: Evidence, run: Run) -> Passed:
    proving, newly = found.turned + found.kept, found.turned if run.baseline != "pending" else ()
    told = f", {len(newly)} newly passing" if newly else ""
    told += f", {len(found.stale)} left out: red {_both(run.baseline)}" if found.stale else ""
    named = ", ".join(proving[:4]) + (" …" if len(proving) > 4 else "")
    why = (
        f"It makes {_count(newly)} pass."
        if newly
        else f"{_count(proving)} executing it {'passes' if len(proving) == 1 else 'pass'}."
    )
    return Passed((Check("tests", "passed", f"{_count(proving)}{told} ({named})", run.ms),), why)


def _both(baseline: Baseline) -> str:
    return "with it; without it the file does not parse" if baseline == "unparsable" else "with and without it"


def _tests_unverified(reason: Reason, why: str, ms: float) -> Unverified:
    return Unverified((Check("tests", "unverified", why, ms),), reason, why)


def _unverified(reason: Reason, known: tuple[Check, ...], why: str = "") -> Unverified:
    """With the reason's own sentence, or a closer one."""
    return Unverified(known, reason, why or SENTENCES[reason])


def _fail(tests_: tuple[str, ...]) -> str:
    return "fails" if len(tests_) == 1 else "fail"


def _count(tests_: tuple[str, ...]) -> str:
    return f"{len(tests_)} test" + ("" if len(tests_) == 1 else "s")
