"""Whoever comes with a prompt whose slot is about to be free waits for it, and nobody else does, or for long."""

from __future__ import annotations

import asyncio
import time

from assay.engine import reuse
from assay.engine.reuse import Leaving

PROMPT = "x" * reuse.HEAD


class Slots:
    """An engine's slots at work; `steps` says how many there are at each look."""

    def __init__(self, *steps: int) -> None:
        self.looks = 0
        self._steps = steps

    async def busy(self) -> int:
        self.looks += 1
        return self._steps[min(self.looks, len(self._steps)) - 1]


async def test_a_like_prompt_waits_until_the_slot_is_free() -> None:
    slots = Slots(1, 1, 0)
    leaving = Leaving(slots.busy)
    await leaving.enter(PROMPT)
    leaving.over(PROMPT, is_left=True, was_read=True)
    await leaving.enter(f"{PROMPT} and what was typed")
    assert slots.looks == 3


async def test_nobody_asks_where_nothing_was_left_or_of_another_document() -> None:
    slots = Slots(1)
    leaving = Leaving(slots.busy)
    for prompt in (PROMPT, PROMPT):
        await leaving.enter(prompt)
        leaving.over(prompt, is_left=False, was_read=True)
    await leaving.enter(PROMPT)
    leaving.over(PROMPT, is_left=True, was_read=True)
    await leaving.enter("another document")
    assert slots.looks == 0


async def test_ones_own_requests_under_way_are_none_that_leave() -> None:
    slots = Slots(2, 1)
    leaving = Leaving(slots.busy)
    await leaving.enter("another document")
    await leaving.enter(PROMPT)
    leaving.over(PROMPT, is_left=True, was_read=True)
    await leaving.enter(PROMPT)
    assert slots.looks == 2


async def test_a_slot_that_stays_busy_is_not_waited_for_for_long() -> None:
    leaving = Leaving(Slots(1).busy)
    await leaving.enter(PROMPT)
    leaving.over(PROMPT, is_left=True, was_read=True)
    began = time.monotonic()
    async with asyncio.timeout(20):
        await leaving.enter(PROMPT)
    assert time.monotonic() - began >= reuse.WRITING_S - 0.01
    leaving.over(PROMPT, is_left=False, was_read=True)
    async with asyncio.timeout(20):
        await leaving.enter(PROMPT)
