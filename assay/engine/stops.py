"""Texts that end an answer, looked for here. llama.cpp's server holds back what may be the beginning of one, and loses it in a stream where the answer ends before it is whole."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

BROKEN = "\ufffd"  # what a decoder writes for bytes that are no character, or not yet


class Stops:
    """The text of one answer. `stopped` once a stop text has come: it and what follows it are left out."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = [one for one in texts if one]
        self._held = ""
        self.stopped = False

    def push(self, piece: str) -> str:
        """What can be told now."""
        if self.stopped:
            return ""
        self._held += piece
        found = [at for one in self._texts if (at := self._held.find(one)) >= 0]
        if found:
            told, self._held, self.stopped = self._held[: min(found)], "", True
            return told
        keep = max((_overlap(self._held, one) for one in self._texts), default=0)
        told = self._held[: len(self._held) - keep]
        self._held = self._held[len(told) :]
        return told

    def taken(self, piece: str, *, is_last: bool) -> tuple[str, bool]:
        """What can be told with this piece, and whether a stop text has come."""
        told = self.push(piece)
        return told + (self.finish() if is_last else ""), self.stopped

    def finish(self) -> str:
        """What was held back and is told now that nothing more comes."""
        rest, self._held = self._held, ""
        return rest


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of `text` may be the beginning of `stop`."""
    for count in range(min(len(text), len(stop) - 1), 0, -1):
        if stop.startswith(text[-count:]):
            return count
    return 0


def texts_of(body: Mapping[str, Any]) -> list[str]:
    """The stop texts of a request; none where it has none, or what is no text."""
    stop = body.get("stop") or []
    texts = [stop] if isinstance(stop, str) else stop
    return texts if isinstance(texts, list) and all(isinstance(one, str) for one in texts) else []


async def cut(pieces: AsyncGenerator[bytes, None], texts: Sequence[str], count: int) -> AsyncGenerator[bytes, None]:
    """A stream of server-sent events with `count` answers, each up to its stop text; it is closed when all have one."""
    answers: dict[int, Stops] = {}
    buffer = b""
    async with aclosing(pieces):
        async for piece in pieces:
            *lines, buffer = (buffer + piece).split(b"\n")
            for line in lines:
                event = _event(line)
                if event is None:
                    yield line + b"\n"
                    continue
                _cut(event, texts, answers)
                if event["choices"]:
                    yield b"data: " + json.dumps(event).encode() + b"\n"
            if len(answers) >= count and all(one.stopped for one in answers.values()):
                yield b"\ndata: [DONE]\n\n"
                return
    if buffer:
        yield buffer


def whole(data: bytes) -> bytes:
    """A whole answer without a character that was cut off at its end."""
    try:
        answer = json.loads(data)
        choices = answer["choices"]
        for choice in choices:
            place, name = _place(choice)
            place[name] = (
                str(place[name] or "").rstrip(BROKEN) if choice.get("finish_reason") == "length" else place[name]
            )
    except (ValueError, KeyError, TypeError, AttributeError):
        return data
    return json.dumps(answer).encode()


def _event(line: bytes) -> dict[str, Any] | None:
    """The JSON of a line with answers; None for any other."""
    if not line.startswith(b"data:"):
        return None
    try:
        event = json.loads(line[5:])
    except ValueError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("choices"), list) and event["choices"] else None


def _place(choice: Any) -> tuple[dict[str, Any], str]:
    """Where the text of an answer stands: of a completion, of a conversation, whole or in pieces."""
    for name in ("delta", "message"):
        if isinstance(choice.get(name), dict):
            return choice[name], "content"
    return choice, "text"


def _cut(event: dict[str, Any], texts: Sequence[str], answers: dict[int, Stops]) -> None:
    kept = []
    for choice in event["choices"]:
        answer = answers.setdefault(int(choice.get("index") or 0), Stops(texts))
        if answer.stopped:
            continue
        place, name = _place(choice)
        text, is_over = answer.taken(str(place.get(name) or ""), is_last=bool(choice.get("finish_reason")))
        if is_over:
            choice["finish_reason"] = "stop"
        if text or name in place:
            place[name] = text
        kept.append(choice)
    event["choices"] = kept
