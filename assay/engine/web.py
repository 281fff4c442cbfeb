"""What our HTTP servers have in common: bodies with a limit, refusals in OpenAI's shape, answers that are given up when nobody is there for them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

EVENTS = "text/event-stream"
UNREAD = (401, 403, 408, 413)
BODY_LIMIT = 8_000_000  # bytes of a request
BODY_S = 30.0  # for all of it to come


class Refused(Exception):
    """The request cannot be served as it is: `status` is HTTP's."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class ServerBusy(Refused):
    """It can be served later, in `after_s` seconds perhaps: nothing is wrong with the request, or here."""

    def __init__(self, message: str, after_s: int = 1, status: int = 503) -> None:
        super().__init__(message, status)
        self.after_s = after_s


class Attended(Response):
    """An answer that is given up when nobody is there for it any more. What goes wrong becomes its status; once a stream has begun, an event of it."""

    def __init__(self, pieces: AsyncGenerator[bytes, None], media_type: str = "application/json") -> None:
        super().__init__(media_type=media_type)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        telling = asyncio.create_task(self._tell(scope, receive, send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            if not telling.done():
                telling.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await telling

    async def _tell(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with contextlib.aclosing(self._pieces) as pieces:
            has_begun = False
            try:
                async for piece in pieces if self.media_type == EVENTS else _at_once(pieces):
                    if not has_begun:
                        await send(self._head())
                        has_begun = True
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                if not has_begun:
                    await send(self._head())
            except Refused as error:
                if not has_begun:
                    await error_response(error)(scope, receive, send)
                    return
                data = json.dumps({"error": {"message": str(error), "code": error.status}})
                await send({"type": "http.response.body", "body": f"data: {data}\n\n".encode(), "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _head(self) -> Message:
        kind = str(self.media_type).encode()
        headers = [(b"content-type", kind), (b"cache-control", b"no-store")]
        return {"type": "http.response.start", "status": 200, "headers": headers}


async def _at_once(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """In one: half a JSON text would be none."""
    yield b"".join([piece async for piece in pieces])


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def body_of(request: Request) -> dict[str, Any]:
    """The request's JSON object. Raises Refused."""
    data = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for piece in request.stream():
                data += piece
                if len(data) > BODY_LIMIT:
                    raise Refused(f"A request has at most {BODY_LIMIT} bytes.", 413)
    except TimeoutError as error:
        raise Refused("The request did not come to its end in time.", 408) from error
    try:
        body = json.loads(data, parse_constant=_no_number)
        if b"\\ud" in data.lower():
            _ = json.dumps(body, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except ValueError as error:
        raise Refused(f"The request is not JSON: {error}") from error
    except RecursionError as error:
        raise Refused("The request is nested too deeply.") from error
    if not isinstance(body, dict):
        raise Refused("The request has to be an object.")
    return body


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return error_response(error)


async def _nobody(_: Request, error: Exception) -> Response:
    return Response(status_code=499)


def error_response(error: Refused) -> Response:
    """In OpenAI's shape; a full queue says when to ask again. Where a request was refused unread, what comes of it is not waited for."""
    headers = {"retry-after": str(error.after_s)} if isinstance(error, ServerBusy) else None
    if error.status in UNREAD:
        headers = {"connection": "close"}
    return JSONResponse(
        {"error": {"message": str(error), "code": error.status}}, status_code=error.status, headers=headers
    )


HANDLERS: dict[Any, Any] = {Refused: _refused, ClientDisconnect: _nobody}
