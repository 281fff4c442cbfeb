"""From an offset in a document to proved suggestions: the one data path of the product."""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from analyzers import site as sites
from analyzers.text import Span
from assay.assistant import confidence, filters, judge, parts
from assay.assistant.bench import Ask, Completion, Dropped, LaterVerdict, Origin, Suggestion, Workbench
from assay.assistant.confidence import Cut
from assay.assistant.filters import Draft, Drop
from assay.assistant.parts import Near
from assay.assistant.sampling import Draw, draws
from assay.assistant.trace import Trace
from assay.assistant.verdict import Failed, Passed, Unverified, Verdict
from assay.engine.api import EngineError

PATIENCE = 2  # times the site's deadline: the first candidate's generation and its checks, and about as much again
SURE = 0.75  # from here on what the code nearby says needs no model
NEAR_PATIENCE_S = 0.35  # for the model, where there is something else to offer: later, people have typed on
HOPELESS = 0.02  # below it even a passed line is hardly ever the one that was meant
STREAK_FREE, STREAK_STEP, STREAK_MOST = 4, 0.03, 0.25  # how much likelier a suggestion must be after many passed over


async def complete(bench: Workbench, ask: Ask) -> Completion:
    """Suggestions at `ask.offset`, each with its verdict; why there are none, where there are none. Raises nothing
    but CancelledError: an engine that is away is a reason, not an error."""
    trace = bench.traces.begin(ask.where)
    try:
        found = await _complete(bench, ask, trace)
    except asyncio.CancelledError:
        trace.add("cancelled")
        bench.traces.save(trace, "cancelled")
        raise
    if not found.suggestions:
        trace.add("silence", why=found.why)
        bench.traces.save(trace, f"nothing: {found.why}")
        return found
    best = found.suggestions[0]
    trace.add("offer", id=best.id, text=best.text, verdict=judge.told(best.verdict), confidence=best.origin.confidence)
    bench.traces.save(trace, f"offered, {judge.told(best.verdict)['state']}")
    bench.shown.show(ask, found)
    return found


async def _complete(bench: Workbench, ask: Ask, trace: Trace) -> Completion:
    bench.shown.judge(ask)
    if ask.trigger == "automatic":
        bench.pace.key(time.monotonic())
    ask = replace(ask, snapshot=sites.own_line(ask.snapshot, ask.offset))
    site = sites.at(ask.snapshot, ask.offset)
    if site.is_prose and ask.trigger == "invoked":
        site = sites.in_prose(ask.snapshot, ask.offset)
    trace.add("site", kind=site.kind, why=site.why)
    if why := site.why or await _closed(bench, ask):
        return Completion(trace.id, why=why)
    if ask.trigger == "automatic" and (held := bench.shown.get(ask, await _world(bench, ask))) is not None:
        trace.add("held", of=held.trace_id)
        return held
    near = parts.near(ask)
    likely = confidence.best(near.cuts, threshold(bench, ask)) if ask.trigger == "automatic" else None
    if likely is not None:
        trace.add("near", text=near.text[: likely.length], probability=round(likely.probability, 3))
    if likely is not None and (likely.probability >= SURE or bench.engine.name == "none"):
        found = await _from_near(bench, ask, near, likely, trace)
        if found is not None:
            return await _offered(bench, ask, found, (), trace)
        likely = None
    if bench.engine.name == "none":
        return Completion(trace.id, why=(await bench.engine.health()).why)
    return await _from_model(bench, ask, site, near, likely, trace)


def threshold(bench: Workbench, ask: Ask) -> float:
    """The least probability of being kept that is worth showing: nothing for somebody who asked, else less than full eagerness
    leaves, and more after a streak of suggestions that were passed over."""
    if ask.trigger == "invoked":
        return 0.0
    tired = min(STREAK_MOST, max(0, bench.shown.streak - STREAK_FREE) * STREAK_STEP)
    return min(0.95, 1 - bench.settings.number("complete.eagerness") / 100 + tired)


async def _closed(bench: Workbench, ask: Ask) -> str:
    if not bench.settings.is_on("complete.enabled"):
        return "Completions are switched off (`complete.enabled`)."
    if ask.trigger == "automatic" and bench.settings.is_on("complete.manual"):
        return "Completions come on request only (`complete.manual`)."
    path = Path(ask.snapshot.path)
    is_inside = ask.snapshot.path and path.is_relative_to(ask.root)
    if is_inside and not (await bench.workspace.rules(ask.root)).allows(path.relative_to(ask.root).as_posix()):
        return "The file is ignored or secret, so nothing of it is sent to a model."
    return ""


