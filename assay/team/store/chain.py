"""The record's rows, each linked to the one before it by a keyed hash: a row that was changed, put in or taken out is found.

What names somebody stands apart in each row, bound to the chain by its digest alone, so that it can be erased and the chain still holds. The key is
outside the database: who can write there cannot make a chain of their own. The end of the chain is noted in a file beside the key, too, or rows that
are missing at the end would be missed by nobody.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from . import counts
from .tables import Entry, Head

FIRST = "0" * 64
AT_ONCE = 2_000  # rows that are read at a time
BELOW, ERASED = "retained", "erased"  # kinds of rows that say what was taken away, and by which rule


@dataclass(frozen=True, slots=True)
class Note:
    """Something to be recorded. `plain` are numbers and words that say nothing of anybody; `personal` is what does. `event`: an id that the same thing has when
    it is sent again. `source`: text, encrypted already."""

    kind: str
    plain: Mapping[str, Any] = field(default_factory=dict)
    personal: Mapping[str, Any] = field(default_factory=dict)
    person_id: int | None = None
    event: str | None = None
    suggestion: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the chain at a row."""

    seq: int
    why: str


class Chain:
    """Appends rows in a caller's transaction."""

    def __init__(self, key: bytes, head_file: Path) -> None:
        self._key = key
        self._head_file = head_file
        self._noting = threading.Lock()

    def append(self, session: Session, notes: Sequence[Note], at_ms: int | None = None) -> int:
        """Add them, but for those that are there; how many were added. They are counted, too. The end of the chain is held until the transaction ends."""
        head = self.hold(session)
        known = self._known(session, notes)
        now, seq, link = at_ms or int(time.time() * 1000), head.seq, head.link
        rows, added = list[dict[str, Any]](), list[Note]()
        for note in notes:
            if note.event is not None and note.event in known:
                continue
            if note.event is not None:
                known.add(note.event)
            seq += 1
            row = _row(note, seq, now)
            link = row["link"] = self._link(link, row)
            rows.append(row)
            added.append(note)
        if not rows:
            return 0
        session.execute(insert(Entry), rows)
        session.execute(update(Head).where(Head.id == 1).values(seq=seq, link=link))
        counts.add(session, [(one.kind, one.plain, one.person_id) for one in added], now)
        # A transaction that is taken back notes nothing: its session is not used again.
        event.listen(session, "after_commit", lambda _: self._noted(seq, link), once=True)
        return len(rows)

    def hold(self, session: Session) -> Head:
        """The end of the chain, which nobody else moves until this transaction is over."""
        asked = select(Head).where(Head.id == 1).with_for_update()
        head = session.scalars(asked).one_or_none()
        if head is None:  # two may be the first at once
            made: Any = (sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert)(Head)
            session.execute(made.values(id=1, seq=0, link=FIRST).on_conflict_do_nothing())
            head = session.scalars(asked).one()
        return head

    def anew(self, session: Session) -> None:
        """Note the end as the database has it: after it was brought back."""
        self._head_file.unlink(missing_ok=True)
        head = self.hold(session)
        self._noted(head.seq, head.link)

    def end(self, session: Session) -> int:
        """The number of the last row."""
        return session.scalar(select(Head.seq).where(Head.id == 1)) or 0

    def faults(self, connection: Connection) -> Iterator[Fault | int]:
        """Everything that is wrong with the chain; a number now and then is how many rows were looked at."""
        link, expected, personal = FIRST, 1, list[int]()
        begins, erased, odd = _rules(connection)
        yield from odd
        table = Entry.__table__
        rows = connection.execute(select(table).order_by(table.c.seq), execution_options={"yield_per": AT_ONCE})
        seq = 0
        for one in rows.mappings():
            row = dict(one)
            seq = row["seq"]
            if expected == 1 and seq > 1:
                if seq not in begins:
                    yield Fault(seq, f"{seq - 1} rows before it are missing")
                link = begins.get(seq, FIRST)
            elif seq != expected:
                yield Fault(seq, f"{seq - expected} rows before it are missing")
            expected = seq + 1
            if not hmac.compare_digest(self._link(link, row), row["link"]):
                yield Fault(seq, "it is not what was written, or the row before it is not")
            link = row["link"]
            if row["personal"] is None:
                personal.append(seq)
            elif _sealed(row["salt"] or "", row["personal"], row["source"]) != row["sealed"] or not _agrees(row):
                yield Fault(seq, "what it says of somebody is not what was written")
            if seq % AT_ONCE == 0:
                yield seq
        yield from _not_erased(personal, erased)
        head = connection.execute(select(Head.seq, Head.link)).one_or_none()
        if seq and self._told() is None:
            yield Fault(
                seq,
                f"where the chain ends is noted nowhere outside the database: {self._head_file} is not there or cannot be read",
            )
        for where, end in (("the database", head), ("the key's folder", self._told())):
            if end is not None and end[0] > seq:
                yield Fault(seq + 1, f"{end[0] - seq} rows at the end are missing: {where} knows row {end[0]}")
            elif end is not None and end[0] == seq and end[1] != link:
                yield Fault(seq, f"{where} knows another end of the chain")

    def _link(self, before: str, row: Mapping[str, Any]) -> str:
        plain = hashlib.sha256(row["plain"].encode()).hexdigest()
        told = "|".join([before, str(row["seq"]), str(row["at_ms"]), row["kind"], plain, row["sealed"]])
        return hmac.new(self._key, told.encode(), "sha256").hexdigest()

    def _known(self, session: Session, notes: Sequence[Note]) -> set[str]:
        events = [one.event for one in notes if one.event is not None]
        return set(session.scalars(select(Entry.event).where(Entry.event.in_(events)))) if events else set()

    def _noted(self, seq: int, link: str) -> None:
        """Note where the chain ends. Threads come here after their transactions, in no order: what is there already may be further on."""
        with self._noting:
            told = self._told()
            if told is not None and told[0] >= seq:
                return
            beside = self._head_file.with_name(f"{self._head_file.name}.{secrets.token_hex(4)}")
            with contextlib.suppress(OSError):
                with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                    file.write(json.dumps({"seq": seq, "link": link}))
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(beside, self._head_file)

    def _told(self) -> tuple[int, str] | None:
        try:
            told = json.loads(self._head_file.read_text())
            return int(told["seq"]), str(told["link"])
        except (OSError, ValueError, KeyError, TypeError):
            return None


