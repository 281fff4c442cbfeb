"""Generations under way: adopted while they agree, stopped when nobody waits; and the rhythm in which they are begun."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from assay.assistant.drafting import generations
from assay.assistant.drafting.anchor import Anchor, Form, Lead
from assay.assistant.drafting.generations import Cursor, Generation, Generations, Rhythm
from assay.assistant.drafting.prompt import Prompt
from assay.engine.api import Chunk, EngineError, Request, Token
from assay.engine.dialects import LEFT_TO_RIGHT
from assay.engine.scripted import Scripted

ANCHOR = Anchor(Form(LEFT_TO_RIGHT, Lead(), 100), "", 0, "def f():\n", "", True, 0)
PROMPT = Prompt("def f():\n    ", None, "", "id", (), ANCHOR)


class Dictated(Scripted):
    """A model that writes what it is told, when it is told."""

    def __init__(self) -> None:
        super().__init__(())
        self.pieces: asyncio.Queue[str] = asyncio.Queue()
        self.was_closed = False

    async def generate(self, request: Request) -> AsyncGenerator[Chunk, None]:
        try:
            while True:
                piece = await self.pieces.get()
                if piece == "fail":
                    raise EngineError("it broke")
                yield Chunk(0, piece, (Token(piece, -0.1),), "stop" if piece == "." else "")
        finally:
            self.was_closed = True


class Until:
    """Over where `wanted` is in the text; the next piece is waited for `left_s`."""

    def __init__(self, wanted: str = "", left_s: float | None = None) -> None:
        self._wanted = wanted
        self.left_s = left_s

    def __call__(self, text: str) -> bool:
        return bool(self._wanted) and self._wanted in text


def begun(
    kept: Generations, engine: Dictated, before: str = "x = ", healed: str = "", is_over: Until | None = None
) -> Generation:
    request = Request("", must_start=healed)
    return kept.begin(engine, Cursor("u", before, "\n"), PROMPT, request, is_over or Until())


async def written(engine: Dictated, *pieces: str) -> None:
    for piece in pieces:
        engine.pieces.put_nowait(piece)
        for _ in range(4):
            await asyncio.sleep(0)


async def test_it_is_adopted_while_it_agrees_with_what_was_typed() -> None:
    kept, engine = Generations(), Dictated()
    one = begun(kept, engine)
    assert kept.adopt(Cursor("u", "x = ca", "\n")) == (one, "ca")  # nothing is written yet that could disagree
    await written(engine, "cal", "l")
    assert kept.adopt(Cursor("u", "x = ca", "\n")) == (one, "ca")
    assert kept.adopt(Cursor("u", "x = call(", "\n")) == (one, "call(")  # it may still write this
    kept.close()


@pytest.mark.parametrize(
    "place",
    [
        Cursor("u", "x = cat", "\n"),
        Cursor("v", "x = ca", "\n"),
        Cursor("u", "x = ca", " + 1\n"),
        Cursor("u", "y = ca", "\n"),
        Cursor("u", "x = call\n", "\n"),
    ],
)
async def test_it_is_not_adopted_where_it_does_not_agree(place: Cursor) -> None:
    kept, engine = Generations(), Dictated()
    begun(kept, engine)
    await written(engine, "call")
    assert kept.adopt(place) is None
    kept.close()


async def test_what_is_done_is_adopted_only_for_what_it_wrote() -> None:
    kept, engine = Generations(), Dictated()
    one = begun(kept, engine)
    await written(engine, "call", ".")
    assert one.is_done
    assert kept.adopt(Cursor("u", "x = call", "\n")) == (one, "call")
    assert kept.adopt(Cursor("u", "x = call.more", "\n")) is None


async def test_healed_text_is_no_part_of_its_own() -> None:
    kept, engine = Generations(), Dictated()
    one = begun(kept, engine, before="return ma", healed="ma")
    await written(engine, "m")
    assert one.own is None
    assert one.agrees("x")
    await written(engine, "ax(")
    assert one.own == "x("
    assert one.agrees("x")
    assert not one.agrees("ax")
    kept.close()


async def test_a_text_that_does_not_begin_with_what_is_healed_is_of_no_use() -> None:
    kept, engine = Generations(), Dictated()
    one = begun(kept, engine, before="return ma", healed="ma")
    await written(engine, "min(")
    assert one.own is None
    assert not one.agrees("")
    kept.close()


async def test_it_ends_when_all_that_is_wanted_is_there() -> None:
    kept, engine = Generations(), Dictated()
    one = begun(kept, engine, is_over=Until("\n"))
    await written(engine, "call", "\n", "more")
    assert await one.finish()
    assert one.text == "call\n"
    assert engine.was_closed


async def test_a_model_that_stalls_behind_what_was_wanted_is_not_waited_for() -> None:
    kept, engine = Generations(), Dictated()
    one = begun(kept, engine, is_over=Until(left_s=0.01))
    await written(engine, "call")
    assert await one.finish()
    assert (one.text, one.ended) == ("call", "")
    assert engine.was_closed


async def test_an_engine_that_cannot_be_guided_is_waited_for() -> None:
    """It goes on where it was asked to begin with what stands there."""
    kept, engine = Generations(), Dictated()
    one = begun(kept, engine, before="return ma", healed="ma")
    waiting = asyncio.create_task(one.finish())
    await written(engine, "x(", "v)", ".")
    await waiting
    assert one.text == "x(v)."


async def test_whoever_waits_leaves_as_soon_as_it_disagrees() -> None:
    kept, engine = Generations(), Dictated()
    one = begun(kept, engine)
    waiting = asyncio.create_task(one.finish("cat"))
    await written(engine, "call")
    assert await asyncio.wait_for(waiting, 1) is False
    kept.close()


async def test_the_model_is_stopped_when_the_last_one_that_waits_is_cancelled() -> None:
    kept, engine = Generations(), Dictated()
    one = begun(kept, engine)
    waiting = asyncio.create_task(one.finish())
    await written(engine, "ca")
    waiting.cancel()
    await asyncio.wait({waiting})
    assert not one.is_done  # the key that cancelled it may be its own next character
    await asyncio.wait({one._task}, timeout=generations.GRACE_S * 50)
    assert engine.was_closed
    assert not one.is_alive


async def test_a_failure_is_told_to_whoever_waits() -> None:
    kept, engine = Generations(), Dictated()
    one = begun(kept, engine)
    await written(engine, "fail")
    with pytest.raises(EngineError, match="it broke"):
        await one.finish()
    assert kept.adopt(Cursor("u", "x = ", "\n")) is None


def rhythm(*gaps: float, took: float = 0.0) -> Rhythm:
    made, now = Rhythm(), 100.0
    made.key(now)
    for gap in gaps:
        now += gap
        made.key(now)
    if took:
        made.answered(took)
    return made


def test_the_wait_is_the_pause_between_keys_less_the_models_time() -> None:
    assert rhythm(*[0.2] * 6).wait_s(0.01, 0) == pytest.approx(0.2)
    assert rhythm(*[0.2] * 6, took=0.15).wait_s(0.01, 0) == pytest.approx(0.05)


def test_a_slow_model_is_asked_at_once() -> None:
    assert rhythm(*[0.2] * 6, took=0.5).wait_s(0.01, 0) == 0.01


def test_a_thinking_pause_is_no_rhythm_and_few_keys_make_none() -> None:
    assert rhythm(5.0, 0.2, 9.0, 0.2, 7.0).wait_s(0.01, 0) == 0.01


def test_many_passed_over_calm_the_next_request_up_to_a_limit() -> None:
    made = rhythm()
    waits = [made.wait_s(0.01, streak) for streak in range(20)]
    assert waits[: generations.CALM_FREE + 1] == [0.01] * (generations.CALM_FREE + 1)
    assert waits == sorted(waits)
    assert waits[-1] == generations.AT_MOST_S


def test_the_latency_is_a_running_mean() -> None:
    made = rhythm(*[0.25] * 6, took=0.1)
    made.answered(0.2)
    assert made.wait_s(0.0, 0) == pytest.approx(0.25 - (0.7 * 0.1 + 0.3 * 0.2))
