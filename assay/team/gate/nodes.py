"""All engines behind the gate, with one queue before them: which of them a request goes to, and to which it goes on when that one is gone."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import time
from collections.abc import AsyncGenerator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from assay.engine.web import Refused, ServerBusy

from . import resumed
from .private import Untold
from .resumed import Written
from .turns import Queue, Turn
from .upstream import AWAY, CONNECT_S, READ_S, Gone, Kind, Node, Who

log = logging.getLogger(__name__)

WHOLE_S = 600.0  # for an answer that comes in one piece
WATCH_S = 5.0  # between two looks at an engine elsewhere
TRIES = 2  # of a request that nobody has an answer of, before the next node is asked
STEP = 10  # of the number that vLLM is told, for each answer that it writes for the same person already
LOAD = "assay_load"  # a door tells another one how many those are: to that one it is a single person
# A kept connection that was closed as the request came, as llama.cpp does it, or a node that is gone.
GONE = (httpx.NetworkError, httpx.RemoteProtocolError, httpx.ConnectTimeout)


class Nodes:
    """All of them, behind one queue. A person's requests go to the same node, whose kept prefixes are theirs: the one whose name and the person's give the
    highest number, so that a node which goes or comes moves nobody else; to another one where theirs has no place."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = tuple(nodes)
        self.queue = Queue[Node](self._nodes)

    def of(self, who: str) -> tuple[Node, ...]:
        """The person's node, then those that stand in for it; such as answer first."""

        def rank(node: Node) -> tuple[bool, str]:
            return not node.is_up or node.is_drained, hashlib.sha256(f"{node.name}\0{who}".encode()).hexdigest()

        return tuple(sorted(self._nodes, key=rank))

    @property
    def all(self) -> tuple[Node, ...]:
        """In the order in which they were named."""
        return self._nodes

    def kind(self, who: str) -> Kind:
        """What this person's node is."""
        return self.of(who)[0].kind

    def drain(self, names: Collection[str]) -> None:
        """Those get no new requests from now on; the others do."""
        for node in self._nodes:
            node.is_drained = node.name in names
        self.queue.look()

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
        self, path: str, body: Mapping[str, Any], who: Who, priority: int = 0
    ) -> AsyncGenerator[bytes, None]:
        """An answer as it comes, after a turn at the node that gives it. One that can go on elsewhere does so where its node is gone, and makes room where it is
        long and somebody waits who has none. Raises Refused."""
        written = Written(body) if resumed.can(path, body) else None
        asked, without = body, set[str]()
        while order := [one for one in self.of(who.name) if one.name not in without]:
            ended: Literal["over", "paused", "gone"] = "over"
            long = written is not None and resumed.is_long(asked)
            has_begun = written is not None and written.tokens > 0
            async with self.queue.turn(
                who.name, priority, order=order, weight=who.weight, can_pause=long, goes_on=has_begun
            ) as turn:
                who.waited(turn)
                async with contextlib.aclosing(
                    _Asking(turn, path, asked, who, priority, len(self._nodes)).pieces()
                ) as pieces:
                    try:
                        async for piece in pieces:
                            told = written.taken(piece) if written is not None else piece
                            if told:
                                yield told
                            if turn.first_s is None and (written is None or written.tokens > written.before):
                                turn.first_s = (
                                    time.monotonic()
                                )  # of this turn: what llama.cpp tells while it reads is no word yet
                            if turn.is_wanted and written is not None and written.left:
                                ended = "paused"
                                break
                    except Gone as error:
                        ended = "gone"
                        if error.has_begun and (written is None or not written.left):
                            raise Refused("The engine gave no answer.", 502) from error
            if ended == "over":
                if written is not None and (told := written.end()):
                    yield told
                return
            if ended == "gone":
                await turn.node.failed()
                self.queue.look()
                without.add(turn.node.name)
            if written is not None:
                written.let_go()
                asked = written.rest() if written.tokens else body
        raise Refused("The engine gave no answer.", 502)

    async def warm(self) -> None:
        """Have the engine of this machine started; whoever is first waits for servers elsewhere."""
        for node in self._nodes:
            with contextlib.suppress(Refused):
                await node.open(again=False)

    async def watch(self) -> None:
        """Look at servers elsewhere now and then, until it is cancelled: whoever asks next should not be who finds one gone."""
        while True:
            await asyncio.sleep(WATCH_S)
            await asyncio.gather(*(one.look() for one in self._nodes if one.is_up), return_exceptions=True)
            self.queue.look()

    async def close(self) -> None:
        """Let go of all."""
        for node in self._nodes:
            await node.close()

    def _tries(self, who: str) -> Iterator[tuple[Node, bool]]:
        return ((node, number > 0) for node in self.of(who) for number in range(TRIES))


@dataclass(frozen=True, slots=True)
class _Asking:
    """One request to one node."""

    turn: Turn[Node]
    path: str
    body: Mapping[str, Any]
    who: Who
    priority: int
    nodes: int

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """What it answers. Raises Gone where it does not, and Refused where it says why."""
        node, limits = self.turn.node, httpx.Timeout(READ_S if self.body.get("stream") else WHOLE_S, connect=CONNECT_S)
        headers, has_begun = {"content-type": "application/json"}, False
        for number in range(TRIES):
            http = await node.open(again=number > 0)
            data = _packed(
                self.body, node, self.turn.load, self.priority
            )  # of a node that is open: it knows what it has
            try:
                async with http.stream("POST", self.path, content=data, headers=headers, timeout=limits) as response:
                    await self._checked(response)
                    # Where prompts of two people share what is kept, how much of it there was says what others asked.
                    untold = None if node.is_steered and self.who.name else Untold()
                    async for piece in response.aiter_bytes():
                        has_begun = True
                        self.who.heard(piece)
                        yield untold.taken(piece) if untold is not None else piece
                    if untold is not None:
                        yield untold.end()
                return
            except (httpx.ReadTimeout, httpx.PoolTimeout) as error:  # it is busy, or it hangs
                await node.doubted()
                if not node.is_up:
                    raise Gone(has_begun=has_begun) from error
                raise Refused("The engine took too long.", 504) from error
            except httpx.HTTPError as error:
                if has_begun or not isinstance(error, GONE):
                    log.warning("%s gave no answer: %s", node.name, type(error).__name__)
                    await node.failed()
                    raise Gone(has_begun=True) from error
        raise Gone(has_begun=False)

    async def _checked(self, response: httpx.Response) -> None:
        """Raises Gone where another node may stand in, and Refused with what this one says."""
        if response.status_code in AWAY and "retry-after" not in response.headers and self.nodes > 1:
            raise Gone(has_begun=False)
        if response.status_code < 400:
            return
        said = _said(await response.aread())
        if "retry-after" in response.headers:
            raise ServerBusy(said, _seconds(response.headers["retry-after"]))
        raise Refused(said, response.status_code)


def _seconds(told: str) -> int:
    return min(30, max(1, int(told))) if told.isdigit() else 1


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
    return json.dumps(known | node.also(str(body.get("model") or "")), ensure_ascii=True).encode()


def _said(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["error"]["message"])[:300]
    except (ValueError, KeyError, TypeError):
        return "The engine refused the request."
