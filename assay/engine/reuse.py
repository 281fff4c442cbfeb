"""What of a prompt llama.cpp has read is kept in the slot that read it, and a slot is free a moment after its request was left: whoever
comes in between is given another one, and reads the whole prompt again. So a prompt that begins like one that was just left waits for that moment.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .api import Request

HEAD = 200  # characters by which two prompts are of one document
POLL_S = 0.003
# An engine notices that it was left with the next token, or with the batch after the one that it reads, and answers a look between two
# batches: 64 tokens take a second with a large model, and up to five where everything else on the machine is busy, too (seen). Reading the
# whole prompt would take longer still, and a slot is looked at, so this only bounds the wait for somebody else's that looks the same.
WAIT_S = 20.0


@dataclass(slots=True)
class UnderWay:
    """A request, with what tells its slot from others': what it may write, and how much of its prompt was known (None: not told yet)."""

    head: str
    max_tokens: int
    kept: int | None = None
    left_s: float = 0.0  # when it was left

    def is_in(self, slot: Mapping[str, Any]) -> bool:
        """Whether it may be what llama.cpp tells of a slot in `/slots`."""
        match slot:
            case {"is_processing": False}:
                return False
            case {
                "next_token": [{"n_remain": int(remain), "n_decoded": int(decoded)}],
                "n_prompt_tokens_cache": int(kept),
            }:
                return remain + decoded == self.max_tokens and self.kept in {None, kept}
            case _:
                return True


class Leaving:
    """The requests of this process to one engine: those under way, and those that were left before their end."""

    def __init__(self, slots: Callable[[], Awaitable[Sequence[Mapping[str, Any]]]]) -> None:
        """`slots` asks the engine what its slots do."""
        self._slots = slots
        self._under_way: list[UnderWay] = []
        self._left: list[UnderWay] = []

    async def enter(self, request: Request) -> UnderWay:
        """Wait until the slot of a like prompt is free, at most `WAIT_S` after it was left; then the request counts as under way, until it is `over`."""
        one = UnderWay(request.prompt[:HEAD], request.max_tokens)
        while any(other.head == one.head for other in self._left):
            slots = await self._slots()
            self._left = [other for other in self._left if self._is_at_work(other, slots)]
            await asyncio.sleep(POLL_S if self._left else 0)
        self._under_way.append(one)
        return one

    def over(self, one: UnderWay, *, is_left: bool) -> None:
        """A request came to its end, or `is_left`."""
        self._under_way = [other for other in self._under_way if other is not one]
        if is_left:
            one.left_s = time.monotonic()
            self._left = [*self._left[-7:], one]

    def _is_at_work(self, left: UnderWay, slots: Sequence[Mapping[str, Any]]) -> bool:
        """Whether more slots look like this request than there are of the kind under way."""
        if time.monotonic() > left.left_s + WAIT_S:
            return False
        alike = sum(
            other.max_tokens == left.max_tokens and (None in (other.kept, left.kept) or other.kept == left.kept)
            for other in self._under_way
        )
        return sum(left.is_in(slot) for slot in slots) > alike
