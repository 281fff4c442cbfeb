"""What was offered and what became of it: append-only, hashes instead of source."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path

from .outbox import Outbox

ROTATE_BYTES = 8 << 20  # then the file is moved aside once; at most two are kept


class Ledger:
    """One JSON line an event, in a file that only its owner can read."""

    def __init__(self, path: Path, outbox: Outbox | None = None) -> None:
        """`outbox`: where a team's server is told the same, without what says more than names and numbers."""
        self._path = path
        self.outbox = outbox

    def record(self, event: str, suggestion_id: str, *, text: str = "", state: str = "", trace_id: str = "") -> None:
        """Append; never raises, because no suggestion may fail for its bookkeeping."""
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16] if text else ""
        facts = {"event": event, "suggestion": suggestion_id, "text": digest, "state": state, "trace": trace_id}
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self._path.exists() and self._path.stat().st_size > ROTATE_BYTES:
                os.replace(self._path, self._path.with_suffix(".old"))
            descriptor = os.open(self._path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "a") as file:
                file.write(json.dumps({"at": round(time.time(), 3)} | {k: v for k, v in facts.items() if v}) + "\n")
