"""Generations under way. One that still agrees with what was typed since it began is adopted by the next request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from assay.engine.api import Engine, Request, Token

from .prompt import Prompt

IsOver = Callable[[str], bool]

GRACE_S = (
    0.02  # a generation that nobody waits for lives this long: the key that cancelled it may be its own next character
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a generation goes on: the document's text on both sides."""

    uri: str
    before: str
    after: str


class Flight:
    """One generation that outlives the request that began it by a moment."""

    def __init__(self, engine: Engine, place: Place, prompt: Prompt, request: Request, is_over: IsOver) -> None:
        """`is_over` is asked after every piece whether the text so far is all that is wanted."""
        self.place = place
        self.prompt = prompt
        self.request = request
        self.text = ""
        self.tokens: list[Token] = []
        self._is_over = is_over
        self._waiting = 0
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._fly(engine), name="generation")
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
                if not self.agrees(typed):
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

    async def _fly(self, engine: Engine) -> None:
        async with aclosing(engine.generate(self.request)) as chunks:
            async for chunk in chunks:
                self.text += chunk.text
                self.tokens += chunk.tokens
                self._news.set()
                if chunk.finish or self._is_over(self.text):
                    return


class Flights:
    """At most one generation a document that can be adopted."""

    def __init__(self) -> None:
        self._flights: dict[str, Flight] = {}

    def begin(self, engine: Engine, place: Place, prompt: Prompt, request: Request, is_over: IsOver) -> Flight:
        """A new generation; an older one of the document that nobody waits for ends by itself."""
        flight = Flight(engine, place, prompt, request, is_over)
        self._flights[place.uri] = flight
        return flight

    def adopt(self, place: Place) -> tuple[Flight, str] | None:
        """A generation that agrees with the document as it is now, and what was typed since it began."""
        flight = self._flights.get(place.uri)
        if flight is None or not flight.is_alive or flight.place.after != place.after:
            return None
        typed = place.before[len(flight.place.before) :]
        if not place.before.startswith(flight.place.before) or "\n" in typed or not flight.agrees(typed):
            return None
        return flight, typed

    def close(self) -> None:
        """End all of them."""
        for flight in self._flights.values():
            flight.stop()


def _seen(task: asyncio.Task[None]) -> None:
    """Take note of a failure that nobody was left to hear; whoever waits gets it from `finish`."""
    if not task.cancelled():
        task.exception()
