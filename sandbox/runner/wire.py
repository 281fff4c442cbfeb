"""Frames between host and container: a JSON header and a blob, each behind its length.

Both sides parse hostile bytes, so every length is bounded before anything is allocated.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

HEADER_LIMIT = 16 << 20  # bytes; a job's changed files travel in the header
BLOB_LIMIT = 64 << 20  # bytes; the project archive is capped well below this on the host

_LENGTHS = struct.Struct(">II")


class WireError(Exception):
    """The other side broke the framing or closed in the middle of a frame."""


def pack(header: dict[str, Any], blob: bytes = b"") -> bytes:
    """One frame as bytes: two big-endian lengths, the JSON header, the blob."""
    text = json.dumps(header).encode()
    return _LENGTHS.pack(len(text), len(blob)) + text + blob


def unpack(read: Callable[[int], bytes]) -> tuple[dict[str, Any], bytes] | None:
    """Read one frame with `read(n)`, which returns up to n bytes and b"" at the end; None at a clean end."""
    head = _exactly(read, _LENGTHS.size, at_start=True)
    if head is None:
        return None
    header_size, blob_size = _LENGTHS.unpack(head)
    if header_size > HEADER_LIMIT or blob_size > BLOB_LIMIT:
        raise WireError(f"frame of {header_size} + {blob_size} bytes is over the limit")
    text = _exactly(read, header_size) or b""
    blob = _exactly(read, blob_size) or b""
    try:
        header = json.loads(text)
    except ValueError as error:
        raise WireError("the frame's header is not JSON") from error
    if not isinstance(header, dict):
        raise WireError("the frame's header is not an object")
    return header, blob


def _exactly(read: Callable[[int], bytes], size: int, *, at_start: bool = False) -> bytes | None:
    parts, missing = [], size
    while missing:
        part = read(min(missing, 1 << 20))
        if not part:
            if at_start and missing == size:
                return None
            raise WireError("the stream ended inside a frame")
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
