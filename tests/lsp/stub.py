"""A stand-in for a model server: answers completions as told, counts what it was asked and what it finished."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

Answer = Callable[[dict[str, Any]], str]


class Stub:
    """An OpenAI-compatible server on loopback. `answer` gets the request's JSON and returns the text."""

    def __init__(
        self,
        answer: Answer,
        *,
        delay_s: float = 0.0,
        refuse: int = 0,
        owner: str = "",
        without: str = "",
        models: tuple[str, ...] = (),
    ) -> None:
        """`refuse` is the status with which everything is refused, `owner` the server's name in its list of models, `without` a field that it refuses,
        `models` those that it lists, and no other answers."""
        self.models = models
        self.owner = owner
        self.without = without
        self.answer = answer
        self.refuse = refuse
        self.delay_s = delay_s
        self.requests: list[dict[str, Any]] = []
        self.finished = 0
        self.left = asyncio.Event()  # a client left before its answer
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
                if not await self._served(path.decode(), body, reader, writer):
                    return
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _served(
        self, path: str, body: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; False where the client left."""
        if path == "/v1/models" and self.owner:
            self._send(writer, 200, {"data": [{"id": one, "owned_by": self.owner} for one in self.models or ("stub",)]})
            return True
        if self.models and body.get("model") not in self.models:
            self._send(writer, 404, {"error": {"message": f"The model `{body.get('model')}` does not exist."}})
            return True
        if self.without and self.without in body:
            self._send(writer, 400, {"error": {"message": f"{self.without} is not supported"}})
            return True
        if path != "/v1/completions":
            self._send(writer, 404, {"error": {"message": "there is nothing here"}})
            return True
        self.requests.append(body)
        if await self._is_gone(reader):
            return False
        choices = [{"index": i, "text": self.answer(body), "finish_reason": "stop"} for i in range(body.get("n", 1))]
        self.finished += 1
        self._send(writer, 200, {"choices": choices})
        return True

    async def _is_gone(self, reader: asyncio.StreamReader) -> bool:
        """Wait as long as a slow model would; whether the client left meanwhile."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.delay_s
        while loop.time() < end:
            await asyncio.sleep(0.01)
            if reader.at_eof():
                self.left.set()
                return True
        return False

    def _send(self, writer: asyncio.StreamWriter, status: int, answer: dict[str, Any]) -> None:
        self._send_raw(writer, status, "application/json", json.dumps(answer).encode())

    def _send_raw(self, writer: asyncio.StreamWriter, status: int, kind: str, body: bytes) -> None:
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)


CHAT = "<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"
INSERT = "<PRE> {prompt} <SUF>{suffix} <MID>"


class OllamaStub(Stub):
    """A stand-in for Ollama with its templates: `answer` gets {"prompt": what the model reads in the end}.

    `models` are its own, the newest first: name → abilities; None for one whose list entry does not tell them, as in older versions, and
    "elsewhere" among them for one that runs on another host.
    """

    def __init__(self, answer: Answer, models: dict[str, tuple[str, ...] | None], *, delay_s: float = 0.0) -> None:
        super().__init__(answer, delay_s=delay_s)
        self.models = models

    async def _served(
        self, path: str, body: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        match path:
            case "/api/version":
                self._send(writer, 200, {"version": "0.21.4"})
            case "/api/tags":
                self._send(writer, 200, {"models": [_listed(*one) for one in self.models.items()]})
            case "/api/show" if body["model"] in self.models:
                self._send(writer, 200, {"capabilities": ["completion"]})
            case "/v1/completions" | "/api/generate" if body["model"] in self.models:
                return await self._generated(path, body, reader, writer)
            case _:
                self._send(writer, 404, {"error": f"model '{body.get('model')}' not found"})
        return True

    async def _generated(
        self, path: str, body: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        self.requests.append(body)
        if body.get("suffix") and "insert" not in (self.models[body["model"]] or ()):
            self._send(writer, 400, {"error": f"{body['model']} does not support insert"})
            return True
        if await self._is_gone(reader):
            return False
        self.finished += 1
        text = self.answer({"prompt": self._read(path, body)})
        if path == "/v1/completions":
            self._send(writer, 200, {"choices": [{"index": 0, "text": text, "finish_reason": "stop"}]})
            return True
        pieces: list[dict[str, Any]] = [{"response": piece, "done": False} for piece in text.splitlines(keepends=True)]
        for piece in pieces:
            piece |= {"logprobs": [{"token": piece["response"], "logprob": -0.25}]} if body.get("logprobs") else {}
        lines = [json.dumps(piece) for piece in [*pieces, {"response": "", "done": True, "done_reason": "stop"}]]
        self._send_raw(writer, 200, "application/x-ndjson", ("\n".join(lines) + "\n").encode())
        return True

    def _read(self, path: str, body: dict[str, Any]) -> str:
        """What the model is given to read."""
        if path == "/api/generate" and body.get("raw"):
            return str(body["prompt"])
        if body.get("suffix"):
            return INSERT.format(prompt=body["prompt"], suffix=body["suffix"])
        return CHAT.format(prompt=body["prompt"])


def _listed(name: str, abilities: tuple[str, ...] | None) -> dict[str, Any]:
    told = {} if abilities is None else {"capabilities": [a for a in abilities if a != "elsewhere"]}
    return (
        {"name": name}
        | told
        | ({"remote_host": "https://elsewhere.example"} if "elsewhere" in (abilities or ()) else {})
    )
