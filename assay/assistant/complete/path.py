"""From a cursor to proved suggestions. `_walk` is the way on one screen: site → what is held → the code nearby → the model's candidates,
each through `_considered` (filters → proof, mended → choice) → offer."""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path

from analyzers import fragment
from analyzers import site as sites
from analyzers.text import Span
from assay.engine.api import EngineError, EngineState, EngineUnavailable

from ..nouns import Ask, Completion, Dropped, Failed, Suggestion, Verdict
from ..proof.verdict import Limits, Proof, begin, shortened
from ..record.trace import Trace
from ..settings import Settings
from ..shapes import state, verdict_json
from ..workbench import Workbench
from . import choice, ends, filters, repair, sources
from .choice import Cut
from .filters import Draft, Drop
from .offers import Offers
from .sources import Candidate, Model, Nearby

RUN_S: dict[sites.SiteKind, float] = {
    "none": 0.0,
    "line": 5.0,
    "block": 8.0,
    "function": 15.0,
}  # a hanging test is ended then, deadline or not
PATIENCE = 2  # times the site's deadline: the first candidate's generation and its checks, and about as much again
RUNS_INTO = "Only its beginning is likely, and that would run into the code right of the cursor."
NEAR_PATIENCE_S = 0.35  # for the model, where there is something else to offer: later, people have typed on
DISMISSED = "It was dismissed here before."


@dataclass(frozen=True, slots=True)
class Typing:
    """What the typing in one window leaves behind; made with the window, given to each of its requests."""

    offers: Offers = field(default_factory=Offers)
    model: Model = field(default_factory=Model)

    def renewed(self) -> Typing:
        """The same for new settings and services: what was offered and what became of it, without what rests on the old ones."""
        self.model.close()
        self.offers.forget()
        return Typing(self.offers)

    def close_document(self, uri: str) -> None:
        """A document was closed: nothing of its text is kept."""
        self.offers.close_document(uri)
        self.model.close_document(uri)

    def close(self) -> None:
        """End what is under way."""
        self.offers.close()
        self.model.close()


@dataclass(frozen=True, slots=True)
class _Way:
    """One request on its way. `least` is the probability that is worth showing; `dropped` gathers what is not offered, `proofs` those of
    suggestions by their ids: the one that is offered may go on."""

    bench: Workbench
    typing: Typing
    ask: Ask
    site: sites.Site
    limits: Limits
    least: float
    trace: Trace
    dropped: list[Dropped] = field(default_factory=list)
    proofs: dict[str, Proof] = field(default_factory=dict)

    @property
    def is_automatic(self) -> bool:
        return self.ask.trigger == "automatic"

    def drop(self, text: str, stage: str, reason: str) -> None:
        self.dropped.append(Dropped(text, stage, reason))


async def complete(bench: Workbench, typing: Typing, ask: Ask) -> Completion:
    """Suggestions at `ask.offset`, each with its verdict; why there are none, where there are none. Raises nothing
    but CancelledError: an engine that is away is a reason, not an error."""
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


def _end(way: _Way) -> None:
    """End the proofs of what is not offered."""
    for proof in way.proofs.values():
        proof.cancel()


async def _walk(way: _Way) -> Completion:
    way.trace.add("site", kind=way.site.kind, why=way.site.why)
    if why := way.site.why or await _closed(way):
        return Completion(way.trace.id, why=why)
    world = _world(way)  # before the checks: what changes while they run was not in them
    if way.is_automatic and (held := way.typing.offers.held(way.ask, world)) is not None:
        way.trace.add("held", of=held.trace_id)
        return held
    near, has_model = sources.nearby(way.ask), way.bench.engine.name != "none"
    likely = choice.best(near.cuts, way.least) if way.is_automatic else None
    if likely is not None:
        way.trace.add("nearby", text=near.text[: likely.length], probability=round(likely.probability, 3))
    best, why, engine = None, "", None
    if likely is not None and (likely.probability >= choice.SURE or not has_model):
        best, likely = await _beginning(way, near, near.own[: likely.length], likely.probability), None
    if best is None and has_model:
        best, why, engine = await _of_model(way, near, likely)
    if likely is not None and not choice.outweighs(best, likely):
        best = await _beginning(way, near, near.own[: likely.length], likely.probability) or best
    if best is not None:
        return _offered(way, best, world, engine)
    if not has_model:
        health = await way.bench.engine.health()
        why, engine = why or health.why, health.state
    why = why or (way.dropped[0].reason if way.dropped else "The model had nothing to say.")
    return Completion(way.trace.id, (), tuple(way.dropped), why, engine)


# ---- site


