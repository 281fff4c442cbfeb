"""Tokens to text as they come: whole characters only, and nothing of a stop string."""

from __future__ import annotations

from collections.abc import Callable, Sequence

BEFORE = 4  # tokens before a piece that are decoded with it, for tokenizers whose spaces depend on them
LONGEST = 24  # tokens after which older ones are left out of what is decoded again
BROKEN = "\ufffd"  # what a decoder writes for bytes that are no character, or not yet
UNFINISHED = 4  # tokens that one character may take


class Pieces:
    """The text of one answer. `stopped` once a stop string has come: it and what follows it are left out."""

    def __init__(self, decode: Callable[[list[int]], str], prompt: Sequence[int], stop: Sequence[str]) -> None:
        self._decode = decode
        self._ids = list(prompt[-BEFORE:])
        self._told = len(decode(self._ids))
        self._stop = [one for one in stop if one]
        self._held = ""
        self._waiting = 0
        self.written = ""  # all that was decoded, with what is held back
        self.stopped = False

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
        return piece, self._tell(piece)

    def finish(self) -> str:
        """What was held back and is told now that nothing more comes."""
        rest, self._held = self._held, ""
        if self._waiting:
            rest += self._decode(self._ids)[self._told :]
        return "" if self.stopped else rest

    def _tell(self, piece: str) -> str:
        self._held += piece
        found = [at for one in self._stop if (at := self._held.find(one)) >= 0]
        if found:
            told, self._held, self.stopped = self._held[: min(found)], "", True
            return told
        keep = max((_overlap(self._held, one) for one in self._stop), default=0)
        told = self._held[: len(self._held) - keep]
        self._held = self._held[len(told) :]
        return told


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of `text` may be the beginning of `stop`."""
    for count in range(min(len(text), len(stop) - 1), 0, -1):
        if stop.startswith(text[-count:]):
            return count
    return 0
