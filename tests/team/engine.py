"""An engine that writes a word at a time, to several at once or one after the other, and counts what it wrote: a stand-in for a model that is as slow as told."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from typing import Any


class Engine:
    """The completions API on loopback. A prompt's last word is the word that it writes; `slots` answers are written at once, others wait."""

    def __init__(self, *, word_s: float = 0.01, slots: int = 64, read_s: float = 0.0, text: str = "") -> None:
        """`text`: what it writes instead, whatever it is asked."""
        self._text = text
        self.word_s, self.read_s = word_s, read_s
        self.words = Counter[str]()  # that were written, by their prompt's last word
        self.prompts: list[str] = []
        self.connections = 0
        self.at_work = 0
        self._slots = asyncio.Semaphore(slots)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._port = 0

    async def __aenter__(self) -> Engine:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.kill()

    async def start(self) -> None:
        """Listen; at the same place when it was killed."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    def kill(self) -> None:
        """All connections break."""
        assert self._server is not None
        self._server.close()
        for one in list(self._writers):
            one.transport.abort()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.split(b"\r\n")
                length = next(
                    (int(one.split(b":")[1]) for one in lines if one.lower().startswith(b"content-length:")), 0
                )
                body = json.loads(await reader.readexactly(length)) if length else {}
                path = lines[0].split()[1].decode()
                if path == "/v1/models":
                    self._whole(writer, {"object": "list", "data": [{"id": "stub", "object": "model"}]})
                elif path in ("/tokenize", "/score"):
                    self._whole(writer, {"tokens": list(range(len(str(body.get("content", "")))))})
                else:
                    await self._answer(reader, writer, body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        try:
            text = body["prompt"] if "prompt" in body else body["messages"][-1]["content"]
            text = text if isinstance(text, str) else str(text)
            count = int(body.get("max_tokens") or 16)
        except (KeyError, IndexError, TypeError, ValueError):
            self._whole(writer, {"error": {"message": "that is no request", "code": 400}}, 400)
            return
        self.prompts.append(text)
        name = (text.split(" / ")[0].split() or ["nothing"])[-1]
        async with self._slots:
            self.at_work += 1
            try:
                await self._slept(reader, self.read_s)
                if not body.get("stream"):
                    await self._slept(reader, self.word_s * count)
                    self.words[name] += count
                    self._whole(
                        writer,
                        self._event("prompt" in body, f" / {name}" * count, "length")
                        | {"usage": {"completion_tokens": count}},
                    )
                    return
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
                )
                told = re.findall(r"\s*\S+", self._text) or [f" / {name}"] * count
                for number, word in enumerate(told[:count]):
                    await self._slept(reader, self.word_s)
                    self.words[name] += 1
                    reason = None if number < min(len(told), count) - 1 else "stop" if self._text else "length"
                    self._chunk(
                        writer,
                        b"data: " + json.dumps(self._event("prompt" in body, word, reason)).encode() + b"\n\n",
                    )
                    await writer.drain()
                self._chunk(writer, b"data: [DONE]\n\n")
                writer.write(b"0\r\n\r\n")
            finally:
                self.at_work -= 1

    async def _slept(self, reader: asyncio.StreamReader, wait_s: float) -> None:
        """Raises ConnectionError where the client left meanwhile."""
        await asyncio.sleep(wait_s)
        if reader.at_eof():
            raise ConnectionError

    def _event(self, is_text: bool, text: str, reason: str | None) -> dict[str, Any]:
        choice: dict[str, Any] = {"index": 0, "finish_reason": reason}
        return {"object": "x", "choices": [choice | ({"text": text} if is_text else {"delta": {"content": text}})]}

    def _whole(self, writer: asyncio.StreamWriter, answer: dict[str, Any], status: int = 200) -> None:
        data = json.dumps(answer).encode()
        writer.write(
            b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (status, len(data))
            + data
        )

    def _chunk(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(b"%x\r\n%s\r\n" % (len(data), data))
