"""Counts by day, person, kind and model: what pages show without reading the record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from .tables import Count

DAY_MS = 86_400_000
EVERYBODY = -1  # whose rows are of all together, so that a page about the team does not read everybody's
EDGES_MS = (
    50,
    100,
    200,
    300,
    400,
    600,
    800,
    1_000,
    1_500,
    2_000,
    3_000,
    5_000,
    10_000,
    30_000,
)  # of the times that are told as percentiles
BEYOND = 60_000
AT_ONCE = 500  # rows of one statement; SQLite takes some thousand values


def day_of(at_ms: int) -> int:
    """Days since 1970, in UTC."""
    return at_ms // DAY_MS


def add(session: Session, notes: Iterable[tuple[str, Mapping[str, Any], int | None]], at_ms: int) -> None:
    """Count what is recorded: (kind of row, what it says plainly, who)."""
    found = Counter[tuple[int, str, str, str]]()
    for row_kind, told, person_id in notes:
        kind, model = plain(told.get("kind", ""), 24), plain(told.get("model", ""))
        for measure, count in measures(row_kind, told):
            found[person_id or 0, kind, model, measure] += count
    rows = [{"day": day_of(at_ms), "person_id": who, "kind": kind, "model": model, "measure": measure, "count": count} for (who, kind, model, measure), count in sorted(found.items())]  # fmt: skip
    added(session, rows)


def added(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add to what is counted, for whom it is and for everybody; rows of `Count` by their columns."""
    whole = Counter[tuple[int, str, str, str]]()
    for row in rows:
        whole[row["day"], row["kind"], row["model"], row["measure"]] += row["count"]
    put(session, rows)
    put(session, [{"day": day, "person_id": EVERYBODY, "kind": kind, "model": model, "measure": measure, "count": count} for (day, kind, model, measure), count in sorted(whole.items())])  # fmt: skip


def put(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add to these rows alone."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    for start in range(0, len(rows), AT_ONCE):
        made: Any = (sqlite.insert if is_sqlite else postgresql.insert)(Count).values(
            list(rows[start : start + AT_ONCE])
        )
        keys = ["day", "person_id", "kind", "model", "measure"]
        session.execute(
            made.on_conflict_do_update(index_elements=keys, set_={"count": Count.count + made.excluded.count})
        )


def measures(row_kind: str, plain: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """What one row counts for."""
    match row_kind:
        case "suggestion":
            yield "offered", 1
            verdict = plain.get("verdict") or {}
            if state := verdict.get("state"):
                yield str(state)[:24], 1
                if state == "unverified" and (why := verdict.get("reason")):
                    yield f"why:{str(why)[:40]}", 1
            for name, took in (plain.get("took_ms") or {}).items():
                yield f"{str(name)[:12]}:{edge(took)}", 1
        case "fate":
            yield str(plain.get("fate"))[:24], 1
        case "contradicted":
            yield "contradicted", 1
        case "feedback":
            yield ("up" if plain.get("thumb") == "up" else "down"), 1
        case "usage":
            yield "requests", int(plain.get("requests", 0))
            yield "tokens", int(plain.get("tokens", 0))
        case _:
            yield f"row:{row_kind}"[:48], 1


def plain(text: object, most: int = 128) -> str:
    """A name as both databases take it."""
    return "".join(one for one in str(text) if one.isprintable())[:most]


def edge(took_ms: float) -> int:
    """The bucket that a time is counted in."""
    return next((one for one in EDGES_MS if took_ms <= one), BEYOND)


def percentile(buckets: Mapping[int, int], share: float) -> int | None:
    """The edge, in milliseconds, below which this share of what was counted lies; None where nothing was."""
    whole, seen = sum(buckets.values()), 0
    for edge in sorted(buckets):
        seen += buckets[edge]
        if whole and seen >= share * whole:
            return edge
    return None
