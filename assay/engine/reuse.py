"""What of a prompt llama.cpp has read is kept in the slot that read it, and a slot is free a moment after its request was left: whoever
comes in between is given another one, and reads the whole prompt again. So a prompt that begins like one that was just left waits for that moment.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

HEAD = 200  # characters by which two prompts are of one document
POLL_S = 0.003
# How long a slot that was left is waited for: an engine notices with the next token, or with the batch after the one that it reads; it answers
# a look between two batches, which take long with a large model.
WRITING_S, READING_S, LOOKS = 0.15, 1.5, 3


@dataclass(frozen=True, slots=True)
class _Left:
    head: str
    until_s: float


class Leaving:
    """The requests of this process to one engine: those under way, and those that were left before their end."""

    def __init__(self, busy: Callable[[], Awaitable[int]]) -> None:
        """`busy` asks the engine how many slots are at work."""
        self._busy = busy
        self._under_way = 0
        self._left: list[_Left] = []

    async def enter(self, prompt: str) -> None:
        """Wait until the slot of a like prompt is free, which is not for long; then the request counts as under way, until it is `over`."""
        head, looks = prompt[:HEAD], 0
        while ends := [one.until_s for one in self._left if one.head == head]:
            if await self._busy() <= self._under_way:
                self._left.clear()
            elif (looks := looks + 1) >= LOOKS and time.monotonic() > max(ends):
                # somebody else's request is at work, too
                self._left = [one for one in self._left if one.head != head]
            else:
                await asyncio.sleep(POLL_S)
        self._under_way += 1

    def over(self, prompt: str, *, is_left: bool, was_read: bool) -> None:
        """A request came to its end, or `is_left`; `was_read`: its prompt had been read by then."""
        self._under_way -= 1
        if is_left:
            until_s = time.monotonic() + (WRITING_S if was_read else READING_S)
            self._left = [*self._left[-7:], _Left(prompt[:HEAD], until_s)]
