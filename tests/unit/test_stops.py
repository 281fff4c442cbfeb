"""Stop texts: whatever the borders of what comes, an answer is all that stands before the first one, and all of it where none comes."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from assay.engine import stops
from assay.engine.stops import Stops

PIECES = ["a", "\n", "\n\n", "b\n", "x", " ", "\n ", ""]


def expected(pieces: list[str], texts: list[str]) -> str:
    """The text up to the stop text that is whole first."""
    text = ""
    for piece in pieces:
        text += piece
        if found := [at for one in texts if (at := text.find(one)) >= 0]:
            return text[: min(found)]
    return text


def test_whatever_the_borders_are() -> None:
    chance = random.Random(3)
    for _ in range(5000):
        pieces = chance.choices(PIECES, k=chance.randrange(1, 12))
        texts = ["".join(chance.choices(PIECES[:-1], k=chance.randrange(1, 4))) for _ in range(chance.randrange(1, 3))]
        answer = Stops(texts)
        told = "".join(answer.push(piece) for piece in pieces)
        assert told + answer.finish() == expected(pieces, texts)


async def stream(events: list[dict[str, Any]], size: int) -> AsyncGenerator[bytes, None]:
    data = b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in events) + b"data: [DONE]\n\n"
    for at in range(0, len(data), size):
        yield data[at : at + size]


def read(data: bytes) -> tuple[dict[int, str], dict[int, str], bool]:
    """The texts and the reasons of their ends by answer, and whether the stream says that it is over."""
    texts: dict[int, str] = {}
    ends: dict[int, str] = {}
    lines = [line.removeprefix("data: ") for line in data.decode().splitlines() if line]
    for line in lines[:-1]:
        for choice in json.loads(line)["choices"]:
            texts[choice["index"]] = texts.get(choice["index"], "") + (
                choice.get("text") or choice.get("delta", {}).get("content") or ""
            )
            ends[choice["index"]] = choice.get("finish_reason") or ""
    return texts, ends, lines[-1] == "[DONE]"


def event(index: int, text: str, end: str | None = None, *, is_chat: bool = False) -> dict[str, Any]:
    said = {"delta": {"content": text}} if is_chat else {"text": text}
    return {"choices": [{"index": index, "finish_reason": end, **said}]}


@pytest.mark.parametrize("is_chat", [False, True])
@pytest.mark.parametrize("size", [1, 7, 4096])
async def test_a_stream_is_cut_answer_by_answer(size: int, *, is_chat: bool) -> None:
    pieces = [(0, "a\n"), (1, "b"), (0, "\nc"), (1, "\n"), (0, "more"), (1, "")]
    events = [event(index, text, "length" if not text else None, is_chat=is_chat) for index, text in pieces]
    data = b"".join([one async for one in stops.cut(stream(events, size), ["\n\n"], 2)])
    assert read(data) == ({0: "a", 1: "b\n"}, {0: "stop", 1: "length"}, True)


async def test_a_stream_is_left_as_soon_as_all_answers_are_over() -> None:
    is_closed = False

    async def endless() -> AsyncGenerator[bytes, None]:
        nonlocal is_closed
        try:
            while True:
                yield b"data: " + json.dumps(event(0, "x;")).encode() + b"\n\n"
        finally:
            is_closed = True

    data = b"".join([one async for one in stops.cut(endless(), [";"], 1)])
    assert read(data) == ({0: "x"}, {0: "stop"}, True)
    assert is_closed


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"choices": [{"text": "a\ufffd", "finish_reason": "length"}]}, "a"),
        ({"choices": [{"text": "a\ufffd", "finish_reason": "stop"}]}, "a\ufffd"),
        ({"choices": [{"message": {"content": "a\ufffd\ufffd"}, "finish_reason": "length"}]}, "a"),
        ({"choices": [{"text": None, "finish_reason": "length"}]}, ""),
    ],
)
def test_a_character_that_was_cut_off_is_none(data: dict[str, Any], text: str) -> None:
    choice = json.loads(stops.whole(json.dumps(data).encode()))["choices"][0]
    assert choice.get("text", choice.get("message", {}).get("content")) == text


@pytest.mark.parametrize("data", [b"", b"{", b'{"choices": 3}', b'{"choices": [3]}', b"[]", b'{"tokens": [1]}'])
def test_what_is_no_answer_stays_as_it_is(data: bytes) -> None:
    assert stops.whole(data) == data
