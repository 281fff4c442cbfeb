"""The record as the server keeps it: events of clients come in, rows that are too old go, somebody's own are shown or erased, and all of it goes out as a table."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from assay.team.store import counts
from assay.team.store.chain import BELOW, ERASED, Chain, Note
from assay.team.store.tables import Count, Entry, Person, Token

PAGE = 50
COLUMNS = ("seq", "at_ms", "kind", "person", "suggestion", "plain", "personal", "link")


@dataclass(frozen=True, slots=True)
class Sought:
    """Which rows: all fields that are given."""

    kind: str = ""
    person: str = ""
    suggestion: str = ""
    since_ms: int = 0
    below: int = 0  # rows before this number, for the next page


def rows(session: Session, sought: Sought, most: int = PAGE) -> list[dict[str, Any]]:
    """The newest first."""
    found = _asked(session, sought).order_by(Entry.seq.desc()).limit(most)
    return [_told(entry, name) for entry, name in session.execute(found)]


def all_rows(
    session: Session, sought: Sought, shown: Callable[[str], str] = lambda _: "kept"
) -> Iterator[dict[str, Any]]:
    """The oldest first, a thousand at a time; `shown` tells a text that was kept."""
    found = _asked(session, sought).order_by(Entry.seq)
    for entry, name in session.execute(found, execution_options={"yield_per": 1_000}):
        session.expunge(entry)
        yield _told(entry, name) | ({"text": shown(entry.source)} if entry.source else {})


def exported(found: Iterator[dict[str, Any]], form: str) -> Iterator[str]:
    """As CSV with a head, or as JSON Lines."""
    if form == "jsonl":
        for row in found:
            yield json.dumps(row, ensure_ascii=False) + "\n"
        return
    buffer = io.StringIO()
    table = csv.writer(buffer)
    table.writerow(COLUMNS)
    for row in found:
        table.writerow([_cell(row[name]) for name in COLUMNS])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def erase(session: Session, chain: Chain, person: Person) -> int:
    """What the record says of somebody goes, and their rows become numbers; how many. Their name is taken from them, too, and their tokens open nothing for good."""
    chain.hold(session)  # or a batch that comes meanwhile would be erased and not counted
    mine = (Entry.person_id == person.id, Entry.personal.is_not(None))
    first, last = session.execute(select(func.min(Entry.seq), func.max(Entry.seq)).where(*mine)).one()
    gone: Mapping[str, Any] = {
        "person_id": None,
        "personal": None,
        "salt": None,
        "source": None,
        "event": None,
        "suggestion": None,
    }
    done: Any = session.execute(update(Entry).where(*mine).values(gone))
    _merge(session, person.id)
    now = int(time.time() * 1000)
    session.execute(update(Token).where(Token.person_id == person.id).values(revoked_ms=now, label="", digest=""))
    person.name, person.subject, person.disabled_ms = f"erased-{person.id}", None, person.disabled_ms or now
    chain.append(session, [Note(ERASED, {"first": first or 0, "last": last or 0, "rows": done.rowcount})])
    return int(done.rowcount)


def forget_before(session: Session, chain: Chain, before_ms: int) -> int:
    """Rows that are older go; how many. What was counted of them stays, and the chain begins behind them."""
    chain.hold(session)
    below = session.scalar(select(func.min(Entry.seq)).where(Entry.at_ms >= before_ms))
    first = session.scalar(select(func.min(Entry.seq)))
    newest = session.scalar(select(func.max(Entry.seq)))
    if first is None or newest is None:
        return 0
    below = below if below is not None else newest  # the last one stays: the chain goes on from it
    if below <= first:
        return 0
    link = session.scalar(select(Entry.link).where(Entry.seq == below - 1))
    gone = session.scalar(select(func.count()).where(Entry.seq < below)) or 0
    session.execute(delete(Entry).where(Entry.seq < below))
    chain.append(session, [Note(BELOW, {"below": below, "link": link, "rows": gone})])
    return int(gone)


def _asked(session: Session, sought: Sought) -> Any:
    where = list[ColumnElement[bool]]()
    if sought.kind:
        where.append(Entry.kind == sought.kind)
    if sought.person:
        who = session.scalar(select(Person.id).where(Person.name == sought.person.lower()))
        where.append(Entry.person_id == (who if who is not None else -1))
    if sought.suggestion:
        where.append(Entry.suggestion == sought.suggestion)
    if sought.since_ms:  # rows are in the order of their times, and read by their numbers
        first = session.scalar(
            select(Entry.seq).where(Entry.at_ms >= sought.since_ms).order_by(Entry.at_ms, Entry.seq).limit(1)
        )
        where.append(Entry.seq >= (first if first is not None else 1 << 62))
    if sought.below:
        where.append(Entry.seq < sought.below)
    return select(Entry, Person.name).outerjoin(Person, Person.id == Entry.person_id).where(*where)


def _told(entry: Entry, name: str | None) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "at_ms": entry.at_ms,
        "kind": entry.kind,
        "person": name or "",
        "suggestion": entry.suggestion or "",
        "plain": json.loads(entry.plain),
        "personal": json.loads(entry.personal) if entry.personal else None,
        "link": entry.link,
    }


def _cell(value: Any) -> Any:
    """As a table program reads it, which takes what begins with one of these for a formula."""
    text = (
        json.dumps(value, ensure_ascii=False, sort_keys=True)
        if isinstance(value, dict)
        else ""
        if value is None
        else value
    )
    return f"'{text}" if isinstance(text, str) and text[:1] in "=+-@\t\r" and text else text


def _merge(session: Session, person_id: int) -> None:
    """What was counted for somebody counts for nobody from now on."""
    mine: Sequence[Count] = session.scalars(select(Count).where(Count.person_id == person_id)).all()
    kept = [
        {
            "day": one.day,
            "person_id": 0,
            "kind": one.kind,
            "model": one.model,
            "measure": one.measure,
            "count": one.count,
        }
        for one in mine
    ]
    session.execute(delete(Count).where(Count.person_id == person_id))
    counts.put(session, kept)
