"""A client of a team's server: connections that outlive cancelled answers, a server that is busy, a key that goes by TLS alone."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
import uvicorn

from assay.engine import client as http_client
from assay.engine.api import EngineBusy, EngineError, EngineUnavailable, Request
from assay.engine.client import Client
from assay.engine.remote import Remote
from tests.team.conftest import Made, Team
from tests.team.engine import Engine


@asynccontextmanager
async def listening(team: Team) -> AsyncIterator[tuple[str, list[Any]]]:
    """The server's application on loopback; its address, and every connection that was ever made."""
    config = uvicorn.Config(
        team.server.application(), log_level="warning", lifespan="off", port=0, timeout_graceful_shutdown=1
    )
    server, made = uvicorn.Server(config), list[Any]()
    config.load()
    kind = config.http_protocol_class

    class Noted(kind):  # type: ignore[misc, valid-type]
        def connection_made(self, transport: Any) -> None:
            made.append(transport)
            super().connection_made(transport)

    config.http_protocol_class = Noted
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", made
    finally:
        server.should_exit = True
        await task


async def test_keys_that_are_typed_through_keep_their_connections(engine: Engine, team: Made) -> None:
    engine.word_s, engine.read_s = 0.05, 0.05
    made: Team = await team(engine)
    async with listening(made) as (url, connections), contextlib.AsyncExitStack() as stack:
        http = Client(url, api_key=made.add("alice"))
        stack.push_async_callback(http.close)
        remote = Remote(http)
        for number in range(12):
            stream = remote.generate(Request(f"# x\nkey{number}", max_tokens=200))
            async with aclosing(stream) as chunks:
                if number % 3 == 2:  # left before its first word, as most are
                    with pytest.raises(TimeoutError):
                        await asyncio.wait_for(anext(chunks), 0.02)
                else:
                    await anext(chunks)
        async with asyncio.timeout(5):
            while engine.at_work:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        assert len(connections) <= 7, (
            "of twelve answers that were left, each of which had closed one; on a busy machine one or two are, after their time"
        )
        assert sum(engine.words.values()) < 12 * 20
        text = "".join([chunk.text async for chunk in remote.generate(Request("# x\nlast", max_tokens=3))])
        assert text == " / last" * 3


async def test_a_server_that_says_later_is_asked_later(
    engine: Engine, team: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: Team = await team(engine, limits__tokens_a_minute=600)
    async with listening(made) as (url, _):
        http = Client(url, api_key=made.add("alice"))
        remote = Remote(http)
        engine.word_s = 0.0
        _ = [chunk async for chunk in remote.generate(Request("# x\nlong", max_tokens=620))]
        with pytest.raises(EngineBusy, match=r"Your 600 tokens of this minute are written\. Again in \d+ s\.") as busy:
            _ = [chunk async for chunk in remote.generate(Request("# x\nkey"))]
        assert 1 <= busy.value.after_s <= 10
        count = len(engine.prompts)
        with pytest.raises(EngineBusy):  # nothing is asked for it
            _ = [chunk async for chunk in remote.generate(Request("# x\nkey"))]
        assert len(engine.prompts) == count
        begun = time.monotonic()
        text = "".join([chunk.text async for chunk in remote.generate(Request("# x\nasked", max_tokens=2, priority=1))])
        assert text == " / asked" * 2 and time.monotonic() - begun > 0.5, "who asked for it waits"
        monkeypatch.setattr(http_client, "WAIT_S", 0.0)
        await http.close()


def test_a_time_to_come_again_may_be_anything() -> None:
    assert [http_client._seconds(one) for one in ("", "0", "7", "9999", "Mon, 30 Nov 2026 14:00:00 GMT", "²")] == [
        1,
        1,
        7,
        60,
        1,
        1,
    ]


def test_a_key_goes_by_tls_alone() -> None:
    for url in ("http://models.lan:8443", "models.lan:8443"):
        with pytest.raises(EngineUnavailable, match="in the clear"):
            Client(url, api_key="assay_x")
    Client("http://127.0.0.1:8443", api_key="assay_x")


async def test_what_cannot_be_asked_is_an_error_at_once(engine: Engine, team: Made) -> None:
    made: Team = await team(engine)
    async with listening(made) as (url, _):
        http = Client(url, api_key=made.add("alice"))
        remote = Remote(http)
        _ = [chunk async for chunk in remote.generate(Request("# x\nfirst", max_tokens=1))]
        assert http.cancels
        async with asyncio.timeout(5):
            with pytest.raises(EngineError):
                _ = [chunk async for chunk in remote.generate(Request("# x\n\ud800", max_tokens=1))]
        await http.close()
