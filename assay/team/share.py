"""One engine for several people: the engine's HTTP behind a key for each of them and TLS, with turns that are fair.

It stands before the engine process of this machine, whichever backend that has, and keeps nothing: no prompt, no answer, no account. Who has no key gets no further than the door; off loopback there is no door without TLS.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import logging
import os
import secrets
import ssl
import stat
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assay.engine import stops
from assay.engine.api import EngineError
from assay.engine.client import is_loopback
from assay.engine.local import Local
from assay.engine.web import EVENTS, HANDLERS, Attended, Refused, body_of
from assay.team import listening
from assay.team.private import TELLING, untold
from assay.team.turns import BACKGROUND, Turns

log = logging.getLogger(__name__)

KEY_LENGTH = 24  # characters at least
KEYS_LIMIT = 1 << 20  # bytes of the file
READ_S = 120.0  # for a piece of an answer
# It ended and is started again, or it closed a connection that was kept for the next request, as llama.cpp does: asked once more.
GONE = (httpx.NetworkError, httpx.RemoteProtocolError)
ANSWERS = ("/v1/completions", "/v1/chat/completions")
POSTS = (*ANSWERS, "/tokenize", "/score")


class NotShared(Exception):
    """It cannot be shared so. The message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where it listens, and with what. Raises NotShared where that would let others read along, or in."""

    host: str
    port: int
    keys: Mapping[str, str]
    certificate: Path | None = None
    certificate_key: Path | None = None
    key_file: Path | None = None

    def __post_init__(self) -> None:
        if self.is_here:
            return
        if not self.keys:
            raise NotShared(
                f"Not shared: off loopback everybody needs a key. Name a file with one a line to --key-file (listening at {self.host})."
            )
        if self.certificate is None:
            raise NotShared(
                "Not shared: off loopback prompts go through TLS alone. Name a certificate to --cert and its key to --cert-key; docs/team.md makes both."
            )

    @property
    def address(self) -> str:
        """As a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certificate else 'http'}://{host}:{self.port}"

    @property
    def guests(self) -> str:
        """For whom it is, in words."""
        return f"for {', '.join(sorted(self.keys.values()))}" if self.keys else "for everybody on this machine"

    @property
    def is_here(self) -> bool:
        """Whether nobody but this machine can come in."""
        return is_loopback(self.host)


