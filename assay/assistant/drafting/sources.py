"""Where candidates come from: the code nearby, and the model. Both give one shape, with the probability that it is kept."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from os.path import commonprefix
from typing import Any

from analyzers import naming, phrases
from analyzers import site as sites
from analyzers.phrases import Step
from assay.engine import dialects
from assay.engine.api import EngineError, Request

from ..drafting.ask import Ask, withheld
from ..nouns import Origin, Trigger
from ..record.trace import Trace
from ..workbench import Workbench
from . import ahead, likely
from .ahead import Ahead
from .anchor import CHARS_PER_TOKEN, Anchors, Form, Lead
from .filters.scope import cut, is_served
from .generations import Cursor, Generation, Generations, Rhythm
from .likely import Cut
from .prompt import Definitions, Prompt, build, leading
from .readings import LATE_S, Readings

MAX_TOKENS = {"line": 48, "block": 96, "function": 192}
LINES_TOKENS = 192  # where several lines may follow each other
# For how long further lines are waited for behind the first one. While somebody types they are only offered where tests pass with them.
GO_ON_S: Mapping[Trigger, float] = {"automatic": 0.15, "invoked": 1.5}
_WORD_AT_END = re.compile(r"\w+\Z")
LINE_LIMIT = 240  # characters without a line end: that is no line
SAMPLE_TEMPERATURE = 0.6  # for the samples after the greedy one; high enough to differ, low enough to parse
GREEDY: Mapping[str, Any] = {"temperature": 0.0, "seed": None}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Text that a source would write at the cursor; no filter and no check has seen it yet.

    `healed` is what of the document it begins with, written again. `cuts` are the beginnings of the rest that may be offered
    alone, each with the probability that all of it is kept; `is_rated` says whether the source tells how likely it is at all.
    """

    text: str
    cuts: tuple[Cut, ...]
    origin: Origin
    healed: str = ""
    is_rated: bool = True

    @property
    def own(self) -> str:
        """The text without what the document has of it already."""
        return self.text.removeprefix(self.healed)


@dataclass(frozen=True, slots=True)
class Nearby(Candidate):
    """What the code nearby makes likely: a candidate, and evidence about what the model writes for the same place."""

    steps: tuple[Step, ...] = ()
    typed: str = ""


def nearby(ask: Ask) -> Nearby:
    """From the document alone: milliseconds, no model. Its text is empty where nothing was seen before."""
    before = ask.snapshot.preamble + ask.before
    steps = phrases.continuation((before, ask.after), before, limit=likely.STEPS)
    text = "".join(step.text for step in steps)
    cuts = tuple(replace(cut, length=len(text[: cut.length].rstrip())) for cut in likely.phrase_cuts(steps))
    origin = Origin("phrases", "", "", (), {})
    return Nearby(text, cuts, origin, steps=steps, typed=phrases.typed_word(before))


