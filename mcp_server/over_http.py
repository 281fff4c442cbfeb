"""The same server over streamable HTTP, on loopback alone, for clients that start no programs: with a key that only this user can read."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from starlette.responses import JSONResponse

from assay.services import Composition

from .serve import server

HOST = "127.0.0.1"
LEAST = 32  # characters of a key that is used


def key_of(file: Path) -> str:
    """The key in a file, made where there is none. Raises OSError, also where others can read it."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if file.exists():
        if file.stat().st_mode & 0o077:
            raise PermissionError(1, "others can read it", str(file))
        if len(known := file.read_bytes().decode("ascii", "replace").strip()) >= LEAST:
            return known
    beside = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as made:
        made.write(key := secrets.token_urlsafe(32))
    beside.replace(file)
    return key


def application(composition: Composition, here: Path, key: str) -> tuple[Any, Any]:
    """The ASGI application behind its key, and what is to be closed."""
    made, projects = server(composition, here)
    app = made.streamable_http_app(host=HOST)

    async def keyed(scope: Any, receive: Any, send: Any) -> None:
        given = dict(scope.get("headers", ())).get(b"authorization", b"")
        if scope["type"] == "http" and not hmac.compare_digest(given, f"Bearer {key}".encode()):
            await JSONResponse({"error": "a key is needed: Authorization: Bearer …"}, 401)(scope, receive, send)
            return
        await app(scope, receive, send)

    return keyed, projects


async def on_http(composition: Composition, here: Path, port: int, key: str, ready: Callable[[int], None]) -> None:
    """Serve until somebody ends it; `ready` hears the port."""
    app, projects = application(composition, here, key)
    config = uvicorn.Config(app, host=HOST, port=port, log_level="warning")
    running = uvicorn.Server(config)
    socket = config.bind_socket()
    socket.listen(config.backlog)  # whoever connects before it serves waits, and is not sent away
    ready(int(socket.getsockname()[1]))
    try:
        await running.serve(sockets=[socket])
    finally:
        await projects.close()
