"""A stand-in for a model server: answers completions as told, counts what it was asked and what it finished."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

Answer = Callable[[dict[str, Any]], str]


class Stub:
    """An OpenAI-compatible server on loopback. `answer` gets the request's JSON and returns the text."""

    def __init__(self, answer: Answer, *, delay_s: float = 0.0, refuse: int = 0) -> None:
        """`refuse` is the status with which everything is refused."""
        self.answer = answer
        self.refuse = refuse
        self.delay_s = delay_s
        self.requests: list[dict[str, Any]] = []
        self.finished = 0
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Stub:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                _, path, _ = head.split(b" ", 2)
                size = next(
                    (int(h.split(b":")[1]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")), 0
                )
                body = json.loads(await reader.readexactly(size)) if size else {}
                if self.refuse:
                    self._send(writer, self.refuse, {"error": {"message": "no"}})
                    continue
                if path != b"/v1/completions":
                    self._send(writer, 404, {"error": {"message": "there is nothing here"}})
                    continue
                self.requests.append(body)
                if await self._is_gone(reader):
                    return
                choices = [
                    {"index": i, "text": self.answer(body), "finish_reason": "stop"} for i in range(body.get("n", 1))
                ]
                self.finished += 1
                self._send(writer, 200, {"choices": choices})
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _is_gone(self, reader: asyncio.StreamReader) -> bool:
        """Wait as long as a slow model would; whether the client left meanwhile."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.delay_s
        while loop.time() < end:
            await asyncio.sleep(0.01)
            if reader.at_eof():
                return True
        return False

    def _send(self, writer: asyncio.StreamWriter, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
