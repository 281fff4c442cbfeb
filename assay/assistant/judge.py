"""Judge one candidate under the policy: static checks, repairs, then the container until the site's deadline.

What is still running at the deadline goes on in the background, and the changed verdict is told later.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analyzers import imports
from analyzers.text import Span

from . import execute, repair, verify
from .bench import Ask, Change, Dropped, Workbench
from .filters.draft import Draft
from .trace import Trace
from .verdict import Check, Failed, Passed, Verdict, to_json, unverified
from .verify import Named, Static

WAIT_S = 6.0  # for a container: a cold start takes 1 to 2 s; a warm pool gives one at once
COLD_S = 0.15  # a longer wait means that nothing was warm yet; then the whole machine is starting, and so is jedi
LATE_LIMIT = 2  # proofs that go on after their answer; a newer one ends the oldest, so that typing never stacks them
REPAIR_LIMIT = 3  # mended texts that are checked for one candidate

_background: dict[asyncio.Task[None], None] = {}  # tasks that outlive their request, oldest first


@dataclass(frozen=True, slots=True)
class Ruling:
    """The text as it may be offered, with imports for the top of the file, and its verdict; or what it was dropped for.
    `pending` proves on after it."""

    text: str = ""
    imports: tuple[str, ...] = ()
    verdict: Verdict | None = None
    dropped: Dropped | None = None
    repaired: str = ""
    pending: asyncio.Task[Verdict] | None = None

    def tell(self, suggestion_id: str, later: Callable[[str, Verdict], None] | None) -> None:
        """Have `later` called with the final verdict, or end the pending work where nobody wants to know."""
        if self.pending is None:
            return
        if later is None or self.dropped is not None:
            self.pending.cancel()
            return
        while len(_background) >= LATE_LIMIT:
            oldest = next(iter(_background))
            oldest.cancel()
            _background.pop(oldest)
        task = asyncio.create_task(_tell(self.pending, suggestion_id, later))
        _background[task] = None
        task.add_done_callback(lambda done: _background.pop(done, None))


async def candidate(bench: Workbench, ask: Ask, draft: Draft, trace: Trace) -> Ruling:
    """The ruling on `draft`, mended where it can be."""
    first = await _static(draft, ask)
    told = ""
    if first.static.failed:
        mended_by = await _mend(_repairs(first, await _texts(bench, ask.root)), draft, ask)
        if mended_by is None:
            stage = "parse" if first.static.tree is None else "ruff"
            trace.add(stage, failed=first.static.failed)
            return Ruling(dropped=Dropped(draft.text, stage, first.static.failed))
        first, told = mended_by
        trace.add("repair", did=told, text=first.draft.text)
    trace.add("static", checks=[f"{c.name} {c.state} {c.ms:.1f} ms" for c in first.static.checks])
    if first.static.tree is None:
        why = f"The file does not parse in another place: {first.static.checks[0].detail}."
        return _offer(bench, first.draft, unverified("unparsable-elsewhere", first.static.checks, why), told)
    return await _proved(bench, ask, first, told, trace)


@dataclass(frozen=True, slots=True)
class _First:
    """A draft written into its document, and what the static checks say of that."""

    draft: Draft
    change: Change
    static: Static


async def _static(draft: Draft, ask: Ask) -> _First:
    text, offset = ask.snapshot.text, ask.offset
    top = imports.edit(ask.snapshot, draft.imports) if draft.imports else None
    head = text[:offset] if top is None else text[: top.span.start] + top.text + text[top.span.end : offset]
    after = head + draft.text + text[offset:]
    change = Change(ask.snapshot, after, Span(len(head), len(head) + len(draft.text)), ask.root, ask.overlay)
    return _First(draft, change, await verify.static(change))


async def _mend(repairs: Iterator[repair.Mended], draft: Draft, ask: Ask) -> tuple[_First, str] | None:
    """The first repair of `draft` that passes the static checks, and what it did; or None."""
    for number, mended in enumerate(repairs):
        if number == REPAIR_LIMIT:
            return None
        if mended.imports and not ask.can_import:
            continue
        again = await _static(replace(draft, text=mended.text, imports=draft.imports + mended.imports), ask)
        if not again.static.failed and again.static.tree is not None:
            return again, mended.told
    return None


def _repairs(first: _First, texts: Mapping[str, str]) -> Iterator[repair.Mended]:
    if first.static.tree is None:
        yield from repair.syntax_error(first.draft)
    elif first.static.undefined:
        yield from repair.undefined_name(first.draft, first.static.undefined, texts, first.change.name)


async def _texts(bench: Workbench, root: Path) -> Mapping[str, str]:
    return (await bench.workspace.state(root)).texts


async def _proved(bench: Workbench, ask: Ask, first: _First, told: str, trace: Trace) -> Ruling:
    """Names and tests side by side, within the policy."""
    draft = first.draft
    naming = asyncio.create_task(verify.named(bench, first.change))
    try:
        if bench.settings.policy == "static":
            return await _without_running(bench, ask, first, told, await naming, trace)
        watch = execute.Watch(asyncio.Event())
        testing = asyncio.create_task(_final(bench, first, naming, watch, draft.kind))
    except BaseException:
        naming.cancel()
        raise
    try:
        verdict = await _until_deadline(bench, testing, watch.running, draft.kind)
    except BaseException:
        testing.cancel()
        naming.cancel()
        raise
    name = naming.result() if naming.done() and not naming.cancelled() else None
    if verdict is None:
        if name is not None and name.unknown:
            testing.cancel()
            return await _renamed(bench, ask, first, told, name, trace)
        trace.add("deadline", proof=watch.early is not None)
        if watch.early is not None:
            verdict = verify.settle(first.static.checks, name, watch.early, is_one_line=_is_one_line(first))
            return replace(_offer(bench, draft, verdict, told), pending=testing)
        checks = (*first.static.checks, *([name.check] if name else []), Check("tests", "unverified", "still running"))
        return replace(_offer(bench, draft, unverified("deadline", checks), told), pending=testing)
    trace.add("verdict", **to_json(verdict))
    if name is not None and name.unknown and isinstance(verdict, Failed):
        return await _renamed(bench, ask, first, told, name, trace)
    return _offer(bench, draft, verdict, told)


async def _final(
    bench: Workbench, first: _First, naming: asyncio.Task[Named], watch: execute.Watch, kind: str
) -> Verdict:
    assert first.static.tree is not None
    tested = await execute.tests(bench, first.change, first.static.tree, kind, watch)
    return verify.settle(first.static.checks, await asyncio.shield(naming), tested, is_one_line=_is_one_line(first))


def _is_one_line(first: _First) -> bool:
    return first.change.lines[0] == first.change.lines[1]


async def _until_deadline(
    bench: Workbench, testing: asyncio.Task[Verdict], running: asyncio.Event, kind: str
) -> Verdict | None:
    """The verdict, or None when it is not there in time. Time runs from the moment a container is in hand."""
    policy = bench.settings.policy
    if policy == "eager":
        return None
    started = asyncio.create_task(running.wait())
    began = time.monotonic()
    try:
        await asyncio.wait({testing, started}, timeout=WAIT_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        started.cancel()
    limit = (
        execute.RUN_S.get(kind, execute.RUN_S["function"]) if policy == "strict" else bench.settings.deadline_s(kind)
    )
    if time.monotonic() - began > COLD_S:
        limit = max(limit, WAIT_S / 2)
    await asyncio.wait({testing}, timeout=limit)
    return testing.result() if testing.done() else None


async def _without_running(bench: Workbench, ask: Ask, first: _First, told: str, name: Named, trace: Trace) -> Ruling:
    if name.unknown:
        return await _renamed(bench, ask, first, told, name, trace)
    return _offer(bench, first.draft, unverified("static-policy", (*first.static.checks, name.check)), told)


async def _renamed(bench: Workbench, ask: Ask, first: _First, told: str, name: Named, trace: Trace) -> Ruling:
    """Take the nearest real names and judge once more; without one, drop."""
    trace.add("names", failed=name.check.detail)
    draft = first.draft
    dropped = Ruling(dropped=Dropped(draft.text, "names", name.check.detail))
    if "renamed" in told:
        return dropped
    repairs = repair.unknown_name(draft, name.unknown, first.change.span.start, first.change.after)
    mended = await _mend(repairs, draft, ask)
    if mended is None:
        return dropped
    again, did = mended
    trace.add("repair", did=did, text=again.draft.text)
    return await _proved(bench, ask, again, f"{told}; {did}".strip("; "), trace)


def _offer(bench: Workbench, draft: Draft, verdict: Verdict, told: str) -> Ruling:
    """What the policy makes of a verdict."""
    if isinstance(verdict, Failed):
        stage = next((c.name for c in verdict.checks if c.state == "failed"), "tests")
        return Ruling(dropped=Dropped(draft.text, stage, verdict.why))
    if bench.settings.policy == "strict" and not isinstance(verdict, Passed):
        return Ruling(dropped=Dropped(draft.text, "policy", f"Not proved, and the policy is strict. {verdict.why}"))
    return Ruling(draft.text, draft.imports, verdict, repaired=told)


def told(verdict: Verdict) -> dict[str, Any]:
    """The verdict's JSON, for a trace."""
    return to_json(verdict)


async def _tell(pending: asyncio.Task[Verdict], suggestion_id: str, later: Callable[[str, Verdict], None]) -> None:
    try:
        later(suggestion_id, await pending)
    finally:
        pending.cancel()
