"""Messages over pipes without blocking the loop: lenient about headers, strict about sizes.

A broken body, a broken header or an oversized message is answered with an error, and reading goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import stat
import sys
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

BODY_LIMIT = 64 << 20  # bytes of one message
LINE_LIMIT = 64 << 10  # bytes of one header line
PARSE_ERROR, INVALID_REQUEST = -32700, -32600

_LENGTH = re.compile(rb"content-length\s*:\s*(\d{1,18})\s*$", re.I)


class Malformed(Exception):
    """A message that cannot be understood, with the JSON-RPC code to answer it with."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


async def read(reader: asyncio.StreamReader) -> Any:
    """The next message's JSON. Raises EOFError at the end, and Malformed with the stream at the next message."""
    length = await _length(reader)
    if length > BODY_LIMIT:
        await _skip(reader, length)
        raise Malformed(INVALID_REQUEST, f"a message of {length} bytes is over the limit of {BODY_LIMIT}")
    body = await reader.readexactly(length)  # IncompleteReadError is an EOFError
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(PARSE_ERROR, "the message is not JSON") from error


async def _length(reader: asyncio.StreamReader) -> int:
    """The content length of the next message that has one; anything else before it is passed over."""
    length = None
    while True:
        try:
            line = await reader.readuntil(b"\n")
        except asyncio.LimitOverrunError as error:
            await reader.readexactly(max(error.consumed, 1))
            continue
        if found := _LENGTH.search(line.rstrip()):
            length = int(found[1])
        elif not line.strip() and length is not None:
            return length


async def _skip(reader: asyncio.StreamReader, size: int) -> None:
    while size > 0 and (part := await reader.read(min(size, 1 << 20))):
        size -= len(part)


class Writer:
    """Frames and sends; what the client does not read waits here, not in the loop."""

    def __init__(self, write: Callable[[bytes], None], close: Callable[[], None]) -> None:
        self._write = write
        self._close = close

    def write(self, data: bytes) -> None:
        """Send bytes that are framed already."""
        self._write(data)

    def close(self) -> None:
        """Send what is waiting and stop."""
        self._close()


async def connect(stdin: BinaryIO, stdout: BinaryIO) -> tuple[asyncio.StreamReader, Writer]:
    """The process's own pipes as a reader and a writer."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    mode = os.fstat(stdin.fileno()).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), stdin)
    else:  # a file or a device, which no loop can wait for: read it from a thread
        threading.Thread(target=_feed, args=(loop, reader, stdin), daemon=True).start()
    try:
        transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, stdout)
    except ValueError:

        def direct(data: bytes) -> None:
            stdout.write(data)
            stdout.flush()

        return reader, Writer(direct, stdout.flush)
    return reader, Writer(transport.write, transport.close)


def _feed(loop: asyncio.AbstractEventLoop, reader: asyncio.StreamReader, stdin: BinaryIO) -> None:
    with contextlib.suppress(RuntimeError):
        while data := stdin.read1(1 << 16) if hasattr(stdin, "read1") else stdin.read(1 << 16):
            loop.call_soon_threadsafe(reader.feed_data, data)
        loop.call_soon_threadsafe(reader.feed_eof)


def own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output as bytes; from here on `print` goes to standard error, never into the protocol."""
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    return stdin, stdout
