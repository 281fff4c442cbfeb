"""The engine of this machine: a Remote on the engine process's socket, which it starts when it is needed.

Two windows that start at once start one: the process holds a lock, and whoever finds no healthy socket tries to
start it. A process that ends early is started again with back-off, and its own last words are the error.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import subprocess
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import adapters, processes, weights
from .api import Chunk, EngineError, EngineHealth, EngineUnavailable, Request
from .backends import TITLES, Backend
from .client import Client
from .guided import Dialect
from .launch import STATE, Launch, memory_of
from .remote import Remote
from .reuse import Leaving
from .service import SLOTS

START_S: Mapping[
    Backend, float
] = {  # a large model from a slow disk; the small one takes 0.7 s; torch compiles on a GPU; vLLM does, and may have to write the weights first
    "llamacpp": 120.0,
    "torch": 400.0,
    "vllm": 900.0,
}
PATIENCE_S: Mapping[Backend, float] = {
    "llamacpp": 130.0,
    "torch": 130.0,
    "vllm": 3.0,
}  # for which a request waits for a start
GUIDED: Mapping[Backend, Dialect] = {"llamacpp": "gbnf", "torch": "ours", "vllm": "steered"}
BACK_OFF_S = (0.0, 0.2, 1.0, 5.0, 15.0)
AGAIN_S = 0.2  # before another process is started in the place of one that found the folder taken
END_S = 5.0  # for a process to end when it is told to
HEALTH_S = 1.0  # a health check takes a millisecond; a busy CPU stretches it


class Local:
    """Serves `launch.model`, starting the process on first use."""

    def __init__(self, launch: Launch, adapter: str = "") -> None:
        """`adapter`: the name of the one that texts are written with, of those that the process serves; with llama.cpp each request says so."""
        self.name = TITLES[launch.backend]
        self._launch = launch
        self._http = Client("http://engine", socket_path=str(launch.socket))
        served = (
            weights.name_of(launch.model) if launch.backend == "llamacpp" else adapter or weights.name_of(launch.model)
        )
        self._remote = Remote(self._http, model=served, guided=GUIDED[launch.backend])
        self._leaving = Leaving(self._slots)
        self._adapter = adapter
        self._numbers: dict[str, int] | None = None  # llama.cpp's, by adapter
        self._known_of: tuple[int, int] | None = (
            None  # the process that told them, by its socket: another one may have others
        )
        self._manifest = adapters.manifest(launch.beside.adapters, launch.model, adapter)
        self._starting: asyncio.Task[None] | None = None
        self._process: subprocess.Popen[bytes] | None = None  # the last one that was started here
        self._failures = 0
        self._not_before = 0.0
        self._was_up = False  # as the last request found it: it is looked at again when one fails

    async def model(self) -> str:
        return weights.name_of(self._launch.model)

    async def generate(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """With llama.cpp samples come one after the other: with several in one request, it keeps their slots for ever when the client
        goes away before they have forked (seen), and on a CPU parallel ones are hardly faster."""
        await self._ready()
        for index in range(request.n if self._launch.backend == "llamacpp" else 1):
            seed = None if request.seed is None else request.seed + index
            one, has_begun = replace(request, n=1, seed=seed) if self._launch.backend == "llamacpp" else request, False
            for is_last in (False, True):
                try:
                    async with aclosing(self._generated(one)) as chunks:
                        async for chunk in chunks:
                            has_begun = True
                            yield replace(chunk, index=chunk.index + index)
                    break
                except EngineUnavailable:
                    if is_last or has_begun:
                        raise
                    await self._again()

    async def _generated(self, request: Request) -> AsyncGenerator[Chunk, None]:
        if self._launch.backend != "llamacpp":
            async with aclosing(self._remote.generate(request)) as chunks:
                async for chunk in chunks:
                    yield chunk
            return
        one, is_left = await self._leaving.enter(request), True
        try:
            async with aclosing(self._remote.generate(request)) as chunks:
                async for chunk in chunks:
                    one.kept = chunk.reading.kept if chunk.reading else one.kept
                    is_left = is_left and not chunk.finish
                    yield chunk
            is_left = False
        finally:
            self._leaving.over(one, is_left=is_left)

    async def _slots(self) -> list[dict[str, Any]]:
        try:
            return [slot for slot in await self._http.get("/slots") if slot.get("is_processing")]
        except (EngineError, AttributeError, TypeError):
            return []  # whoever generates hears what is wrong

    async def score(self, prefix: str, continuations: Sequence[str]) -> tuple[float, ...]:
        """On torch one after the other, behind the prefix that is kept. With llama.cpp by forced decoding in parallel slots: a grammar of token ids leaves one choice a step, and
        the server reports the model's own probability of it. The shared prefix is evaluated once."""
        await self._ready()
        if self._launch.backend == "vllm":
            return await self._remote.score(prefix, continuations)
        if self._launch.backend == "torch":
            answer = await self._http.post("/score", {"prompt": prefix, "texts": list(continuations), "priority": 2})
            return tuple(map(float, answer["scores"]))
        start = len(await self._ids(prefix))
        wanted = [(await self._ids(prefix + continuation))[start:] for continuation in continuations]
        scores: list[float] = []
        for first in range(0, len(wanted), SLOTS):
            scores += await asyncio.gather(*(self._forced(prefix, ids) for ids in wanted[first : first + SLOTS]))
        return tuple(scores)

    async def count(self, text: str) -> int:
        await self._ensure()
        return await self._remote.count(text)  # an estimate where it went away; whoever generates starts it again

    async def is_token(self, text: str) -> bool | None:
        await self._ensure()
        return await self._remote.is_token(text)

    async def guides(self) -> bool:
        return True

    async def inserts(self) -> bool:
        return False

    async def health(self) -> EngineHealth:
        fallback = weights.is_fallback(self._launch.model)
        name = weights.name_of(self._launch.model) + (" (fallback model)" if fallback else "")
        name += f" with {self._adapter}" if self._adapter else ""
        if not self._launch.model.exists():
            return EngineHealth("absent", self.name, name, "No model: run `assay setup`.", fallback)
        if await self._is_up():
            if self._adapter and (lacking := await self._lacking()):
                doing = self._doing()
                return EngineHealth("starting" if doing else "broken", self.name, name, doing or lacking, fallback)
            memory = await asyncio.to_thread(memory_of, self._launch)
            return EngineHealth("ready", self.name, name, "", fallback, memory, self._remote.tokens_per_s)
        if self._failures:
            return EngineHealth("broken", self.name, name, self._last_words(), fallback)
        doing = self._doing() or "The engine starts when it is first needed."
        return EngineHealth("starting", self.name, name, doing, fallback)

    async def _lacking(self) -> str:
        """A sentence where the adapter is not served."""
        try:
            if self._launch.backend == "llamacpp":
                served = [*adapters.numbers(await self._http.get("/lora-adapters"))]
            else:
                served = [str(one["id"]) for one in (await self._http.get("/v1/models"))["data"]]
        except (EngineError, KeyError, TypeError):
            return ""  # whoever generates hears what is wrong
        if self._adapter in served:
            return ""
        if (why := self._unfit()) and self._launch.backend == "llamacpp":
            return f"Engine off: {why}"
        there = ", ".join(one for one in served if one != weights.name_of(self._launch.model)) or "none"
        return f"Engine off: there is no adapter {self._adapter}; {self._launch.beside.adapters} has {there}. Set `engine.adapter`."

    def _process_mark(self) -> tuple[int, int] | None:
        try:
            status = self._launch.socket.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns

    @property
    def taught(self) -> str:
        """The dialect that the adapter was taught."""
        return self._manifest.dialect if self._manifest is not None else ""

    def _unfit(self) -> str:
        """Why the adapter cannot be this model's; "" where that is not known."""
        try:
            if self._manifest is not None:
                adapters.check(self._manifest, self._launch.model, weights.digest(self._launch.model))
        except (adapters.AdapterError, OSError) as error:
            return str(error)
        return ""

    async def close(self) -> None:
        if self._starting:
            self._starting.cancel()
        await self._remote.close()

    async def end(self) -> None:
        """Close, and end the process where this one has started it."""
        await self.close()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self._process.wait, END_S)

    async def warm(self) -> None:
        """Start the process now, so that the first suggestion does not wait for it. Never raises EngineError."""
        with contextlib.suppress(EngineError):
            await self._ensure()

    @property
    def backend(self) -> Backend:
        """The program that runs it."""
        return self._launch.backend

    async def running(self, *, again: bool = False) -> Path:
        """The socket of the process, which is started where it is not there; `again` where it was found gone. Raises EngineUnavailable."""
        await (self._again() if again else self._ready())
        return self._launch.socket

    def also_for(self, model: str) -> dict[str, Any]:
        """What a request to the running process says beside what is asked, to be written with the adapter `model`, or with none where that is no adapter."""
        return {"lora": self._scales(model)} if self._numbers else {}

    def _scales(self, adapter: str) -> list[dict[str, float]]:
        """All of them, whoever writes with none, too: a request that says nothing may be read in one batch with another's adapter (seen)."""
        return [{"id": number, "scale": float(name == adapter)} for name, number in (self._numbers or {}).items()]

    async def _ids(self, text: str) -> list[int]:
        return list((await self._http.post("/tokenize", {"content": text}))["tokens"])

    async def likelihood(self, given: Sequence[int], ids: Sequence[int]) -> float:
        """Natural-log probability of some tokens behind others, by llama.cpp. Raises EngineError."""
        await self._ready()
        return await self._forced(list(given), ids)

    async def _forced(self, prefix: str | list[int], ids: Sequence[int]) -> float:
        if not ids:
            return 0.0
        body: dict[str, Any] = {
            "prompt": prefix,
            "n_predict": len(ids),
            "n_probs": 1,
            "temperature": 0,
            "cache_prompt": True,
            "grammar": "root ::= " + " ".join(f"<[{token}]>" for token in ids),
            **self._remote.also,
        }
        answer = await self._http.post("/completion", body)
        values = [item["logprob"] for item in answer.get("completion_probabilities", [])]
        return float(sum(values)) if len(values) == len(ids) else -math.inf

    async def _again(self) -> None:
        """A request found it gone: look, and start it."""
        self._was_up = False
        self._numbers = None
        await self._ready()

    async def _ready(self) -> None:
        """Have it running, and know llama.cpp's number of the adapter. Raises EngineUnavailable where it has none of that name."""
        await self._ensure()
        if self._launch.backend != "llamacpp":
            return
        if (now := self._process_mark()) == self._known_of and self._numbers is not None:
            return
        numbers = adapters.numbers(await self._http.get("/lora-adapters"))
        if self._adapter and self._adapter not in numbers:
            raise EngineUnavailable(await self._lacking())
        self._numbers, self._known_of = numbers, now
        self._remote.also = self.also_for(self._adapter)

    async def _ensure(self) -> None:
        """Have it running. One that served the last request is not asked how it is before each of the next."""
        if self._was_up and self._launch.socket.exists():
            return
        if self._launch.socket.exists() and await self._is_up():
            self._failures = 0
            self._was_up = True
            return
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start(), name="engine-start")
            self._starting.add_done_callback(_looked_at)
        done, _ = await asyncio.wait({self._starting}, timeout=PATIENCE_S[self._launch.backend])
        if not done:
            raise EngineUnavailable(self._doing() or "The engine is starting.", "starting")
        self._starting.result()

    def _doing(self) -> str:
        """What the process says that it does while it starts; "" where it says nothing, or there is none."""
        try:
            told = (self._launch.folder / STATE).read_text("utf-8").strip()
        except (OSError, ValueError):
            return ""
        return told[:200] if processes.is_locked(self._launch) else ""

    async def _is_up(self) -> bool:
        """Whether the process answers and has its model loaded; while it loads, it answers 503."""
        try:
            async with asyncio.timeout(HEALTH_S):
                reader, writer = await asyncio.open_unix_connection(str(self._launch.socket))
                try:
                    writer.write(b"GET /health HTTP/1.0\r\n\r\n")
                    return b" 200 " in await reader.readline()
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return False

    async def _start(self) -> None:
        if time.monotonic() < self._not_before:
            raise EngineUnavailable(self._last_words())
        processes.private(self._launch.folder)  # it may have been cleaned away while this window was open
        process = await self._spawned()
        start_s = START_S[self._launch.backend]
        deadline = time.monotonic() + start_s
        while time.monotonic() < deadline:
            if await self._is_up():
                self._failures = 0
                return
            if process.poll() is not None and not processes.is_locked(self._launch):
                if process.returncode == 0:  # it left the folder to another one, which has ended since: idle, or stuck
                    await asyncio.sleep(AGAIN_S)
                    process = await self._spawned()
                    continue
                self._failures += 1
                pause = BACK_OFF_S[min(self._failures, len(BACK_OFF_S) - 1)]
                self._not_before = time.monotonic() + pause
                raise EngineUnavailable(self._last_words())
            await asyncio.sleep(0.03)
        raise EngineUnavailable(f"Engine off: {self._launch.model.name} was not loaded within {start_s:.0f} s.")

    async def _spawned(self) -> subprocess.Popen[bytes]:
        try:
            self._process = await asyncio.to_thread(processes.spawn, self._launch)
            return self._process
        except OSError as error:
            raise EngineUnavailable(f"Engine off: its process cannot be started ({error.strerror}).") from error

    def _last_words(self) -> str:
        log = self._launch.folder / "engine.log"
        try:
            said = log.read_text("utf-8", "replace").strip().splitlines()[-1][:200]
        except (OSError, IndexError):
            said = "it left no message"
        return (
            said
            if said.startswith("Engine off")
            else f"Engine off: it ended while starting ({said}). The log is {log}."
        )


def _looked_at(task: asyncio.Task[None]) -> None:
    """Its trouble is told to whoever asks next; nobody may be waiting now."""
    if not task.cancelled():
        task.exception()
