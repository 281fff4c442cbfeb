"""An answer that may be left before its end without losing its connection: a task reads it, and whoever leaves has the server end it by a word on another one.

Each key that is typed on leaves the answer to the one before. Closing the connection says so, too, and costs a handshake (TLS: two round trips) the next time.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

CANCEL = "/v1/cancel"
PATIENCE_S = 2.0  # for an answer that was cancelled to come to its end; then its connection is closed after all
AGAIN_S = 0.1  # until it is said once more, where the server did not know the request yet
EVENTS = "text/event-stream"


class Answer:
    """What a server answers to one request, read by a task of its own."""

    def __init__(self, client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
        self._client = client
        self._id = secrets.token_hex(8)
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._head: asyncio.Future[httpx.Response] = asyncio.get_running_loop().create_future()
        self._error: BaseException | None = None
        self._task = asyncio.create_task(self._read(path, body), name="answer")

    async def response(self) -> httpx.Response:
        """Its status and headers; read whole where it is no stream. Raises httpx.HTTPError."""
        return await asyncio.shield(self._head)

    async def lines(self) -> AsyncGenerator[str, None]:
        """Of a stream. Raises httpx.HTTPError."""
        while (line := await self._lines.get()) is not None:
            yield line
        if self._error is not None:
            raise self._error

    def leave(self, spawn: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        """Nobody reads it any more: it is ended beside, by `spawn`, if it is not over."""
        if not self._head.done():
            self._head.cancel()
        if not self._task.done():
            spawn(self._end())

    async def _read(self, path: str, body: dict[str, Any]) -> None:
        import httpx

        try:
            for number in range(2):  # servers close connections that are idle, and a proxy does it without a word
                try:
                    headers = {"x-request-id": self._id}
                    async with self._client.stream("POST", path, json=body, headers=headers) as response:
                        await self._taken(response)
                    return
                except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
                    if number or self._head.done():
                        raise
        except (
            httpx.HTTPError,
            OSError,
            RuntimeError,
            ValueError,
            TypeError,
        ) as error:  # also what cannot be written as a request: whoever waits hears of it
            self._error = error
            if not self._head.done():
                self._head.set_exception(error)
                self._head.exception()  # whoever left does not ask
        finally:
            self._lines.put_nowait(None)

    async def _taken(self, response: httpx.Response) -> None:
        is_stream = response.status_code < 400 and EVENTS in response.headers.get("content-type", "")
        if not is_stream:
            await response.aread()
        if not self._head.done():
            self._head.set_result(response)
        if is_stream:
            async for line in response.aiter_lines():
                self._lines.put_nowait(line)

    async def _end(self) -> None:
        """Say that nobody wants it, and read what comes until then."""
        import httpx

        with contextlib.suppress(TimeoutError, httpx.HTTPError, OSError, ValueError, RuntimeError):
            async with asyncio.timeout(PATIENCE_S):
                while not self._task.done():
                    told = await self._client.post(CANCEL, json={"id": self._id})
                    if told.status_code >= 400:
                        break
                    if told.json().get("cancelled"):
                        await asyncio.wait({self._task})
                    else:
                        await asyncio.wait({self._task}, timeout=AGAIN_S)
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task})
