"""A small language client over pipes: just enough to drive the server as an editor does, and to see every message."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

SERVER = [sys.executable, "-I", "-m", "assay", "lsp", "--stdio"]


class Client:
    """One server process. `seen` holds every message it sent, in order."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.seen: list[dict[str, Any]] = []
        self.configuration: dict[str, Any] = {}
        self.agrees = True  # to edits
        self.takes: int | None = None  # of the ways between which it is asked to choose
        self.capabilities: dict[str, Any] = {}
        self._waiting: dict[int | str, asyncio.Future[dict[str, Any]]] = {}
        self._count = 0
        self._reading = asyncio.create_task(self._read())
        self._news = asyncio.Condition()

    @classmethod
    async def start(
        cls, *, env: dict[str, str] | None = None, cwd: Path | None = None, command: list[str] | None = None
    ) -> Client:
        process = await asyncio.create_subprocess_exec(
            *(command or SERVER),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            limit=64 << 20,
        )
        return cls(process)

    def send(self, message: Any) -> None:
        self.send_raw(json.dumps(message).encode())

    def send_raw(self, body: bytes, header: bytes = b"Content-Length: %d\r\n\r\n") -> None:
        assert self.process.stdin is not None
        self.process.stdin.write((header % len(body) if b"%d" in header else header) + body)

    def notify(self, method: str, params: Any = None) -> None:
        self.send({"jsonrpc": "2.0", "method": method} | ({} if params is None else {"params": params}))

    def begin(self, method: str, params: Any = None) -> tuple[int, asyncio.Future[dict[str, Any]]]:
        self._count += 1
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[self._count] = future
        self.send(
            {"jsonrpc": "2.0", "id": self._count, "method": method} | ({} if params is None else {"params": params})
        )
        return self._count, future

    async def ask(self, method: str, params: Any = None, *, timeout_s: float = 30.0) -> dict[str, Any]:
        """The whole response message."""
        return await asyncio.wait_for(self.begin(method, params)[1], timeout_s)

    async def call(self, method: str, params: Any = None, *, timeout_s: float = 30.0) -> Any:
        """The result; an error response is an AssertionError."""
        answer = await self.ask(method, params, timeout_s=timeout_s)
        assert "error" not in answer, answer
        return answer["result"]

    async def initialize(self, root: Path | None, options: Any = None, **capabilities: Any) -> dict[str, Any]:
        wanted = {
            "general": {"positionEncodings": ["utf-16"]},
            "textDocument": {"inlineCompletion": {}},
            **capabilities,
        }
        params = {
            "processId": os.getpid(),
            "rootUri": root.as_uri() if root else None,
            "workspaceFolders": [{"uri": root.as_uri(), "name": root.name}] if root else None,
            "capabilities": wanted,
            "initializationOptions": options,
        }
        result: dict[str, Any] = await self.call("initialize", params)
        self.capabilities = result["capabilities"]
        self.notify("initialized", {})
        return result

    def open(self, path: Path, text: str | None = None, *, language: str = "python", version: int = 1) -> str:
        uri = path.as_uri()
        text = path.read_bytes().decode("utf-8") if text is None else text
        self.notify(
            "textDocument/didOpen",
            {"textDocument": {"uri": uri, "languageId": language, "version": version, "text": text}},
        )
        return uri

    async def inline(
        self, uri: str, line: int, character: int, *, invoked: bool = False, timeout_s: float = 30.0
    ) -> list[dict[str, Any]]:
        """The items while somebody types, or for somebody who asked (`invoked`), who is never given an earlier answer."""
        params = inline_params(uri, line, character, invoked=invoked)
        result = await self.call("textDocument/inlineCompletion", params, timeout_s=timeout_s)
        return result["items"] if result else []

    async def until(self, match: Any, *, timeout_s: float = 30.0) -> dict[str, Any]:
        """The first message, seen or to come, for which `match` holds."""

        async def find() -> dict[str, Any]:
            async with self._news:
                while True:
                    found = next((m for m in self.seen if match(m)), None)
                    if found is not None:
                        return found
                    await self._news.wait()

        return await asyncio.wait_for(find(), timeout_s)

    async def stop(self) -> int:
        """Shut down as an editor does; returns the exit status."""
        await self.ask("shutdown")
        self.notify("exit")
        return await asyncio.wait_for(self.process.wait(), 10)

    async def end(self) -> None:
        """End it without asking, as a system does that shuts down; at once where that is not heard."""
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), 5)
        except TimeoutError:
            await self.kill()
        self._reading.cancel()

    async def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        self._reading.cancel()

    async def _read(self) -> None:
        reader = self.process.stdout
        assert reader is not None
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = 0
                while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                await self._take(json.loads(await reader.readexactly(length)))

    async def _take(self, message: dict[str, Any]) -> None:
        message["_at"] = time.monotonic()
        async with self._news:
            self.seen.append(message)
            self._news.notify_all()
        if "method" in message and "id" in message:
            answers = {"workspace/configuration": [self.configuration], "workspace/applyEdit": {"applied": self.agrees}}
            if message["method"] == "window/showMessageRequest" and self.takes is not None:
                answers[message["method"]] = message["params"]["actions"][self.takes]
            result = answers.get(message["method"])
            self.send({"jsonrpc": "2.0", "id": message["id"], "result": result})
        elif "id" in message and (future := self._waiting.pop(message["id"], None)) is not None and not future.done():
            future.set_result(message)


def inline_params(uri: str, line: int, character: int, *, invoked: bool = False) -> dict[str, Any]:
    return {
        "textDocument": {"uri": uri},
        "position": {"line": line, "character": character},
        "context": {"triggerKind": 1 if invoked else 2},
    }
