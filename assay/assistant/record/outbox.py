"""What a team's server is to be told of suggestions: events that wait on this machine until it has them. Names, numbers and hashes; no text leaves by this way, unless its author wants that.

All windows of a user write to one file, in the time that a line takes, and never wait for a server; one of them at a time sends. An event that was sent and
not acknowledged is sent again with the same id, which the server knows.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..nouns import Passed, Suggestion, Unverified, Verdict

LIMIT = 8 << 20  # bytes that wait; what comes then is not told
BATCH = 200  # events
WORD = 500  # characters of what somebody says
TEXT = 20_000  # characters of a suggestion that is told as it is
DAY_S = 86_400.0  # after which it is looked whether what was accepted is there still
KEPT_SHARE = 0.8  # of its lines that have to be there
DUE = 500  # accepted suggestions that are looked at once they are a day old
KNOWN = 256  # suggestions that something may still become of
LEAST_MOST = 0.95  # that a team may ask for: nobody is silenced whole
LEAST = 3  # characters of a line that says something: a bracket alone is everywhere


Thumb = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class _Known:
    """What a fate has to say beside its id."""

    kind: str
    model: str
    lines: tuple[str, ...]
    chars: int


class Outbox:
    """The files of one folder. Nothing here raises: no suggestion may fail for its bookkeeping."""

    def __init__(self, folder: Path, texts: Literal["none", "told"] = "none") -> None:
        """`texts`: whether those of suggestions wait, too; only for a team that keeps them, and by their author's own setting."""
        self._folder = folder
        self._texts = texts
        self._silence: tuple[int, dict[str, Any]] = (0, {})
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def offered(self, suggestion: Suggestion, kind: str, took_ms: Mapping[str, float], policy: str) -> None:
        """A suggestion was shown, at a site of this kind; `took_ms` by part."""
        origin, text = suggestion.origin, suggestion.text
        self._known[suggestion.id] = _Known(kind, origin.model, _lines(text), len(text))
        while len(self._known) > KNOWN:
            self._known.popitem(last=False)
        sampling = {name: value for name, value in origin.sampling.items() if type(value) in (int, float, type(None))}
        self._add(
            "suggestion", suggestion.id, kind=kind, model=_name(origin.model), dialect=_name(str(origin.sampling.get("dialect", ""))), sampling=sampling,
            verdict=verdict_facts(suggestion.verdict), took_ms={name: round(ms, 1) for name, ms in took_ms.items()}, chars=len(text), lines=text.count("\n") + 1,
            confidence=origin.confidence, policy=policy, text=_hash(text), sources=[_name(one) for one in origin.sources[:20]],
            source=text if self._texts == "told" and len(text) <= TEXT else None,
        )  # fmt: skip

    def fate(self, event: str, suggestion_id: str, path: str = "") -> None:
        """It was accepted or rejected; `path` is the file that it went into, which is looked at after a day."""
        known = self._known.get(suggestion_id)
        if known is None:
            return
        self._add("fate", suggestion_id, kind=known.kind, model=_name(known.model), fate=event, chars=known.chars)
        if event == "accepted" and path and known.lines:
            due = {
                "at": time.time(),
                "suggestion": suggestion_id,
                "kind": known.kind,
                "model": known.model,
                "path": path,
                "lines": known.lines,
            }
            with self._locked():
                self._write("due.jsonl", [*self._read("due.jsonl"), due][-DUE:])

    def contradicted(self, about: str, kind: str, model: str, tests: int) -> None:
        """Tests spoke against something that was therefore not shown."""
        self._add("contradicted", about, kind=kind, model=_name(model), tests=tests)

    def feedback(self, thumb: Thumb, word: str = "", suggestion_id: str = "") -> bool:
        """What somebody says of a suggestion, by default of the last that was shown; whether there is one."""
        about = suggestion_id or next(reversed(self._known), "")
        if about:
            self._add("feedback", about, thumb=thumb, word=word[:WORD] or None)
        return bool(about)

    def look_back(self, now: float | None = None) -> None:
        """See whether what was accepted a day ago is there still. Reads files."""
        now = time.time() if now is None else now
        with self._locked():
            rows = self._read("due.jsonl")
            late = [one for one in rows if now - one.get("at", now) >= DAY_S]
            if late:
                self._write("due.jsonl", [one for one in rows if one not in late])
        for one in late:
            fate = "kept" if _is_there(Path(str(one.get("path"))), one.get("lines") or ()) else "gone"
            self._add(
                "fate", str(one.get("suggestion")), kind=one.get("kind"), model=_name(str(one.get("model"))), fate=fate
            )

    def keep_silence(self, least: Mapping[str, float]) -> None:
        """How likely a suggestion has to be kept before it is shown, as the team's server says it now."""
        if least:
            self._write("silence.jsonl", [least])
        else:
            with contextlib.suppress(OSError):
                (self._folder / "silence.jsonl").unlink(missing_ok=True)

    def least(self, kind: str) -> float:
        """The same for a kind of place; 0 where the team says nothing. One call of the file system."""
        try:
            stamp = (self._folder / "silence.jsonl").stat().st_mtime_ns
        except OSError:
            return 0.0
        if stamp != self._silence[0]:
            self._silence = stamp, next(iter(self._read("silence.jsonl")), {})
        told = self._silence[1].get(kind, 0.0)
        return min(LEAST_MOST, max(0.0, told)) if type(told) in (int, float) else 0.0

    @property
    def waits(self) -> bool:
        """Whether there is something to send."""
        return any((self._folder / name).exists() for name in ("events.jsonl", "sending.jsonl"))

    def take(self) -> list[list[dict[str, Any]]]:
        """Everything that waits, in batches; it stays on disk until `done`. What was taken and not done is taken again."""
        with self._locked():
            waiting, taken = self._folder / "events.jsonl", self._folder / "sending.jsonl"
            with contextlib.suppress(OSError):
                if not taken.exists() and waiting.exists():
                    os.replace(waiting, taken)
        rows = self._read("sending.jsonl")
        return [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]

    def done(self) -> None:
        """What was taken has arrived."""
        with contextlib.suppress(OSError):
            (self._folder / "sending.jsonl").unlink(missing_ok=True)

    @contextlib.contextmanager
    def sending(self) -> Iterator[bool]:
        """Whether this window is the one that sends, for as long as the block lasts."""
        with _lock(self._folder / "sender.lock", wait=False) as has_it:
            yield has_it

    def _add(self, event: str, suggestion_id: str, **fields: Any) -> None:
        told = {
            "id": secrets.token_hex(8),
            "event": event,
            "suggestion": suggestion_id,
            "at_ms": int(time.time() * 1000),
        }
        line = json.dumps(told | {name: value for name, value in fields.items() if value is not None}) + "\n"
        path = self._folder / "events.jsonl"
        with contextlib.suppress(OSError), self._locked():
            if path.exists() and path.stat().st_size > LIMIT:
                return
            with os.fdopen(os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600), "a") as file:
                file.write(line)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with _lock(self._folder / "lock", wait=True):
            yield

    def _read(self, name: str) -> list[dict[str, Any]]:
        try:
            text = (self._folder / name).read_text("utf-8")
        except (OSError, ValueError):
            return []
        found = list[dict[str, Any]]()
        for line in text.splitlines():
            with contextlib.suppress(ValueError):  # the last line of a process that was killed
                if isinstance(row := json.loads(line), dict):
                    found.append(row)
        return found

    def _write(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        beside = self._folder / f"{name}.{os.getpid()}"
        with contextlib.suppress(OSError):
            with os.fdopen(os.open(beside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)
            os.replace(beside, self._folder / name)


def verdict_facts(verdict: Verdict) -> dict[str, Any]:
    """A verdict in names and numbers."""
    facts: dict[str, Any] = {
        "state": type(verdict).__name__.lower(),
        "checks": [one.name for one in verdict.checks if one.state != "skipped"][:20],
    }
    if isinstance(verdict, Unverified):
        facts["reason"] = verdict.reason
    ran = next((check.counts.run for check in verdict.checks if check.counts is not None), None)
    if ran is not None:
        facts["passed" if isinstance(verdict, Passed) else "failed"] = ran
    return facts


@contextlib.contextmanager
def _lock(path: Path, *, wait: bool) -> Iterator[bool]:
    """Held by one process at a time, where the system has such locks; given back when the process ends, however that comes."""
    try:
        import fcntl
    except ImportError:
        yield True
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            has_it = True
        except OSError:
            has_it = False
        yield has_it
    finally:
        os.close(handle)


def _lines(text: str) -> tuple[str, ...]:
    """Its lines that say something, as hashes: spaces and what formatters move do not count."""
    plain = ("".join(line.split()) for line in text.splitlines())
    return tuple(_hash(line) for line in plain if len(line) >= LEAST)[:400]


def _is_there(path: Path, lines: Sequence[str]) -> bool:
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError):
        return False
    # A line may have begun before it was completed: its end is looked for, too.
    there = {
        _hash(line[start:])
        for line in ("".join(one.split()) for one in text.splitlines())
        for start in range(min(len(line), 120))
    }
    return sum(1 for one in lines if one in there) >= KEPT_SHARE * len(lines)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _name(text: str) -> str:
    """A name as it may be told: what no name has is left out."""
    return "".join(one for one in text if one.isascii() and (one.isalnum() or one in "_./:@+ -"))[:80]
