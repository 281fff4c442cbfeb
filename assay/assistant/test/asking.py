"""What the sandbox is asked about one function: the answers to calls, which mutants would answer otherwise, and whether written tests stay green."""

from __future__ import annotations

import asyncio
import builtins
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from analyzers import homes, secrets
from analyzers.mutants.usual import Usual
from analyzers.text import applied
from sandbox.api import Job, Step, StepOutcome

from ..rendering.written import Written
from ..trials import answers
from ..trials.answers import Answer
from ..workbench import Workbench
from ..world.state import written_over
from .suite import Place

Stage = Literal["inputs tried", "tests", "mutants", "runs"]
Tell = Callable[[Stage, int, int], None]
ANSWER_S, MUTANT_S = 10.0, 0.6  # for the answers, and at least for those of a mutant, which may hang
CALLS_S, START_S = 1.0, 0.1  # of all calls that a mutant is asked, and at least until they begin
FEWEST = 20  # calls that are asked however long they take
ENDED = 4  # times that calls are asked again because one ended its process
SLOWER = 4.0
PLACE = "/work/project"  # where projects stand that have no place of their own
RUNS = 5  # of what is offered
SAID = 160  # characters of what a test says
RUN_S, ONE_S = 30.0, 5.0  # of all new tests, and of one
CONTAINERS, SMALL_S = 2, 1.0  # at once, where there is more to do than so many seconds: a container takes half of one


@dataclass(frozen=True, slots=True)
class Ran:
    """How often of `of` times all of the written tests passed, the names of those that did not, and what the first of them said."""

    passed: int
    of: int
    red: frozenset[str] = frozenset()
    said: str = ""

    @property
    def why(self) -> str:
        """Why it is not offered, where it did not always pass."""
        return f"What was written passed {self.passed} of {self.of} times{f': {self.said}' if self.said else ''}."


async def runs(bench: Workbench, place: Place, file: Written, tell: Tell) -> Ran:
    """Run the written tests `RUNS` times, each time in a fresh container and in another order, up to the first time that they do not pass."""
    texts = {place.name: place.text, **place.over, file.name: file.text}
    files = written_over(place.state, {name: bench.projects.sent(text) for name, text in texts.items()})
    chance = random.Random(len(file.text))
    passed, done, red, said = 0, 0, set[str](), list[str]()

    async def once() -> bool:
        ids = [f"{file.name}::{one}" for one in file.tests]
        chance.shuffle(ids)
        (outcome,) = await bench.sandbox.run(
            Job(place.state.project, (Step("pytest", RUN_S, files, tuple(ids), test_s=ONE_S),))
        )
        green = {one.id.partition("[")[0] for one in outcome.tests.tests if one.is_green}
        bad = {one.id.partition("[")[0] for one in outcome.tests.tests if not one.is_green}
        said.extend(one.detail for one in outcome.tests.tests if not one.is_green and one.detail)
        if outcome.timed_out:
            said.append("they did not end in time")
        red.update(one for one in file.tests if f"{file.name}::{one}" in bad or f"{file.name}::{one}" not in green)
        return is_green(outcome, len(file.tests))

    for first in range(0, RUNS, CONTAINERS):
        tell("runs", first, RUNS)
        count = min(CONTAINERS, RUNS - first)
        passed += sum(await asyncio.gather(*(once() for _ in range(count))))
        done = first + count
        if passed < min(RUNS, first + count):
            break
    return Ran(passed, done, frozenset(red), secrets.redact(said[0].splitlines()[0][:SAID]) if said and said[0] else "")


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


UNSTEADY = Answer("other", "unsteady")


