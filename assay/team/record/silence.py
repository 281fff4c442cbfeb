"""When to stay silent, from the team's own record: how likely a suggestion has to be kept before it is shown, by the kind of place.

A suggestion that is taken saves its characters; one that is not costs the look at it. For each kind the least probability is sought that is worth most on the
earlier days; it counts only where it is better on the days that were held out, with an interval that excludes nothing gained. What was never shown is in no
record, so this makes an assistant calmer and never louder.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from assay.team.store.counts import DAY_MS
from assay.team.store.tables import Entry

COST_CHARS = 5.0  # that a look at a suggestion costs which is not taken, in characters that could be typed meanwhile
HELD_OUT = 0.3  # of the days, the last ones
LEAST_COUNT, LEAST_DAYS = 300, 10  # of a kind, to say anything
STEPS = tuple(step / 20 for step in range(20))
RESAMPLED, SEED = 2_000, 7


@dataclass(frozen=True, slots=True)
class Shown:
    """A suggestion as the record has it: on which day, how likely it was said to be kept, and what became of it."""

    day: int
    kind: str
    confidence: float
    chars: int
    is_accepted: bool

    @property
    def worth(self) -> float:
        """In characters."""
        return self.chars if self.is_accepted else -COST_CHARS


@dataclass(frozen=True, slots=True)
class Found:
    """Of a kind: the least probability; what is gained by it a suggestion, in characters, on the days that were held out, with its interval of 95 %; which share
    of what was accepted there is shown still, and of what was not. `why` says why there is none."""

    kind: str
    count: int
    least: float = 0.0
    gain: float = 0.0
    interval: tuple[float, float] = (0.0, 0.0)
    accepted_kept: float = 1.0
    others_kept: float = 1.0
    why: str = ""

    @property
    def is_better(self) -> bool:
        """Whether it is worth switching on."""
        return self.least > 0 and self.interval[0] > 0


def shown(session: Session, since_ms: int) -> list[Shown]:
    """What the record has since then, of which a probability is known."""
    fates = select(Entry.suggestion, Entry.plain).where(
        Entry.kind == "fate", Entry.at_ms >= since_ms, Entry.suggestion.is_not(None)
    )
    accepted = {
        suggestion for suggestion, plain in session.execute(fates) if json.loads(plain).get("fate") == "accepted"
    }
    asked = select(Entry.at_ms, Entry.suggestion, Entry.plain).where(
        Entry.kind == "suggestion", Entry.at_ms >= since_ms
    )
    found = list[Shown]()
    for at_ms, suggestion, plain in session.execute(asked, execution_options={"yield_per": 2_000}):
        told = json.loads(plain)
        confidence = told.get("confidence")
        if suggestion is not None and type(confidence) in (int, float):
            found.append(
                Shown(
                    at_ms // DAY_MS,
                    str(told.get("kind", "")),
                    float(confidence),
                    int(told.get("chars", 0)),
                    suggestion in accepted,
                )
            )
    return found


def calibrated(every: Sequence[Shown]) -> list[Found]:
    """For each kind; pure."""
    by_kind = defaultdict[str, list[Shown]](list)
    for one in every:
        by_kind[one.kind].append(one)
    return [_calibrated(kind, told) for kind, told in sorted(by_kind.items())]


def _calibrated(kind: str, told: Sequence[Shown]) -> Found:
    days = sorted({one.day for one in told})
    if len(told) < LEAST_COUNT or len(days) < LEAST_DAYS:
        return Found(
            kind,
            len(told),
            why=f"{len(told)} suggestions on {len(days)} days tell too little: {LEAST_COUNT} on {LEAST_DAYS} are needed",
        )
    first_out = days[-max(1, round(HELD_OUT * len(days)))]
    seen, held = [one for one in told if one.day < first_out], [one for one in told if one.day >= first_out]
    least = max(STEPS, key=lambda step: (sum(one.worth for one in seen if one.confidence >= step), -step))
    if not least:
        return Found(kind, len(told), why="to show all of them is worth most")
    by_day = defaultdict[int, list[float]](list)
    for one in held:
        by_day[one.day].append(-one.worth if one.confidence < least else 0.0)  # what staying silent gains
    gains, count = [sum(one) for one in by_day.values()], len(held)
    chance = random.Random(SEED)
    sizes = [len(one) for one in by_day.values()]
    drawn = sorted(_mean(gains, sizes, chance) for _ in range(RESAMPLED))
    return Found(
        kind,
        len(told),
        least,
        sum(gains) / count,
        (drawn[int(0.025 * RESAMPLED)], drawn[int(0.975 * RESAMPLED) - 1]),
        _share([one for one in held if one.is_accepted], least),
        _share([one for one in held if not one.is_accepted], least),
    )


def _mean(gains: Sequence[float], sizes: Sequence[int], chance: random.Random) -> float:
    """Of as many days, drawn again."""
    days = [chance.randrange(len(gains)) for _ in gains]
    return sum(gains[day] for day in days) / sum(sizes[day] for day in days)


def _share(told: Sequence[Shown], least: float) -> float:
    return sum(1 for one in told if one.confidence >= least) / len(told) if told else 1.0


def read(value: str | None) -> Mapping[str, float]:
    """What was switched on, by kind."""
    try:
        told = json.loads(value or "{}")
    except ValueError:
        return {}
    return {str(kind): float(least) for kind, least in told.items() if type(least) in (int, float) and 0 <= least < 1}
