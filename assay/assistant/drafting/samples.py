"""Several texts for one place, for somebody who asked and waits: each sample whole, filtered, with the mean of its tokens' log-probability."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from analyzers import site as sites
from analyzers.site import Site
from analyzers.text import Snapshot
from assay.engine import dialects
from assay.engine.api import Request

from ..workbench import Workbench
from . import filters
from .anchor import Form, Lead
from .filters import Draft, Drop
from .filters.scope import cut
from .prompt import Prompt, build

MAX_TOKENS = 256  # of a function's body
PRIORITY = 1


@dataclass(frozen=True, slots=True)
class Sample:
    """One text: `likely` is the mean natural logarithm of its tokens' probability, None where the engine tells none; `temperature` 0 is the greedy one."""

    text: str
    likely: float | None
    temperature: float


async def drawn(
    bench: Workbench, snapshot: Snapshot, offset: int, temperatures: Sequence[float], hint: str = ""
) -> AsyncGenerator[Sample, None]:
    """A text for each temperature, without those that came before or of which the filters leave nothing. `hint`: comments that stand before the document's text, as what was tried and failed. Raises EngineError."""
    site = sites.at(snapshot, offset)
    dialect = await dialects.spoken(bench.engine, bench.settings.text("engine.dialect"))
    limit = int(bench.settings.number("context.tokens"))
    form = Form(dialect, Lead(hint, ()), limit, await bench.engine.guides())
    prompt = build(snapshot, offset, site, form)
    seen: set[str] = set()
    for number, temperature in enumerate(temperatures):
        one = await _one(bench, prompt, site, temperature, number)
        draft = Draft(one.text, snapshot.text[:offset], snapshot.text[offset:], site, prompt.healed)
        left, _ = await asyncio.to_thread(filters.apply, draft)
        if not isinstance(left, Drop) and left.text not in seen:
            seen.add(left.text)
            yield replace(one, text=left.text)


async def _one(bench: Workbench, prompt: Prompt, site: Site, temperature: float, number: int) -> Sample:
    asked = Request(
        prompt.text, prompt.suffix, MAX_TOKENS, must_start=prompt.healed, temperature=temperature, seed=number if temperature or number else None, priority=PRIORITY
    )  # fmt: skip
    text, sum_of, count = "", 0.0, 0
    async with aclosing(bench.engine.generate(asked)) as chunks:
        async for chunk in chunks:
            text += chunk.text
            for token in chunk.tokens:
                sum_of, count = sum_of + token.logprob, count + 1
            own = text.removeprefix(prompt.healed)
            if cut(site, own)[1]:
                break
    return Sample(text, sum_of / count if count else None, temperature)
