"""What is run once more before a red test speaks against a change: is it red again, was it green before somebody began to edit, and does it
wait for something else that nobody has written yet?
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from analyzers import unfinished
from sandbox.api import Job, Project, Sandbox, Step, StepOutcome

from ..evidence import Evidence
from . import weighing

AGAIN = 8  # broken tests that are run once more at first
QUIET_S = 5.0  # for one that hung, and that ended without the change


@dataclass(frozen=True, slots=True)
class Home:
    """Where it runs: the project in its sandbox."""

    sandbox: Sandbox
    project: Project


async def confirmed(place: Home, step: Step, found: Evidence) -> Evidence:
    """What was green and is red, run once more, traced and not: a flaky test is no witness, nor one that cannot be watched, nor one that has nothing to do with the change."""
    asked: set[str] = set()
    while found.broken and not found.tampering:
        owing = [test for test in found.broken if test not in asked]
        if not owing or (asked and set(found.broken) & asked):
            break  # one that was asked is red again: the others need no second run
        some = sorted(owing, key=lambda test: test in found.missed)[: len(owing) if asked else AGAIN]
        asked |= set(some)
        again = replace(_of(step, some), traces=True)
        plain = _of(replace(step, pieces=()), some)
        # Each in a container of its own: what the one leaves behind is not there for the other.
        (outcome,), (unwatched,) = await asyncio.gather(
            place.sandbox.run(Job(place.project, (again,))), place.sandbox.run(Job(place.project, (plain,)))
        )
        found = weighing.confirmed(found, frozenset(some), again, outcome, unwatched)
    if found.flaky and not found.broken:  # alone they are green: it may be what the others leave behind
        (outcome,) = await place.sandbox.run(Job(place.project, (replace(step, pieces=()),)))
        found = weighing.in_company(found, step, outcome)
    return found


async def edited(place: Home, step: Step, found: Evidence, standing: str) -> Evidence:
    """Which of the tests that are red with the change are green with what stands there now: a line that worked is edited."""
    red = found.broken + found.stuck + found.barring
    if not red:
        return found
    again = replace(_instead(_of(step, red), standing), pieces=())
    (outcome,) = await place.sandbox.run(Job(place.project, (again,)))
    green = {test.id for test in outcome.tests.tests if test.is_green}
    return replace(found, edited=tuple(test for test in red if test in green))


async def otherwise(place: Home, step: Step, found: Evidence, other: str, after: StepOutcome) -> Evidence:
    """What is left of `found` where the text without the change has a second form, `other`: tests that are red otherwise in that one are not moved
    by chance. `after` is the outcome with the change."""
    again = replace(_instead(_of(step, found.barring), other), pieces=())
    (outcome,) = await place.sandbox.run(Job(place.project, (again,)))
    return weighing.otherwise(found, step, outcome, after)


async def unexcused(place: Home, step: Step, found: Evidence, texts: Mapping[str, str]) -> Evidence:
    """What is left of `found` without the tests whose failure is excused: they enter a function of the project that nobody has written yet. `texts`
    are the project's own files."""
    asked = tuple(dict.fromkeys(found.contrary + found.unmoved))
    gaps = await asyncio.to_thread(_unwritten, texts) if asked else frozenset[str]()
    if not gaps:
        return found
    again = replace(_of(step, asked), pieces=(), records=True)
    (outcome,) = await place.sandbox.run(Job(place.project, (again,)))
    entered = outcome.tests.entered
    shared = entered.get("", frozenset())
    excused = {t for t in asked if not outcome.tests.finished or gaps & (entered.get(t, frozenset()) | shared)}
    contrary, raised, unmoved = (
        tuple(test for test in group if test not in excused) for group in (found.contrary, found.raised, found.unmoved)
    )
    return replace(found, contrary=contrary, raised=raised, unmoved=unmoved)


def _of(step: Step, tests: Iterable[str]) -> Step:
    """The step for some tests alone."""
    return replace(step, tests=_functions(tests), without=(), quiet_s=min(step.quiet_s, QUIET_S))


def _functions(tests: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(test.partition("[")[0] for test in tests))


def _instead(step: Step, text: str) -> Step:
    """The step with another text in the place of the changed file's; only a change of one file has other forms."""
    (changed,) = step.changed
    return replace(step, files=tuple((name, text if name == changed else own) for name, own in step.files))


def _unwritten(texts: Mapping[str, str]) -> frozenset[str]:
    """The functions of files, as "path::dotted.name", whose body is a placeholder or a docstring alone."""
    return frozenset(f"{path}::{name}" for path, text in texts.items() for name in unfinished.unwritten(text))
