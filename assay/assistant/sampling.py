"""Draw candidates from the model: the greedy one, adopted where one is under way, then samples for those that want more."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace

from analyzers import site as sites
from assay.engine import dialects, stop
from assay.engine.api import Request, Token

from .bench import Ask, Workbench
from .definitions import snippets
from .flights import Flight, Place
from .prompt import Prompt, build
from .trace import Trace

MAX_TOKENS = {"line": 48, "block": 96, "function": 192}
SAMPLE_TEMPERATURE = 0.6  # for the samples after the greedy one; high enough to differ, low enough to parse


@dataclass(frozen=True, slots=True)
class Draw:
    """One text that the model wrote, and the tokens it is made of where the engine tells them. `healed` is what of the
    document it begins with; `typed` are further characters of it that were typed while it was written."""

    text: str
    tokens: tuple[Token, ...]
    prompt: Prompt
    sampling: dict[str, object]
    typed: str = ""

    @property
    def mean_logprob(self) -> float | None:
        """Mean natural-log probability a token; None where the engine does not say."""
        return sum(t.logprob for t in self.tokens) / len(self.tokens) if self.tokens else None


async def draws(bench: Workbench, ask: Ask, site: sites.Site, trace: Trace) -> AsyncGenerator[Draw, None]:
    """The greedy draw, then `complete.samples` - 1 others; each begun only when the next one is asked for. Raises EngineError."""
    first = await _greedy(bench, ask, site, trace)
    if first.text:
        yield first
    seen = {first.text}
    for number in range(1, int(bench.settings.number("complete.samples"))):
        request = replace(_request(first.prompt, site), seed=number, temperature=SAMPLE_TEMPERATURE)
        flight = Flight(bench.engine, Place("", "", ""), first.prompt, request, _is_over(site, request.must_start))
        with trace.waiting("engine"):
            await flight.finish()
        if flight.text and flight.text not in seen:
            seen.add(flight.text)
            sampling: dict[str, object] = {"temperature": SAMPLE_TEMPERATURE, "seed": number}
            yield Draw(flight.text, tuple(flight.tokens), first.prompt, sampling)


async def _greedy(bench: Workbench, ask: Ask, site: sites.Site, trace: Trace) -> Draw:
    place = Place(ask.snapshot.uri, ask.snapshot.text[: ask.offset], ask.snapshot.text[ask.offset :])
    if ask.trigger == "automatic" and (adopted := bench.flights.adopt(place)) is not None:
        flight, typed = adopted
        trace.add("adopt", typed=len(typed))
        with trace.waiting("engine"):
            is_of_use = await flight.finish(typed)
        if is_of_use and (flight.own or "").strip():
            text = flight.text[len(flight.request.must_start) + len(typed) :]
            return Draw(text, tuple(flight.tokens), replace(flight.prompt, healed=""), _GREEDY, typed)
    prompt, dialect = await prompt_for(bench, ask, site)
    facts = {"id": prompt.id, "dialect": dialect, "chars": len(prompt.text), "sources": list(prompt.sources)}
    trace.add("prompt", **facts, text=prompt.text[-600:])
    request = _request(prompt, site)
    began = time.monotonic()
    flight = bench.flights.begin(bench.engine, place, prompt, request, _is_over(site, request.must_start))
    with trace.waiting("engine"):
        await flight.finish()
    bench.pace.answered(time.monotonic() - began)
    return Draw(flight.text, tuple(flight.tokens), prompt, _GREEDY)


_GREEDY: dict[str, object] = {"temperature": 0.0, "seed": None}


def _request(prompt: Prompt, site: sites.Site) -> Request:
    return Request(prompt.text, prompt.suffix, MAX_TOKENS[site.kind], must_start=prompt.healed)


def _is_over(site: sites.Site, healed: str) -> Callable[[str], bool]:
    kind: stop.SiteKind = site.kind if site.kind != "none" else "line"

    def is_over(text: str) -> bool:
        own = text[len(healed) :] if healed and text.startswith(healed) else text
        return stop.cut(kind, own, site.indent)[1]

    return is_over


async def prompt_for(bench: Workbench, ask: Ask, site: sites.Site) -> tuple[Prompt, str]:
    """The prompt for a site, and the dialect's name. Raises EngineError where the model cannot be asked for its name."""
    wanted = dialects.choose(bench.settings.text("engine.dialect"), await bench.engine.model())
    dialect = await dialects.spoken(bench.engine, wanted)
    near = await snippets(bench, ask, site.scope)
    limit = int(bench.settings.number("context.tokens"))
    prompt = build(ask.snapshot, ask.offset, site, dialect, near, token_limit=limit)
    if len(prompt.text) > limit * 2:  # near the limit by the estimate: ask the real tokenizer, and cut by its ratio
        count = await bench.engine.count(prompt.text)
        if count > limit:
            prompt = build(ask.snapshot, ask.offset, site, dialect, near, token_limit=limit * limit // count)
    return prompt, dialect.name
