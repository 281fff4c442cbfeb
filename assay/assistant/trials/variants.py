"""Variants of a file against tests: the likeliest first, in few containers, until somebody has enough or the time is up.

A variant that turns the tests green is only a candidate: what it proves is said by `proof/`, as of any other change.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass

from analyzers.text import Edit
from sandbox.api import Job, Progress, Project, Step, StepOutcome, TestResult

from ..workbench import Workbench

CONTAINERS = 2  # at once; each has a processor of its own where there are two
STEPS_LIMIT = 120  # variants of one container
SIZE_LIMIT = 6 << 20  # characters that a job carries
SLOWER = 5.0  # times as long as without a change, after which a variant is taken to hang
LEAST_S = 1.5


@dataclass(frozen=True, slots=True)
class Variant:
    """The file `name` with one edit."""

    name: str
    edit: Edit


@dataclass(frozen=True, slots=True)
class Goal:
    """What a variant has to reach: the `failing` tests are to be green and the `guards` to stay so; all of them took `took_s` without a change. `files`
    are what the archive lacks, `texts` the variants' files as they are; a test that takes longer than `test_s` is interrupted (0: none is)."""

    project: Project
    failing: Mapping[str, TestResult]
    guards: tuple[str, ...]
    files: tuple[tuple[str, str | None], ...]
    texts: Mapping[str, str]
    took_s: float
    doctests: bool = False
    is_urgent: bool = True
    test_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Tried:
    """What a variant did, by its `number` among those that were given: whether all tests are green with it; and its `effect`, how well what it changes is what fails (0 to 1): Ochiai over the
    tests that end otherwise than without it."""

    number: int
    effect: float
    is_green: bool


async def tried(
    bench: Workbench, goal: Goal, wanted: Sequence[Variant], until: float, tell: Callable[[int, int], None]
) -> AsyncGenerator[Tried, None]:
    """The variants as they are tried, until the time `until` (of time.monotonic); whoever has enough stops asking."""
    left = list(enumerate(wanted))
    count = 0
    while left and time.monotonic() < until:
        parts = _parts(left, goal)
        queue: _Outcomes = asyncio.Queue()
        jobs = [asyncio.create_task(_run(bench, goal, part, queue)) for part in parts]
        ended = 0
        try:
            while ended < len(jobs):
                try:
                    item = await asyncio.wait_for(queue.get(), max(0.01, until - time.monotonic()))
                except TimeoutError:
                    return
                if item is None:
                    ended += 1
                    continue
                number, outcome = item
                count += 1
                tell(count, len(wanted))
                yield _weighed(goal, number, outcome)
            for job in jobs:
                job.result()
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
        took = {number for part in parts for number, _ in part}
        left = [one for one in left if one[0] not in took]


_Turn = tuple[int, Variant]
_Outcomes = asyncio.Queue[tuple[int, StepOutcome] | None]


def _parts(left: Sequence[_Turn], goal: Goal) -> list[list[_Turn]]:
    """What the containers try now: by turns, so that the likeliest are first in each."""
    size = max(1, sum(map(len, goal.texts.values())))
    count = min(len(left), CONTAINERS * max(1, min(STEPS_LIMIT, SIZE_LIMIT // size)))
    return [part for n in range(CONTAINERS) if (part := list(left[n:count:CONTAINERS]))]


async def _run(bench: Workbench, goal: Goal, part: Sequence[_Turn], queue: _Outcomes) -> None:
    limit_s = max(LEAST_S, SLOWER * goal.took_s)

    def step(number: int, one: Variant) -> Step:
        text, edit = goal.texts[one.name], one.edit
        mutated = text[: edit.span.start] + edit.text + text[edit.span.end :]
        originals = {name: bench.projects.sent(kept) for name, kept in goal.texts.items()}
        files = originals | {one.name: bench.projects.sent(mutated)}
        first = goal.files if number == 0 else ()
        tests = (*goal.failing, *goal.guards)
        return Step(
            "pytest", limit_s, (*first, *files.items()), tests, goal.doctests, quiet_s=limit_s, test_s=goal.test_s
        )

    steps = tuple(step(place, one) for place, (_, one) in enumerate(part))
    try:
        progress = Progress(outcome=lambda number, outcome: queue.put_nowait((part[number][0], outcome)))
        await bench.sandbox.run(Job(goal.project, steps, goal.is_urgent), progress)
    finally:
        queue.put_nowait(None)


def _weighed(goal: Goal, number: int, outcome: StepOutcome) -> Tried:
    """What the tests say of a variant, by their own word; the proof of a green one looks closer."""
    report = outcome.tests
    by_id = {test.id: test for test in report.tests}
    green = {test.id for test in report.tests if test.outcome in ("passed", "skipped", "xfailed")}
    if outcome.timed_out or report.collect_errors or not report.finished:
        return Tried(number, 0.0, is_green=False)
    red = [test for test, was in goal.failing.items() if test in green or by_id.get(test, was).detail != was.detail]
    broken = [test for test in goal.guards if test not in green]
    effect = len(red) / math.sqrt(len(goal.failing) * (len(red) + len(broken))) if red else 0.0
    return Tried(number, effect, is_green=green.issuperset(goal.failing) and not broken)