def _start(bench: Workbench, typing: Typing, ask: Ask, trace: Trace) -> _Way:
    typing.offers.look_back(ask)
    if ask.trigger == "automatic":
        typing.model.rhythm.key(time.monotonic())
    ask = replace(ask, snapshot=sites.own_line(ask.snapshot, ask.offset))
    site = sites.at(ask.snapshot, ask.offset)
    if site.is_prose and ask.trigger == "invoked":
        site = sites.in_prose(ask.snapshot, ask.offset)
    least = choice.threshold(bench.settings.number("complete.eagerness"), ask.trigger, typing.offers.streak)
    return _Way(bench, typing, ask, site, _limits(bench.settings, site.kind), least, trace)


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


async def _closed(way: _Way) -> str:
    """Why nothing may be offered here; "" where something may."""
    ask, settings = way.ask, way.bench.settings
    if not settings.is_on("complete.enabled"):
        return "Completions are switched off (`complete.enabled`)."
    if way.is_automatic and settings.is_on("complete.manual"):
        return "Completions come on request only (`complete.manual`)."
    path = Path(ask.snapshot.path)
    is_inside = ask.snapshot.path and path.is_relative_to(ask.root)
    if is_inside and not (await way.bench.workspace.rules(ask.root)).allows(path.relative_to(ask.root).as_posix()):
        return "The file is ignored or secret, so nothing of it is sent to a model."
    return ""


def _world(way: _Way) -> object:
    """What a verdict rests on besides the document: the project's files as far as they are known, and the other open documents. To be
    compared; while nothing is known of the files, with nothing but itself."""
    own = Path(way.ask.snapshot.path)
    others = {name: text for name, text in way.ask.overlay.items() if way.ask.root / name != own}
    known = way.bench.workspace.known(way.ask.root)
    return known.revision if known is not None else object(), others


# ---- the model's candidates


async def _of_model(way: _Way, near: Nearby, likely: Cut | None) -> tuple[Suggestion | None, str, EngineState | None]:
    """The best of the model's candidates, why there is none where the engine failed, and how that is. Where there is something
    `likely` to offer anyway, a late model is not waited for."""
    work = asyncio.create_task(_best_draw(way, near), name="candidates")
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


async def _best_draw(way: _Way, near: Nearby) -> Suggestion | None:
    """Each draw is begun only when the one before was not good enough. Raises EngineError."""
    best: Suggestion | None = None
    model = way.typing.model
    if way.is_automatic and not model.is_under_way(way.ask):
        model.definitions.begin(way.bench, way.ask, way.site.scope)
        least_s = way.bench.settings.number("complete.pace_ms") / 1000
        with way.trace.waiting("pace"):
            await asyncio.sleep(model.rhythm.wait_s(least_s, way.typing.offers.streak))
    try:
        async with aclosing(model.draws(way.bench, way.ask, way.site, near, way.trace)) as found:
            async for candidate in found:
                best = _better(way, best, await _considered(way, candidate))
                if (best is not None and not choice.may_improve(best.verdict)) or _is_late(way):
                    break
                if best is None and way.is_automatic and way.site.kind == "line" and candidate.is_rated:
                    break  # a line that was not likely enough gets no better by chance
    except EngineError:
        if best is None:
            raise
    return best


def _better(way: _Way, one: Suggestion | None, other: Suggestion | None) -> Suggestion | None:
    if one is None or other is None:
        return one or other
    kept, left = choice.better(one, other)
    way.drop(left.text, "superseded", left.verdict.why)
    return kept


def _is_late(way: _Way) -> bool:
    """Whether somebody who types has moved on: then no further sample is begun."""
    is_late = way.is_automatic and way.trace.age_s > PATIENCE * way.bench.settings.deadline_s(way.site.kind)
    if is_late:
        way.trace.add("late")
    return is_late


# ---- one candidate


async def _considered(way: _Way, candidate: Candidate) -> Suggestion | None:
    """Filter one candidate, prove its pieces, best first, and cut it to what is likely to be kept; or None with the reason in `dropped`."""
    way.trace.add("candidate", text=candidate.text, sampling=dict(candidate.origin.sampling))
    draft = _filtered(way, candidate)
    if draft is None:
        return None
    cuts = tuple(cut for cut in candidate.cuts if draft.text.startswith(candidate.own[: cut.length]))
    is_choosy = bool(cuts) and way.least > 0
    likely = choice.best(cuts, way.least) if is_choosy else None
    if likely is not None and draft.text[likely.length :].strip() and _is_before_code(way.ask):
        way.drop(draft.text, "silence", RUNS_INTO)
        return None
    if is_choosy and likely is None and (way.limits.run_s is None or not choice.may_be_proved(cuts)):
        way.drop(draft.text, "silence", choice.too_unlikely(cuts, way.least))
        return None
    best: Suggestion | None = None
    pieces = await asyncio.to_thread(ends.pieces, way.ask, draft) if "\n" in draft.text.strip() else (draft,)
    for piece in pieces:
        best = _better(way, best, await _judged(way, candidate, piece, cuts, likely))
        if (best is not None and not choice.may_improve(best.verdict)) or _is_late(way):
            break
    if best is not None:
        return best
    if likely is not None:
        return await _beginning(way, candidate, candidate.own[: likely.length], likely.probability)
    first = draft.text.rstrip().partition("\n")[0]
    if first.endswith(":") and not is_choosy and way.dropped and way.dropped[-1].stage == "parse":
        return await _beginning(way, candidate, first, None)  # a header alone, as far as it goes
    return None


