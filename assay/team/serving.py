"""A server that others use: it listens, says when it is there, is ended by a signal, and reads its certificate again when that changes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assay.engine.web import HANDLERS
from assay.team import listening
from assay.team.door import Door, NotShared, keys_of
from assay.team.gate.answers import Gate
from assay.team.gate.nodes import Nodes
from assay.team.identity.access import Keys

log = logging.getLogger(__name__)

LOOK_S = 2.0  # between two looks at the certificate's files


async def share(nodes: Nodes, door: Door, say: Callable[[str], None] = log.warning) -> None:
    """The engine behind a file of keys, for a machine's own users and for servers that stand before it. Until the process is told to end. Raises NotShared."""
    access = Keys(door.keys)
    gate = Gate(nodes, access)

    def again() -> None:
        """Keys as they are now; what is of no use leaves what was."""
        if door.key_file is not None:
            try:
                access.let_in(keys := keys_of(door.key_file))
                say(f"the keys were read again: {', '.join(sorted(keys.values()))}")
            except NotShared as error:
                say(f"{error} What held before holds on.")

    await serve(Served(application(gate), door, say, _behind(gate), again))


def application(gate: Gate) -> Starlette:
    """What is served without accounts. `/health` alone needs no key."""
    return Starlette(routes=[Route("/health", _health), *gate.routes()], exception_handlers=HANDLERS)


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


@contextlib.asynccontextmanager
async def _behind(gate: Gate) -> AsyncIterator[None]:
    try:
        await gate.nodes.warm()
        yield
    finally:
        await gate.close()


@dataclass(frozen=True, slots=True)
class Served:
    """What is served and how. `say` is told when others can come in; `again` is called on SIGHUP; `beside` is what has to be there before, and is cleared away
    behind; `ends` is called when nothing new is to be begun, and answers that are under way then have `patience_s`."""

    app: Starlette
    door: Door
    say: Callable[[str], None]
    beside: contextlib.AbstractAsyncContextManager[None]
    again: Callable[[], None] = lambda: None
    ends: Callable[[], None] = lambda: None
    patience_s: float = listening.END_S


async def serve(served: Served) -> None:
    """Until the process is told to end. Raises NotShared where the address or the certificate is of no use."""
    door, say = served.door, served.say
    os.umask(0o077)
    context = _secured(door)

    def read_again() -> None:
        if context is not None:
            try:
                _certify(context, door)
            except NotShared as error:
                say(f"{error} What held before holds on.")
        served.again()

    try:
        opened = listening.opened(door.host, door.port)
    except OSError as error:
        raise NotShared(f"Nothing can listen at {door.host}:{door.port} ({error.strerror or error}).") from error
    with contextlib.closing(opened):
        heard = listening.Heard(
            lambda: say(f"sharing at {door.address} {door.guests}; Ctrl+C ends it"), read_again, served.ends
        )
        server = listening.server(served.app, context, heard, served.patience_s)
        async with contextlib.AsyncExitStack() as stack:
            try:
                with _ended_by_a_signal():
                    await stack.enter_async_context(served.beside)
                looking = asyncio.create_task(_certified(context, door, say), name="certificate")
                try:
                    await server.serve([opened])
                finally:
                    looking.cancel()
            except _Ended:
                pass


async def _certified(context: ssl.SSLContext | None, door: Door, say: Callable[[str], None]) -> None:
    """Read the certificate again when its files change."""
    if context is None:
        return
    was = _stamps(door)
    while True:
        await asyncio.sleep(LOOK_S)
        if (now := _stamps(door)) != was and None not in now:
            try:
                _certify(context, door)
                say(f"the certificate {door.certificate} was read again")
                was = now
            except NotShared:
                continue  # its key comes a moment later


def _stamps(door: Door) -> list[tuple[int, int] | None]:
    found = list[tuple[int, int] | None]()
    for path in filter(None, (door.certificate, door.certificate_key)):
        try:
            status = path.stat()
            found.append((status.st_mtime_ns, status.st_ino))
        except OSError:
            found.append(None)
    return found


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


def _secured(door: Door) -> ssl.SSLContext | None:
    if door.certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _certify(context, door)
    if door.client_ca is not None:
        try:
            context.load_verify_locations(door.client_ca)
        except (OSError, ssl.SSLError) as error:
            raise NotShared(
                f"The authority of clients {door.client_ca} cannot be used ({error.strerror or error})."
            ) from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _certify(context: ssl.SSLContext, door: Door) -> None:
    """Raises NotShared, and leaves the context as it was: a pair that does not fit is dropped from it together with the one before (seen)."""
    assert door.certificate is not None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(door.certificate, door.certificate_key)
        context.load_cert_chain(door.certificate, door.certificate_key)
    except (OSError, ssl.SSLError) as error:
        raise NotShared(f"The certificate {door.certificate} cannot be used ({error.strerror or error}).") from error
