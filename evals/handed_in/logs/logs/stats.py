"""Figures of a log."""

from collections import Counter

from logs.parse import Record


def levels(found: list[Record]) -> dict[str, int]:
    """How many records there are of each level."""
    return dict(Counter(one.level for one in found))


def busiest(found: list[Record], span: int = 60) -> int:
    """The beginning of the span with most records; the earliest of several. Raises ValueError where there are none."""
    if not found:
        raise ValueError("no records")
    counts = Counter(one.at // span * span for one in found)
    most = max(counts.values())
    return min(at for at, count in counts.items() if count == most)


def median_gap(found: list[Record]) -> float:
    """The median of the seconds between one record and the next; 0 where there are fewer than two."""
    times = sorted(one.at for one in found)
    gaps = sorted(b - a for a, b in zip(times, times[1:]))
    if not gaps:
        return 0
    middle = len(gaps) // 2
    return gaps[middle] if len(gaps) % 2 else (gaps[middle - 1] + gaps[middle]) / 2
