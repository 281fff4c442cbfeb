"""How a written function is told: to scripts as the JSON of docs/protocol.md, to people in lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzers import sessions
from analyzers.wishes.wish import Wish

from ..shapes import title, verdict_json
from ..trials.answers import Answer
from .candidate import WRITTEN_BY
from .choice import Judged, Split
from .judging import said
from .plan import Built, Plan
from .way import Stage, Written

STAGES: dict[Stage, str] = {
    "drawn": "gathering candidates",
    "tried": "running candidates",
    "proved": "running the tests that reach it",
}
SHOWN = 3  # reasons


def wish_lines(wish: Wish) -> Iterator[str]:
    """What was understood, for somebody who may want to say it better."""
    yield f"{wish.head.removesuffix(':')}{f', a {wish.form} of {wish.owner}' * bool(wish.owner)}"
    for one in wish.examples:
        of_tests = " (of a test)" * (one.call in wish.tested)
        yield f"  example{of_tests}: {sessions.told(one.call)} {f'raises {one.raised}' if one.raised else f'gives {one.gives}'}"
    for check in wish.checks:
        yield f"  example{' (of a test)' * (check in wish.tested)}: {sessions.told(check)}"
    for demand in wish.constraints:
        yield f"  asked for: {demand.told}"
    for number, step in enumerate(wish.steps, 1):
        yield f"  step {number}: {step}"
    for told in wish.assumed:
        yield f"  assumed: {told}"


def lines(found: Written | Built) -> Iterator[str]:
    """What came of it."""
    if isinstance(found, Built):
        yield from _built_lines(found)
        return
    best = found.best
    if best is None:
        yield found.why
        reasons = dict.fromkeys(f"{WRITTEN_BY[one.candidate.source]}: {one.broken[0]}" for one in found.judged if one.broken)  # fmt: skip
        for line in list(reasons)[:SHOWN]:
            yield f"  {line}"
        return
    alike = found.chosen.sizes[0]
    count = len(found.judged)
    of = f" of {count} candidates, {alike} of which do{'es' * (alike == 1)} the same" if count > 1 else ""
    told = f" ({best.candidate.told})" if best.candidate.told else ""
    spent = f"; {found.rounds} rounds, {found.took_s:.0f} s" if found.rounds > 1 else ""
    yield f"{WRITTEN_BY[best.candidate.source]}{told}{of}; {_evidence(found)}{spent}"
    for name in found.others:
        yield f"its tests, made of what was asked for: {name}"
    if found.verdict is not None:
        yield f"{title(found.verdict)}. {found.verdict.why}"
    if (split := found.chosen.split) is not None:
        yield f"the next best differs for {sessions.told(split.call)}: {said(split.one)} here, {said(split.other)} there"


def _built_lines(found: Built) -> Iterator[str]:
    """What came of a plan, step by step."""
    for number, one in enumerate(found.steps, 1):
        told = list(lines(one))
        yield f"step {number}, {one.wish.name}: {told[0]}"
        yield from (f"  {line}" for line in told[1:])
    if found.whole is not None:
        yield from lines(found.whole)
    else:
        names = ", ".join(one.wish.name for one in found.missing)
        stand = ", ".join(one.wish.name for one in found.steps if one.best is not None)
        yield f"{names} {'is' if len(found.missing) == 1 else 'are'} left to be written{f'; {stand} stand' if stand else ''}"


def plan_lines(plan: Plan) -> Iterator[str]:
    """The plan, before anything is written."""
    for number, one in enumerate(plan.steps, 1):
        yield f"step {number}: {one.head.removesuffix(':')}  {one.doc}"
        for line in list(wish_lines(one))[1:]:
            yield f"  {line}"


def _built_json(found: Built) -> dict[str, Any]:
    """The same for scripts: `steps`, each as one function, with the whole, or null where a step is missing."""
    return {
        "steps": [written_json(one) for one in found.steps],
        "whole": written_json(found.whole) if found.whole is not None else None,
        "missing": [one.wish.name for one in found.missing],
        "text": found.offered,
        "files": [{"file": name, "text": text} for name, text in found.files.items()],
    }


def ways(found: Written | Built) -> tuple[str, str] | None:
    """What the two best give for the input that tells them apart, for somebody who is to choose; None where they are not told apart."""
    split = found.chosen.split if isinstance(found, Written) else None
    return None if split is None else (said(split.one), said(split.other))


def glance(found: Written | Built) -> str:
    """What came of it, in one line."""
    if isinstance(found, Built):
        return glance(found.whole) if found.whole is not None else list(_built_lines(found))[-1]
    if found.best is None:
        return found.why
    return f"{found.wish.name}: {WRITTEN_BY[found.best.candidate.source]}; {_evidence(found)}"


def _evidence(found: Written) -> str:
    total = len(found.wish.examples) + len(found.wish.checks)
    held = f"holds {'its one example' if total == 1 else f'all {total} examples'}" if total else "there was no example"
    share = found.chosen.agreement[0]
    if not share or not found.calls or len(found.judged) == 1:
        return held
    return f"{held}, agrees with {share:.0%} of the others' answers to {len(found.calls)} inputs"


def written_json(found: Written | Built) -> dict[str, Any]:
    """The answer of `assay write --json` without its schema number."""
    if isinstance(found, Built):
        return _built_json(found)
    best = found.best
    return {
        "wish": wish_json(found.wish),
        "offered": None
        if best is None
        else {"file": found.target.name, "text": found.offered, "body": best.candidate.body, "source": best.candidate.source},
        "why": found.why or None,
        "files": [{"file": name, "text": text} for name, text in found.files.items()],
        "verdict": verdict_json(found.verdict) if found.verdict is not None else None,
        "candidates": [_judged(one) for one in found.judged],
        "inputs": len(found.calls),
        "agreement": [round(one, 3) for one in found.chosen.agreement],
        "split": _split(found.chosen.split),
        "rounds": found.rounds,
        "seconds": round(found.took_s, 1),
    }  # fmt: skip


def wish_json(wish: Wish) -> dict[str, Any]:
    """A wish."""
    return {
        "name": wish.full_name,
        "form": wish.form,
        "signature": wish.head.removesuffix(":"),
        "doc": wish.doc,
        "examples": [{"call": one.call, "gives": one.gives or None, "raises": one.raised or None, "tested": one.call in wish.tested} for one in wish.examples],
        "checks": list(wish.checks),
        "constraints": [{"kind": one.kind, "what": one.what, "text": one.text} for one in wish.constraints],
        "steps": list(wish.steps),
        "assumed": list(wish.assumed),
    }  # fmt: skip


def _judged(one: Judged) -> dict[str, Any]:
    return {
        "body": one.candidate.body,
        "source": one.candidate.source,
        "told": one.candidate.told or None,
        "likely": None if one.candidate.likely is None else round(one.candidate.likely, 3),
        "broken": list(one.broken),
    }


def _split(one: Split | None) -> dict[str, Any] | None:
    return None if one is None else {"call": one.call, "best": _answer(one.one), "next": _answer(one.other)}


def _answer(one: Answer) -> dict[str, str]:
    return {"kind": one.kind, "gives": one.gives}
