"""One record a request: stages with their times, what was dropped and why, which checks ran. `assay why` reads it.

Texts are redacted before they are kept. The file is bounded and safe to delete.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analyzers import secrets as redaction

TEXT_LIMIT = 2000  # characters of any one text in a record


@dataclass(slots=True)
class Trace:
    """Filled while a request runs. Times in ms since its start."""

    id: str
    where: str
    started: float = field(default_factory=time.monotonic)
    events: list[dict[str, Any]] = field(default_factory=list)
    waited_s: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def waiting(self, part: str) -> Iterator[None]:
        """Count the time inside as spent waiting for `part`: "engine", or "pace"."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.waited_s[part] = self.waited_s.get(part, 0.0) + time.monotonic() - began

    @property
    def age_s(self) -> float:
        """Seconds since the request began."""
        return time.monotonic() - self.started

    def add(self, stage: str, **facts: Any) -> None:
        """Record that `stage` happened now, with facts that are short and JSON."""
        self.events.append({"stage": stage, "ms": round(self.age_s * 1000, 1)} | _clean(facts))


class Traces:
    """The last `keep` records, one JSON line each, shared by the processes of one user."""

    def __init__(self, path: Path, keep: int) -> None:
        self._path = path
        self._keep = keep
        self._written = 0

    def begin(self, where: str) -> Trace:
        """A new record for a request at `where` (a path and a position)."""
        return Trace(secrets.token_hex(6), where)

    def save(self, trace: Trace, outcome: str) -> None:
        """Append the record; a disk that is full or read-only loses it silently, a request is worth more."""
        if not self._keep:
            return
        record = {
            "id": trace.id,
            "at": round(time.time(), 3),
            "where": redaction.redact(trace.where),
            "outcome": redaction.redact(outcome),
            "ms": round(trace.age_s * 1000, 1),
            "waited_ms": {part: round(s * 1000, 1) for part, s in trace.waited_s.items()},
        }
        line = json.dumps(record | {"events": trace.events}, ensure_ascii=False)
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(self._path, "a", encoding="utf-8", errors="replace", opener=_private) as file:
                file.write(line + "\n")
            self._written += 1
            if self._written % 50 == 1:
                self._trim()

    def last(self, count: int = 1) -> tuple[dict[str, Any], ...]:
        """The newest records, newest first."""
        return tuple(self._read()[-count:][::-1])

    def latest(self, folder: str) -> dict[str, Any] | None:
        """The newest record about a file below `folder`, of all where that is "": another project's code is not shown here."""
        records = self._read()[::-1]
        return next((r for r in records if not folder or f"{folder}/" in str(r.get("where", ""))), None)

    def find(self, trace_id: str) -> dict[str, Any] | None:
        """The record whose id starts with `trace_id`."""
        return next((r for r in reversed(self._read()) if str(r.get("id", "")).startswith(trace_id)), None)

    def _read(self) -> list[dict[str, Any]]:
        records = []
        with contextlib.suppress(OSError):
            for line in self._path.read_text("utf-8", "replace").splitlines():
                with contextlib.suppress(ValueError):
                    records.append(json.loads(line))
        return records

    def _trim(self) -> None:
        lines = self._path.read_text("utf-8", "replace").splitlines()
        if len(lines) > 2 * self._keep:
            fresh = self._path.with_suffix(f".{os.getpid()}")
            with open(fresh, "w", encoding="utf-8", opener=_private) as file:
                file.write("\n".join(lines[-self._keep :]) + "\n")
            os.replace(fresh, self._path)


def _clean(value: Any) -> Any:
    """Every text in it redacted and cut, however deep it stands."""
    match value:
        case str():
            return redaction.redact(value)[:TEXT_LIMIT]
        case dict():
            return {key: _clean(one) for key, one in value.items()}
        case list() | tuple():
            return [_clean(one) for one in value]
        case _:
            return value


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
