"""Answers of our HTTP servers: whole or with their true status, and streams that say what went wrong in them."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from assay.engine.web import EVENTS, Attended, Refused


async def broken() -> AsyncGenerator[bytes, None]:
    yield b'{"half": '
    raise Refused("The engine gave no answer.", 502)


@pytest.mark.parametrize("kind", ["application/json", EVENTS])
async def test_what_breaks_in_mid_answer_leaves_no_half_json(kind: str) -> None:
    async def answer(_: Request) -> Attended:
        return Attended(broken(), kind)

    transport = httpx.ASGITransport(Starlette(routes=[Route("/", answer)]))
    async with httpx.AsyncClient(transport=transport, base_url="http://s") as client:
        told = await client.get("/")
    if kind == EVENTS:
        assert told.status_code == 200
        assert json.loads(told.text.splitlines()[0].partition("data: ")[2])["error"]["code"] == 502
    else:
        assert (told.status_code, told.json()["error"]["message"]) == (502, "The engine gave no answer.")
