"""One answer from the events of a stream: an engine that sends nothing until its end does not notice that nobody is there for it any more."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from assay.engine.web import Refused


async def whole(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The answer of a completion or a conversation in one piece, in OpenAI's shape, from the events of one answer; without `usage` where a stop text
    ended the stream before that came. Raises Refused."""
    answer = dict[str, Any]()
    buffer = b""
    async with aclosing(pieces):
        async for piece in pieces:
            *lines, buffer = (buffer + piece).split(b"\n")
            for line in lines:
                _add(answer, line)
    if not answer:
        raise Refused("The engine gave no answer.", 502)
    yield json.dumps(answer).encode()


def _add(answer: dict[str, Any], line: bytes) -> None:
    try:
        event: Any = json.loads(line.partition(b":")[2]) if line.startswith((b"data:", b"error:")) else None
    except ValueError:
        return  # [DONE]
    match event:
        case {"error": {"message": str(said)}}:
            raise Refused(said[:300], 502)
        case dict() if isinstance(choices := event.get("choices"), list):
            if not answer:
                answer |= {name: value for name, value in event.items() if name not in ("choices", "usage")}
                answer |= {"object": str(event.get("object", "")).removesuffix(".chunk"), "choices": []}
            for choice in choices:
                _join(answer["choices"], choice)
            if event.get("usage"):
                answer["usage"] = event["usage"]
        case _:
            pass


def _join(kept: list[dict[str, Any]], piece: dict[str, Any]) -> None:
    """Its text, its tokens' probabilities and how it ended."""
    said = piece.get("delta")
    if not kept:
        shape = {"text": ""} if said is None else {"message": {"role": "assistant", "content": ""}}
        kept.append({"index": 0, "logprobs": None, "finish_reason": None} | shape)
    one = kept[0]
    if said is None:
        one["text"] += piece.get("text") or ""
    else:
        for name in ("content", "reasoning_content"):
            if said.get(name):
                one["message"][name] = one["message"].get(name, "") + said[name]
    if tokens := (piece.get("logprobs") or {}).get("content"):
        one["logprobs"] = {"content": [*(one["logprobs"] or {"content": []})["content"], *tokens]}
    one["finish_reason"] = piece.get("finish_reason") or one["finish_reason"]
