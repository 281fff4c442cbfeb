"""From a cursor to proved suggestions. `_walk` is the way on one screen: site → what is held → the code nearby → the model's candidates,
each through `candidate.considered` → offer."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import replace

from analyzers import site as sites
from assay.engine.api import EngineError, EngineState, EngineUnavailable

from ..drafting import sources
from ..drafting.ask import Ask, withheld
from ..drafting.likely import Cut
from ..drafting.sources import Nearby
from ..nouns import Completion, Suggestion
from ..proof.verdict import Limits
from ..record.trace import Trace
from ..settings import Settings
from ..shapes import state, verdict_json
from ..workbench import Workbench
from . import choice
from .candidate import beginning, better, considered
from .way import Typing, Way

RUN_S: dict[sites.SiteKind, float] = {
    "none": 0.0,
    "line": 5.0,
    "block": 8.0,
    "function": 15.0,
}  # a hanging test is ended then, deadline or not
NEAR_PATIENCE_S = 0.35  # for the model, where there is something else to offer: later, people have typed on


async def complete(bench: Workbench, typing: Typing, ask: Ask) -> Completion:
    """Suggestions at `ask.offset`, each with its verdict; why there are none, where there are none. An engine that
    is away, or fails, is such a reason, not an error."""
    ask = replace(ask, world=bench.projects.known_of(ask.world))
    trace = bench.traces.begin(ask.where)
    way = _start(bench, typing, ask, trace)
    try:
        found = await _walk(way)
    except BaseException as error:
        _end(way)
        outcome = "cancelled" if isinstance(error, asyncio.CancelledError) else f"failed: {type(error).__name__}"
        trace.add(outcome)
        bench.traces.save(trace, outcome)
        raise
    _tell_contradicted(way, found.suggestions[0].origin.model if found.suggestions else "")
    if not found.suggestions:
        _end(way)
        trace.add("silence", why=found.why)
        bench.traces.save(trace, f"nothing: {found.why}")
        return found
    best = found.suggestions[0]
    told = {"id": best.id, "text": best.text, "verdict": verdict_json(best.verdict)}
    trace.add("offer", **told, confidence=best.origin.confidence)
    bench.traces.save(trace, f"offered, {state(best.verdict)}")
    typing.offers.show(ask, found)
    if (proof := way.proofs.pop(best.id, None)) is not None:
        typing.offers.follow(best.id, proof, ask.tell)
    _end(way)
    return found


def _end(way: Way) -> None:
    """End the proofs of what is not offered."""
    for proof in way.proofs.values():
        proof.cancel()


async def _walk(way: Way) -> Completion:
    way.trace.add("site", kind=way.site.kind, why=way.site.why)
    if why := way.site.why or await _closed(way):
        return Completion(way.trace.id, why=why)
    world = way.ask.world.mark(way.ask.snapshot.path)  # before the checks: what changes while they run was not in them
    if way.is_automatic and (held := way.typing.offers.held(way.ask, world)) is not None:
        way.trace.add("held", of=held.trace_id)
        return held
    near, has_model = sources.nearby(way.ask), way.bench.engine.name != "none"
    likely = choice.best(near.cuts, way.least) if way.is_automatic else None
    if likely is not None:
        way.trace.add("nearby", text=near.text[: likely.length], probability=round(likely.probability, 3))
    best, why, engine = None, "", None
    if likely is not None and (likely.probability >= choice.SURE or not has_model):
        best, likely = await beginning(way, near, near.own[: likely.length], likely.probability), None
    if best is None and has_model:
        best, why, engine = await _of_model(way, near, likely)
    if likely is not None and not choice.outweighs(best, likely):
        best = await beginning(way, near, near.own[: likely.length], likely.probability) or best
    if best is not None:
        return _offered(way, best, world, engine)
    if not has_model:
        health = await way.bench.engine.health()
        why, engine = why or health.why, health.state
    why = why or (way.dropped[0].reason if way.dropped else "The model had nothing to say.")
    return Completion(way.trace.id, (), tuple(way.dropped), why, engine)


# ---- site


def _start(bench: Workbench, typing: Typing, ask: Ask, trace: Trace) -> Way:
    typing.offers.look_back(ask)
    if ask.trigger == "automatic":
        typing.model.rhythm.key(time.monotonic())
    ask = replace(ask, snapshot=sites.own_line(ask.snapshot, ask.offset))
    site = sites.at(ask.snapshot, ask.offset)
    if site.is_prose and ask.trigger == "invoked":
        site = sites.in_prose(ask.snapshot, ask.offset)
    least = choice.threshold(bench.settings.number("complete.eagerness"), ask.trigger, typing.offers.streak)
    if ask.trigger == "automatic" and (box := bench.ledger.outbox) is not None:
        least = max(least, box.least(site.kind))
    return Way(bench, typing, ask, site, _limits(bench.settings, site.kind), least, trace)


def _limits(settings: Settings, kind: sites.SiteKind) -> Limits:
    """How long a proof may take here, by the policy and the kind of site."""
    match settings.policy:
        case "static":
            return Limits(run_s=None)
        case "eager":
            return Limits(RUN_S[kind], wait_s=0.0)
        case "strict":
            return Limits(RUN_S[kind], wait_s=RUN_S[kind])
        case _:
            return Limits(RUN_S[kind], settings.deadline_s(kind))


async def _closed(way: Way) -> str:
    """Why nothing may be offered here; "" where something may."""
    ask, settings = way.ask, way.bench.settings
    if not settings.is_on("complete.enabled"):
        return "Completions are switched off (`complete.enabled`)."
    if way.is_automatic and settings.is_on("complete.manual"):
        return "Completions come on request only (`complete.manual`)."
    return await withheld(way.bench, ask)


# ---- the model's candidates


async def _of_model(way: Way, near: Nearby, likely: Cut | None) -> tuple[Suggestion | None, str, EngineState | None]:
    """The best of the model's candidates, why there is none where the engine failed, and how that is. Where there is something
    `likely` to offer anyway, a late model is not waited for."""
    work = asyncio.create_task(_best_draw(way, near, likely), name="candidates")
    try:
        await asyncio.wait({work}, timeout=NEAR_PATIENCE_S if likely else None)
        if work.done():
            return work.result(), "", "ready"
        way.trace.add("late")
        return None, "", None
    except EngineError as error:
        way.trace.add("engine", error=str(error))
        return None, str(error), error.state if isinstance(error, EngineUnavailable) else "ready"
    finally:
        work.cancel()
        await asyncio.wait({work})


async def _best_draw(way: Way, near: Nearby, likely: Cut | None) -> Suggestion | None:
    """Each draw is begun only when the one before was not good enough. Raises EngineError."""
    best: Suggestion | None = None
    model = way.typing.model
    if way.is_automatic and not model.is_under_way(way.ask):
        model.definitions.begin(way.bench, way.ask, way.site.scope)
        least_s = way.bench.settings.number("complete.pace_ms") / 1000
        with way.trace.waiting("pace"):
            await asyncio.sleep(model.rhythm.wait_s(least_s, way.typing.offers.streak))
    try:
        go_on_s = sources.go_on_s(way.bench, way.ask, has_other=likely is not None)
        drawing = model.draws(way.bench, way.ask, way.site, near, way.trace, go_on_s=go_on_s)
        async with aclosing(drawing) as found:
            async for candidate in found:
                best = better(way, best, await considered(way, candidate))
                if (best is not None and not choice.may_improve(best.verdict)) or way.gives_up():
                    break
                if best is None and way.is_automatic and way.site.kind == "line" and candidate.is_rated:
                    break  # a line that was not likely enough gets no better by chance
    except EngineError:
        if best is None:
            raise
    return best


def _offered(way: Way, suggestion: Suggestion, world: object, engine: EngineState | None) -> Completion:
    """One suggestion as the answer, remembered and recorded."""
    found = Completion(way.trace.id, (suggestion,), tuple(way.dropped), engine=engine)
    way.typing.offers.remember(way.ask, found, world)
    told = {"text": suggestion.text, "state": state(suggestion.verdict), "trace_id": way.trace.id}
    way.bench.ledger.record("offered", suggestion.id, **told)
    if (box := way.bench.ledger.outbox) is not None:
        took_ms = {part: s * 1000 for part, s in way.trace.waited_s.items()} | {"total": way.trace.age_s * 1000}
        box.offered(suggestion, way.site.kind, took_ms, way.bench.settings.policy)
    return found


def _tell_contradicted(way: Way, model: str) -> None:
    """What tests spoke against is not shown: a team hears that there was something."""
    count = sum(1 for one in way.dropped if one.stage == "tests")
    if count and (box := way.bench.ledger.outbox) is not None:
        box.contradicted(way.trace.id, way.site.kind, model, count)
