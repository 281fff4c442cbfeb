"""One candidate: filters → pieces → proof, mended where it has to be → what of it is offered."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace

from analyzers import fragment
from analyzers.text import Span

from ..drafting import filters
from ..drafting.ask import Ask
from ..drafting.filters import Draft, Drop
from ..drafting.likely import Cut
from ..drafting.sources import Candidate
from ..nouns import Suggestion, Verdict
from ..proof.verdict import begin, shortened
from ..world.change import one_file
from . import choice, ends, repair
from .way import Way

RUNS_INTO = "Only its beginning is likely, and that would run into the code right of the cursor."
TOO_MUCH = "No test speaks for it, and while you type only a statement is offered then."


async def considered(way: Way, candidate: Candidate) -> Suggestion | None:
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
        made = await _judged(way, candidate, piece, cuts, likely)
        if made is not None and piece is not pieces[-1] and _is_too_much(way, made, piece):
            way.drop(made.text, "silence", TOO_MUCH)
            continue
        best = better(way, best, made)
        is_good = best is not None and (likely is not None or not choice.may_improve(best.verdict))
        if is_good or way.gives_up():
            break
    if best is not None:
        return best
    if likely is not None:
        return await beginning(way, candidate, candidate.own[: likely.length], likely.probability)
    first = draft.text.rstrip().partition("\n")[0]
    if first.endswith(":") and not is_choosy and way.dropped and way.dropped[-1].stage == "parse":
        return await beginning(way, candidate, first, None)  # a header alone, as far as it goes
    return None


def _is_too_much(way: Way, made: Suggestion, piece: Draft) -> bool:
    """Whether more than a line is offered to somebody who types one, and no test speaks for it."""
    is_line = way.is_automatic and way.site.kind == "line"
    return is_line and made.text == piece.text and not choice.is_supported(made.verdict)


async def _judged(
    way: Way, candidate: Candidate, draft: Draft, cuts: tuple[Cut, ...], likely: Cut | None
) -> Suggestion | None:
    """One piece of a candidate with its proof, mended where it has to be; or None with the reason in `dropped`."""
    was_judged = any(one.text == draft.text for one in way.dropped)  # as a piece of an earlier sample
    if was_judged or way.drops_dismissed(draft.text):
        return None
    if draft.text.strip() != candidate.own.strip():
        way.trace.add("piece", text=draft.text)
    tried = await repair.attempt(way.bench, way.ask, draft, way.limits, way.trace)
    original, draft, proof = draft, tried.draft, tried.proof
    if tried.told and way.drops_dismissed(draft.text):
        proof.cancel()
        return None
    if why := choice.refused(proof.now, way.bench.settings.policy):
        proof.cancel()
        way.drop(draft.text, choice.stage(proof.now), why)
        return None
    if cuts and way.least > 0 and likely is None and not choice.is_supported(proof.now):
        proof.cancel()
        way.drop(draft.text, "silence", choice.too_unlikely(cuts, way.least))
        return None
    if likely is not None and choice.is_cut(proof.now, likely, draft.text) and not tried.told:
        proof.cancel()  # what is being tested is more than its beginning, which alone is offered
        return await beginning(way, candidate, candidate.own[: likely.length], likely.probability, proof.now)
    if tried.told:
        way.drop(original.text, "repaired", tried.told)
    made = _suggestion(way, candidate, draft.text, proof.now, cuts[-1].probability if cuts else None, draft.imports)
    way.proofs[made.id] = proof
    return made


def _filtered(way: Way, candidate: Candidate) -> Draft | None:
    """What the filters leave of it."""
    before = way.ask.snapshot.preamble + way.ask.before
    draft = Draft(candidate.text, before, way.ask.after, way.site, candidate.healed)
    result, changed = filters.apply(draft)
    way.trace.add("filters", changed=list(changed))
    if isinstance(result, Drop):
        way.drop(candidate.text, f"filter:{changed[-1]}", result.reason)
        return None
    return None if way.drops_dismissed(result.text) else result


async def beginning(
    way: Way, candidate: Candidate, text: str, chance: float | None, of_all: Verdict | None = None
) -> Suggestion | None:
    """The first part of a candidate alone. Where it is a whole statement it is proved like any other; else the checks that fit it must not fail, or
    it has the verdict `of_all` of it, where nothing failed for that."""
    ask = way.ask
    is_whole = way.limits.run_s is not None and fragment.is_statement(ask.before + text, ask.after)
    was_judged = is_whole and any(text == one.text for one in way.dropped)
    if _is_before_code(ask) or was_judged or way.drops_dismissed(text):
        return None
    if of_all is not None and not is_whole:
        return _suggestion(way, candidate, text, shortened(of_all), chance)
    if is_whole:
        change = repair.placed(ask, Draft(text, ask.before, ask.after, way.site))
    else:
        span = Span(ask.offset, ask.offset + len(text))
        begun = one_file(ask.world, ask.snapshot, ask.before + text + ask.after, span)
        change = replace(begun, is_whole=False)
    proof = await begin(way.bench, change, way.limits)
    if why := choice.refused(proof.now, way.bench.settings.policy):
        proof.cancel()
        way.drop(text, choice.stage(proof.now), why)
        return None
    made = _suggestion(way, candidate, text, proof.now, chance)
    way.proofs[made.id] = proof
    return made


def _is_before_code(ask: Ask) -> bool:
    """Whether code stands right of the cursor, and nothing left of it: what is written there is a line of its own."""
    return not ask.before.rpartition("\n")[2].strip() and bool(ask.after.partition("\n")[0].strip())


def _suggestion(
    way: Way, of: Candidate, text: str, verdict: Verdict, chance: float | None, imports: tuple[str, ...] = ()
) -> Suggestion:
    origin = replace(of.origin, confidence=None if chance is None else round(chance, 3))
    return Suggestion(secrets.token_hex(6), text, Span(way.ask.offset, way.ask.offset), verdict, origin, imports)


def better(way: Way, one: Suggestion | None, other: Suggestion | None) -> Suggestion | None:
    """The one of two that is kept; the other is dropped."""
    if one is None or other is None:
        return one or other
    kept, left = choice.better(one, other)
    way.drop(left.text, "superseded", left.verdict.why)
    return kept
