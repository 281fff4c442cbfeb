"""One engine behind the gate: that of this machine, which is started when it is not there, or a server elsewhere, which is looked at while it gives no answer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from dataclasses import dataclass, field
from typing import Literal, Protocol
from urllib.parse import urlsplit

import httpx

from assay.engine import guided
from assay.engine.api import EngineError
from assay.engine.client import is_loopback, trusting
from assay.engine.local import Local
from assay.engine.web import Refused

from .turns import Turn

log = logging.getLogger(__name__)

READ_S = 120.0  # for a piece of an answer
CONNECT_S = 3.0
LOOK_S = 2.0  # between two looks at a node that did not answer
MOST = 256  # connections to one node
# What a node is: one of the engines of this machine, another shared engine of ours, or a server that is not ours.
Kind = Literal["llamacpp", "torch", "vllm", "door", "server"]
AWAY = (
    502,
    503,
    504,
)  # what a proxy says of a node that is gone, or a node of itself; one that is busy says when to come again
_KEPT = re.compile(
    rb'"(?:cache_n|cached_tokens|cache)"\s*:\s*(\d+)'
)  # as llama.cpp, OpenAI's usage and llama.cpp's progress tell it
_WRITTEN = re.compile(rb'"(?:predicted_n|completion_tokens)"\s*:\s*(\d+)')


class Gone(Exception):
    """A node gave no answer, or not all of it where it `has_begun`."""

    def __init__(self, *, has_begun: bool) -> None:
        super().__init__("gone")
        self.has_begun = has_begun


@dataclass(slots=True, eq=False)
class Who:
    """Whose request it is, and what became of it: how long it waited for its turn, and how much of its prompt was kept."""

    name: str = ""
    weight: int = 1
    waited_s: float = 0.0
    node: str = ""
    kept_tokens: int | None = None
    written_tokens: int = 0
    _end: bytes = field(default=b"", repr=False)

    def waited(self, turn: Turn[Node]) -> None:
        """It has a turn."""
        self.waited_s += turn.begun_s - turn.asked_s
        self.node = turn.node.name

    def heard(self, piece: bytes) -> None:
        """See what a piece of the answer says of how much was kept and written."""
        told = self._end + piece
        for match in _KEPT.finditer(told):
            self.kept_tokens = int(match[1])
        for match in _WRITTEN.finditer(told):
            self.written_tokens = max(self.written_tokens, int(match[1]))
        self._end = piece[-40:]


class Node(Protocol):
    """One server with the engine's HTTP; `limit` requests are with it at once."""

    name: str
    limit: int
    is_up: bool
    is_drained: bool

    @property
    def kind(self) -> Kind:
        """What it is, as far as it has told."""

    @property
    def is_steered(self) -> bool:
        """Whether it is vLLM with `assay_inside`, or has it behind its door."""

    async def open(self, *, again: bool) -> httpx.AsyncClient:
        """A client of it; `again` where a request found it gone. Raises Refused."""

    def also(self, model: str) -> dict[str, object]:
        """What its requests say beside what is asked, for a model of that name."""

    async def look(self) -> None:
        """See whether it answers."""

    async def failed(self) -> None:
        """It gave no answer."""

    async def doubted(self) -> None:
        """It took too long: it has failed where it does not say its name either."""

    async def close(self) -> None:
        """Let go of it, and end what was started here."""


class Here:
    """The engine process of this machine, which is started when it is not there."""

    name = "the engine"

    def __init__(self, engine: Local, limit: int) -> None:
        self.limit, self.is_up, self.is_drained = limit, True, False
        self._engine = engine
        self._http: httpx.AsyncClient | None = None

    @property
    def kind(self) -> Kind:
        return self._engine.backend

    @property
    def is_steered(self) -> bool:
        return self._engine.backend == "vllm"

    async def open(self, *, again: bool) -> httpx.AsyncClient:
        try:
            socket = await self._engine.running(again=again)
        except EngineError as error:
            raise Refused(str(error), 503) from error
        if self._http is None:
            transport = httpx.AsyncHTTPTransport(uds=str(socket), limits=httpx.Limits(max_connections=MOST))
            self._http = httpx.AsyncClient(transport=transport, base_url="http://engine", timeout=READ_S)
        return self._http

    def also(self, model: str) -> dict[str, object]:
        """llama.cpp takes an adapter by its number in each request; vLLM by the model's name."""
        return self._engine.also_for(model) if self._engine.backend == "llamacpp" else {}

    async def look(self) -> None: ...

    async def failed(self) -> None: ...

    async def doubted(self) -> None: ...

    async def close(self) -> None:
        try:
            if self._http is not None:
                await self._http.aclose()
        finally:
            await self._engine.end()


class There:
    """A server elsewhere: another shared engine of ours, or one with the OpenAI API such as vLLM."""

    def __init__(self, url: str, key: str, ca_file: str, limit: int) -> None:
        """Raises OSError where `ca_file` cannot be read."""
        self.name, self.limit = url, limit
        self.is_up, self.is_drained = True, False
        self._is_steered = False
        self._kind: Kind = "server"
        base = url.rstrip("/").removesuffix("/v1")
        self._http = httpx.AsyncClient(
            base_url=base,
            verify=trusting(ca_file) if base.startswith("https") else False,
            trust_env=not is_loopback(urlsplit(base).hostname or ""),  # a proxy is for hosts that are not this one
            headers={"authorization": f"Bearer {key}"} if key else None,
            timeout=httpx.Timeout(READ_S, connect=CONNECT_S),
            limits=httpx.Limits(max_connections=MOST),
        )
        self._looking: asyncio.Task[None] | None = None
        self._is_known = False

    async def open(self, *, again: bool) -> httpx.AsyncClient:
        if not self._is_known:
            with contextlib.suppress(httpx.HTTPError, ValueError):
                await self._look()
        return self._http

    def also(self, model: str) -> dict[str, object]:
        """Nothing: a door knows by the name."""
        return {}

    @property
    def kind(self) -> Kind:
        return self._kind

    @property
    def is_steered(self) -> bool:
        return self._is_steered

    async def failed(self) -> None:
        if self.is_up:
            log.warning("%s gave no answer; whoever had it has another one until it does", self.name)
        self.is_up = False
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._until_up(), name="node")

    async def look(self) -> None:
        await self.doubted()

    async def doubted(self) -> None:
        try:
            await self._look()
        except (httpx.HTTPError, ValueError):
            await self.failed()

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        await self._http.aclose()

    async def _until_up(self) -> None:
        while not self.is_up:
            await asyncio.sleep(LOOK_S)
            with contextlib.suppress(httpx.HTTPError, ValueError):
                await self._look()
                self.is_up = True
                log.warning("%s answers again", self.name)

    async def _look(self) -> None:
        """See that it answers, and what it is."""
        response = await self._http.get("/v1/models", timeout=CONNECT_S)
        if response.status_code in AWAY:
            raise ValueError
        told = response.json()
        self._is_steered = guided.dialect_of(told) == "steered"
        match told:
            case {"assay": {"rows": int(rows)}}:
                self.limit = max(1, rows)
                self._kind = "door"
        self._is_known = True
