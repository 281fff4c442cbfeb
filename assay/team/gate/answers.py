"""The engine's HTTP for several people: who asks, whether they may, their turn, and the answer as it comes. It keeps nothing: no prompt, no answer."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import re
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assay.engine import stops
from assay.engine.web import EVENTS, Attended, Refused, ServerBusy, body_of
from assay.team.identity.access import Access, Caller
from assay.team.identity.tokens import Scope

from . import joined, limits
from .limits import Limits, Spending
from .nodes import LOAD, Nodes
from .turns import BACKGROUND
from .upstream import Who

CHAT = "/v1/chat/completions"
ANSWERS = ("/v1/completions", CHAT)
CANCEL = "/v1/cancel"
POSTS: Mapping[str, Scope] = {
    "/v1/completions": "complete",
    CHAT: "chat",
    "/tokenize": "complete",
    "/score": "complete",
}
KNOWN = (
    frozenset(  # fields that are passed on: an engine may have one that takes more places than the request's turn, under a name that nobody here knows
        "prompt messages model max_tokens max_completion_tokens temperature top_p top_k min_p presence_penalty frequency_penalty repetition_penalty stop stream "
        "stream_options seed logprobs top_logprobs n cache_prompt cache_salt grammar json_schema response_format structured_outputs vllm_xargs names must_start "
        "timeout_s priority tools tool_choice parallel_tool_calls chat_template_kwargs skip_special_tokens include_stop_str_in_output add_special_tokens".split()
    )
    | {LOAD}
)
TOKENS = frozenset(
    "prompt texts content model add_special add_special_tokens parse_special with_pieces priority".split()
)
ID = re.compile(r"[\w.-]{1,64}")
Ended = Literal["whole", "left", "cancelled", "refused"]


@dataclass(frozen=True, slots=True)
class Done:
    """One request, as far as it may be told: no word of it. Times in seconds; `tokens`: pieces that were written."""

    caller: Caller
    path: str
    priority: int
    model: str
    ended: Ended
    waited_s: float
    first_s: float | None
    whole_s: float
    tokens: int
    kept_tokens: int | None
    node: str


class Gate:
    """The way from a request to an engine and back. `told` hears of each request that is over; `ends` says that nothing new is begun."""

    def __init__(
        self,
        nodes: Nodes,
        access: Access,
        allowed: Callable[[Caller], Limits] = lambda _: Limits(),
        told: Callable[[Done], None] = lambda _: None,
    ) -> None:
        self._nodes = nodes
        self._access = access
        self._allowed = allowed
        self._told = told
        self._secret = secrets.token_bytes(16)
        self._spending = Spending()
        self._running: dict[tuple[str, str], asyncio.Event] = {}
        self.ends = False

    def routes(self) -> list[Route]:
        """What is served here."""
        return [
            Route("/v1/models", self.models),
            *(Route(path, self.post, methods=["POST"]) for path in POSTS),
            Route(CANCEL, self.cancel, methods=["POST"]),
        ]

    @property
    def nodes(self) -> Nodes:
        """What is behind it."""
        return self._nodes

    async def models(self, request: Request) -> Response:
        caller = await self._access.caller(request, "complete")
        node, told = await self._nodes.get("/v1/models", caller.name)
        if not isinstance(told, dict):
            raise Refused("The engine gave no list of models.", 502)
        # `rows`: what one person may have at once, for a door of ours that stands before this one and is one person to it.
        ours = {"priorities": True, "cancels": True, "rows": max(1, node.limit - 1)}
        return JSONResponse(told | {"assay": ours | ({"guided": "steered"} if node.is_steered else {})})

    async def cancel(self, request: Request) -> Response:
        """End an answer of one's own by the id that its request had; whether there was one. Its connection is kept."""
        caller = await self._access.caller(request, "complete")
        asked = (await body_of(request)).get("id")
        if not isinstance(asked, str) or not ID.fullmatch(asked):
            raise Refused("`id` has to be that of a request.")
        event = self._running.get((caller.name, asked))
        if event is not None:
            event.set()
        return JSONResponse({"cancelled": event is not None})

    async def post(self, request: Request) -> Response:
        path = request.url.path
        caller = await self._access.caller(request, POSTS[path])
        body = await body_of(request)
        allowed = self._allowed(caller)
        priority = limits.priority(body, 1 if path == CHAT else 0, allowed, BACKGROUND)
        if self.ends:
            raise ServerBusy("This server ends now.", 2)
        self._hold(caller, allowed)
        who = Who(caller.name, caller.weight)
        model = str(body.get("model") or "")
        answer = _Answer(self, caller, path, priority, model, who, request.headers.get("x-request-id", ""), allowed)
        if path not in ANSWERS:
            limits.hold_size(body, allowed)
            body = {name: value for name, value in body.items() if name in TOKENS}
            return Attended(answer.watched(self._nodes.post(path, body, who, priority)))
        limits.hold(body, allowed)
        body = limits.held(body, allowed)
        # Prompts of two people share nothing that vLLM keeps, nor the time that it saves.
        salt = self._salt(f"{caller.name}\0{body.get('cache_salt', '')}")
        body = {name: value for name, value in body.items() if name in KNOWN} | {"cache_salt": salt}
        if body.get("stream"):
            return Attended(answer.watched(self._streamed(path, body, who, priority)), EVENTS)
        if (
            self._nodes.kind(caller.name) == "llamacpp"
        ):  # it notices that nobody is there with what it sends, and sends nothing of an answer in one piece
            if body.get("tools"):
                raise Refused("`tools` are served in a stream here: send `stream`.")
            told = body | {"stream": True, "stream_options": {"include_usage": True}}
            return Attended(_unbroken(joined.whole(answer.watched(self._streamed(path, told, who, priority)))))
        return Attended(_unbroken(answer.watched(self._nodes.post(path, body, who, priority))))

    def over(self, done: Done, allowed: Limits) -> None:
        """A request is over."""
        self._spending.spend(done.caller.name, allowed.tokens_a_minute, done.tokens)
        self._told(done)

    @contextlib.contextmanager
    def running(self, caller: Caller, request_id: str) -> Iterator[asyncio.Event]:
        """What a cancel of that id sets, while the answer is under way."""
        event, key = asyncio.Event(), (caller.name, request_id)
        if ID.fullmatch(request_id):
            self._running[key] = event
        try:
            with self._access.held(caller):
                yield event
        finally:
            if self._running.get(key) is event:
                del self._running[key]

    def holds(self, caller: Caller) -> bool:
        """Whether somebody is let in still."""
        return self._access.holds(caller)

    async def close(self) -> None:
        """Let go of what is behind it."""
        await self._nodes.close()

    def _hold(self, caller: Caller, allowed: Limits) -> None:
        self._spending.hold(caller.name, allowed)
        there, waiting = self._nodes.queue.of(caller.name)
        if allowed.requests and there + waiting >= allowed.requests:
            raise ServerBusy(
                f"You have {allowed.requests} requests here already.",
                self._nodes.queue.wait_s(caller.name),
                limits.TOO_MANY,
            )

    def _streamed(self, path: str, body: dict[str, Any], who: Who, priority: int) -> AsyncGenerator[bytes, None]:
        """Server-sent events, up to the stop texts."""
        texts = stops.texts_of(body)
        plain = {name: value for name, value in body.items() if not (texts and name == "stop")}
        pieces = self._nodes.post(path, plain, who, priority)
        return stops.cut(pieces, texts, 1) if texts else pieces

    def _salt(self, who: str) -> str:
        return hmac.new(self._secret, who.encode(), "sha256").hexdigest()


