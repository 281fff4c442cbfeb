"""Run the server on the process's own pipes until the client says exit, closes them, or dies."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from lsprotocol import types

from analyzers.memo import give_back
from assay import __version__

from . import offers, transport
from .protocol import Protocol, strict_converter
from .server import AssayServer

if TYPE_CHECKING:
    from assay.services import Composition

log = logging.getLogger("assay")

YOUNG = (
    20_000  # objects made before the young ones are looked through; the tree of a file of 500 lines has about that many
)
SWITCH_S = 0.0005  # for which a thread may keep the interpreter from the event loop, each time that this has written or read something
REST_S = 2.0  # without a message: somebody thinks, or went away
PARENT_S = 1.0  # how often the client's process is looked for, where it said which it is


def run(compose: Callable[[], Composition], log_file: Path) -> int:
    """Serve with what `compose` loads and makes, once it is needed; returns the exit status: 0 after shutdown and exit, else 1."""
    _log_to(log_file)
    stdin, stdout = transport.own_pipes()
    server = AssayServer(
        "assay",
        __version__,
        text_document_sync_kind=types.TextDocumentSyncKind.Incremental,
        notebook_document_sync=types.NotebookDocumentSyncOptions(
            notebook_selector=[
                types.NotebookDocumentFilterWithCells(cells=[types.NotebookCellLanguage(language="python")])
            ]
        ),
        protocol_cls=Protocol,
        converter_factory=strict_converter,
    )
    server.compose = compose
    offers.register(server)
    gc.set_threshold(YOUNG, 10, 10)
    sys.setswitchinterval(SWITCH_S)
    status = asyncio.run(_serve(server, stdin, stdout))
    os._exit(status)  # threads that wait for a container engine must not hold the process


async def _serve(server: AssayServer, stdin: BinaryIO, stdout: BinaryIO) -> int:
    reader, writer = await transport.connect(stdin, stdout)
    protocol: Protocol = server.protocol  # type: ignore[assignment]
    protocol.set_writer(writer)
    protocol.exited = asyncio.get_running_loop().create_future()
    busy = asyncio.Event()
    reading = asyncio.create_task(_read(reader, protocol, busy))
    resting = asyncio.create_task(_rest(busy))
    parent = asyncio.create_task(_watch_parent(server))
    ends: set[asyncio.Future[Any]] = {reading, parent, protocol.exited}
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    status = protocol.exited.result() if protocol.exited.done() else 1
    for task in (reading, parent, resting):
        task.cancel()
    if "session" in server.__dict__:
        await server.session.stop()
    writer.close()
    await asyncio.sleep(0)  # lets the pipe's transport send what it still holds
    return status


async def _read(reader: asyncio.StreamReader, protocol: Protocol, busy: asyncio.Event) -> None:
    while True:
        try:
            message = await transport.read(reader)
        except transport.Malformed as error:
            protocol.refuse(None, error.code, str(error))
            continue
        except EOFError:
            return
        busy.set()
        protocol.receive(message)
        await asyncio.sleep(0)  # a burst of messages must not keep the others waiting


async def _rest(busy: asyncio.Event) -> None:
    """Where a client is silent for REST_S after it was not, look through all objects for garbage and give free memory back to the system: while somebody types, neither
    is done for long."""
    while True:
        await busy.wait()
        while busy.is_set():
            busy.clear()
            await asyncio.sleep(REST_S)
        gc.collect()
        await asyncio.to_thread(give_back)


async def _watch_parent(server: AssayServer) -> None:
    """Return when the client's process is gone; pygls does not look."""
    while True:
        await asyncio.sleep(PARENT_S)
        if server.process_id is None:
            continue
        try:
            os.kill(server.process_id, 0)
        except ProcessLookupError:
            return
        except (PermissionError, OverflowError):
            continue


def _log_to(path: Path) -> None:
    """Warnings and one line a request go to a file of ours; pygls' own chatter, which holds source text, does not."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler: logging.Handler = RotatingFileHandler(
            path, maxBytes=1 << 20, backupCount=1, encoding="utf-8", delay=True
        )
    except OSError:
        handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for noisy in ("pygls", "httpx", "httpcore", "docker", "urllib3", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
