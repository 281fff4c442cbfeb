"""When to ask the model: after the pause that this person makes, less the time that the model takes. Pure but for the clock given in."""

from __future__ import annotations

from collections import deque
from statistics import median

PAUSE_S = 1.5  # a longer gap between keys is thinking, not rhythm
GAPS = 12  # of the last keys
AT_MOST_S = 0.25  # nobody waits longer for the pace alone
PATIENCE_STEP_S, PATIENCE_FREE = 0.03, 3  # each suggestion passed over beyond the third in a row calms the next request


class Pace:
    """The typing rhythm of one window and how long its model takes."""

    def __init__(self) -> None:
        self._gaps: deque[float] = deque(maxlen=GAPS)
        self._last_s: float | None = None
        self._latency_s = 0.0

    def key(self, now_s: float) -> None:
        """A request came because of a key, at `now_s` of a monotonic clock."""
        if self._last_s is not None and (gap := now_s - self._last_s) < PAUSE_S:
            self._gaps.append(gap)
        self._last_s = now_s

    def answered(self, took_s: float) -> None:
        """The model took this long from request to the end of its line."""
        self._latency_s = took_s if not self._latency_s else 0.7 * self._latency_s + 0.3 * took_s

    @property
    def latency_s(self) -> float:
        """What the model takes as a rule; 0 while that is not known."""
        return self._latency_s

    def wait_s(self, least_s: float, streak: int) -> float:
        """How long a request should wait before it reaches the model. A model that is slower than the gap between keys is
        asked at once: its answer would come after the next key anyway, and may still agree with it."""
        rhythm = median(self._gaps) if len(self._gaps) >= GAPS // 3 else 0.0
        calm = max(0, streak - PATIENCE_FREE) * PATIENCE_STEP_S
        return min(AT_MOST_S, max(least_s, rhythm - self._latency_s) + calm)
