"""Requests to one model server over HTTP. What goes wrong becomes an EngineError whose message is one sentence."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import ssl
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .api import EngineBusy, EngineDeclined, EngineError, EngineFailing, EngineRefused, EngineUnavailable
from .leaving import Answer

if TYPE_CHECKING:
    import httpx

CONNECT_S = 3.0  # a server on this machine or in this building answers in milliseconds
READ_S = 60.0  # between two pieces of a stream; a cold prefill of a long prompt on a CPU takes this order
NOT_FOUND, TOO_MANY, FAILING = 404, 429, 500
WAIT_S = 30.0  # that a request waits for a busy server, where somebody waits for it or nobody does; a key does not
MOST_S = 60.0  # that a server may send somebody away for
# httpx has a command line of its own, and loads rich, click and pygments for it where they are installed: 6 MB and 50 ms for nothing.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None is how a module is said not to be there

ERROR_LIMIT = 200  # characters of a server's own error text that reach a message


class Client:
    """One server at `url` (with or without /v1), or at a Unix socket. Nothing is contacted before the first request."""

    def __init__(self, url: str, *, api_key: str = "", socket_path: str = "", ca_file: str = "") -> None:
        """`ca_file`: certificates to trust beside the system's. Raises EngineUnavailable for what is no URL, and where a key would be
        sent to another machine without TLS."""
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise EngineUnavailable(f"Engine off: {url!r} is no URL ({error}). Set `engine.url`.") from error
        self._base = url.rstrip("/").removesuffix("/v1")
        self._is_local = bool(socket_path) or is_loopback(parts.hostname or "")
        if (api_key or parts.password) and not self._is_local and parts.scheme != "https":
            raise EngineUnavailable(
                f"Engine off: the API key would go to {parts.hostname} in the clear. Use https in `engine.url`, or a tunnel to this machine."
            )
        self._api_key = api_key
        self._socket_path = socket_path
        self._ca_file = ca_file
        self._client: httpx.AsyncClient | None = None
        self._opening: asyncio.Task[httpx.AsyncClient] | None = None
        self._is_closed = False
        self.cancels = False  # whether the server ends an answer by a word, so that its connection is kept
        self._busy_until = 0.0
        self._beside: set[asyncio.Task[None]] = set()

    @property
    def where(self) -> str:
        """The server's address, for people."""
        return self._socket_path or self._base

    async def get(self, path: str) -> Any:
        """GET and return the parsed JSON; raises EngineError."""
        return await self._call("GET", path, None)

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """POST JSON and return the parsed answer; raises EngineError."""
        return await self._call("POST", path, body)

    @asynccontextmanager
    async def stream(self, path: str, body: dict[str, Any]) -> AsyncGenerator[Streamed, None]:
        """POST JSON; the answer is read by the caller. Leaving the block ends it at the server. Raises EngineError, for what
        goes wrong inside the block too; EngineBusy while the server said to come later, for a key at once, and else after waiting for it."""
        client = await self.open()
        import httpx

        until = time.monotonic() + (WAIT_S if body.get("priority") else 0.0)
        try:
            async with AsyncExitStack() as stack:
                while True:
                    await self._hold(until)
                    try:
                        answer = await self._begun(client, stack, path, body)
                    except EngineBusy as error:
                        if time.monotonic() + error.after_s > until:
                            raise
                        continue
                    yield answer
                    return
        except httpx.HTTPError as error:
            raise EngineUnavailable(self._unreachable(error)) from error
        except ValueError as error:
            raise EngineError(self._unreadable()) from error

    async def open(self) -> httpx.AsyncClient:
        """Have the client, without a connection yet. Loading it and its certificates takes a fifth of a second, so a thread does it."""
        if self._is_closed:
            raise EngineUnavailable(f"Engine off: the connection to {self.where} was closed.")
        if self._client is not None:
            return self._client
        if self._opening is None:
            self._opening = asyncio.create_task(asyncio.to_thread(self._made), name="http client")
        try:
            client = await asyncio.shield(self._opening)
        except Exception as error:  # a URL that httpx does not take, certificates that cannot be read, no file left
            self._opening = None
            raise EngineUnavailable(f"Engine off: no connection to {self.where} can be made ({error}).") from error
        if self._is_closed:
            raise EngineUnavailable(f"Engine off: the connection to {self.where} was closed.")
        self._client = client
        return client

    async def _begun(
        self, client: httpx.AsyncClient, stack: AsyncExitStack, path: str, body: dict[str, Any]
    ) -> Streamed:
        """An answer whose head is there; it is left with the stack. Raises EngineError."""
        if not self.cancels:
            response = await _once_more(lambda: stack.enter_async_context(client.stream("POST", path, json=body)))
            await self._check(response)
            return Streamed(response.headers, response.aiter_lines, response.aread)
        answer = Answer(client, path, body)
        stack.callback(answer.leave, self._spawn)
        response = await answer.response()
        await self._check(response)
        return Streamed(response.headers, answer.lines, response.aread)

    async def _hold(self, until_s: float) -> None:
        """Wait until the server wants to be asked again. Raises EngineBusy where that is later than somebody waits."""
        left = self._busy_until - time.monotonic()
        if left <= 0:
            return
        if self._busy_until > until_s:
            raise EngineBusy(f"The engine at {self.where} is busy: again in {left:.0f} s.", left)
        await asyncio.sleep(left)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="leaving")
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def close(self) -> None:
        """Drop connections, for good."""
        self._is_closed = True
        for task in list(self._beside):
            task.cancel()
        opening, self._opening = self._opening, None
        if opening is not None:
            with suppress(Exception):
                await (await opening).aclose()
        self._client = None

    async def _call(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        client = await self.open()
        import httpx

        try:
            response = await _once_more(lambda: client.request(method, path, json=body))
            await self._check(response)
            return response.json()
        except httpx.HTTPError as error:
            raise EngineUnavailable(self._unreachable(error)) from error
        except ValueError as error:
            raise EngineError(self._unreadable()) from error

    def _made(self) -> httpx.AsyncClient:
        import httpx

        verify: bool | ssl.SSLContext = not self._is_local or self._base.lower().startswith(
            "https"
        )  # certificates take long to load
        if verify:
            verify = trusting(self._ca_file)
        socket = httpx.AsyncHTTPTransport(uds=self._socket_path, verify=False) if self._socket_path else None
        return httpx.AsyncClient(
            base_url="http://engine" if self._socket_path else self._base,
            transport=socket,
            trust_env=not self._is_local,  # a proxy is for hosts that are not this one
            verify=verify,
            headers={"Authorization": f"Bearer {self._api_key}"} if self._api_key else None,
            timeout=httpx.Timeout(READ_S, connect=CONNECT_S),
            limits=httpx.Limits(max_connections=8, max_keepalive_connections=4),
        )

    async def _check(self, response: httpx.Response) -> None:
        """Raise for an answer that is none."""
        status = response.status_code
        if status < 400:
            return
        text = _reason((await response.aread()).decode("utf-8", "replace"))
        if status == TOO_MANY or (status >= FAILING and "retry-after" in response.headers):
            after_s = _seconds(response.headers.get("retry-after", ""))
            self._busy_until = time.monotonic() + after_s
            raise EngineBusy(
                f"The engine at {self.where} is busy: {text.rstrip('.')}. Again in {after_s:.0f} s.", after_s
            )
        if status in (401, 403):
            mend = "Check the file that `engine.api_key_file` names." if self._api_key else "Set `engine.api_key_file`."
            raise EngineRefused(
                f"Engine off: {self.where} does not accept the API key ({status} {text}). {mend}", status
            )
        if status == NOT_FOUND:
            what = f"Engine off: {self.where} has no {response.url.path} ({status} {text})."
            raise EngineRefused(f"{what} Check `engine.url` and `engine.model`.", status)
        if status >= FAILING:
            raise EngineFailing(
                f"Engine off: {self.where} answers {status} {text}. Look at that server, or at the proxy before it."
            )
        raise EngineDeclined(f"The engine refused the request: {status} {text}", status)

    def _unreachable(self, error: Exception) -> str:
        seen = str(error) or type(error).__name__
        if "CERTIFICATE_VERIFY_FAILED" in seen:
            return f"Engine off: the certificate of {self.where} is not trusted ({seen}). Name its authority's certificate in `engine.ca_file`."
        return f"Engine off: no answer from {self.where} ({seen}). Start it, or set `engine.url`."

    def _unreadable(self) -> str:
        return f"The engine at {self.where} answered something that is not JSON."


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer as it comes: a stream by its lines, any other whole."""

    headers: Mapping[str, str]
    aiter_lines: Callable[[], AsyncIterator[str]]
    aread: Callable[[], Awaitable[bytes]]


def _seconds(told: str) -> float:
    """Of a Retry-After, which may be a date, too."""
    return min(MOST_S, max(1.0, float(told))) if told.isascii() and told.isdigit() else 1.0


def trusting(ca_file: str = "") -> ssl.SSLContext:
    """Whom to believe: the authorities of the system's own store, wherever that is, those that come with httpx, and the ones in `ca_file`. Raises OSError."""
    import certifi
    import truststore

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certifi.where())
    if ca_file:
        context.load_verify_locations(ca_file)
    return context


async def _once_more(ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """Ask again where a kept connection was closed as the request came: servers end those that are idle, and a proxy does it without a word."""
    import httpx

    try:
        return await ask()
    except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
        return await ask()


def is_loopback(host: str) -> bool:
    """Whether a URL's host is this machine by its loopback interface: no other machine is asked, or listens in between."""
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reason(text: str) -> str:
    """What a server says about its refusal, in OpenAI's shape or in its own words."""
    try:
        raw = json.loads(text).get("error")
        text = str(raw.get("message") if isinstance(raw, dict) else raw)
    except (ValueError, AttributeError):
        pass
    return text.strip()[:ERROR_LIMIT]
