"""Tokens to text as they come: whole characters only, and nothing of a stop string."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..stops import BROKEN, Stops

BEFORE = 4  # tokens before a piece that are decoded with it, for tokenizers whose spaces depend on them
LONGEST = 24  # tokens after which older ones are left out of what is decoded again
UNFINISHED = 4  # tokens that one character may take


class Pieces:
    """The text of one answer, up to a stop string."""

    def __init__(self, decode: Callable[[list[int]], str], prompt: Sequence[int], stop: Sequence[str]) -> None:
        self._decode = decode
        self._ids = list(prompt[-BEFORE:])
        self._told = len(decode(self._ids))
        self._stops = Stops(stop)
        self._waiting = 0
        self.written = ""  # all that was decoded, with what is held back

    @property
    def stopped(self) -> bool:
        """Whether a stop string has come: it and what follows it are left out."""
        return self._stops.stopped

    def push(self, token: int) -> tuple[str, str]:
        """The token's own text ("" while a character is not whole), and what can be told of the answer now."""
        self._ids.append(token)
        text = self._decode(self._ids)
        self._waiting += 1
        if text.endswith(BROKEN) and self._waiting < UNFINISHED:
            return "", ""
        piece, self._told, self._waiting = text[self._told :], len(text), 0
        if len(self._ids) > LONGEST:
            self._ids = self._ids[-BEFORE:]
            self._told = len(self._decode(self._ids))
        self.written += piece
        return piece, self._stops.push(piece)

    def finish(self) -> str:
        """What was held back and is told now that nothing more comes."""
        rest = self._stops.finish()
        if self._waiting:  # the bytes of a character that did not become whole are none
            rest += self._decode(self._ids)[self._told :].rstrip(BROKEN)
        return "" if self.stopped else rest
