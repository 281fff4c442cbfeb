"""A model's word for a function: asked once, kept where no fact denies it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from assay.assistant.record.coverage import CoverageMap
from assay.assistant.summarize import shapes, symbols, told
from assay.assistant.summarize.symbols import Symbol
from assay.assistant.workbench import Workbench
from assay.engine.api import Chunk, EngineError, Request
from assay.engine.scripted import Answer, Scripted
from tests.unit.conftest import Make

TEXT = 'def twice(number):\n    """Old words."""\n    if number < 0:\n        raise ValueError\n    return number * 2\n\n\nclass Till:\n    """A till."""\n'
GOOD = " Return twice the number; raise ValueError where it is negative. It is quick. And more."


def asks(make: Make, said: str) -> tuple[Workbench, Scripted]:
    engine = Scripted((Answer("in one sentence:\n#", (said,)),))
    return replace(make(), engine=engine), engine


def of(name: str, text: str = TEXT) -> Symbol:
    found = symbols._symbols({"m.py": text}, "m.py", CoverageMap())
    assert found is not None
    return next(one for one in found if one.facts.path == name)


async def test_the_models_first_sentences_are_kept_and_it_is_asked_once(make: Make) -> None:
    bench, engine = asks(make, GOOD)
    found = await told.of(bench, of("twice"), TEXT)
    assert (found.symbol.source, found.why) == ("model", "")
    assert found.symbol.summary == "Return twice the number; raise ValueError where it is negative. It is quick."
    (request,) = engine.requests
    assert "Old words" not in request.prompt, "the docstring is not what it is to say again"
    moved = f"import os\n\n{TEXT}"
    again = await told.of(bench, of("twice", moved), moved)
    assert again.symbol.summary == found.symbol.summary and len(engine.requests) == 1
    assert told.remembered(bench, of("twice"), TEXT).source == "model"
    changed = TEXT.replace("* 2", "* 3")
    assert told.remembered(bench, of("twice", changed), changed).source == "facts"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("Return a string and print it.", "was not kept"),
        ("", "said nothing"),
        ("Twice.", "said nothing"),
        ("Raise KeyError.", "said nothing"),
    ],
)
async def test_what_is_denied_is_not_shown(said: str, why: str, make: Make) -> None:
    bench, _ = asks(make, said)
    found = await told.of(bench, of("twice"), TEXT)
    assert found.symbol == of("twice") and why in found.why
    assert told.remembered(bench, of("twice"), TEXT).source == "facts"


async def test_an_engine_that_fails_or_hangs_is_an_error_and_nothing_is_remembered(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hanging(Scripted):
        async def generate(self, request: Request) -> AsyncGenerator[Chunk, None]:
            await asyncio.sleep(60)
            yield Chunk(0, "never")

    class Failing(Scripted):
        async def generate(self, request: Request) -> AsyncGenerator[Chunk, None]:
            raise EngineError("It failed.")
            yield Chunk(0, "never")

    monkeypatch.setattr(told, "ANSWER_S", 0.05)
    for kind, error in ((Hanging, TimeoutError), (Failing, EngineError)):
        bench = replace(make(), engine=kind(()))
        with pytest.raises(error):
            await told.of(bench, of("twice"), TEXT)
        assert told.known(bench, of("twice").facts, TEXT) is None


async def test_a_function_that_is_too_long_is_not_shown_to_the_model(make: Make) -> None:
    text = "def long():\n" + "    x = 1\n" * 2000
    bench, engine = asks(make, GOOD)
    assert "too long" in (await told.of(bench, of("long", text), text)).why
    assert engine.requests == []


async def test_no_secret_reaches_the_model(make: Make) -> None:
    text = 'def key():\n    return "AKIAIOSFODNN7EXAMPLE"\n'
    bench, engine = asks(make, "Return the key of the account.")
    await told.of(bench, of("key", text), text)
    assert "AKIAIOSFODNN7EXAMPLE" not in engine.requests[0].prompt


def test_a_models_text_holds_no_link() -> None:
    symbol = replace(
        of("twice"), summary="Return [it](command:evil) <b> of `net_price` by https://x.y or www.x.y", source="model"
    )
    shown = shapes.markdown(symbol)
    assert not any(mark in shown for mark in ("[it](", "<b>", "https://", "www.x"))
    assert "`net_price`" in shown


@pytest.mark.parametrize("text", ["a", "`", "``a", "x == '`[go](command:assay.describe)`'"])
def test_a_text_of_the_workspace_does_not_leave_its_code(text: str) -> None:
    shown = shapes.code(text)
    fence = shown[: len(shown) - len(shown.lstrip("`"))]
    assert shown.endswith(fence) and fence not in shown[len(fence) : -len(fence)]


async def test_a_text_whose_lines_cannot_be_counted_is_not_shown_to_the_model(make: Make) -> None:
    text = "x = 1\r\rdef f():\r    return 1\r"
    bench, engine = asks(make, GOOD)
    assert "odd ends" in (await told.of(bench, of("f", text), text)).why
    assert told.remembered(bench, of("f", text), text).source == "facts" and engine.requests == []


def test_what_stands_above_a_function() -> None:
    one = of("twice")
    assert shapes.lens(one) == ""
    assert shapes.lens(replace(one, tests=("a", "b"), callers=("m::f",))) == "✓ 2 tests, 1 caller"
    assert shapes.lens(replace(one, tests_then=("a",))) == "? 1 test, before it changed"
    assert shapes.lens(replace(one, tests=())) == "no test"
    assert shapes.lens(replace(of("Till"), callers=("m::f",))) == ""
