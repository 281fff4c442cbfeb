"""Generations under way and the rhythm in which they are begun. One that still agrees with what was typed since it began is
adopted by the next request.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from statistics import median
from typing import Protocol

from assay.engine.api import Chunk, Engine, Reading, Request, Token

from .prompt import Prompt


class IsOver(Protocol):
    """Asked after every piece of a text."""

    def __call__(self, text: str) -> bool:
        """Whether the text so far is all that is wanted."""
        ...

    @property
    def left_s(self) -> float | None:
        """How long the next piece is waited for; None where that has no limit."""
        ...


GRACE_S = 0.02  # a generation nobody waits for lives this long: the key that cancelled it may be its own next character
PAUSE_S = 1.5  # a longer gap between keys is thinking, not rhythm
GAPS = 12  # of the last keys
AT_MOST_S = 0.25  # nobody waits longer for the pace alone
CALM_STEP_S, CALM_FREE = 0.03, 3  # each suggestion passed over beyond the third in a row calms the next request
LATENCY_KEPT = 0.7  # share of the older latency in the running mean: a dozen answers forget a slow start


class Rhythm:
    """When to ask the model: after the pause that this person makes, less the time that the model takes. Pure but for the clock
    given in."""

    def __init__(self) -> None:
        self._gaps: deque[float] = deque(maxlen=GAPS)
        self._last_s: float | None = None
        self._latency_s = 0.0

    def key(self, now_s: float) -> None:
        """A request came because of a key, at `now_s` of a monotonic clock."""
        if self._last_s is not None and (gap := now_s - self._last_s) < PAUSE_S:
            self._gaps.append(gap)
        self._last_s = now_s

    def answered(self, took_s: float) -> None:
        """The model took this long from request to the end of its line."""
        kept = LATENCY_KEPT if self._latency_s else 0.0
        self._latency_s = kept * self._latency_s + (1 - kept) * took_s

    def wait_s(self, least_s: float, streak: int) -> float:
        """How long a request should wait before it reaches the model. A model that is slower than the gap between keys is
        asked at once: its answer would come after the next key anyway, and may still agree with it."""
        pause = median(self._gaps) if len(self._gaps) >= GAPS // 3 else 0.0
        calm = max(0, streak - CALM_FREE) * CALM_STEP_S
        return min(AT_MOST_S, max(least_s, pause - self._latency_s) + calm)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a generation goes on: the document's text on both sides."""

    uri: str
    before: str
    after: str


