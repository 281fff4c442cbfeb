"""Whoever comes with a prompt whose slot is about to be free waits for it, and nobody else does, or for long."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from assay.engine import reuse
from assay.engine.api import Request
from assay.engine.reuse import Leaving

PROMPT = "x" * reuse.HEAD
ONE = Request(PROMPT, max_tokens=16)
GROWN = Request(f"{PROMPT} and what was typed", max_tokens=16)
ELSEWHERE = Request("another document", max_tokens=16)


def slot(written: int = 0, may: int = 16, kept: int = 0) -> dict[str, Any]:
    """As llama.cpp tells of one at work."""
    state = {"has_next_token": True, "has_new_line": False, "n_remain": may - written, "n_decoded": written}
    return {"id": 1, "is_processing": True, "n_prompt_tokens_cache": kept, "next_token": [state]}


class Engine:
    """An engine's slots at work, as each look finds them."""

    def __init__(self, *steps: list[dict[str, Any]]) -> None:
        self.looks = 0
        self._steps = steps

    async def slots(self) -> list[dict[str, Any]]:
        self.looks += 1
        return self._steps[min(self.looks, len(self._steps)) - 1]


async def test_a_like_prompt_waits_until_the_slot_is_free() -> None:
    engine = Engine([slot(1)], [slot(2)], [])
    leaving = Leaving(engine.slots)
    leaving.over(await leaving.enter(ONE), is_left=True)
    await leaving.enter(GROWN)
    assert engine.looks == 3


async def test_nobody_asks_where_nothing_was_left_or_of_another_document() -> None:
    engine = Engine([slot()])
    leaving = Leaving(engine.slots)
    for _ in range(2):
        leaving.over(await leaving.enter(ONE), is_left=False)
    leaving.over(await leaving.enter(ONE), is_left=True)
    await leaving.enter(ELSEWHERE)
    assert engine.looks == 0


async def test_ones_own_requests_under_way_are_none_that_leave() -> None:
    engine = Engine([slot(), slot()], [slot()])
    leaving = Leaving(engine.slots)
    (await leaving.enter(ELSEWHERE)).kept = 0
    one = await leaving.enter(ONE)
    one.kept = 0
    leaving.over(one, is_left=True)
    await leaving.enter(GROWN)
    assert engine.looks == 2


@pytest.mark.parametrize("other", [slot(3, may=200), slot(3, kept=40)], ids=["writes more", "knew more"])
async def test_another_windows_request_is_not_waited_for(other: dict[str, Any]) -> None:
    engine = Engine([slot(), other], [other])
    leaving = Leaving(engine.slots)
    one = await leaving.enter(ONE)
    one.kept = 0
    leaving.over(one, is_left=True)
    await leaving.enter(GROWN)
    assert engine.looks == 2


async def test_one_under_way_of_which_nothing_is_told_yet_is_none_that_leaves() -> None:
    """What it knew of its prompt is told with its first piece; until then its slot may look like the one that was left."""
    engine = Engine([slot()])
    leaving = Leaving(engine.slots)
    await leaving.enter(ELSEWHERE)
    one = await leaving.enter(ONE)
    one.kept = 0
    leaving.over(one, is_left=True)
    async with asyncio.timeout(5):
        await leaving.enter(GROWN)
    assert engine.looks == 1


async def test_an_engine_that_tells_little_of_its_slots_is_waited_for() -> None:
    engine = Engine([{"is_processing": True}], [{"is_processing": False}])
    leaving = Leaving(engine.slots)
    leaving.over(await leaving.enter(ONE), is_left=True)
    await leaving.enter(GROWN)
    assert engine.looks == 2


async def test_a_slot_that_stays_busy_is_not_waited_for_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reuse, "WAIT_S", 0.1)
    leaving = Leaving(Engine([slot()]).slots)
    leaving.over(await leaving.enter(ONE), is_left=True)
    began = time.monotonic()
    async with asyncio.timeout(20):
        one = await leaving.enter(GROWN)
    assert time.monotonic() - began >= 0.09
    leaving.over(one, is_left=False)
    async with asyncio.timeout(20):
        await leaving.enter(GROWN)