async def _world(bench: Workbench, ask: Ask) -> object:
    """What a verdict rests on besides the document: the project's files and the other open documents, to be compared."""
    own = Path(ask.snapshot.path)
    others = {name: text for name, text in ask.overlay.items() if ask.root / name != own}
    return (await bench.workspace.state(ask.root)).revision, others


async def _offered(
    bench: Workbench, ask: Ask, suggestion: Suggestion, dropped: tuple[Dropped, ...], trace: Trace
) -> Completion:
    """One suggestion as the answer, remembered and recorded."""
    found = Completion(trace.id, (suggestion,), dropped)
    bench.shown.put(ask, found, await _world(bench, ask))
    state = type(suggestion.verdict).__name__.lower()
    bench.ledger.record("offered", suggestion.id, text=suggestion.text, state=state, trace_id=trace.id)
    return found


async def _from_near(bench: Workbench, ask: Ask, near: Near, cut: Cut, trace: Trace) -> Suggestion | None:
    """What the code nearby says, where its checks do not fail."""
    text = near.text[: cut.length]
    verdict = await parts.judge(bench, ask, text)
    if isinstance(verdict, Failed) or bench.settings.policy == "strict":
        trace.add("near-dropped", why=verdict.why)
        return None
    origin = Origin("phrases", "", "", (), {}, round(cut.probability, 3))
    return Suggestion(secrets.token_hex(6), text, Span(ask.offset, ask.offset), verdict, origin)


async def _from_model(
    bench: Workbench, ask: Ask, site: sites.Site, near: Near, likely: Cut | None, trace: Trace
) -> Completion:
    """The model's best, or what the code nearby says where that promises more or the model is late."""
    dropped: list[Dropped] = []
    why, best = "", None
    work = asyncio.create_task(_drawn(bench, ask, site, near, dropped, trace))
    try:
        await asyncio.wait({work}, timeout=NEAR_PATIENCE_S if likely else None)
        if work.done():
            best = work.result()
        else:
            trace.add("late")
    except EngineError as error:
        trace.add("engine", error=str(error))
        why = str(error)
    finally:
        work.cancel()
        await asyncio.wait({work})
    if likely is not None and not _promises_more(best, likely):
        best = await _from_near(bench, ask, near, likely, trace) or best
    if best is not None:
        return await _offered(bench, ask, best, tuple(dropped), trace)
    why = why or (dropped[0].reason if dropped else "The model had nothing to say.")
    return Completion(trace.id, (), tuple(dropped), why)


def _promises_more(one: Suggestion | None, cut: Cut) -> bool:
    """Whether the model's suggestion is proved, or saves more than the cut of what the code nearby says."""
    if one is None or isinstance(one.verdict, Passed) or one.origin.confidence is None:
        return one is not None
    return Cut(len(one.text), one.origin.confidence).gain > cut.gain


async def _drawn(
    bench: Workbench, ask: Ask, site: sites.Site, near: Near, dropped: list[Dropped], trace: Trace
) -> Suggestion | None:
    """The best of the model's draws; each one is begun only when the one before was not good enough. Raises EngineError."""
    best: Suggestion | None = None
    if ask.trigger == "automatic":
        with trace.waiting("pace"):
            await asyncio.sleep(bench.pace.wait_s(bench.settings.number("complete.pace_ms") / 1000, bench.shown.streak))
    try:
        async with aclosing(draws(bench, ask, site, trace)) as found:
            async for draw in found:
                trace.add("candidate", text=draw.text, sampling=draw.sampling)
                best = _better(best, await _consider(bench, ask, site, draw, near, dropped, trace), dropped)
                if (best is not None and not _may_improve(best.verdict)) or _is_late(bench, ask, site, trace):
                    break
                if best is None and ask.trigger == "automatic" and site.kind == "line" and draw.tokens:
                    break  # a line that was not likely enough gets no better by chance
    except EngineError:
        if best is None:
            raise
    return best