async def _judged(
    way: _Way, candidate: Candidate, draft: Draft, cuts: tuple[Cut, ...], likely: Cut | None
) -> Suggestion | None:
    """One piece of a candidate with its proof, mended where it has to be; or None with the reason in `dropped`."""
    was_judged = any(one.text == draft.text for one in way.dropped)  # as a piece of an earlier sample
    if was_judged or _was_dismissed(way, draft.text):
        return None
    tried = await repair.attempt(way.bench, way.ask, draft, way.limits, way.trace)
    original, draft, proof = draft, tried.draft, tried.proof
    if tried.told and _was_dismissed(way, draft.text):
        proof.cancel()
        return None
    if why := choice.refused(proof.now, way.bench.settings.policy):
        proof.cancel()
        way.drop(draft.text, proof.now.stage if isinstance(proof.now, Failed) else "policy", why)
        return None
    if cuts and way.least > 0 and likely is None and not choice.is_supported(proof.now):
        proof.cancel()
        way.drop(draft.text, "silence", choice.too_unlikely(cuts, way.least))
        return None
    if likely is not None and choice.is_cut(proof.now, likely, draft.text) and not tried.told:
        proof.cancel()  # what is being tested is more than its beginning, which alone is offered
        return await _beginning(way, candidate, candidate.own[: likely.length], likely.probability, proof.now)
    if tried.told:
        way.drop(original.text, "repaired", tried.told)
    made = _suggestion(way, candidate, draft.text, proof.now, cuts[-1].probability if cuts else None, draft.imports)
    way.proofs[made.id] = proof
    return made


def _filtered(way: _Way, candidate: Candidate) -> Draft | None:
    """What the filters leave of it."""
    before = way.ask.snapshot.preamble + way.ask.before
    draft = Draft(candidate.text, before, way.ask.after, way.site, candidate.healed)
    result, changed = filters.apply(draft)
    way.trace.add("filters", changed=list(changed))
    if isinstance(result, Drop):
        way.drop(candidate.text, f"filter:{changed[-1]}", result.reason)
        return None
    return None if _was_dismissed(way, result.text) else result


def _was_dismissed(way: _Way, text: str) -> bool:
    is_old = way.typing.offers.was_dismissed(way.ask, text)
    if is_old:
        way.drop(text, "dismissed", DISMISSED)
    return is_old


async def _beginning(
    way: _Way, candidate: Candidate, text: str, chance: float | None, of_all: Verdict | None = None
) -> Suggestion | None:
    """The first part of a candidate alone. Where it is a whole statement it is proved like any other; else the checks that fit it must not fail, or
    it has the verdict `of_all` of it, where nothing failed for that."""
    ask = way.ask
    closing = fragment.closing(ask.before + text, ask.after)
    is_whole = closing is not None and closing.is_nothing
    was_judged = is_whole and any(text == one.text for one in way.dropped)
    if _is_before_code(ask) or was_judged or _was_dismissed(way, text):
        return None
    if of_all is not None and not is_whole:
        return _suggestion(way, candidate, text, shortened(of_all), chance)
    change = repair.placed(ask, Draft(text, ask.before, ask.after, way.site))
    proof = await begin(way.bench, change if is_whole else replace(change, is_whole=False), way.limits)
    if why := choice.refused(proof.now, way.bench.settings.policy):
        proof.cancel()
        way.drop(text, proof.now.stage if isinstance(proof.now, Failed) else "policy", why)
        return None
    made = _suggestion(way, candidate, text, proof.now, chance)
    way.proofs[made.id] = proof
    return made


def _is_before_code(ask: Ask) -> bool:
    """Whether code stands right of the cursor, and nothing left of it: what is written there is a line of its own."""
    return not ask.before.rpartition("\n")[2].strip() and bool(ask.after.partition("\n")[0].strip())


def _suggestion(
    way: _Way, of: Candidate, text: str, verdict: Verdict, chance: float | None, imports: tuple[str, ...] = ()
) -> Suggestion:
    origin = replace(of.origin, confidence=None if chance is None else round(chance, 3))
    return Suggestion(secrets.token_hex(6), text, Span(way.ask.offset, way.ask.offset), verdict, origin, imports)


def _offered(way: _Way, suggestion: Suggestion, world: object, engine: EngineState | None) -> Completion:
    """One suggestion as the answer, remembered and recorded."""
    found = Completion(way.trace.id, (suggestion,), tuple(way.dropped), engine=engine)
    way.typing.offers.remember(way.ask, found, world)
    told = {"text": suggestion.text, "state": state(suggestion.verdict), "trace_id": way.trace.id}
    way.bench.ledger.record("offered", suggestion.id, **told)
    return found
