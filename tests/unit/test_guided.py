"""Guided decoding: what a text has to begin with, told to each server in its own words, and left out where it cannot be told."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from assay.assistant.drafting.sources import beginnings
from assay.engine import guided, processes
from assay.engine.api import Request
from assay.engine.by_url import Server
from assay.engine.local import Local
from tests.lsp.stub import Stub

ASKED = Request("import os\nos.path.", names=("isfile", "isabs"))


async def text_of(engine: Server | Local, request: Request) -> str:
    async with aclosing(engine.generate(request)) as chunks:
        return "".join([chunk.text async for chunk in chunks])


@pytest.mark.parametrize(
    ("owner", "added"),
    [
        ("assay", {"names": ["isfile", "isabs"]}),
        ("llamacpp", {"grammar": 'root ::= ("isfile" | "isabs") ([^0-9A-Za-z_] [^\\x00]*)?'}),
        ("vllm", {"structured_outputs": {"regex": r"(?:isfile|isabs)(?:[^0-9A-Za-z_][\s\S]*)?"}}),
        ("someone", {}),
        ("", {}),
    ],
)
async def test_each_server_is_told_in_its_own_words(owner: str, added: dict[str, object]) -> None:
    async with Stub(lambda body: "isfile(", owner=owner) as stub:
        engine = Server(stub.url)
        assert await text_of(engine, ASKED) == "isfile("
        assert await text_of(engine, replace(ASKED, names=())) == "isfile("
        await engine.close()
    told = [
        {name: one[name] for name in ("names", "grammar", "structured_outputs", "must_start") if name in one}
        for one in stub.requests
    ]
    assert told == [added, {}]


async def test_a_server_that_refuses_to_be_guided_is_not_asked_to_again() -> None:
    async with Stub(lambda body: "isfile(", owner="vllm", without="structured_outputs") as stub:
        engine = Server(stub.url)
        for _ in range(2):
            assert await text_of(engine, ASKED) == "isfile("
        await engine.close()
    assert len(stub.requests) == 2, "the refused one came no further"


async def test_a_busy_server_is_not_asked_again_at_once_and_goes_on_being_guided() -> None:
    async with Stub(lambda body: "isfile(", owner="vllm") as stub:
        engine = Server(stub.url)
        await text_of(engine, ASKED)
        stub.refuse = 503
        with pytest.raises(Exception, match="503"):
            await text_of(engine, ASKED)
        stub.refuse = 0
        await text_of(engine, ASKED)
        await engine.close()
    assert "structured_outputs" in stub.requests[-1]


async def test_what_is_refused_for_another_reason_goes_on_being_guided() -> None:
    async with Stub(lambda body: "isfile(", owner="vllm", without="prompt") as stub:
        engine = Server(stub.url)
        with pytest.raises(Exception, match="not supported"):
            await text_of(engine, ASKED)
        stub.without = ""
        await text_of(engine, ASKED)
        await engine.close()
    assert "structured_outputs" in stub.requests[-1]


async def test_priority_is_told_to_our_own_engine_alone() -> None:
    for owner, expected in (("assay", 2), ("vllm", None)):
        async with Stub(lambda body: "x", owner=owner) as stub:
            engine = Server(stub.url)
            await text_of(engine, replace(ASKED, priority=2))
            await engine.close()
        assert stub.requests[-1].get("priority") == expected


def test_a_start_is_told_too() -> None:
    healed = Request("x", must_start='a"\\b')
    assert guided.body(healed, "gbnf") == {"grammar": 'root ::= "a\\"\\\\b" [^\\x00]*'}
    assert guided.gbnf(Request("x", must_start="ü😀\n")) == 'root ::= "ü😀\\n" [^\\x00]*'
    assert re.fullmatch(guided.regex(healed), 'a"\\b and\nmore')
    assert guided.body(healed, "") == guided.body(Request("x"), "vllm") == {}
    for answer in ({}, {"data": []}, {"data": [3]}, [], None):
        assert guided.dialect_of(answer) == ""


@pytest.mark.parametrize(
    ("before", "healed", "expected"),
    [
        ("os.path.", "", ("isfile", "isabs", "join")),
        ("os.path.is", "is", ("isfile", "isabs")),  # cut back to a token's start: written again
        ("os.path.is", "", ("file", "abs")),  # a model of holes goes on from there
        ("os.path.join", "join", ()),  # is there: what comes behind it is free
        ("os.path.nonesuch", "nonesuch", ()),
        ("x = ", " ", ()),
    ],
)
def test_names_begin_where_the_model_does(before: str, healed: str, expected: tuple[str, ...]) -> None:
    assert beginnings(("isfile", "isabs", "join"), before, healed) == expected


@pytest.fixture
async def llamacpp(model: Path, tmp_path: Path) -> AsyncIterator[Local]:
    made = Local(processes.launch_for(model, tmp_path / "run", idle_s=1))
    yield made
    await made.close()
    for started in processes.spawned:
        started.wait(20)


async def test_llama_cpp_writes_one_of_the_names(llamacpp: Local) -> None:
    for names in (("isfile", "isabs"), ("zebra",), tuple(f"name_{n}" for n in range(300))):
        text = await text_of(llamacpp, replace(ASKED, names=names, max_tokens=12))
        found = re.match(r"\w+", text)
        assert found is not None and found[0] in names