class Asking:
    """The calls of one function in the sandbox."""

    def __init__(self, bench: Workbench, place: Place, *, is_steps: bool = False, by: str = "") -> None:
        """`is_steps`: the calls are scenarios; `by`: the file in whose names they are, where it is not the one that mutants are of."""
        self._bench, self._place, self._is_steps = bench, place, is_steps
        self._by = by or place.name
        self._took_s, self._start_s = dict[str, float](), START_S  # of each call, and of what comes before the first
        self.own = homes.bound(place.texts[self._by])
        self._names = self.own | set(dir(builtins))

    def by(self, file: str, *, is_steps: bool) -> Asking:
        """The same, of calls in the names of another file."""
        return Asking(self._bench, self._place, is_steps=is_steps, by=file)

    @property
    def text(self) -> str:
        """The file as it is asked about."""
        return self._place.text

    @property
    def texts(self) -> Mapping[str, str]:
        """The project's files, this one as it is asked about."""
        return self._place.texts

    async def once(self, calls: Sequence[str], *, elsewhere: bool = False) -> tuple[Answer, ...]:
        """The answers as they are, or as they are on another day and machine. A call that ends its process is late, and those behind it are asked again without it."""
        found: dict[str, Answer] = {}
        left = list(calls)
        for _ in range(ENDED):
            step = replace(self._step(self._place.text, left, ANSWER_S), elsewhere=elsewhere)
            (outcome,) = await self._bench.sandbox.run(Job(self._place.state.project, (step,)))
            self._start_s = max(self._start_s, outcome.ms / 1000 - sum(outcome.took_s.values()))
            for number, took_s in outcome.took_s.items():
                if number < len(left):
                    self._took_s[left[number]] = max(took_s, self._took_s.get(left[number], 0.0))
            found |= dict(zip(left, answers.of(outcome, left, is_steps=self._is_steps), strict=True))
            left = [one for one in left if found[one] is answers.UNASKED]
            if not left or outcome.timed_out:
                break
        return tuple(found[one] for one in calls)

    async def steady(self, calls: Sequence[str]) -> list[Answer]:
        """The answers that are the same in two containers, asked there in two orders, on two days and machines; of others nothing is known."""
        if not calls:
            return []
        able = calls[: self._many()]
        first, second = await asyncio.gather(self.once(able), self.once(tuple(reversed(able)), elsewhere=True))
        return [
            one if one.kind == other.kind and not answers.notices(one, other) and self._can_tell(one) else UNSTEADY
            for one, other in zip(first, reversed(second), strict=True)
        ] + [UNSTEADY] * (len(calls) - len(able))

    def _many(self) -> int:
        """How many calls there is time for, as long as those take that were asked."""
        mean = sum(self._took_s.values()) / max(1, len(self._took_s))
        return max(FEWEST, int(ANSWER_S / 2 / max(mean, 1e-6)))

    def _quick(self, calls: Sequence[str]) -> list[int]:
        """The numbers of as many as there is time for with each mutant, the slowest left out."""
        found, left_s = list[int](), CALLS_S
        for number in sorted(range(len(calls)), key=lambda one: self._took_s.get(calls[one], 0.0)):
            left_s -= self._took_s.get(calls[number], 0.0)
            if left_s < 0 and found:
                break
            found.append(number)
        return sorted(found)

    def _can_tell(self, one: Answer) -> bool:
        """Whether a test can write down what it expects: an exception that the module, or Python, has a name for; no path of a container."""
        if one.kind == "raised":
            return one.kinds[0] in self._names
        return (self._place.state.project.root or PLACE) not in one.gives

    async def kills(
        self, mutants: Sequence[Usual], calls: Sequence[str], told: Sequence[Answer], tell: Tell
    ) -> dict[int, set[int]]:
        """By a call's number, the numbers of the mutants that a test of it notices."""
        testable = [number for number, one in enumerate(told) if one.is_testable]
        able = [testable[one] for one in self._quick([calls[number] for number in testable])]
        asked = [calls[number] for number in able]
        found: dict[int, set[int]] = {}
        if not able or not mutants:
            return found
        limit_s = max(MUTANT_S, SLOWER * (self._start_s + sum(self._took_s.get(one, 0.0) for one in asked)))
        done = 0

        async def part(numbers: Sequence[int]) -> None:
            nonlocal done
            steps = tuple(
                self._step(applied(self._place.text, (mutants[one].edit,)), asked, limit_s) for one in numbers
            )
            for number, outcome in zip(
                numbers, await self._bench.sandbox.run(Job(self._place.state.project, steps)), strict=True
            ):
                other = answers.of(outcome, asked, is_steps=self._is_steps)
                for at, one in enumerate(other):
                    if answers.notices(told[able[at]], one):
                        found.setdefault(able[at], set()).add(number)
            done += len(numbers)
            tell("mutants", done, len(mutants))

        tell("mutants", 0, len(mutants))
        each_s = self._start_s + sum(self._took_s.get(one, 0.0) for one in asked)
        count = CONTAINERS if each_s * len(mutants) > SMALL_S else 1
        await asyncio.gather(*(part(range(first, len(mutants), count)) for first in range(min(count, len(mutants)))))
        return found

    def _step(self, text: str, calls: Sequence[str], limit_s: float) -> Step:
        texts = {**self._place.over, self._place.name: text}
        files = written_over(self._place.state, {one: self._bench.projects.sent(other) for one, other in texts.items()})
        return Step("calls", limit_s, files, path=self._by, calls=tuple(calls), alone=True)
