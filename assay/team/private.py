"""What an answer tells of the prompts of others: how much of this one was read before, and for how long the rest was read."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing

TELLING = frozenset({"timings_per_token", "return_progress", "verbose"})  # llama.cpp's fields that ask for it
# As llama.cpp and OpenAI's usage have it; what people wrote has its quotes escaped in JSON.
_TOLD = re.compile(rb',?\s*"(?:timings|prompt_tokens_details|prompt_progress)"\s*:\s*\{[^{}]*\}')


async def untold(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The answer, in one piece or as server-sent events, without it."""
    buffer = b""
    async with aclosing(pieces):
        async for piece in pieces:
            *lines, buffer = (buffer + piece).split(b"\n")
            if lines:
                yield b"".join(_TOLD.sub(b"", line) + b"\n" for line in lines)
    if buffer:
        yield _TOLD.sub(b"", buffer)
