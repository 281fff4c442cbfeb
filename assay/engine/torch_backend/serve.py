"""The engine process on torch: the same HTTP as llama.cpp's server, on the same Unix socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import time
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..web import EVENTS, HANDLERS, Attended, Refused, body_of
from .answers import Desk, Said, completion, whole

POLL_S = 0.5  # how often idleness is looked at


def application(desk: Desk) -> Starlette:
    """What is served: completions, chat, scores, tokens, the model's name, and whether it is well."""
    routes = Routes(desk)
    return Starlette(
        routes=[
            Route("/health", routes.health),
            Route("/v1/models", routes.models),
            Route("/v1/completions", routes.completions, methods=["POST"]),
            Route("/v1/chat/completions", routes.chat, methods=["POST"]),
            Route("/score", routes.score, methods=["POST"]),
            Route("/tokenize", routes.tokenize, methods=["POST"]),
        ],
        exception_handlers=HANDLERS,
    )


def run(desk: Desk, path: Path, idle_s: float) -> int:
    """Serve at a Unix socket `path` until nothing was asked for `idle_s` (0: for ever), or the model's thread ended; returns the exit status."""
    config = uvicorn.Config(
        application(desk),
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_keep_alive=600,
    )
    server = uvicorn.Server(config)
    asyncio.run(_until_idle(server, desk, idle_s, private(path)))
    desk.line.close()
    return 1 if desk.line.failed else 0


def private(path: Path) -> socket.socket:
    """A socket at `path` for this user alone. uvicorn opens one of its own to everybody, whatever the umask says."""
    os.umask(0o077)
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    opened.bind(str(path))
    return opened


async def _until_idle(server: uvicorn.Server, desk: Desk, idle_s: float, opened: socket.socket) -> None:
    serving = asyncio.create_task(server.serve([opened]))
    seen, since = -1, time.monotonic()
    while not serving.done():
        await asyncio.wait({serving}, timeout=min(POLL_S, idle_s / 4 or POLL_S))
        line = desk.line
        if line.tokens != seen or line.is_busy or desk.open:
            seen, since = line.tokens, time.monotonic()
        if line.failed:
            print(f"Engine off: the model stopped ({line.failed}).", flush=True)
        if line.failed or (idle_s and time.monotonic() - since > idle_s):
            server.should_exit = server.force_exit = True
    await serving


class Routes:
    """One method for each address."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def models(self, _: Request) -> Response:
        loaded = self._desk.loaded
        about = {"context": loaded.context, "quantisation": loaded.quantisation, "device": str(loaded.device)}
        model = {"id": loaded.name, "object": "model", "owned_by": "assay", "meta": about}
        return JSONResponse({"object": "list", "data": [model]})

    async def tokenize(self, request: Request) -> Response:
        body = await body_of(request)
        text = body.get("content")
        if not isinstance(text, str):
            raise Refused("`content` has to be a text.")
        tokens = await asyncio.to_thread(self._desk.loaded.ids, text, special=bool(body.get("add_special")))
        return JSONResponse({"tokens": tokens})

    async def score(self, request: Request) -> Response:
        body = await body_of(request)
        return Attended(_json(self._scores(body)))

    async def completions(self, request: Request) -> Response:
        body = await body_of(request)
        return self._answer(self._desk.complete(body), body, is_chat=False)

    async def chat(self, request: Request) -> Response:
        body = await body_of(request)
        return self._answer(self._desk.chat(body), body, is_chat=True)

    async def _scores(self, body: Mapping[str, Any]) -> Any:
        return {"scores": await self._desk.score(body)}

    def _answer(self, pieces: AsyncGenerator[Said, None], body: Mapping[str, Any], *, is_chat: bool) -> Response:
        name = self._desk.loaded.name
        if body.get("stream"):
            return Attended(_events(name, pieces, is_chat=is_chat), EVENTS)
        return Attended(_json(_collected(name, pieces, is_chat=is_chat)))


async def _events(name: str, pieces: AsyncGenerator[Said, None], *, is_chat: bool) -> AsyncGenerator[bytes, None]:
    async with contextlib.aclosing(pieces):
        async for one in pieces:
            event = completion(name, [one], is_chat=is_chat, is_stream=True)
            yield f"data: {json.dumps(event)}\n\n".encode()
    yield b"data: [DONE]\n\n"


async def _collected(name: str, pieces: AsyncGenerator[Said, None], *, is_chat: bool) -> Any:
    async with contextlib.aclosing(pieces):
        return whole(name, [one async for one in pieces], is_chat=is_chat)


async def _json(coming: Any) -> AsyncGenerator[bytes, None]:
    yield json.dumps(await coming).encode()
