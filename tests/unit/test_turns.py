"""Turns at a shared engine: whoever has the fewest is next, nobody fills all places, and what nobody waits for comes last."""

from __future__ import annotations

import asyncio

import pytest

from assay.engine.web import Refused
from assay.team import turns as turns_module
from assay.team.turns import BACKGROUND, Turns


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

    def __init__(self, turns: Turns) -> None:
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
        assert [first, second, other] == [0, 1, 0]


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
