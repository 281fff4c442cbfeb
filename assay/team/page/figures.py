"""What pages show, from the counts alone: a million rows of the record are not read for it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assay.team.store import counts
from assay.team.store.counts import EVERYBODY
from assay.team.store.tables import Count, Person

STATES = ("passed", "unverified", "failed")
EPOCH = date(1970, 1, 1)
SHARES = (0.5, 0.9, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Row:
    """Of a kind and a model: what was offered and what became of it."""

    kind: str
    model: str
    offered: int
    accepted: int
    rejected: int
    kept: int
    gone: int

    @property
    def accepted_share(self) -> float | None:
        """Of what was offered."""
        return self.accepted / self.offered if self.offered else None

    @property
    def kept_share(self) -> float | None:
        """Of what was looked at a day after it was accepted."""
        return self.kept / (self.kept + self.gone) if self.kept + self.gone else None


@dataclass(frozen=True, slots=True)
class Figures:
    """Of some days, the oldest first."""

    days: tuple[date, ...]
    verdicts: Mapping[str, tuple[int, ...]]  # by state, for each day
    rows: tuple[Row, ...]
    why: tuple[tuple[str, int], ...]  # why nothing was proved, the most frequent first
    waits: Mapping[str, tuple[int | None, ...]]  # by part of a suggestion, or kind of request: percentiles in ms
    contradicted: int
    up: int
    down: int
    requests: tuple[int, ...]

    @property
    def offered(self) -> int:
        """Suggestions in all."""
        return sum(one.offered for one in self.rows)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was recorded."""
        return not self.offered and not any(self.requests)


def today() -> date:
    """In UTC, as everything here."""
    return datetime.now(UTC).date()


def of(session: Session, days: int, person_id: int = EVERYBODY, until: date | None = None) -> Figures:
    """The last so many days, of all together or of one person."""
    last = until or today()
    shown = tuple(last - timedelta(days=back) for back in range(days - 1, -1, -1))
    first = (shown[0] - EPOCH).days
    asked = select(Count.day, Count.kind, Count.model, Count.measure, Count.count)
    found = session.execute(
        asked.where(Count.person_id == person_id, Count.day >= first, Count.day <= first + days - 1)
    )
    verdicts, requests = {state: [0] * days for state in STATES}, [0] * days
    by_kind = defaultdict[tuple[str, str], Counter[str]](Counter)
    whole, waits = Counter[str](), defaultdict[str, Counter[int]](Counter)
    for day, kind, model, measure, count in found:
        name, _, edge = measure.partition(":")
        if measure in verdicts:
            verdicts[measure][day - first] += count
        if measure == "requests":
            requests[day - first] += count
        if edge.isdigit():
            waits[kind if name == "whole" else name][int(edge)] += count
        else:
            whole[measure] += count
            by_kind[kind, model][measure] += count
    rows = [
        Row(kind, model, told["offered"], told["accepted"], told["rejected"], told["kept"], told["gone"])
        for (kind, model), told in by_kind.items()
        if told["offered"] or told["accepted"]
    ]
    return Figures(
        shown,
        {state: tuple(told) for state, told in verdicts.items()},
        tuple(sorted(rows, key=lambda one: -one.offered)),
        tuple(
            (measure.partition(":")[2], count) for measure, count in whole.most_common() if measure.startswith("why:")
        ),
        {name: tuple(counts.percentile(told, share) for share in SHARES) for name, told in sorted(waits.items())},
        whole["contradicted"],
        whole["up"],
        whole["down"],
        tuple(requests),
    )


@dataclass(frozen=True, slots=True)
class Of:
    """One person's part."""

    person: Person
    offered: int
    accepted: int
    kept: int
    gone: int
    requests: int
    tokens: int


def of_people(session: Session, days: int) -> list[Of]:
    """Everybody's, who asked for most first."""
    first = (today() - EPOCH).days - days + 1
    wanted = ("offered", "accepted", "kept", "gone", "requests", "tokens")
    asked = select(Count.person_id, Count.measure, func.sum(Count.count)).where(
        Count.person_id > 0, Count.day >= first, Count.measure.in_(wanted)
    )
    told = defaultdict[int, Counter[str]](Counter)
    for person_id, measure, count in session.execute(asked.group_by(Count.person_id, Count.measure)):
        told[person_id][measure] = int(count)
    found = [Of(one, *(told[one.id][name] for name in wanted)) for one in session.scalars(select(Person))]
    return sorted(found, key=lambda one: (-one.requests, -one.offered, one.person.name))


def joined(rows: Iterable[Row]) -> list[Row]:
    """By model alone."""
    found = defaultdict[str, list[Row]](list)
    for one in rows:
        found[one.model or "the code nearby"].append(one)
    return [
        Row(
            "",
            model,
            *(sum(getattr(one, name) for one in told) for name in ("offered", "accepted", "rejected", "kept", "gone")),
        )
        for model, told in found.items()
    ]
