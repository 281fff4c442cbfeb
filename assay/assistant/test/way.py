"""The way from a function to tests of it, on one screen: `made`.

Calls are tried, their answers looked at twice in different containers, each usual mutant asked the same, and what notices most with least is written down. What is
offered was run as it is written, five times, each time in a fresh container and in another order.
"""

from __future__ import annotations

import asyncio
import builtins
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from analyzers import homes, lint, tryouts
from analyzers.mutants import usual
from analyzers.mutants.usual import Usual
from analyzers.subjects import Example, Subject
from analyzers.text import applied
from sandbox.api import Job, Step, StepOutcome

from ..workbench import Workbench
from ..world.state import written_over
from . import answers, kept, suite, written
from .answers import Answer
from .kept import Row
from .suite import Place, Suite
from .written import Written

Stage = Literal["inputs tried", "tests", "mutants", "runs"]
Tell = Callable[[Stage, int, int], None]
CALLS, MORE = 140, 160  # calls that are tried first, and those that are added where mutants are left
TYPES = 6  # sets of types that calls are tried with
ANSWER_S, MUTANT_S = 10.0, 0.6  # for the answers, and at least for those of a mutant, which may hang
SLOWER = 4.0
RUNS = 5  # of what is offered
RUN_S = 30.0
CONTAINERS = 2


@dataclass(frozen=True, slots=True)
class Question:
    """A docstring's example that the code answers otherwise."""

    call: str
    documented: str
    found: str


@dataclass(frozen=True, slots=True)
class Made:
    """What was found for one function. `written` is None where nothing is offered, and `why` says why. `survivors` are mutants that no test notices, of `mutants` in all; `before` of them were noticed by the tests that
    were there."""

    subject: Subject
    written: Written | None = None
    why: str = ""
    rows: tuple[Row, ...] = ()
    questions: tuple[Question, ...] = ()
    mutants: int = 0
    before: int = 0
    survivors: tuple[Usual, ...] = ()
    tried: int = 0
    runs: int = 0
    took_s: float = field(default=0.0, compare=False)


async def made(bench: Workbench, place: Place, subject: Subject, tell: Tell, known: Suite | None = None) -> Made:
    """Tests of a function of a file, for what those that are there (`known`: as they were seen) do not notice. Raises SandboxUnavailable."""
    begun = time.monotonic()
    asking = _Asking(bench, place)
    if why := refused(subject):
        return Made(subject, why=why)
    every = await asyncio.to_thread(usual.of_lines, place.text, *subject.lines)
    known = await suite.seen(bench, place) if known is None else known
    fates = await suite.fates(bench, place, every, known, partial(tell, "tests"))
    mutants = tuple(one for one, fate in zip(every, fates, strict=True) if fate != "noticed")
    before = len(every) - len(mutants)
    if every and not mutants:
        why = f"The tests that are there notice all {before} small changes of it."
        return Made(subject, why=why, mutants=before, before=before, took_s=time.monotonic() - begun)
    tell("inputs tried", 0, 0)
    calls, unlikely, told = await _tried(asking, subject)
    questions = tuple(_questions(subject, calls, told))
    if not any(one.is_testable for one in told):
        return Made(subject, None, _nothing(told), (), questions, tried=len(calls), took_s=time.monotonic() - begun)
    documented = {one.call for one in subject.examples} - {one.call for one in questions} if not before else set()
    asked = {one.call for one in questions}
    names = homes.bound(place.text) | set(dir(builtins))
    told = [
        Answer("other") if call in asked or (one.kind == "raised" and one.kinds[0] not in names) else one
        for call, one in zip(calls, told, strict=True)
    ]
    kills = await asking.kills(mutants, calls, told, tell)
    left = [number for number in range(len(mutants)) if not any(number in of for of in kills.values())]
    if left:
        extra = _further(subject, calls, told, kills)
        more = await asking.steady(extra)
        further = await asking.kills([mutants[one] for one in left], extra, more, tell)
        kills |= {len(calls) + call: {left[one] for one in of} for call, of in further.items()}
        calls, told = [*calls, *extra], [*told, *more]
    rows, noticed = kept.chosen(calls, told, kills, documented, unlikely)
    survivors = tuple(one for number, one in enumerate(mutants) if number not in noticed)
    style = partial(lint.formatted, folder=place.state.root)
    texts = {**place.state.texts, **place.tests}
    file = await asyncio.to_thread(written.written, texts, place.name, subject, rows, style)
    why, runs = "", 0
    if file is None:
        why = "Nobody can import this file by its name." if rows else "No call notices any change of it."
    else:
        runs = await _runs(bench, place, file, tell)
        if runs < RUNS:
            file, why = None, f"What was written passed {runs} of {RUNS} times."
    return Made(
        subject, file, why, rows, questions, len(every), before, survivors, len(calls), runs, time.monotonic() - begun
    )


