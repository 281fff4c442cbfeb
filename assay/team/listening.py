"""How a shared engine listens: strangers do not keep others out, and it says when it is there, when it ends and when it is to read its files again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import signal
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

log = logging.getLogger(__name__)

HEAD_S = 10.0  # for the head of a request to come; a client sends it with its connection
GOODBYE_S = (
    1.0  # for the other side to say that it has heard the end of TLS: a kept connection that nobody reads does not
)
STRANGERS = 256  # connections that have not asked for anything yet; of more, the oldest goes
END_S = 3  # for answers that are under way when it ends


class Attentive(H11Protocol):
    """A connection that is closed where nobody asks for anything: a thousand of them would keep everybody else out."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._strange()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._known()
        elif self._late is None:  # the beginning of another request, which uvicorn waits for as long as it may take
            self._strange()

    def connection_lost(self, exc: Exception | None) -> None:
        self._known()
        super().connection_lost(exc)

    def _strange(self) -> None:
        """From now on it has so long to ask for something."""
        self._late = self.loop.call_later(HEAD_S, self.transport.close)
        strangers: dict[Attentive, None] = self.app_state.setdefault("strangers", {})
        strangers[self] = None
        while len(strangers) > STRANGERS:
            oldest = next(iter(strangers))
            oldest._known()
            oldest.transport.close()

    def _known(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
        self.app_state.get("strangers", {}).pop(self, None)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a server tells of itself: others can come in; it got a SIGHUP; it ends, and begins nothing new."""

    listening: Callable[[], None]
    again: Callable[[], None]
    ends: Callable[[], None]


class Server(uvicorn.Server):
    """Serves at a socket that is open already."""

    def __init__(self, config: uvicorn.Config, heard: Heard) -> None:
        super().__init__(config)
        self._heard = heard

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does it, with less patience for what calls itself TLS: until that is done a connection counts as nobody's."""
        loop, certificate = asyncio.get_running_loop(), self.config.ssl
        patience = HEAD_S if certificate is not None else None
        await self.lifespan.startup()
        self.servers = [
            await loop.create_server(
                self._protocol,
                sock=one,
                ssl=certificate,
                backlog=self.config.backlog,
                ssl_handshake_timeout=patience,
                ssl_shutdown_timeout=GOODBYE_S if certificate is not None else None,
            )
            for one in sockets or ()
        ]
        self.started = True
        self._heard.listening()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        with contextlib.suppress(
            RuntimeError, ValueError, AttributeError
        ):  # not the main thread, or no such signal here
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._heard.again)
        await super().serve(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what is served, once answers that are under way have ended or had their time. uvicorn would send itself the signal again at its end, and what comes after it, the engine's end, would never run."""
        self._heard.ends()
        await super().shutdown(sockets)
        self._captured_signals.clear()

    def _protocol(self) -> asyncio.Protocol:
        return Attentive(self.config, self.server_state, self.lifespan.state)


def server(app: Any, certificate: ssl.SSLContext | None, heard: Heard, patience_s: float = END_S) -> Server:
    """For `app`, behind TLS where there is a certificate; answers have `patience_s` to end when it is told to end."""
    config = uvicorn.Config(
        app,
        http=Attentive,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=max(1, round(patience_s)),
        ssl_context_factory=(lambda _, __: certificate) if certificate is not None else None,
    )
    return Server(config, heard)


def opened(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises OSError."""
    with contextlib.suppress(ValueError, OSError):  # each connection is a file, and so is each request to the engine
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024)
