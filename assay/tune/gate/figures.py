"""Figures of before and after at the same places, with paired intervals, and what they come to. Pure."""

from __future__ import annotations

import difflib
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

RESAMPLES = 2000
DIFFERING = 6  # pairs that differ: of fewer all may go one way by chance (a sign test's 0.03)
# What 95 % of Student's t lies within for so many texts less one, over what it does of very many.
_WIDER = (6.48, 2.20, 1.62, 1.42, 1.31, 1.25, 1.21, 1.18, 1.15, 1.14)
Better = Literal["more", "less"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table: what is measured, in which unit, at how many places; the means before and after; the paired difference with its 95 % interval (bootstrap). `better` is its good direction."""

    name: str
    unit: str
    better: Better
    count: int
    before: float
    after: float
    low: float
    high: float

    @property
    def is_gain(self) -> bool:
        """Whether the interval excludes no gain."""
        return self.count > 0 and (self.low > 0 if self.better == "more" else self.high < 0)

    @property
    def is_loss(self) -> bool:
        """Whether it excludes no loss."""
        return self.count > 0 and (self.high < 0 if self.better == "more" else self.low > 0)


DECIDES = "bits per token"  # the row that has to be a gain: each place says something to it


@dataclass(slots=True)
class Pairs:
    """Values of both sides at the same places. `weights` of ratios: what their sums are divided by (tokens, characters), else each place is one. `groups`: which file each place is of: places of one are alike, also in several
    states of it, so whole files are drawn."""

    before: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)

    def mean(self, chosen: Iterable[int]) -> tuple[float, float]:
        """Of both sides, at some places."""
        places = list(chosen)
        whole = max(1e-9, sum(self.weights[at] for at in places) if self.weights else len(places))
        return sum(self.before[at] for at in places) / whole, sum(self.after[at] for at in places) / whole

    def by_group(self) -> list[list[int]]:
        """The places of each file."""
        places = range(len(self.before))
        found: dict[object, list[int]] = {}
        for at, group in zip(places, self.groups or places, strict=True):
            found.setdefault(group, []).append(at)
        return [*found.values()]


def figure(name: str, unit: str, better: Better, pairs: Pairs) -> Figure:
    """The row of paired values. The interval is that of whole files drawn with replacement, wider for a few of them by Student's t and by how much a drawn spread is too small; of one file, and of fewer than DIFFERING pairs that
    differ, it excludes nothing."""
    count, groups = len(pairs.before), pairs.by_group()
    if not count:
        return Figure(name, unit, better, 0, 0.0, 0.0, 0.0, 0.0)
    chance = random.Random(3)  # noqa: S311  a bootstrap is no secret
    means = [
        pairs.mean(at for group in chance.choices(groups, k=len(groups)) for at in group) for _ in range(RESAMPLES)
    ]
    drawn = sorted(after - before for before, after in means)
    before, after = pairs.mean(range(count))
    middle, wider = after - before, _wider(len(groups))
    low, high = (middle + wider * (end - middle) for end in (drawn[RESAMPLES // 40], drawn[-RESAMPLES // 40 - 1]))
    if len(groups) == 1 or sum(one != other for one, other in zip(pairs.before, pairs.after, strict=True)) < DIFFERING:
        low, high = min(low, 0.0), max(high, 0.0)
    return Figure(name, unit, better, count, before, after, low, high)


def _wider(groups: int) -> float:
    """By how much the interval of so many drawn files is too narrow."""
    free = max(1, groups - 1)
    return float((_WIDER[free - 1] if free <= len(_WIDER) else 1 + 1.3 / free) * (groups / free) ** 0.5)


def verdict(rows: Sequence[Figure]) -> tuple[bool, str]:
    """Whether after is better, with the sentence that says why: the deciding row is a gain, and none is a loss."""
    deciding = next(one for one in rows if one.name == DECIDES)
    losses = [one.name for one in rows if one.is_loss]
    if losses:
        return False, f"Not better: {', '.join(losses)} got worse, beyond chance."
    if not deciding.is_gain:
        return (
            False,
            f"Not better: {DECIDES} went from {deciding.before:.3f} to {deciding.after:.3f}, which may be chance ({deciding.low:+.3f} to {deciding.high:+.3f}).",
        )
    gains = [one.name for one in rows if one.is_gain]
    return True, f"Better: {', '.join(gains)}, beyond chance; nothing worse."


def table(rows: Sequence[Figure]) -> str:
    """For a terminal and a page."""
    lines = ["| measure | places | before | after | difference (95 %) |", "|---|---|---|---|---|"]
    for one in rows:
        if not one.count:
            lines.append(f"| {one.name} | 0 | | | {one.unit} |")
            continue
        show = percent if one.unit == "%" else plain
        lines.append(
            f"| {one.name} | {one.count} | {show(one.before)} | {show(one.after)} | {show(one.after - one.before, '+')} ({show(one.low, '+')} to {show(one.high, '+')}) |"
        )
    return "\n".join(lines)


def percent(value: float, sign: str = "") -> str:
    """A share."""
    return f"{100 * value:{sign}.1f} %"


def plain(value: float, sign: str = "") -> str:
    """A number."""
    return f"{value:{sign}.3f}"


def similarity(one: str, other: str) -> float:
    """Of two texts, from 0 to 1: the share of characters in common runs (Ratcliff and Obershelp)."""
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()


def as_json(rows: Sequence[Figure]) -> list[dict[str, Any]]:
    """For gate.json."""
    return [
        {
            "name": one.name,
            "unit": one.unit,
            "better": one.better,
            "places": one.count,
            "before": one.before,
            "after": one.after,
            "low": one.low,
            "high": one.high,
        }
        for one in rows
    ]


def of_json(found: Sequence[Mapping[str, Any]]) -> list[Figure]:
    """Raises KeyError, TypeError or ValueError."""
    names = ("before", "after", "low", "high")
    return [
        Figure(
            str(one["name"]), str(one["unit"]), one["better"], int(one["places"]), *(float(one[name]) for name in names)
        )
        for one in found
    ]
