"""Whose request is with the engine next. All turns between people are decided here; an engine is told a priority, and nobody's name."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field

from assay.engine.web import ServerBusy

WAITING = 16  # requests of one person that wait, at most
TURN_S = 60.0  # so long one waits for a turn
ACTIVE_S = 20.0  # after which somebody who asked for nothing is not counted any more
BACKGROUND = 2  # the priority of what nobody waits for


@dataclass(slots=True)
class _Person:
    there: int = 0
    order: int = 0  # of the last turn
    waiting: int = 0
    seen_s: float = 0.0


@dataclass(slots=True, eq=False)
class _Place:
    who: str
    priority: int
    number: int
    turn: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Turns:
    """At most `limit` requests are with the engine. A person alone has all places but one, which is for whoever comes; several who are active have an
    equal part each: what is being written is not taken back, so nobody may fill all places with long answers. Of those who may, the next is
    whose request somebody waits for, then who has the fewest there, then whose is more urgent, then who waited longest."""

    def __init__(self, limit: int, now: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._now = now
        self._people: dict[str, _Person] = {}
        self._waiting: list[_Place] = []
        self._count = 0

    @property
    def there(self) -> int:
        """How many are with the engine."""
        return sum(one.there for one in self._people.values())

    @contextlib.asynccontextmanager
    async def turn(self, who: str, priority: int = 0) -> AsyncGenerator[int, None]:
        """Wait for a turn and have it; `priority` as in `Request`. Yields how many this person has there already. Raises ServerBusy where too many of this person's wait, or it takes too long."""
        person = self._people.setdefault(who, _Person())
        person.seen_s = self._now()
        if person.waiting >= WAITING:
            raise ServerBusy("The engine is busy: too many of your requests wait already.")
        self._count += 1
        place = _Place(who, priority, self._count)
        self._waiting.append(place)
        person.waiting += 1
        self._next()
        try:
            await asyncio.wait_for(asyncio.shield(place.turn), TURN_S)
        except BaseException as error:
            if place.turn.done() and not place.turn.cancelled():  # the turn came together with the end of waiting
                self._leave(who)
            else:
                place.turn.cancel()
                self._waiting.remove(place)
                person.waiting -= 1
            if isinstance(error, TimeoutError):
                raise ServerBusy("The engine is busy: no turn came in time.") from error
            raise
        try:
            yield person.there - 1
        finally:
            self._leave(who)

    def _part(self) -> int:
        """How many places one person may have now."""
        active = [
            one for one in self._people.values() if one.there or one.waiting or self._now() - one.seen_s < ACTIVE_S
        ]
        return max(1, (self.limit - 1) // max(1, len(active)))

    def _leave(self, who: str) -> None:
        self._people[who].there -= 1
        self._people[who].seen_s = self._now()
        for name, one in list(self._people.items()):
            if not one.there and not one.waiting and self._now() - one.seen_s >= ACTIVE_S:
                del self._people[name]
        self._next()

    def _next(self) -> None:
        while self.there < self.limit:
            part = self._part()
            able = [one for one in self._waiting if self._people[one.who].there < part]
            if not able:
                return
            place = min(able, key=self._rank)
            self._waiting.remove(place)
            person = self._people[place.who]
            self._count += 1
            person.waiting, person.there, person.order = person.waiting - 1, person.there + 1, self._count
            place.turn.set_result(None)

    def _rank(self, place: _Place) -> tuple[bool, int, int, int, int]:
        person = self._people[place.who]
        return place.priority >= BACKGROUND, person.there, place.priority, person.order, place.number