@dataclass(frozen=True, slots=True)
class Model:
    """The model as one window's source: its generations under way, the rhythm in which it is asked, the definitions that lead
    its prompts."""

    generations: Generations = field(default_factory=Generations)
    rhythm: Rhythm = field(default_factory=Rhythm)
    definitions: Definitions = field(default_factory=Definitions)
    anchors: Anchors = field(default_factory=Anchors)
    # Of prompts with the little context that can be read while somebody waits.
    first: Anchors = field(default_factory=Anchors)
    readings: Readings = field(default_factory=Readings)
    ahead: Ahead = field(default_factory=Ahead)

    async def draws(
        self, bench: Workbench, ask: Ask, site: sites.Site, near: Nearby, trace: Trace, *, go_on_s: float = 0.0
    ) -> AsyncGenerator[Candidate, None]:
        """The greedy draw, adopted where one is under way that agrees, then `complete.samples` - 1 others; each begun only when
        the next one is asked for. Raises EngineError."""
        first, typed = await self._greedy(bench, ask, site, trace, go_on_s)
        if first.text:
            yield await _candidate(bench, first, site, near, GREEDY, typed)
        seen, prompt = {first.text}, first.prompt
        for number in range(1, int(bench.settings.number("complete.samples"))):
            if typed:  # the one that was taken over began before it
                prompt, typed = await self._prompt(bench, ask, site), ""
            asked = replace(request(prompt, site, ask), seed=number, temperature=SAMPLE_TEMPERATURE)
            ending = Ending(site, asked.must_start, go_on_s)
            one = Generation(bench.engine, Cursor("", "", ""), prompt, asked, ending)
            with trace.waiting("engine"):
                await one.finish()
            if one.text and one.text not in seen:
                seen.add(one.text)
                sampling = {"temperature": SAMPLE_TEMPERATURE, "seed": number}
                yield await _candidate(bench, one, site, near, sampling, "")

    def is_under_way(self, ask: Ask) -> bool:
        """Whether a generation can be taken over here, so that the model need not be asked."""
        return self.generations.adopt(_place(ask)) is not None

    def close_document(self, uri: str) -> None:
        """End and forget what is under way for a document."""
        self.ahead.close_document(uri)
        self.generations.close_document(uri)
        self.definitions.close_document(uri)
        for anchors in (self.anchors, self.first):
            anchors.close_document(uri)
        self.readings.close_document(uri)

    async def read_ahead(self, bench: Workbench, ask: Ask) -> None:
        """Nobody asked for anything yet at a place where somebody is: once no generation is under way, the engine reads what a request there would have it read. Never raises EngineError."""
        if bench.engine.name == "none" or not all(map(bench.settings.is_on, ("complete.enabled", "complete.ahead"))):
            return
        await self.generations.idle()
        if await asyncio.to_thread(ahead.is_on_battery) or await withheld(bench, ask):
            return
        ask = replace(ask, snapshot=sites.own_line(ask.snapshot, ask.offset), trigger="invoked")
        with suppress(EngineError):
            form = await self._form(bench, ask, site := sites.at(ask.snapshot, ask.offset))
            prompt = await self._whole(bench, ask, site, form)
            await ahead.read(bench.engine, ask.snapshot.uri, prompt, self.readings)

    def close(self) -> None:
        """End what is under way."""
        self.ahead.stop()
        self.generations.close()
        self.definitions.close()

    async def _greedy(
        self, bench: Workbench, ask: Ask, site: sites.Site, trace: Trace, go_on_s: float
    ) -> tuple[Generation, str]:
        """The generation, at its end, and what of its text was typed since it began."""
        place = _place(ask)
        if ask.trigger == "automatic" and (adopted := self.generations.adopt(place)) is not None:
            one, typed = adopted
            trace.add("adopt", typed=len(typed))
            with trace.waiting("engine"):
                is_of_use = await one.finish(typed)
            if is_of_use and (one.own or "").strip():
                return one, typed
        self.ahead.stop()
        prompt = await self._prompt(bench, ask, site)
        told: dict[str, Any] = {"id": prompt.id, "dialect": prompt.anchor.form.dialect.name, "chars": len(prompt.text)}
        told |= {"sources": list(prompt.sources)} | ({"first": True} if prompt.is_first else {})
        trace.add("prompt", **told, text=prompt.text[-600:])
        asked = request(prompt, site, ask)
        if asked.names:
            trace.add("guided", names=len(asked.names))
        began, last = time.monotonic(), self.generations.last_prompt(place.uri)
        ending = Ending(site, asked.must_start, go_on_s)
        one = self.generations.begin(bench.engine, place, prompt, asked, ending)
        one.when_over(self._learn)
        with trace.waiting("engine"):
            await one.finish()
        trace.add("read", **_read(one, last))
        self.rhythm.answered((ending.served_at or time.monotonic()) - began)
        return one, ""

    async def _prompt(self, bench: Workbench, ask: Ask, site: sites.Site) -> Prompt:
        """The prompt for a site: with little context where somebody types and the whole of it would take long to read, until it is read ahead. Raises EngineError where the model cannot be asked
        for its name, or even that little takes longer than anybody waits."""
        uri, form = ask.snapshot.uri, await self._form(bench, ask, site)
        whole = await self._whole(bench, ask, site, form)
        missing = self.readings.missing(uri, whole.text)
        if ask.trigger == "invoked" or not self.readings.is_long(missing) or not bench.settings.is_on("complete.ahead"):
            return whole
        now_s, bare = time.monotonic(), replace(form, lead=Lead())
        older = self.first.older(uri, bare.lead, now_s, is_asked=False)
        less = build(ask.snapshot, ask.offset, site, bare, older, first=self.readings.room)
        self.first.put(uri, less.anchor, now_s)
        found = replace(less, is_first=True) if (left := self.readings.missing(uri, less.text)) < missing else whole
        late_s = self.readings.seconds(min(left, missing))
        is_late = late_s > LATE_S and self.readings.is_sure(now_s)
        if is_late and not await asyncio.to_thread(ahead.is_on_battery):  # there nothing is read ahead
            raise EngineError(
                f"The model needs about {late_s:.0f} s to read this place, so it is not asked while you type: it reads ahead when you pause."
            )
        return found

    async def _form(self, bench: Workbench, ask: Ask, site: sites.Site) -> Form:
        dialect = await dialects.spoken(bench.engine, bench.settings.text("engine.dialect"))
        snippets = await self.definitions.snippets(bench, ask, site.scope)
        limit = int(bench.settings.number("context.tokens"))
        return Form(dialect, leading(snippets, token_limit=limit), limit, await bench.engine.guides())

    async def _whole(self, bench: Workbench, ask: Ask, site: sites.Site, form: Form) -> Prompt:
        """With all the context that the settings allow."""
        now_s, uri, limit = time.monotonic(), ask.snapshot.uri, form.token_limit
        older = self.anchors.older(uri, form.lead, now_s, is_asked=ask.trigger == "invoked")
        prompt = build(ask.snapshot, ask.offset, site, form, older)
        if prompt.anchor is not older and len(prompt.text) > limit * 2:
            count = await bench.engine.count(prompt.text)  # near the limit by the estimate: cut by the real ratio
            if count > limit:
                less = replace(form, token_limit=limit * limit // count)
                prompt = build(ask.snapshot, ask.offset, site, less, older)
        self.anchors.put(uri, prompt.anchor, now_s)
        return prompt

    def _learn(self, one: Generation) -> None:
        """What the engine has read by a generation, and how fast."""
        anew = one.reading.anew if one.reading else self.readings.missing(one.place.uri, one.prompt.text)
        self.readings.note(one.place.uri, one.prompt.text, one.share_read)
        if one.written_s is not None:
            self.readings.took(anew, one.written_s - one.began_s, one.written_s)
        elif one.reading is not None and one.read_s is not None:  # it was left while it was read
            self.readings.took(anew - one.reading.left, one.read_s - one.began_s, one.read_s)


def _read(one: Generation, last: str) -> dict[str, Any]:
    """How many tokens of its prompt the engine read, and had read before; where it does not tell, about, by what the `last` prompt of the document begins with."""
    if one.reading is not None:
        return {"anew": one.reading.anew, "kept": one.reading.kept}
    kept = len(commonprefix([last, one.prompt.text]))  # noqa: RUF071  of texts
    return {
        "anew": (len(one.prompt.text) - kept) // CHARS_PER_TOKEN + 1,
        "kept": kept // CHARS_PER_TOKEN,
        "about": True,
    }


def _place(ask: Ask) -> Cursor:
    return Cursor(ask.snapshot.uri, ask.before, ask.after)


async def _candidate(
    bench: Workbench, one: Generation, site: sites.Site, near: Nearby, sampling: Mapping[str, Any], typed: str
) -> Candidate:
    """A generation that came to its end, for the cursor as it is now: `typed` of it is in the document already."""
    must_start, prompt = one.request.must_start, one.prompt
    healed = must_start if one.text.startswith(must_start) else ""  # an engine that cannot be guided goes on instead
    text = one.text[len(healed) + len(typed) :] if typed else one.text
    if one.ended != "stop" and not cut(site, text)[1]:
        text = _without_half(text)
    cuts = likely.model_cuts(one.tokens, len(healed) + len(typed), near.steps, near.typed)
    origin = Origin(bench.engine.name, await bench.engine.model(), prompt.id, prompt.sources, sampling)
    return Candidate(text, cuts, origin, "" if typed else prompt.healed, bool(one.tokens))


def _without_half(text: str) -> str:
    """The whole lines of a text in whose last one the model was stopped; all of it where that is its only one."""
    kept = text[: text.rfind("\n") + 1]
    return kept if kept.strip() else text


def go_on_s(bench: Workbench, ask: Ask, *, has_other: bool) -> float:
    """How long more than the site is for is waited for: not at all while somebody types, where it could not be proved, or something else is there to
    be offered."""
    is_of_no_use = ask.trigger == "automatic" and (has_other or bench.settings.policy == "static")
    return 0.0 if is_of_no_use else GO_ON_S[ask.trigger]


def request(prompt: Prompt, site: sites.Site, ask: Ask) -> Request:
    """The greedy request for a prompt."""
    max_tokens = MAX_TOKENS[site.kind] if site.is_single else LINES_TOKENS
    names = beginnings(ask.names, ask.before, prompt.healed)
    return Request(prompt.text, prompt.suffix, max_tokens, must_start=prompt.healed, names=names)


def beginnings(names: Sequence[str], before: str, healed: str) -> tuple[str, ...]:
    """What of each name that fits is to be written behind a prompt that was cut back by `healed`; none where the whole of one stands there already."""
    if not names:
        return ()
    typed = _WORD_AT_END.search(before[-naming.WORD_LIMIT :])
    word = typed[0] if typed else ""
    fitting = [name for name in names if name.startswith(word)]
    if word in fitting or healed not in (word, ""):
        return ()
    return tuple(name[len(word) - len(healed) :] for name in fitting)


class Ending:
    """When a generation is enough: its text is all that the site wants, or `go_on_s` went by since its line or its block came to an end. A text
    begins with `healed` of the document."""

    def __init__(self, site: sites.Site, healed: str, go_on_s: float) -> None:
        self._site = site
        self._healed = healed
        self._go_on_s = go_on_s
        self.served_at: float | None = None  # of the monotonic clock: the end of the line, or of the block

    def __call__(self, text: str) -> bool:
        """Whether the text so far is enough."""
        own = text[len(self._healed) :] if self._healed and text.startswith(self._healed) else text
        is_all = cut(self._site, own)[1]
        if (is_all or is_served(self._site, own)) and self.served_at is None:
            self.served_at = time.monotonic()
        if self.served_at is None:
            return self._site.kind == "line" and len(own) > LINE_LIMIT
        return is_all or self.left_s == 0

    @property
    def left_s(self) -> float | None:
        """How long more of it is waited for; None while that has no limit."""
        return None if self.served_at is None else max(0.0, self.served_at + self._go_on_s - time.monotonic())
