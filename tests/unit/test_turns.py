"""Turns at a shared engine: whoever has the fewest is next, nobody fills all places, what nobody waits for comes last, and a long answer makes room."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from assay.engine.web import Refused, ServerBusy
from assay.team.gate import turns as turns_module
from assay.team.gate.turns import BACKGROUND, Queue


@dataclass
class Engine:
    """One with so many places."""

    limit: int
    name: str = "one"
    is_up: bool = True
    is_drained: bool = False


def Turns(limit: int, now: Callable[[], float] = time.monotonic) -> Queue[Engine]:
    return Queue([Engine(limit)], now)


async def test_whoever_has_the_fewest_is_next() -> None:
    turns, order = Turns(2), []
    go = asyncio.Event()

    async def one(who: str) -> None:
        async with turns.turn(who):
            order.append(who)
            await go.wait()
            await asyncio.sleep(0)

    asked = [asyncio.create_task(one("greedy")) for _ in range(8)]
    await asyncio.sleep(0.01)
    asked += [asyncio.create_task(one("modest")) for _ in range(2)]
    await asyncio.sleep(0.01)
    assert order == ["greedy", "modest"], "the last place is for whoever comes"
    go.set()
    await asyncio.gather(*asked)
    assert order[2:4] == ["modest", "greedy"] or order[2:4] == ["greedy", "modest"]
    assert turns.there == 0


async def test_one_person_has_so_many_waiting_and_others_are_not_kept_out() -> None:
    turns = Turns(1)
    held = asyncio.Event()

    async def one(who: str) -> str:
        async with turns.turn(who):
            await held.wait()
            return who

    asked = [asyncio.create_task(one("greedy")) for _ in range(turns_module.WAITING + 1)]
    await asyncio.sleep(0.01)
    with pytest.raises(Refused, match="too many of your requests"):
        await one("greedy")
    other = asyncio.create_task(one("modest"))
    await asyncio.sleep(0.01)
    for gone in asked[1:]:
        gone.cancel()
    held.set()
    assert await other == "modest"
    await asyncio.gather(*asked, return_exceptions=True)
    assert turns.there == 0
    async with turns.turn("next"):
        assert turns.there == 1


async def test_a_turn_that_does_not_come_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "TURN_S", 0.02)
    turns = Turns(1)
    async with turns.turn("a"):
        with pytest.raises(Refused, match="no turn came"):
            async with turns.turn("b"):
                pass
    async with turns.turn("b"):
        assert turns.there == 1


class Order:
    """Requests that have a turn until they are told to end."""

    def __init__(self, turns: Queue[Engine]) -> None:
        self.turns = turns
        self.began: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def ask(self, *names: str, priority: int = 0) -> None:
        """Each by "who-what"."""
        for name in names:
            self._ends[name] = asyncio.Event()
            self._tasks.append(asyncio.create_task(self._one(name, priority)))
        await asyncio.sleep(0.01)

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await asyncio.sleep(0.01)

    async def close(self) -> None:
        for one in self._ends.values():
            one.set()
        await asyncio.gather(*self._tasks)

    async def _one(self, name: str, priority: int) -> None:
        async with self.turns.turn(name.partition("-")[0], priority):
            self.began.append(name)
            await self._ends[name].wait()


async def test_somebody_alone_has_all_places_but_one_and_two_have_equal_parts() -> None:
    clock = [0.0]
    order = Order(Turns(4, lambda: clock[0]))
    await order.ask("a-1", "a-2", "a-3", "a-4", "a-5")
    assert order.began == ["a-1", "a-2", "a-3"]
    await order.ask("b-1")
    assert order.began[3:] == ["b-1"]
    await order.end("a-1")
    assert len(order.began) == 4, "two are active: one place each, and one is left for whoever comes"
    await order.end("b-1")
    await order.end("a-2")
    await order.end("a-3")
    assert order.began[4:] == ["a-4"]
    clock[0] += turns_module.ACTIVE_S + 1
    await order.end("a-4")
    await order.ask("a-6", "a-7")
    assert order.began[5:] == ["a-5", "a-6", "a-7"], "nobody else was active for long"
    await order.close()
    assert order.turns.there == 0


async def test_what_nobody_waits_for_comes_last_and_what_is_typed_first() -> None:
    order = Order(Turns(1))
    await order.ask("a-now")
    await order.ask("b-ahead", priority=BACKGROUND)
    await order.ask("c-asked", priority=1)
    await order.ask("d-typed", "a-typed")
    await order.end("a-now")
    await order.end("d-typed")
    await order.end("a-typed")
    await order.end("c-asked")
    assert order.began == ["a-now", "d-typed", "a-typed", "c-asked", "b-ahead"]
    await order.close()


async def test_it_is_told_how_much_somebody_has_there_already() -> None:
    turns = Turns(4)
    async with turns.turn("a") as first, turns.turn("a", 1) as second, turns.turn("b") as other:
        assert [one.load for one in (first, second, other)] == [0, 1, 0]


async def test_who_went_away_while_waiting_takes_no_turn() -> None:
    order = Order(Turns(1))
    await order.ask("a-1")
    gone = asyncio.create_task(order._one("b-1", 0))
    await asyncio.sleep(0.01)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    await order.ask("c-1")
    await order.end("a-1")
    assert order.began == ["a-1", "c-1"]
    await order.close()
    assert order.turns.there == 0


async def test_weights_are_parts() -> None:
    turns = Turns(7)
    order = Order(turns)
    turns._people["heavy"] = turns_module._Person(weight=2, seen_s=time.monotonic())
    await order.ask("light-1", "light-2", "light-3", "light-4")
    assert len(order.began) == 2, "a third of six"
    async with turns.turn("heavy", weight=2), turns.turn("heavy", weight=2), turns.turn("heavy", weight=2), turns.turn("heavy", weight=2):  # fmt: skip
        assert turns.of("heavy") == (4, 0)
    await order.close()


async def test_who_had_less_of_the_engines_time_is_next() -> None:
    clock = [100.0]
    order = Order(Turns(1, lambda: clock[0]))
    await order.ask("a-long")
    clock[0] += 5
    await order.end("a-long")
    await order.ask("b-now")
    await order.ask("a-next")
    await order.ask("c-next")
    await order.end("b-now")
    assert order.began[2:] == ["c-next"], "a had five seconds lately, though it asked first"
    clock[0] += 600
    await order.end("c-next")
    await order.close()


async def test_a_person_is_at_home_with_one_engine_and_another_takes_over_where_it_is_freer() -> None:
    one, two = Engine(4, "one"), Engine(4, "two")
    queue = Queue([one, two])
    async with queue.turn("a", order=(two, one)) as first, queue.turn("a", order=(two, one)) as second:
        assert [first.node, second.node] == [two, two]
        async with queue.turn("a", order=(two, one)) as third:
            assert third.node is two, "half as full as that is no reason to read a prompt anew"
            async with queue.turn("a", order=(two, one)) as fourth:
                assert fourth.node is one
    two.is_drained = True
    async with queue.turn("a", order=(two, one)) as turn:
        assert turn.node is one
    two.is_drained, two.is_up = False, False
    async with queue.turn("a", order=(two, one)) as turn:
        assert turn.node is one
    assert queue.limit == 4


async def test_a_long_answer_makes_room_for_somebody_who_has_none_and_not_before_its_time() -> None:
    clock = [100.0]
    queue = Queue([Engine(1)], lambda: clock[0])
    async with queue.turn("long", can_pause=True) as turn:
        waiting = asyncio.create_task(_turn_of(queue, "short"))
        await asyncio.sleep(0)
        queue.look()
        assert not turn.is_wanted, "it has no word yet"
        clock[0] += 0.4
        turn.first_s = clock[0]
        queue.look()
        assert not turn.is_wanted, "it had less than it waited for its first word"
        clock[0] += 1.0
        queue.look()
        assert turn.is_wanted
    assert await waiting == "short"
    async with queue.turn("short", can_pause=True) as turn:
        waiting = asyncio.create_task(_turn_of(queue, "short"))
        turn.first_s, clock[0] = clock[0], clock[0] + 10
        await asyncio.sleep(0)
        queue.look()
        assert not turn.is_wanted, "not for one's own"
    await waiting


async def test_busy_says_when_to_come_again() -> None:
    queue = Turns(1)
    async with queue.turn("a"):
        asked = [asyncio.create_task(_turn_of(queue, "a")) for _ in range(turns_module.WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(ServerBusy) as busy:
            await _turn_of(queue, "a")
        assert 2 <= busy.value.after_s <= 30
    await asyncio.gather(*asked)


async def _turn_of(queue: Queue[Engine], who: str) -> str:
    async with queue.turn(who) as turn:
        return turn.who