async def _consider(
    bench: Workbench, ask: Ask, site: sites.Site, draw: Draw, near: Near, dropped: list[Dropped], trace: Trace
) -> Suggestion | None:
    """Filter, repair and judge one draw, and cut it to what is likely to be kept; or None with the reason in `dropped`."""
    text, offset = ask.snapshot.text, ask.offset
    draft = Draft(
        draw.text, ask.snapshot.preamble + text[:offset], text[offset:], site.kind, site.indent, draw.prompt.healed
    )
    result, changed = filters.apply(draft)
    trace.add("filters", changed=list(changed))
    if isinstance(result, Drop):
        dropped.append(Dropped(draw.text, f"filter:{changed[-1]}", result.reason))
        return None
    cuts = confidence.model_cuts(draw.tokens, len(draw.prompt.healed) + len(draw.typed), near.steps, near.typed)
    cuts = tuple(cut for cut in cuts if result.text.startswith(_own(draw)[: cut.length]))
    least = threshold(bench, ask)
    likely = confidence.best(cuts, least)
    if cuts and least and likely is None and not _may_be_proved(bench, cuts):
        dropped.append(Dropped(result.text, "silence", _too_unlikely(cuts, least)))
        return None
    suggestion_id = secrets.token_hex(6)
    ruling = await judge.candidate(bench, ask, result, trace)
    if ruling.repaired:
        dropped.append(Dropped(result.text, "repaired", ruling.repaired))
    origin = Origin(
        bench.engine.name, await bench.engine.model(), draw.prompt.id, draw.prompt.sources, dict(draw.sampling), None
    )
    place = Span(offset, offset)
    if ruling.dropped is not None:
        ruling.tell(suggestion_id, None)
        dropped.append(ruling.dropped)
        verdict = await parts.judge(bench, ask, result.text[: likely.length]) if likely and least else None
        if likely is None or not isinstance(verdict, Unverified) or bench.settings.policy == "strict":
            return None
        origin = replace(origin, confidence=round(likely.probability, 3))
        return Suggestion(suggestion_id, result.text[: likely.length], place, verdict, origin)
    assert ruling.verdict is not None
    chance = cuts[-1].probability if cuts else None
    whole = Suggestion(
        suggestion_id, ruling.text, place, ruling.verdict, replace(origin, confidence=_rounded(chance)), ruling.imports
    )
    if not least or not cuts or not isinstance(ruling.verdict, Unverified):
        ruling.tell(suggestion_id, _later(bench, ask))
        return whole
    if likely is None:
        ruling.tell(suggestion_id, None)
        dropped.append(Dropped(ruling.text, "silence", _too_unlikely(cuts, least)))
        return None
    if likely.length >= len(ruling.text.rstrip()) or ruling.repaired:
        ruling.tell(suggestion_id, _later(bench, ask))
        return whole
    ruling.tell(suggestion_id, None)  # what is being tested is the whole line, and only its beginning is offered
    origin = replace(origin, confidence=_rounded(likely.probability))
    return Suggestion(suggestion_id, ruling.text[: likely.length], place, parts.shortened(ruling.verdict), origin)


def _later(bench: Workbench, ask: Ask) -> LaterVerdict | None:
    """Tell the client of a later verdict, and what is kept of the offer too."""
    tell = ask.later
    if tell is None:
        return None

    def both(suggestion_id: str, verdict: Verdict) -> None:
        bench.shown.revise(suggestion_id, verdict)
        tell(suggestion_id, verdict)

    return both


def _own(draw: Draw) -> str:
    """The draw's text without what the document already has of it."""
    return draw.text.removeprefix(draw.prompt.healed)


def _may_be_proved(bench: Workbench, cuts: tuple[Cut, ...]) -> bool:
    """Whether a text that is not likely enough by itself could still earn its place by a passing test."""
    return bench.settings.policy != "static" and cuts[-1].probability >= HOPELESS


def _too_unlikely(cuts: tuple[Cut, ...], least: float) -> str:
    chance = max(cut.probability for cut in cuts)
    return f"Not likely enough to be kept: {chance:.2f}, and {least:.2f} is asked for (`complete.eagerness`)."


def _rounded(chance: float | None) -> float | None:
    return None if chance is None else round(chance, 3)


def _better(one: Suggestion | None, other: Suggestion | None, dropped: list[Dropped]) -> Suggestion | None:
    """The one that is proved, else the earlier one; the other goes to `dropped` with what its tests said."""
    if one is None or other is None:
        return one or other
    is_better = isinstance(other.verdict, Passed) and not isinstance(one.verdict, Passed)
    kept, left = (other, one) if is_better else (one, other)
    dropped.append(Dropped(left.text, "superseded", left.verdict.why))
    return kept


def _is_late(bench: Workbench, ask: Ask, site: sites.Site, trace: Trace) -> bool:
    """Whether somebody who types has moved on: then no further sample is begun."""
    kind = site.kind if site.kind != "none" else "line"
    is_late = ask.trigger == "automatic" and trace.age_s > PATIENCE * bench.settings.deadline_s(kind)
    if is_late:
        trace.add("late")
    return is_late


def _may_improve(verdict: Verdict) -> bool:
    """Whether another sample is worth its time: tests reach the site, and this one did not make them pass."""
    return isinstance(verdict, Unverified) and verdict.reason == "baseline-red"