def refused(subject: Subject) -> str:
    """Why no tests are made for such a function; "" where they are."""
    if subject.is_async:
        return "It is asynchronous."
    return ""


def _nothing(told: Sequence[Answer]) -> str:
    """Why nothing can be expected."""
    crashed = [one for one in told if one.kind == "crashed"]
    if crashed and len(crashed) == len(told):
        return f"None of {len(told)} calls that were tried ended well: {crashed[0].gives}"
    return f"None of {len(told)} calls that were tried gave what a test can hold."


async def _tried(asking: _Asking, subject: Subject) -> tuple[list[str], frozenset[str], list[Answer]]:
    """Calls with steady answers: of examples and what is near them, and of the likeliest types that the function takes. `unlikely` ones are of others than the first that it takes."""
    examples = [one.call for one in subject.examples]
    shown = [*examples, *tryouts.near(subject, examples)]
    sets = tryouts.combinations(subject)
    few = [tryouts.few(subject, kinds) for kinds in sets]
    told = iter(await asking.once([*shown, *(call for of in few for call in of)]))
    of_shown = [next(told) for _ in shown]
    works = [sum(one.kind in ("value", "raised") for one in [next(told) for _ in of]) for of in few]
    taken = [kinds for kinds, count, of in zip(sets, works, few, strict=True) if count * 2 > len(of)][:TYPES]
    taken = taken or [kinds for kinds, count in zip(sets, works, strict=True) if count][:TYPES]
    calls = [call for call, one in zip(shown, of_shown, strict=True) if one.is_testable or call in examples]
    likely = set(calls)
    for place, kinds in enumerate(taken):
        share = CALLS // 2 if not place else CALLS // 2 // max(1, len(taken) - 1)
        more = tryouts.many(subject, kinds, share if len(taken) > 1 else CALLS, place)
        calls += more
        if not place or all(one.is_sure for one in subject.parameters):
            likely.update(more)
    calls = list(dict.fromkeys(calls))
    return calls, frozenset(set(calls) - likely), await asking.steady(calls)


