"""What stands behind a shared engine: the engine of this machine, or servers elsewhere, of which each person has one of their own as long as it answers."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

import httpx

from assay.engine import guided
from assay.engine.api import EngineError
from assay.engine.client import is_loopback, trusting
from assay.engine.local import Local
from assay.engine.web import Refused, ServerBusy
from assay.team.private import Untold
from assay.team.turns import Turns

log = logging.getLogger(__name__)

READ_S = 120.0  # for a piece of an answer
WHOLE_S = 600.0  # for an answer that comes in one piece
CONNECT_S = 3.0
LOOK_S = 2.0  # between two looks at a node that did not answer
TRIES = 2  # of a request that nobody has an answer of, before the next node is asked
MOST = 256  # connections to one node
STEP = 10  # of the number that vLLM is told, for each answer that it writes for the same person already
LOAD = "assay_load"  # a door tells another one how many those are: to that one it is a single person
# What a node is: one of the engines of this machine, another shared engine of ours, or a server that is not ours.
Kind = Literal["llamacpp", "torch", "vllm", "door", "server"]
# A kept connection that was closed as the request came, as llama.cpp does it, or a node that is gone.
GONE = (httpx.NetworkError, httpx.RemoteProtocolError, httpx.ConnectTimeout)
AWAY = (
    502,
    503,
    504,
)  # what a proxy says of a node that is gone, or a node of itself; one that is busy says when to come again


class Node(Protocol):
    """One server with the engine's HTTP."""

    name: str
    turns: Turns
    is_up: bool

    @property
    def kind(self) -> Kind:
        """What it is, as far as it has told."""

    @property
    def is_steered(self) -> bool:
        """Whether it is vLLM with `assay_inside`, or has it behind its door."""

    async def open(self, *, again: bool) -> httpx.AsyncClient:
        """A client of it; `again` where a request found it gone. Raises Refused."""

    async def failed(self) -> None:
        """It gave no answer."""

    async def doubted(self) -> None:
        """It took too long: it has failed where it does not say its name either."""

    async def close(self) -> None:
        """Let go of it, and end what was started here."""


class Here:
    """The engine process of this machine, which is started when it is not there."""

    name, is_up = "the engine", True

    def __init__(self, engine: Local, turns: Turns) -> None:
        self.turns = turns
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

    def __init__(self, url: str, key: str, ca_file: str, turns: Turns) -> None:
        """Raises OSError where `ca_file` cannot be read."""
        self.name, self.turns = url, turns
        self.is_up = True
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
                self.turns.limit = max(1, rows)
                self._kind = "door"
        self._is_known = True


class Nodes:
    """All of them. A person's requests go to the same node, whose kept prefixes are theirs: the one whose name and the person's give the highest number, so
    that a node which goes or comes moves nobody else."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = tuple(nodes)

    def of(self, who: str) -> tuple[Node, ...]:
        """The person's node, then those that stand in for it; such as answer first."""

        def rank(node: Node) -> tuple[bool, str]:
            return not node.is_up, hashlib.sha256(f"{node.name}\0{who}".encode()).hexdigest()

        return tuple(sorted(self._nodes, key=rank))

    def kind(self, who: str) -> Kind:
        """What this person's node is."""
        return self.of(who)[0].kind

    async def get(self, path: str, who: str) -> tuple[Node, Any]:
        """The first answer, as JSON, and whose it is. Raises Refused."""
        for node, again in self._tries(who):
            http = await node.open(again=again)
            try:
                response = await http.get(path)
                if response.status_code not in AWAY:
                    return node, response.json()
            except GONE:
                pass
            except (httpx.HTTPError, ValueError) as error:
                raise Refused("The engine gave no answer that can be read.", 502) from error
            if again:
                await node.failed()
        raise Refused("The engine gave no answer.", 502)

    async def post(
        self, path: str, body: Mapping[str, object], who: str, priority: int = 0
    ) -> AsyncGenerator[bytes, None]:
        """An answer as it comes, after a turn at the node that gives it. Raises Refused."""
        limits = httpx.Timeout(READ_S if body.get("stream") else WHOLE_S, connect=CONNECT_S)
        for node in self.of(who):
            async with node.turns.turn(who, priority) as load:
                for number in range(TRIES):
                    http, has_begun = await node.open(again=number > 0), False
                    data, headers = _packed(body, node, load, priority), {"content-type": "application/json"}
                    try:
                        async with http.stream("POST", path, content=data, headers=headers, timeout=limits) as response:
                            if (
                                response.status_code in AWAY
                                and "retry-after" not in response.headers
                                and len(self._nodes) > 1
                            ):
                                break
                            if response.status_code >= 400:
                                said = _said(await response.aread())
                                if "retry-after" in response.headers:
                                    raise ServerBusy(said)
                                raise Refused(said, response.status_code)
                            # Where prompts of two people share what is kept, how much of it there was says what others asked.
                            untold = None if node.is_steered and who else Untold()
                            async for piece in response.aiter_bytes():
                                has_begun = True
                                yield untold.taken(piece) if untold is not None else piece
                            if untold is not None:
                                yield untold.end()
                        return
                    except (httpx.ReadTimeout, httpx.PoolTimeout) as error:  # it is busy, or it hangs
                        await node.doubted()
                        raise Refused("The engine took too long.", 504) from error
                    except httpx.HTTPError as error:
                        if has_begun or not isinstance(error, GONE):
                            await node.failed()
                            log.warning("%s gave no answer: %s", node.name, type(error).__name__)
                            raise Refused("The engine gave no answer.", 502) from error
            await node.failed()
        raise Refused("The engine gave no answer.", 502)

    async def warm(self) -> None:
        """Have the engine of this machine started; whoever is first waits for servers elsewhere."""
        for node in self._nodes:
            with contextlib.suppress(Refused):
                await node.open(again=False)

    async def close(self) -> None:
        """Let go of all."""
        for node in self._nodes:
            await node.close()

    def _tries(self, who: str) -> Iterator[tuple[Node, bool]]:
        return ((node, number > 0) for node in self.of(who) for number in range(TRIES))


def _packed(body: Mapping[str, object], node: Node, load: int, priority: int) -> bytes:
    """As this node takes it: a priority and what keeps prefixes apart are for those that know them."""
    known = {name: value for name, value in body.items() if name not in ("cache_salt", "priority", LOAD)}
    told = body.get(LOAD)
    if (
        type(told) is int and told >= 0
    ):  # by a door before this one; whoever tells it falsely has their part and no more
        load = min(load, told)
    if node.kind in ("torch", "vllm", "door"):
        known["priority"] = priority + (STEP * load if node.kind == "vllm" else 0)
    if node.kind == "door":
        known[LOAD] = load
    if node.is_steered and "cache_salt" in body:
        known["cache_salt"] = body["cache_salt"]
    if node.kind == "llamacpp" and body.get("stream"):
        known["return_progress"] = True  # it notices that nobody is there with what it sends
    return json.dumps(known, ensure_ascii=True).encode()


def _said(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["error"]["message"])[:300]
    except (ValueError, KeyError, TypeError):
        return "The engine refused the request."