def address(text: str) -> tuple[str, int]:
    """HOST:PORT, with an IPv6 host in brackets. Raises NotShared."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise NotShared(f"{text} is no HOST:PORT.")
    return host, int(port)


def keys_of(path: Path) -> dict[str, str]:
    """The people by their keys, from a file of lines `NAME KEY`. Raises NotShared, without a word of what stands in it."""
    try:
        status = path.stat()
        text = path.read_text("utf-8")[:KEYS_LIMIT]
    except (OSError, ValueError) as error:
        raise NotShared(f"The key file {path} cannot be read ({type(error).__name__}).") from error
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise NotShared(f"{path} can be read by others. Run `chmod 600 {path}`.")
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = line.split()
        if len(parts) != 2 or len(parts[1]) < KEY_LENGTH or not line.isascii():
            raise NotShared(
                f"Line {number} of {path} is not a name and a key of at least {KEY_LENGTH} characters, in ASCII."
            )
        if parts[1] in found or parts[0] in found.values():
            raise NotShared(f"Line {number} of {path} has a name or a key that stands there already.")
        found[parts[1]] = parts[0]
    if not found:
        raise NotShared(f"{path} has no key. A line is a name and a key of at least {KEY_LENGTH} characters.")
    return found


class Share:
    """The way from a request to the engine and back."""

    def __init__(self, engine: Local, keys: Mapping[str, str], turns: Turns) -> None:
        self._engine = engine
        self._keys = keys
        self._turns = turns
        self._secret = secrets.token_bytes(16)
        self._http: httpx.AsyncClient | None = None

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
        self._person(request)
        try:
            response = await self._models(again=False)
        except GONE:
            response = await self._models(again=True)
        try:
            steered = {"guided": "steered"} if self._engine.is_steered else {}
            told = response.json() | {"assay": {"priorities": True} | steered}
        except (ValueError, TypeError) as error:
            raise Refused("The engine gave no list of models.", 502) from error
        return JSONResponse(told, response.status_code)

    async def _models(self, *, again: bool) -> httpx.Response:
        try:
            return await (await self._upstream(again=again)).get("/v1/models")
        except httpx.HTTPError as error:
            if isinstance(error, GONE) and not again:
                raise
            raise Refused("The engine gave no answer.", 502) from error

    async def post(self, request: Request) -> Response:
        who = self._person(request)
        body = await body_of(request)
        is_answer = request.url.path in ANSWERS
        if is_answer:
            _hold_to_what_is_served(body)
            body = {name: value for name, value in body.items() if name not in TELLING}
        priority = _priority(body)
        if (
            is_answer and self._engine.is_steered
        ):  # prompts of two people share nothing that vLLM keeps, nor the time that it saves
            body["cache_salt"] = self._salt(who)
        if is_answer and body.get("stream"):
            texts = stops.texts_of(body)
            data = _packed({name: value for name, value in body.items() if not (texts and name == "stop")})
            pieces = self._answer(request.url.path, data, who, priority)
            count = body.get("n") if isinstance(body.get("n"), int) else 1
            return Attended(stops.cut(pieces, texts, max(count or 1, 1)) if texts else pieces, EVENTS)
        pieces = (self._answer if is_answer else self._passed)(request.url.path, _packed(body), who, priority)
        return Attended(_unbroken(pieces) if is_answer else pieces)

    def _answer(self, path: str, data: bytes, who: str, priority: int) -> AsyncGenerator[bytes, None]:
        """What was answered, and nothing of what was kept of the prompts of others."""
        pieces = self._passed(path, data, who, priority)
        return pieces if self._engine.is_steered else untold(pieces)

    def _salt(self, who: str) -> str:
        return hmac.new(self._secret, who.encode(), "sha256").hexdigest()

    def let_in(self, keys: Mapping[str, str]) -> None:
        """Other people, from now on."""
        self._keys = keys

    async def close(self) -> None:
        """Drop the connection to the engine, and end it where this process has started it: a window that needs it starts it again."""
        if self._http is not None:
            await self._http.aclose()
        await self._engine.end()

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

    async def _passed(self, path: str, data: bytes, who: str, priority: int = 0) -> AsyncGenerator[bytes, None]:
        headers = {"x-assay-user": who, "content-type": "application/json"}
        async with self._turns.turn(who, priority):
            for again in (False, True):
                http, has_begun = await self._upstream(again=again), False
                try:
                    async with http.stream("POST", path, content=data, headers=headers) as response:
                        if response.status_code >= 400:
                            raise Refused(_said(await response.aread()), response.status_code)
                        async for piece in response.aiter_bytes():
                            has_begun = True
                            yield piece
                    return
                except httpx.HTTPError as error:
                    if isinstance(error, GONE) and not again and not has_begun:
                        continue
                    log.warning("the engine gave no answer: %s", type(error).__name__)
                    raise Refused("The engine gave no answer.", 502) from error

    async def _upstream(self, *, again: bool = False) -> httpx.AsyncClient:
        try:
            socket = await self._engine.running(again=again)
        except EngineError as error:
            raise Refused(str(error), 503) from error
        if self._http is None:
            transport = httpx.AsyncHTTPTransport(uds=str(socket), limits=httpx.Limits(max_connections=256))
            self._http = httpx.AsyncClient(transport=transport, base_url="http://engine", timeout=READ_S)
        return self._http


def _priority(body: Mapping[str, object]) -> int:
    """As in `Request`; what is no such number is as urgent as typing."""
    told = body.get("priority")
    return min(max(told, 0), BACKGROUND) if isinstance(told, int) else 0


def _packed(body: Mapping[str, object]) -> bytes:
    return json.dumps(body, ensure_ascii=True).encode()


def _hold_to_what_is_served(body: Mapping[str, object]) -> None:
    """What the engine would leave out without a word. Raises Refused."""
    if body.get("echo"):
        raise Refused("`echo` is not served: the prompt does not come back.")
    for name in ("max_tokens", "max_completion_tokens"):
        if isinstance(most := body.get(name), int) and most < 1:
            raise Refused(f"`{name}` has to be a whole number of at least 1.")
    count = body.get("n")
    if isinstance(best := body.get("best_of"), int) and best > (count if isinstance(count, int) else 1):
        raise Refused("`best_of` is not served: ask for `n` answers.")


async def _unbroken(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with contextlib.aclosing(pieces):
        yield stops.whole(b"".join([one async for one in pieces]))


def _said(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["error"]["message"])[:300]
    except (ValueError, KeyError, TypeError):
        return "The engine refused the request."


async def serve(engine: Local, door: Door, limit: int, say: Callable[[str], None] = log.warning) -> None:
    """Until the process is told to end; `say` is told when others can come in, and what SIGHUP brought. Raises NotShared where the address or the certificate
    is of no use."""
    os.umask(0o077)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if door.certificate is not None else None
    share = Share(engine, door.keys, Turns(limit))
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
            await engine.warm()
            await server.serve([opened])
        finally:
            await share.close()


def _certify(context: ssl.SSLContext, door: Door) -> None:
    assert door.certificate is not None
    try:
        context.load_cert_chain(door.certificate, door.certificate_key)
    except (OSError, ssl.SSLError) as error:
        raise NotShared(f"The certificate {door.certificate} cannot be used ({error.strerror or error}).") from error