class Generation:
    """One text being written by the engine; it outlives the request that began it by a moment."""

    def __init__(self, engine: Engine, place: Cursor, prompt: Prompt, request: Request, is_over: IsOver) -> None:
        """`is_over` is asked after every piece whether the text so far is all that is wanted."""
        self.place = place
        self.prompt = prompt
        self.request = request
        self.text = ""
        self.ended = ""  # the engine's word for its end; none while it is written, or where it was stopped
        self.tokens: list[Token] = []
        self.reading: Reading | None = None  # where the engine tells
        self.began_s = time.monotonic()
        self.read_s: float | None = None  # when the engine told that last
        self.written_s: float | None = None  # when the first of it came
        self._is_over = is_over
        self._waiting = 0
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._run(engine), name="generation")
        self._task.add_done_callback(_seen)

    @property
    def own(self) -> str | None:
        """The text without what was typed before it began; None while that is not known, or where it began otherwise."""
        healed = self.request.must_start
        return self.text[len(healed) :] if self.text.startswith(healed) else None

    @property
    def is_done(self) -> bool:
        """Whether nothing more will come."""
        return self._task.done()

    @property
    def is_alive(self) -> bool:
        """Whether it can still be waited for, or came to its end well."""
        return not self._task.done() or (not self._task.cancelled() and self._task.exception() is None)

    @property
    def share_read(self) -> float:
        """How much of its prompt the engine has read, as far as that is known."""
        if self.written_s is not None:
            return 1.0
        return self.reading.share if self.reading is not None else 0.0

    def when_over(self, told: Callable[[Generation], None]) -> None:
        """Have `told` called when nothing more will come."""
        self._task.add_done_callback(lambda _: told(self))

    def agrees(self, typed: str) -> bool:
        """Whether the text so far could go on from `typed`."""
        if self.text and not self.text.startswith(self.request.must_start[: len(self.text)]):
            return False
        own = self.text[len(self.request.must_start) :]
        return own.startswith(typed) or (not self.is_done and typed.startswith(own))

    async def finish(self, typed: str = "") -> bool:
        """Wait for its end; False as soon as it leaves what was typed since. Raises EngineError. When the last one that waits
        is cancelled, the model is stopped within GRACE_S."""
        self._waiting += 1
        try:
            while not self.is_done:
                if typed and not self.agrees(typed):
                    return False
                self._news.clear()
                waiter = asyncio.ensure_future(self._news.wait())
                try:
                    await asyncio.wait({self._task, waiter}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    waiter.cancel()
            if self._task.cancelled():
                return False
            self._task.result()
            return self.agrees(typed)
        finally:
            self._waiting -= 1
            if not self._waiting and not self.is_done:
                asyncio.get_running_loop().call_later(GRACE_S, self._drop)

    def stop(self) -> None:
        """End it now."""
        self._task.cancel()

    def _drop(self) -> None:
        if not self._waiting:
            self._task.cancel()

    async def _run(self, engine: Engine) -> None:
        async with aclosing(engine.generate(self.request)) as chunks:
            while (chunk := await self._next(chunks)) is not None:
                if self.written_s is None and (chunk.text or chunk.tokens):
                    self.written_s = time.monotonic()
                self.text += chunk.text
                self.tokens += chunk.tokens
                self.ended = chunk.finish
                if chunk.reading is not None:
                    self.reading, self.read_s = chunk.reading, time.monotonic()
                self._news.set()
                if chunk.finish or (self.text and self._is_over(self.text)):
                    return

    async def _next(self, chunks: AsyncGenerator[Chunk, None]) -> Chunk | None:
        """The next piece; None where there is none, or none in time."""
        try:
            async with asyncio.timeout(self._is_over.left_s):
                return await anext(chunks, None)
        except TimeoutError:
            return None


class Generations:
    """At most one generation a document that can be adopted."""

    def __init__(self) -> None:
        self._latest: dict[str, Generation] = {}

    def begin(self, engine: Engine, place: Cursor, prompt: Prompt, request: Request, is_over: IsOver) -> Generation:
        """A new generation; an older one of the document that nobody waits for ends by itself."""
        made = Generation(engine, place, prompt, request, is_over)
        self._latest[place.uri] = made
        return made

    def last_prompt(self, uri: str) -> str:
        """The prompt of a document's latest generation; "" where there was none."""
        found = self._latest.get(uri)
        return found.prompt.text if found is not None else ""

    def adopt(self, place: Cursor) -> tuple[Generation, str] | None:
        """A generation that agrees with the document as it is now, and what was typed since it began."""
        found = self._latest.get(place.uri)
        if found is None or not found.is_alive or found.place.after != place.after:
            return None
        typed = place.before[len(found.place.before) :]
        if not place.before.startswith(found.place.before) or "\n" in typed or not found.agrees(typed):
            return None
        return found, typed

    async def idle(self) -> None:
        """Wait until none is under way."""
        while under_way := [one for one in self._latest.values() if not one.is_done]:
            await asyncio.wait([one._task for one in under_way])

    def close_document(self, uri: str) -> None:
        """End and forget a document's."""
        if (one := self._latest.pop(uri, None)) is not None:
            one.stop()

    def close(self) -> None:
        """End all of them."""
        for one in self._latest.values():
            one.stop()


def _seen(task: asyncio.Task[None]) -> None:
    """Take note of a failure that nobody was left to hear; whoever waits gets it from `finish`."""
    if not task.cancelled():
        task.exception()
