"""What an answer tells of the prompts of others: how much of this one was read before, and for how long the rest was read."""

from __future__ import annotations

import re

# As llama.cpp and OpenAI's usage have it; what people wrote has its quotes escaped in JSON.
_STEP = re.compile(rb'"prompt_progress"\s*:\s*\{')  # an event that says nothing else
_TOLD = re.compile(rb',?\s*"(?:timings|prompt_tokens_details|prompt_progress)"\s*:\s*\{[^{}]*\}')


class Untold:
    """An answer without it: in one piece or as server-sent events, a line at a time."""

    def __init__(self) -> None:
        self._rest = b""

    def taken(self, piece: bytes) -> bytes:
        """What of it can be told by now."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        return b"".join(_told(line) + b"\n" for line in lines)

    def end(self) -> bytes:
        """The rest."""
        return _told(self._rest)


def _told(line: bytes) -> bytes:
    return b"" if line.startswith(b"data:") and _STEP.search(line) else _TOLD.sub(b"", line)
