"""From an offset in a document to proved suggestions: the one data path of the product."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from analyzers import site as sites
from analyzers.text import Span
from assay.assistant import filters, judge
from assay.assistant.bench import Ask, Candidate, Completion, Dropped, Origin, Suggestion, Workbench
from assay.assistant.filters import Draft, Drop
from assay.assistant.prompt import Prompt, build
from assay.assistant.trace import Trace
from assay.assistant.verdict import Passed, Unverified, Verdict
from assay.engine import dialects, stop
from assay.engine.api import EngineError, Request

from .nearby import snippets

MAX_TOKENS = {"line": 48, "block": 96, "function": 192}
PATIENCE = 2  # times the site's deadline: the first candidate's generation and its checks, and about as much again
SAMPLE_TEMPERATURE = 0.6  # for the samples after the greedy one; high enough to differ, low enough to parse


async def complete(bench: Workbench, ask: Ask) -> Completion:
    """Suggestions at `ask.offset`, each with its verdict; why there are none, where there are none. Raises nothing
    but CancelledError: an engine that is away is a reason, not an error."""
    trace = bench.traces.begin(ask.where)
    try:
        return await _complete(bench, ask, trace)
    except asyncio.CancelledError:
        trace.add("cancelled")
        bench.traces.save(trace, "cancelled")
        raise


async def _complete(bench: Workbench, ask: Ask, trace: Trace) -> Completion:
    site = sites.at(ask.snapshot, ask.offset)
    trace.add("site", kind=site.kind, why=site.why)
    if why := site.why or await _closed(bench, ask):
        return _nothing(bench, trace, why)
    await asyncio.sleep(bench.settings.number("complete.pace_ms") / 1000)
    dropped: list[Dropped] = []
    best: Suggestion | None = None
    try:
        prompt, dialect = await _prompt(bench, ask, site)
        facts = {"id": prompt.id, "dialect": dialect, "chars": len(prompt.text), "sources": list(prompt.sources)}
        trace.add("prompt", **facts, text=prompt.text[-600:])
        async with aclosing(_candidates(bench, prompt, site)) as candidates:
            async for raw, sampling in candidates:
                trace.add("candidate", text=raw.text, sampling=sampling)
                suggestion = await _consider(bench, ask, site, prompt, raw, sampling, dropped, trace)
                best = _better(best, suggestion, dropped)
                if (best is not None and not _may_improve(best.verdict)) or _is_late(bench, ask, site, trace):
                    break
    except EngineError as error:
        trace.add("engine", error=str(error))
        if best is None:
            return _nothing(bench, trace, str(error), tuple(dropped))
    if best is None:
        return _nothing(bench, trace, dropped[0].reason if dropped else "The model had nothing to say.", tuple(dropped))
    trace.add("offer", id=best.id, text=best.text, verdict=judge.told(best.verdict))
    bench.ledger.record(
        "offered", best.id, text=best.text, state=type(best.verdict).__name__.lower(), trace_id=trace.id
    )
    bench.traces.save(trace, f"offered, {judge.told(best.verdict)['state']}")
    return Completion(trace.id, (best,), tuple(dropped))


async def _closed(bench: Workbench, ask: Ask) -> str:
    if not bench.settings.is_on("complete.enabled"):
        return "Completions are switched off (`complete.enabled`)."
    path = Path(ask.snapshot.path)
    is_inside = ask.snapshot.path and path.is_relative_to(ask.root)
    if is_inside and not (await bench.workspace.rules(ask.root)).allows(path.relative_to(ask.root).as_posix()):
        return "The file is ignored or secret, so nothing of it is sent to a model."
    return ""


def _nothing(bench: Workbench, trace: Trace, why: str, dropped: tuple[Dropped, ...] = ()) -> Completion:
    trace.add("silence", why=why)
    bench.traces.save(trace, f"nothing: {why}")
    return Completion(trace.id, (), dropped, why)


async def _prompt(bench: Workbench, ask: Ask, site: sites.Site) -> tuple[Prompt, str]:
    """The prompt, and the dialect's name."""
    wanted = dialects.choose(bench.settings.text("engine.dialect"), await bench.engine.model())
    dialect = await dialects.spoken(bench.engine, wanted)
    near = await snippets(bench, ask.snapshot, ask.offset, ask.root)
    limit = int(bench.settings.number("context.tokens"))
    prompt = build(ask.snapshot, ask.offset, site, dialect, near, token_limit=limit)
    if len(prompt.text) > limit * 2:  # near the limit by the estimate: ask the real tokenizer, and cut by its ratio
        count = await bench.engine.count(prompt.text)
        if count > limit:
            prompt = build(ask.snapshot, ask.offset, site, dialect, near, token_limit=limit * limit // count)
    return prompt, dialect.name


async def _candidates(
    bench: Workbench, prompt: Prompt, site: sites.Site
) -> AsyncGenerator[tuple[Candidate, dict[str, object]], None]:
    """The greedy candidate, then the samples; each one generated only when the one before was not good enough."""
    seen: set[str] = set()
    for number in range(int(bench.settings.number("complete.samples"))):
        temperature = SAMPLE_TEMPERATURE if number else 0.0
        request = Request(
            prompt.text,
            prompt.suffix,
            MAX_TOKENS[site.kind],
            seed=number or None,
            temperature=temperature,
            must_start=prompt.healed,
        )
        for text, logprob in await _generate(bench, request, prompt, site):
            if text not in seen:
                seen.add(text)
                yield Candidate(text, Span(0, 0), logprob), {"temperature": temperature, "seed": request.seed}


async def _generate(
    bench: Workbench, request: Request, prompt: Prompt, site: sites.Site
) -> list[tuple[str, float | None]]:
    texts, logprobs = [""] * request.n, [[] for _ in range(request.n)]  # type: list[str], list[list[float]]
    done = [False] * request.n
    kind: stop.SiteKind = site.kind if site.kind != "none" else "line"
    async with aclosing(bench.engine.generate(request)) as chunks:
        async for chunk in chunks:
            if chunk.index >= request.n or done[chunk.index]:
                continue
            texts[chunk.index] += chunk.text
            logprobs[chunk.index] += [token.logprob for token in chunk.tokens]
            done[chunk.index] = bool(chunk.finish) or _is_over(kind, texts[chunk.index], prompt.healed, site.indent)
            if all(done):
                break
    return [(t, sum(p) / len(p) if p else None) for t, p in zip(texts, logprobs, strict=True) if t]


def _is_over(kind: stop.SiteKind, text: str, healed: str, indent: int) -> bool:
    own = text[len(healed) :] if healed and text.startswith(healed) else text
    return stop.cut(kind, own, indent)[1]


async def _consider(
    bench: Workbench, ask: Ask, site: sites.Site, prompt: Prompt, raw: Candidate, sampling: dict[str, object],
    dropped: list[Dropped], trace: Trace,
) -> Suggestion | None:  # fmt: skip
    """Filter, repair and judge one candidate; a Suggestion, or None with the reason in `dropped`."""
    text, offset = ask.snapshot.text, ask.offset
    draft = Draft(raw.text, ask.snapshot.preamble + text[:offset], text[offset:], site.kind, site.indent, prompt.healed)
    result, changed = filters.apply(draft)
    trace.add("filters", changed=list(changed))
    if isinstance(result, Drop):
        dropped.append(Dropped(raw.text, f"filter:{changed[-1]}", result.reason))
        return None
    suggestion_id = secrets.token_hex(6)
    ruling = await judge.candidate(bench, ask, result, trace)
    ruling.tell(suggestion_id, ask.later)
    if ruling.dropped is not None:
        dropped.append(ruling.dropped)
        return None
    if ruling.repaired:
        dropped.append(Dropped(result.text, "repaired", ruling.repaired))
    confidence = round(math.exp(raw.tokens_logprob), 3) if raw.tokens_logprob is not None else None
    health_model = await bench.engine.model()
    origin = Origin(bench.engine.name, health_model, prompt.id, prompt.sources, dict(sampling), confidence)
    assert ruling.verdict is not None
    return Suggestion(suggestion_id, ruling.text, Span(offset, offset), ruling.verdict, origin, ruling.imports)


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