@dataclass(slots=True)
class _Answer:
    """An answer under way: it ends when it is cancelled, and when its person is let in no longer."""

    gate: Gate
    caller: Caller
    path: str
    priority: int
    model: str
    who: Who
    request_id: str
    allowed: Limits

    async def watched(self, pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """The pieces, and a word to whoever counts when they are over. Raises Refused."""
        begun, first, tokens = time.monotonic(), None, 0
        ended: Ended = "left"
        try:
            with self.gate.running(self.caller, self.request_id) as event:
                cancelled = asyncio.create_task(event.wait(), name="cancel")
                try:
                    async with contextlib.aclosing(pieces):
                        while (piece := await _next(pieces, cancelled)) is not None:
                            if not self.gate.holds(self.caller):
                                raise Refused("That key opens nothing here any more.", 401)
                            first = first or (time.monotonic() if piece.strip() else None)
                            tokens += piece.count(b'"text":') + piece.count(b'"content":')
                            yield piece
                finally:
                    cancelled.cancel()
                ended = "cancelled" if event.is_set() else "whole"
                if event.is_set():
                    yield b"data: [DONE]\n\n"
        except Refused:
            ended = "refused"
            raise
        finally:
            now = time.monotonic()
            done = Done(self.caller, self.path, self.priority, self.model, ended, self.who.waited_s, first - begun if first else None, now - begun, max(tokens, self.who.written_tokens), self.who.kept_tokens, self.who.node)  # fmt: skip
            self.gate.over(done, self.allowed)


async def _next(pieces: AsyncGenerator[bytes, None], cancelled: asyncio.Task[Any]) -> bytes | None:
    """The next piece; None behind the last one, and once it is cancelled."""
    coming = asyncio.ensure_future(anext(pieces, None))
    try:
        await asyncio.wait({coming, cancelled}, return_when=asyncio.FIRST_COMPLETED)
        return None if cancelled.done() else await coming
    finally:
        if not coming.done():
            coming.cancel()
            with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration, Refused):
                await coming


async def _unbroken(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with contextlib.aclosing(pieces):
        yield stops.whole(b"".join([one async for one in pieces]))
