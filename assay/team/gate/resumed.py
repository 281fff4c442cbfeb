"""An answer that can go on somewhere else: what was written of it by now, and the request that has the rest written.

The engine that goes on reads the prompt with what was written; whoever is reading sees one answer. Only plain completions can: what holds an answer to a
grammar, or counts from a seed, is lost with the engine that had it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

BY_ENGINE = frozenset("grammar json_schema response_format structured_outputs vllm_xargs names must_start seed tools echo suffix".split())  # fmt: skip
MANY = 16  # tokens of an answer that may be asked to make room: shorter ones are over sooner


class Written:
    """What the pieces of a stream say was written."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._body = body
        self._rest = b""
        self.texts: list[str] = []
        self.tokens = 0
        self.before = 0  # tokens of the answers before this one
        self.is_over = False

    def taken(self, piece: bytes) -> bytes:
        """Count what came; the events of it that are whole: half of one is nothing to go on from."""
        whole, end, self._rest = (self._rest + piece).rpartition(b"\n\n")
        return b"\n".join(self._counted(line) for line in (whole + end).split(b"\n"))

    def _counted(self, line: bytes) -> bytes:
        if not line.startswith(b"data:"):
            return line
        try:
            event = json.loads(line[5:])
            for choice in event["choices"]:
                logprobs = choice.get("logprobs") or {}
                if text := choice.get("text") or "":
                    self.texts.append(text)
                    self.tokens += max(1, len(logprobs.get("tokens") or logprobs.get("content") or ()))
                self.is_over = self.is_over or bool(choice.get("finish_reason"))
            usage = event.get("usage")
            if not usage or not self.before:
                return line
            usage["prompt_tokens"] -= self.before
            usage["completion_tokens"] += self.before
            return b"data: " + json.dumps(event).encode()
        except (ValueError, KeyError, TypeError, AttributeError):
            return line  # [DONE], or nothing that we know

    def let_go(self) -> None:
        """Of half an event: the engine that goes on begins a new one."""
        self._rest = b""

    def end(self) -> bytes:
        """What came behind the last whole event."""
        rest, self._rest = self._rest, b""
        return rest

    @property
    def left(self) -> int:
        """Tokens that may still be written."""
        return 0 if self.is_over else max(0, self._body["max_tokens"] - self.tokens)

    def rest(self) -> dict[str, Any]:
        """The request that goes on from here, where something is left."""
        self.before = self.tokens
        return dict(self._body) | {"prompt": self._body["prompt"] + "".join(self.texts), "max_tokens": self.left}


def can(path: str, body: Mapping[str, Any]) -> bool:
    """Whether a request's answer can go on elsewhere."""
    is_plain = path == "/v1/completions" and body.get("stream") and isinstance(body.get("prompt"), str)
    return bool(is_plain) and type(body.get("max_tokens")) is int and not any(body.get(name) for name in BY_ENGINE)


def is_long(body: Mapping[str, Any]) -> bool:
    """Whether it may be asked to make room."""
    return int(body.get("max_tokens") or 0) >= MANY