def _further(
    subject: Subject, calls: Sequence[str], told: Sequence[Answer], kills: Mapping[int, set[int]]
) -> list[str]:
    """More calls near those that noticed most."""
    best = sorted((one for one in kills if told[one].is_testable), key=lambda one: -len(kills[one]))[:12]
    near = tryouts.near(subject, [calls[one] for one in best])
    drawn = [
        call
        for seed, kinds in enumerate(tryouts.combinations(subject)[:2])
        for call in tryouts.many(subject, kinds, CALLS + MORE, 7 + seed)[CALLS // 2 :]
    ]
    return [call for call in dict.fromkeys((*near, *drawn)) if call not in set(calls)][:MORE]


def _questions(subject: Subject, calls: Sequence[str], told: Sequence[Answer]) -> list[Question]:
    """Where a docstring says otherwise than the code."""
    found = dict(zip(calls, told, strict=True))
    return [
        Question(one.call, one.raised or one.gives, found[one.call].gives)
        for one in subject.examples
        if one.call in found and _differs(one, found[one.call])
    ]


def _differs(example: Example, found: Answer) -> bool:
    if example.raised:
        return example.raised not in found.kinds
    return found.kind != "value" or not answers.same(answers.value_of(example.gives), answers.value_of(found.gives))


async def _runs(bench: Workbench, place: Place, file: Written, tell: Tell) -> int:
    """How often of `RUNS` all of the written tests pass, each time in a fresh container and in another order."""
    texts = {place.name: place.text, **place.tests, file.name: file.text}
    files = written_over(place.state, {name: bench.projects.sent(text) for name, text in texts.items()})
    chance = random.Random(len(file.text))
    passed = 0

    async def once() -> bool:
        ids = [f"{file.name}::{one}" for one in file.tests]
        chance.shuffle(ids)
        (outcome,) = await bench.sandbox.run(Job(place.state.project, (Step("pytest", RUN_S, files, tuple(ids)),)))
        return is_green(outcome, len(file.tests))

    for first in range(0, RUNS, CONTAINERS):
        tell("runs", first, RUNS)
        count = min(CONTAINERS, RUNS - first)
        passed += sum(await asyncio.gather(*(once() for _ in range(count))))
        if passed < min(RUNS, first + count):
            break
    return passed


def is_green(outcome: StepOutcome, least: int) -> bool:
    """Whether all tests of a step passed, at least so many."""
    report = outcome.tests
    return (
        report.finished
        and not report.collect_errors
        and not outcome.timed_out
        and len(report.tests) >= least
        and all(one.is_green for one in report.tests)
    )


class _Asking:
    """The calls of one function in the sandbox."""

    def __init__(self, bench: Workbench, place: Place) -> None:
        self._bench, self._place, self._took_s = bench, place, 0.0

    async def once(self, calls: Sequence[str]) -> tuple[Answer, ...]:
        """The answers as they are."""
        (outcome,) = await self._bench.sandbox.run(
            Job(self._place.state.project, (self._step(self._place.text, calls, ANSWER_S),))
        )
        self._took_s = max(self._took_s, outcome.ms / 1000)
        return answers.of(outcome, calls)

    async def steady(self, calls: Sequence[str]) -> list[Answer]:
        """The answers that are the same in two containers, asked there in two orders; of others nothing is known."""
        if not calls:
            return []
        back = tuple(reversed(calls))
        first, second = await asyncio.gather(self.once(calls), self.once(back))
        return [
            one if not answers.notices(one, other) and one.kind == other.kind else Answer("other", "unsteady")
            for one, other in zip(first, reversed(second), strict=True)
        ]

    async def kills(
        self, mutants: Sequence[Usual], calls: Sequence[str], told: Sequence[Answer], tell: Tell
    ) -> dict[int, set[int]]:
        """By a call's number, the numbers of the mutants that a test of it notices."""
        able = [number for number, one in enumerate(told) if one.is_testable]
        asked = [calls[number] for number in able]
        found: dict[int, set[int]] = {}
        if not able or not mutants:
            return found
        limit_s = max(MUTANT_S, SLOWER * self._took_s)
        done = 0

        async def part(numbers: Sequence[int]) -> None:
            nonlocal done
            steps = tuple(
                self._step(applied(self._place.text, (mutants[one].edit,)), asked, limit_s) for one in numbers
            )
            for number, outcome in zip(
                numbers, await self._bench.sandbox.run(Job(self._place.state.project, steps)), strict=True
            ):
                other = answers.of(outcome, asked)
                # What came behind the call in which it hung was not asked.
                ends = (
                    max((at for at, one in enumerate(other) if one is not answers.LATE), default=-1) + 1
                    if outcome.timed_out
                    else len(asked)
                )
                for at, one in enumerate(other[: ends + 1]):
                    if answers.notices(told[able[at]], one):
                        found.setdefault(able[at], set()).add(number)
            done += len(numbers)
            tell("mutants", done, len(mutants))

        tell("mutants", 0, len(mutants))
        await asyncio.gather(
            *(part(range(first, len(mutants), CONTAINERS)) for first in range(min(CONTAINERS, len(mutants))))
        )
        return found

    def _step(self, text: str, calls: Sequence[str], limit_s: float) -> Step:
        name = self._place.name
        files = written_over(self._place.state, {name: self._bench.projects.sent(text)})
        return Step("calls", limit_s, files, path=name, calls=tuple(calls))