def _row(note: Note, seq: int, at_ms: int) -> dict[str, Any]:
    told = {"person": note.person_id, "event": note.event, "suggestion": note.suggestion, **note.personal}
    personal, salt = json.dumps(told, sort_keys=True, ensure_ascii=False), secrets.token_hex(16)
    return {
        "seq": seq,
        "at_ms": at_ms,
        "kind": note.kind,
        "plain": json.dumps(note.plain, sort_keys=True, ensure_ascii=False),
        "person_id": note.person_id,
        "event": note.event,
        "suggestion": note.suggestion,
        "personal": personal,
        "salt": salt,
        "source": note.source,
        "sealed": _sealed(salt, personal, note.source),
    }


def _sealed(salt: str, personal: str, source: str | None) -> str:
    source_digest = hashlib.sha256((source or "").encode()).hexdigest()
    return hashlib.sha256(f"{salt}|{source_digest}|{personal}".encode()).hexdigest()


def _agrees(row: Mapping[str, Any]) -> bool:
    """Whether the columns that are searched by say what is sealed."""
    try:
        told = json.loads(row["personal"])
    except ValueError:
        return False
    return isinstance(told, dict) and all(row[column] == told.get(name) for column, name in (("person_id", "person"), ("event", "event"), ("suggestion", "suggestion")))  # fmt: skip


def _rules(connection: Connection) -> tuple[dict[int, str], list[Mapping[str, int]], list[Fault]]:
    """What rows say of what was taken away: where the chain may begin, with which link before it; how many rows between which two were erased; and rows that say nothing of the kind."""
    begins, erased, odd = dict[int, str](), list[Mapping[str, int]](), list[Fault]()
    told = select(Entry.seq, Entry.kind, Entry.plain).where(Entry.kind.in_((BELOW, ERASED))).order_by(Entry.seq)
    for seq, kind, plain in connection.execute(told):
        try:
            said = json.loads(plain)
            if kind == BELOW:
                begins[int(said["below"])] = str(said["link"])
            else:
                erased.append({name: int(said[name]) for name in ("first", "last", "rows")})
        except (ValueError, KeyError, TypeError):
            odd.append(Fault(seq, f"it does not say what was {kind}"))
    return begins, erased, odd


def _not_erased(rows: Sequence[int], erased: Sequence[Mapping[str, int]]) -> Iterator[Fault]:
    """Rows that say nothing of anybody though no rule took that away: outside of what was erased, or more than were."""
    within = [seq for seq in rows if any(one["first"] <= seq <= one["last"] for one in erased)]
    for seq in sorted(set(rows) - set(within)):
        yield Fault(seq, "what it said of somebody is gone, and nobody was erased there")
    allowed = sum(one["rows"] for one in erased)
    if len(within) > allowed:
        yield Fault(within[-1], f"{len(within) - allowed} rows more than were erased say nothing of anybody")
