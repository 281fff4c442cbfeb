"""Whose request is with an engine next, and with which: one queue for all engines. All turns between people are decided here; an engine is told a priority, and nobody's name.

Fair is a person, not a request: who has the fewest at work is next, by their weights; of those whose request is as urgent, who had the least of the
engines' time lately. Of several engines a person has one at home, where what was read of their prompts is kept, as long as another is not so much idler
that reading it anew costs less.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from assay.engine.web import ServerBusy

WAITING = 16  # requests of one person that wait, at most
TURN_S = 60.0  # so long one waits for a turn
ACTIVE_S = 20.0  # after which somebody who asked for nothing is not counted any more
BACKGROUND = 2  # the priority of what nobody waits for
HALF_S = 10.0  # after which time that somebody had counts half
HOME = 0.5  # of an engine that has to be freer than a person's own before it is taken instead
# An answer makes room for somebody who has none, where it can go on later and its person had so many seconds more of the engines lately: not before it had so
# long, and so many times as long as it waited for its first word.
AHEAD_S, PAUSE_S, PAUSE_TIMES = 0.25, 0.1, 2.0


class Places(Protocol):
    """An engine, as far as turns go: how many requests it has at once, and whether it takes any."""

    name: str
    limit: int
    is_up: bool
    is_drained: bool


P = TypeVar("P", bound=Places)


@dataclass(slots=True)
class _Person:
    weight: int = 1
    there: int = 0
    waiting: int = 0
    seen_s: float = 0.0
    spent: float = 0.0  # seconds of places, older ones with less weight
    spent_at: float = 0.0


@dataclass(slots=True, eq=False)
class Turn(Generic[P]):
    """A place at `node`. `load`: how many this person has at work already. `is_wanted`: somebody who has none waits for it."""

    node: P
    load: int
    who: str
    begun_s: float
    can_pause: bool
    first_s: float | None = None  # when its first word came
    is_wanted: bool = False
    asked_s: float = 0.0


@dataclass(slots=True, eq=False)
class _Waiting(Generic[P]):
    who: str
    priority: int
    number: int
    order: Sequence[P]
    can_pause: bool
    goes_on: bool
    asked_s: float
    turn: asyncio.Future[Turn[P]] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Queue(Generic[P]):
    """At most `limit` requests are with each engine. A person alone has all places but one, which is for whoever comes; several who are active have parts by
    their weights: nobody fills all places with long answers."""

    def __init__(self, nodes: Sequence[P], now: Callable[[], float] = time.monotonic) -> None:
        self.nodes = tuple(nodes)
        self._now = now
        self._people: dict[str, _Person] = {}
        self._waiting: list[_Waiting[P]] = []
        self._turns: list[Turn[P]] = []
        self._count = 0
        self._took_s = 1.0  # of a turn, on the mean of late

    @property
    def limit(self) -> int:
        """Places of the engines that take requests."""
        return sum(one.limit for one in self._usable())

    @property
    def there(self) -> int:
        """Requests that are with an engine."""
        return len(self._turns)

    @property
    def waiting(self) -> int:
        """Requests that are not."""
        return len(self._waiting)

    def at(self, node: P) -> int:
        """How many one has."""
        return sum(1 for one in self._turns if one.node is node)

    def of(self, who: str) -> tuple[int, int]:
        """How many of a person's are at work, and wait."""
        one = self._people.get(who)
        return (one.there, one.waiting) if one is not None else (0, 0)

    @contextlib.asynccontextmanager
    async def turn(
        self,
        who: str,
        priority: int = 0,
        *,
        order: Sequence[P] = (),
        weight: int = 1,
        can_pause: bool = False,
        goes_on: bool = False,
    ) -> AsyncGenerator[Turn[P], None]:
        """Wait for a turn and have it. `order`: the engines that may have it, the person's own first; by default all. `priority` as in `Request`. Raises
        ServerBusy where too many of this person's wait, or it takes too long; never for what `goes_on`: half of it is told already."""
        person = self._people.setdefault(who, _Person())
        person.seen_s, person.weight = self._now(), max(1, weight)
        if person.waiting >= WAITING and not goes_on:
            raise ServerBusy("The engine is busy: too many of your requests wait already.", self.wait_s(who))
        self._count += 1
        place = _Waiting(who, priority, self._count, order or self.nodes, can_pause, goes_on, self._now())
        self._waiting.append(place)
        person.waiting += 1
        self.look()
        late = asyncio.get_running_loop().call_later(PAUSE_S, self.look)
        try:
            turn = await asyncio.wait_for(asyncio.shield(place.turn), None if goes_on else TURN_S)
        except BaseException as error:
            if place.turn.done() and not place.turn.cancelled():  # the turn came together with the end of waiting
                self._leave(place.turn.result())
            else:
                place.turn.cancel()
                self._waiting.remove(place)
                person.waiting -= 1
            if isinstance(error, TimeoutError):
                raise ServerBusy("The engine is busy: no turn came in time.", self.wait_s(who)) from error
            raise
        finally:
            late.cancel()
        try:
            yield turn
        finally:
            self._leave(turn)

    def wait_s(self, who: str) -> int:
        """In how many seconds it is worth asking again."""
        one = self._people.get(who, _Person())
        ahead = one.waiting + 1
        return min(30, max(1, math.ceil(self._took_s * ahead / max(1, self._part(one)))))

    def look(self) -> None:
        """Give turns to whoever can have one now; to be called when an engine came or went."""
        while able := [one for one in self._waiting if self._people[one.who].there < self._part(self._people[one.who])]:
            fitting = [one for one in able if self._free(one.order)]
            if not fitting:
                self._make_room(min(able, key=self._rank))
                return
            place = min(fitting, key=self._rank)
            node = min(self._free(place.order), key=lambda one: self._cost(one, place))
            self._waiting.remove(place)
            person = self._people[place.who]
            person.waiting, person.there = person.waiting - 1, person.there + 1
            turn = Turn(node, person.there - 1, place.who, self._now(), place.can_pause, asked_s=place.asked_s)
            self._turns.append(turn)
            place.turn.set_result(turn)

    def _usable(self) -> list[P]:
        return [one for one in self.nodes if one.is_up and not one.is_drained] or [one for one in self.nodes if not one.is_drained] or list(self.nodes)  # fmt: skip

    def _free(self, order: Iterable[P]) -> list[P]:
        """Those of them that have a place; where none of them answers, that is for whoever asks to find out."""
        usable = self._usable()
        return [one for one in ([one for one in order if one in usable] or order) if self.at(one) < one.limit]

    def _cost(self, node: P, place: _Waiting[P]) -> tuple[float, int]:
        number = list(place.order).index(node)
        return self.at(node) / node.limit + (HOME if number else 0.0), number

    def _part(self, person: _Person) -> int:
        """How many places one person may have now."""
        active = [
            one for one in self._people.values() if one.there or one.waiting or self._now() - one.seen_s < ACTIVE_S
        ]
        weights = sum(one.weight for one in active if one is not person) + person.weight
        return max(1, (self.limit - 1) * person.weight // weights)

    def _leave(self, turn: Turn[P]) -> None:
        self._turns.remove(turn)
        took = self._now() - turn.begun_s
        self._took_s += (took - self._took_s) / 8
        person = self._people[turn.who]
        person.spent, person.spent_at = self._spent(person) + took, self._now()
        person.there -= 1
        person.seen_s = self._now()
        for name, one in list(self._people.items()):
            if not one.there and not one.waiting and self._now() - one.seen_s >= ACTIVE_S:
                del self._people[name]
        self.look()

    def _spent(self, person: _Person) -> float:
        return person.spent * math.exp2(-(self._now() - person.spent_at) / HALF_S)

    def _rank(self, place: _Waiting[P]) -> tuple[bool, float, int, float, bool, int]:
        person = self._people[place.who]
        spent = self._had(place.who)  # by doublings: of those who had about as much, who waited longest is next
        return (
            place.priority >= BACKGROUND,
            person.there / person.weight,
            place.priority,
            int(math.log2(1 + spent)),
            not place.goes_on,
            place.number,
        )

    def _had(self, who: str) -> float:
        """Seconds of the engines that somebody had lately, with what is at work, by their weight."""
        person = self._people[who]
        running = sum(self._now() - one.begun_s for one in self._turns if one.who == who)
        return (self._spent(person) + running) / person.weight

    def _make_room(self, place: _Waiting[P]) -> None:
        """Have the answer make room that can go on later and whose person had the most; only for somebody who has nothing at work."""
        if self._people[place.who].there:
            return
        able = [one for one in self._turns if one.can_pause and one.who != place.who and one.node in place.order]
        if not able or any(one.is_wanted for one in able):
            return
        least = self._had(place.who) + AHEAD_S
        waits = {id(one): self._until_pause(one, least) for one in able}
        soon = min(waits.values())
        if soon > 0:
            if soon < math.inf:
                asyncio.get_running_loop().call_later(soon + 0.001, self.look)
            return
        max((one for one in able if waits[id(one)] <= 0), key=lambda one: self._had(one.who)).is_wanted = True

    def _until_pause(self, turn: Turn[P], least: float) -> float:
        """Seconds until it may be asked to make room for somebody, by when its person had more than `least`."""
        if turn.first_s is None:
            return math.inf
        had_its_time = (
            max(turn.begun_s + PAUSE_S, turn.first_s + PAUSE_TIMES * (turn.first_s - turn.begun_s)) - self._now()
        )
        return max(had_its_time, (least - self._had(turn.who)) * self._people[turn.who].weight)
