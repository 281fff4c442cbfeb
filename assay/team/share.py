"""One engine for several people: the engine's HTTP behind a key for each of them and TLS, with turns that are fair.

It stands before the engine process of this machine, whichever backend that has, or before servers elsewhere, and keeps nothing: no prompt, no answer, no account. Who has no key gets no further than the door; off loopback there is no door without TLS.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import os
import secrets
import signal
import ssl
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assay.engine import stops
from assay.engine.client import is_loopback
from assay.engine.web import EVENTS, HANDLERS, Attended, Refused, body_of
from assay.team import joined, listening
from assay.team.door import Door, NotShared, keys_of
from assay.team.nodes import LOAD, Nodes
from assay.team.turns import BACKGROUND

log = logging.getLogger(__name__)

CHAT = "/v1/chat/completions"
ANSWERS = ("/v1/completions", CHAT)
KNOWN = (
    frozenset(  # fields that are passed on: an engine may have one that takes more places than the request's turn, under a name that nobody here knows
        "prompt messages model max_tokens max_completion_tokens temperature top_p top_k min_p presence_penalty frequency_penalty repetition_penalty stop stream "
        "stream_options seed logprobs top_logprobs n cache_prompt cache_salt grammar json_schema response_format structured_outputs vllm_xargs names must_start "
        "timeout_s priority tools tool_choice parallel_tool_calls chat_template_kwargs skip_special_tokens include_stop_str_in_output add_special_tokens".split()
    )
    | {LOAD}
)
WHOLE = ("n", "best_of", "max_tokens", "max_completion_tokens")  # numbers, which an engine may read in a text, too
STOPS = 16  # texts that end an answer,
STOPS_LENGTH = 1_000  # and their characters: each piece of an answer is held against all of them
POSTS = (*ANSWERS, "/tokenize", "/score")


class Share:
    """The way from a request to the engine and back."""

    def __init__(self, nodes: Nodes, keys: Mapping[str, str]) -> None:
        self._nodes = nodes
        self._keys = keys
        self._secret = secrets.token_bytes(16)

    def application(self) -> Starlette:
        """What is served. `/health` alone needs no key."""
        return Starlette(
            routes=[
                Route("/health", self.health),
                Route("/v1/models", self.models),
                *(Route(path, self.post, methods=["POST"]) for path in POSTS),
            ],
            exception_handlers=HANDLERS,
        )

    async def health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def models(self, request: Request) -> Response:
        node, told = await self._nodes.get("/v1/models", self._person(request))
        if not isinstance(told, dict):
            raise Refused("The engine gave no list of models.", 502)
        # `rows`: what one person may have at once, for a door of ours that stands before this one and is one person to it.
        ours = {"priorities": True, "rows": max(1, node.turns.limit - 1)}
        return JSONResponse(told | {"assay": ours | ({"guided": "steered"} if node.is_steered else {})})

    async def post(self, request: Request) -> Response:
        who = self._person(request)
        body, path = await body_of(request), request.url.path
        priority = _priority(body, 1 if path == CHAT else 0)
        if path not in ANSWERS:
            return Attended(self._nodes.post(path, body, who, priority))
        _hold_to_what_is_served(body)
        # Prompts of two people share nothing that vLLM keeps, nor the time that it saves.
        salt = self._salt(f"{who}\0{body.get('cache_salt', '')}")
        body = {name: value for name, value in body.items() if name in KNOWN} | {"cache_salt": salt}
        if body.get("stream"):
            return Attended(self._streamed(path, body, who, priority), EVENTS)
        if (
            self._nodes.kind(who) == "llamacpp"
        ):  # it notices that nobody is there with what it sends, and sends nothing of an answer in one piece
            if body.get("tools"):
                raise Refused("`tools` are served in a stream here: send `stream`.")
            told = body | {"stream": True, "stream_options": {"include_usage": True}}
            return Attended(_unbroken(joined.whole(self._streamed(path, told, who, priority))))
        return Attended(_unbroken(self._nodes.post(path, body, who, priority)))

    def _streamed(self, path: str, body: dict[str, Any], who: str, priority: int) -> AsyncGenerator[bytes, None]:
        """Server-sent events, up to the stop texts."""
        texts = stops.texts_of(body)
        plain = {name: value for name, value in body.items() if not (texts and name == "stop")}
        pieces = self._nodes.post(path, plain, who, priority)
        return stops.cut(pieces, texts, 1) if texts else pieces

    def _salt(self, who: str) -> str:
        return hmac.new(self._secret, who.encode(), "sha256").hexdigest()

    def let_in(self, keys: Mapping[str, str]) -> None:
        """Other people, from now on."""
        self._keys = keys

    async def close(self) -> None:
        """Let go of what is behind it."""
        await self._nodes.close()

    def _person(self, request: Request) -> str:
        """Whose key it is. Every key is compared, in the same time whatever it is. Raises Refused."""
        if not self._keys:
            if not is_loopback(request.url.hostname or ""):  # a page in a browser that found out where this listens
                raise Refused("Without keys only this machine is served, by its own name.", 403)
            return ""
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        found = ""
        for key, name in self._keys.items():
            if hmac.compare_digest(key.encode(), given.strip().encode("utf-8", "replace")):
                found = name
        if kind.lower() != "bearer" or not found:
            raise Refused("That key opens nothing here.", 401)
        return found


def _priority(body: Mapping[str, object], usual: int) -> int:
    """As in `Request`; `usual` where the body has no such number."""
    told = body.get("priority")
    return min(max(told, 0), BACKGROUND) if type(told) is int else usual


def _hold_to_what_is_served(body: Mapping[str, object]) -> None:
    """What the engine would leave out without a word, or what takes more places than its turn has. Raises Refused."""
    if body.get("echo"):
        raise Refused("`echo` is not served: the prompt does not come back.")
    if body.get("use_beam_search"):
        raise Refused("`use_beam_search` is not served.")
    prompt = body.get("prompt")
    if isinstance(prompt, list) and (len(prompt) != 1 and not all(type(one) is int for one in prompt)):
        raise Refused("`prompt` has to be one prompt: ask for several one by one.")
    texts = stops.texts_of(body)
    if len(texts) > STOPS or sum(map(len, texts)) > STOPS_LENGTH:
        raise Refused(f"`stop` has at most {STOPS} texts, of {STOPS_LENGTH} characters together.")
    for name in WHOLE:
        number = body.get(name)
        if number is not None and (type(number) is not int or number < 1):
            raise Refused(f"`{name}` has to be a whole number of at least 1.")
        if name in ("n", "best_of") and number not in (None, 1):
            raise Refused(
                f"`{name}` is 1 here: ask for several answers one by one, they share what is read of the prompt."
            )


async def _unbroken(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with contextlib.aclosing(pieces):
        yield stops.whole(b"".join([one async for one in pieces]))


async def serve(nodes: Nodes, door: Door, say: Callable[[str], None] = log.warning) -> None:
    """Until the process is told to end; `say` is told when others can come in, and what SIGHUP brought. Raises NotShared where the address or the certificate
    is of no use."""
    os.umask(0o077)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if door.certificate is not None else None
    share = Share(nodes, door.keys)
    if context is not None:
        _certify(context, door)

    def again() -> None:
        """Keys and certificate as they are now; what is of no use leaves what was."""
        try:
            if context is not None:
                _certify(context, door)
            if door.key_file is not None:
                share.let_in(keys := keys_of(door.key_file))
                say(f"the keys were read again: {', '.join(sorted(keys.values()))}")
        except NotShared as error:
            say(f"{error} What held before holds on.")

    try:
        opened = listening.opened(door.host, door.port)
    except OSError as error:
        raise NotShared(f"Nothing can listen at {door.host}:{door.port} ({error.strerror or error}).") from error
    with contextlib.closing(opened):
        server = listening.server(
            share.application(), context, lambda: say(f"sharing at {door.address} {door.guests}; Ctrl+C ends it"), again
        )
        try:
            with _ended_by_a_signal():
                await nodes.warm()
            await server.serve([opened])
        except _Ended:
            pass
        finally:
            await share.close()


class _Ended(Exception):
    """By a signal."""


@contextlib.contextmanager
def _ended_by_a_signal() -> Iterator[None]:
    """SIGTERM and Ctrl+C end what is done here, and what is cleared away behind it is cleared away: an engine that is being started is ended, too. Raises _Ended."""
    task, loop, told = asyncio.current_task(), asyncio.get_running_loop(), list[int]()
    assert task is not None

    def end(number: int) -> None:
        told.append(number)
        task.cancel()

    signals = (signal.SIGTERM, signal.SIGINT)
    with contextlib.suppress(RuntimeError, ValueError, NotImplementedError):  # not the main thread, or no signals here
        for one in signals:
            loop.add_signal_handler(one, end, one)
    try:
        yield
    except asyncio.CancelledError:
        if not told:
            raise
        task.uncancel()
        raise _Ended from None
    finally:
        for one in signals:
            loop.remove_signal_handler(one)


def _certify(context: ssl.SSLContext, door: Door) -> None:
    assert door.certificate is not None
    try:
        context.load_cert_chain(door.certificate, door.certificate_key)
    except (OSError, ssl.SSLError) as error:
        raise NotShared(f"The certificate {door.certificate} cannot be used ({error.strerror or error}).") from error
