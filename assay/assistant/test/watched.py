"""One look at the tests that are there, under watch. A test that gives no sign of life there ends the run: the others are run without it, and it by itself, unwatched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from sandbox.api import Entry, Job, Project, Step, StepOutcome, Taken, TestResult

from ..workbench import Workbench

TURNS = 12  # of one suite: as many tests may hang in it
ALONE_S = 60.0  # of a test that hung under watch


@dataclass(slots=True)
class Watched:
    """All tests by their ids, in the order in which they ran; by test and file the lines executed, what functions were called with and by which other calls they were reached, tests that may have executed anything, and seconds of all runs."""

    tests: dict[str, TestResult] = field(default_factory=dict)
    lines: dict[str, Mapping[str, frozenset[int]]] = field(default_factory=dict)
    taken: dict[str, dict[int, tuple[Taken, ...]]] = field(default_factory=dict)
    entries: dict[str, dict[int, tuple[Entry, ...]]] = field(default_factory=dict)
    unseen: set[str] = field(default_factory=set)
    took_s: float = 0.0

    def add(self, outcome: StepOutcome) -> None:
        """What another run tells."""
        report = outcome.tests
        self.took_s += outcome.ms / 1000
        self.tests |= {one.id: one for one in report.tests if one.outcome != "left"}
        self.lines |= report.lines
        self.unseen |= report.unseen
        _join(self.taken, report.taken)
        _join(self.entries, report.entries)


Seen = TypeVar("Seen", Taken, Entry)


def _join(known: dict[str, dict[int, tuple[Seen, ...]]], more: Mapping[str, Mapping[int, tuple[Seen, ...]]]) -> None:
    """By file and first line what is known and what is new."""
    for name, found in more.items():
        own = known.setdefault(name, {})
        for first, calls in found.items():
            before: tuple[Seen, ...] = own.get(first, ())
            own[first] = before + tuple(one for one in calls if one not in before)


async def run(bench: Workbench, project: Project, step: Step) -> Watched:
    """All tests of a watched step. Raises SandboxUnavailable."""
    found, hung = Watched(), dict[str, None]()
    for _ in range(TURNS):
        (outcome,) = await bench.sandbox.run(Job(project, (step,)))
        found.add(outcome)
        tests = outcome.tests.tests
        if outcome.hung:
            hung |= {plain(one.id): None for one in tests if one.outcome == "missing"}
        left = dict.fromkeys(plain(one.id) for one in tests if one.outcome == "left")
        if not outcome.timed_out or all(one.outcome == "left" for one in tests):
            break
        step = replace(step, tests=tuple(one for one in left if one not in hung))
        if not step.tests:
            break
    if hung:
        alone = replace(
            step, tests=tuple(hung), watched=(), takes=False, quiet_s=ALONE_S, timeout_s=ALONE_S * len(hung)
        )
        (outcome,) = await bench.sandbox.run(Job(project, (alone,)))
        found.add(outcome)
        found.unseen |= {one.id for one in outcome.tests.tests if one.is_green}
    return found


def plain(test: str) -> str:
    """A test's id without its parameters."""
    return test.partition("[")[0]
