"""The way from a function to tests of it, on one screen: `made`.

Calls are tried, their answers looked at twice in different containers, each usual mutant asked the same, and what notices most with least is written down. What is
offered was run as it is written, five times, each time in a fresh container and in another order.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import partial

from analyzers import documented, homes, inputs, lint, scenarios, tryouts
from analyzers import prepared as prepares
from analyzers.documented import Example
from analyzers.mutants import usual
from analyzers.mutants.usual import Usual
from analyzers.subjects import Subject

from ..rendering import written
from ..rendering.rows import Row
from ..rendering.written import Written
from ..trials import answers
from ..trials.answers import Answer
from ..workbench import Workbench
from . import kept, recorded, suite, through
from .asking import RUNS, Asking, Ran, Tell, runs
from .suite import Place, Suite

CALLS, MORE = 140, 160  # calls that are tried first, and those that are added where mutants are left
BEST = 12  # calls that others are tried near of
SCENARIOS = 240  # ways to use an instance of a class
PREPARED = 120  # calls with what they need around them
AFTERWARDS = 40  # calls after which arguments are looked at
QUESTIONS = 2  # about one function's types
TYPES = 6  # sets of types that calls are tried with


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


async def made(
    bench: Workbench, place: Place, subject: Subject, tell: Tell, known: Suite | None = None, line: int = 0
) -> Made:
    """Tests of a function of a file, for what those that are there (`known`: as they were seen) do not notice; `line` (from 1): of that line alone. Raises SandboxUnavailable."""
    begun = time.monotonic()
    every = await asyncio.to_thread(usual.of_lines, place.text, *subject.lines)
    every = tuple(one for one in every if line in (0, one.line))
    known = await suite.seen(bench, place) if known is None else known
    fates = await suite.fates(bench, place, every, known, partial(tell, "tests"))
    mutants = tuple(one for one, fate in zip(every, fates, strict=True) if fate != "noticed")
    before = len(every) - len(mutants)
    if every and not mutants:
        why = f"The tests that are there notice all {before} small changes of it."
        return Made(subject, why=why, mutants=before, before=before, took_s=time.monotonic() - begun)
    subject = recorded.seen(subject, known.taken)
    tell("inputs tried", 0, 0)
    found = await _by_itself(bench, place, subject, mutants, tell, is_new=not before)
    if found.written is None and mutants:
        found = await _by_others(bench, place, found, known, mutants, tell)
    return replace(found, mutants=len(every), before=before, took_s=time.monotonic() - begun)


async def _by_itself(
    bench: Workbench, place: Place, subject: Subject, mutants: Sequence[Usual], tell: Tell, *, is_new: bool
) -> Made:
    """Tests that call the function; what is documented is tested where no test is there (`is_new`)."""
    asking = Asking(bench, place, is_steps=bool(subject.methods))
    calls, unlikely, told = await tried(asking, subject)
    broken = _of_types(subject, calls, told)
    questions = (*_questions(subject, calls, told), *broken[:QUESTIONS])
    in_steps = Asking(bench, place, is_steps=True)
    others, of_others = await prepared(in_steps, subject, calls, told)
    done = partial(Made, subject, questions=questions)
    if not subject.result and not any(one.is_testable or one.is_function for one in (*told, *of_others)):
        return done(why=_nothing(told), survivors=tuple(mutants), tried=len(calls))
    shown = {one.call for one in subject.examples} - {one.call for one in questions} if is_new else set()
    asked = {one.call for one in questions}
    told = [
        Answer("other") if call in asked else one
        for call, one in zip(calls, expectable(subject, calls, told), strict=True)
    ]
    found = Found([*calls], [*told], await asking.kills(mutants, calls, told, tell))
    await _of_others(in_steps, mutants, others, of_others, found, tell)
    await _more(asking, subject, mutants, found, tell)
    await _of_results(in_steps, subject, mutants, found, tell)
    await _afterwards(in_steps, subject, mutants, found, tell)
    rows, noticed = kept.chosen(found.calls, found.told, found.kills, shown, unlikely)
    done = partial(done, tried=len(found.calls))
    if not rows:
        return done(why="No call notices any change of it.", survivors=tuple(mutants))
    file, fine, ran = await offered(bench, place, subject, rows, tell)
    if file is None:
        why = ran.why if ran is not None else await asyncio.to_thread(unwritten, place)
        return done(why=why, rows=rows, survivors=tuple(mutants), runs=ran.passed if ran is not None else 0)
    if fine != rows:
        noticed = frozenset().union(*(found.kills.get(found.calls.index(row.call), set()) for row in fine))
    return done(file, rows=fine, survivors=_without(mutants, noticed), runs=RUNS)


async def _by_others(
    bench: Workbench, place: Place, found: Made, known: Suite, mutants: Sequence[Usual], tell: Tell
) -> Made:
    """Tests of calls through which tests reach the function, where it has none of its own; else what was found."""
    asking = Asking(bench, place)
    other = await through.found(asking, place, found.subject, known, mutants, tell)
    if other is None:
        return found
    file, rows, _ = await offered(bench, place, other.subject, other.rows, tell, by=other.file)
    if file is None or rows != other.rows:
        return found
    survivors = _without(mutants, other.noticed)
    return replace(found, written=file, why="", rows=rows, survivors=survivors, runs=RUNS)


def _without(mutants: Sequence[Usual], noticed: Set[int]) -> tuple[Usual, ...]:
    return tuple(one for number, one in enumerate(mutants) if number not in noticed)


async def offered(
    bench: Workbench, place: Place, subject: Subject, rows: tuple[Row, ...], tell: Tell, by: str = ""
) -> tuple[Written | None, tuple[Row, ...], Ran | None]:
    """What is written of some rows, with those in it, where it passed as often as it was run; else what its runs showed, None where nothing could be written. Rows that fail are left out."""
    style = partial(lint.formatted, folder=place.state.root)
    write = partial(written.written, place.texts, place.name, subject, style=style, by=by)
    file = await asyncio.to_thread(write, rows)
    if file is None:
        return None, rows, None
    ran = await runs(bench, place, file, tell)
    fine = tuple(row for test, of in zip(file.tests, file.rows, strict=True) if test not in ran.red for row in of)
    if fine and len(fine) < len(rows):
        file = await asyncio.to_thread(write, fine)
        if file is not None and ran.red:
            ran = await runs(bench, place, file, tell)
    return (file, fine, ran) if ran.passed == RUNS and fine else (None, rows, ran)


@dataclass(slots=True)
class Found:
    """Calls with their answers, and by a call's number the numbers of the mutants that it notices."""

    calls: list[str]
    told: list[Answer]
    kills: dict[int, set[int]]

    def left(self, count: int) -> list[int]:
        """Those of so many mutants that no call notices."""
        noticed = set().union(*self.kills.values())
        return [number for number in range(count) if number not in noticed]

    def add(
        self, calls: Sequence[str], told: Sequence[Answer], kills: Mapping[int, set[int]], left: Sequence[int]
    ) -> None:
        """Other calls, of which was asked what they notice of those that were `left`."""
        self.kills |= {len(self.calls) + call: {left[one] for one in of} for call, of in kills.items()}
        self.calls += calls
        self.told += told


async def _more(asking: Asking, subject: Subject, mutants: Sequence[Usual], found: Found, tell: Tell) -> None:
    """Calls near those that noticed most, and other ones, for the mutants that are left."""
    if left := found.left(len(mutants)):
        most = SCENARIOS * 2 if subject.methods else MORE
        extra = await asyncio.to_thread(
            lambda: [*_near(subject, found.calls, found.told, found.kills), *further(subject, found.calls, MORE)][:most]
        )
        more = await asking.steady(extra)
        more = await asyncio.to_thread(last, extra, more) if subject.methods else more
        more = expectable(subject, extra, more)
        found.add(extra, more, await asking.kills([mutants[one] for one in left], extra, more, tell), left)


async def _of_results(asking: Asking, subject: Subject, mutants: Sequence[Usual], found: Found, tell: Tell) -> None:
    """What is noticed by asking what a function gave, where that is an instance of a class or a function."""
    are_functions = any(one.is_function for one in found.told)
    if subject.methods or subject.is_async or not (subject.result or are_functions) or not found.left(len(mutants)):
        return
    able = [replace(subject, methods=of.methods, literals=(*subject.literals, *of.literals), makers=of.makers) for of in subject.result]  # fmt: skip
    if are_functions:
        able += scenarios.called(subject, await asyncio.to_thread(homes.given_names, asking.text))
    count = SCENARIOS // len(able)
    calls = await asyncio.to_thread(lambda: [call for one in able for call in scenarios.drawn(one, count, 0)])
    told = await asyncio.to_thread(last, calls, await asking.steady(calls))
    await _of_others(asking, mutants, calls, told, found, tell)


async def _of_others(
    asking: Asking, mutants: Sequence[Usual], calls: Sequence[str], told: Sequence[Answer], found: Found, tell: Tell
) -> None:
    """What other calls notice of the mutants that are left."""
    if calls and (left := found.left(len(mutants))):
        found.add(calls, told, await asking.kills([mutants[one] for one in left], calls, told, tell), left)


async def prepared(
    asking: Asking, subject: Subject, calls: Sequence[str], told: Sequence[Answer], turn: int = 0
) -> tuple[list[str], list[Answer]]:
    """Calls of a function with what it needs around it, as scenarios, and their steady answers: none for one that needs nothing. `told` is what the `calls` gave without it."""
    needs = subject.needs
    touches = "files" in needs.signs or (not needs.variables and any(map(answers.is_of_files, told)))
    if subject.methods or not (touches or subject.needs.are_some):
        return [], []
    able = [] if touches else [one for one, answer in zip(calls, told, strict=True) if answer.gives != "late"]
    found = await asyncio.to_thread(lambda: list(prepares.ways(subject, PREPARED, turn, touches=touches, calls=able)))
    return found, await asyncio.to_thread(last, found, await asking.steady(found))


async def _afterwards(asking: Asking, subject: Subject, mutants: Sequence[Usual], found: Found, tell: Tell) -> None:
    """What arguments are after a call, for the mutants that are left: what changes them is noticed by nothing else."""
    left = found.left(len(mutants))
    if left and not subject.methods:
        able = [number for number, one in enumerate(found.told) if one.kind == "value"]
        able.sort(key=lambda number: -len(found.kills.get(number, ())))
        calls = await asyncio.to_thread(scenarios.given_again, [found.calls[one] for one in able], AFTERWARDS)
        told = await asking.steady(calls)
        found.add(calls, told, await asking.kills([mutants[one] for one in left], calls, told, tell), left)


def unwritten(place: Place) -> str:
    """Why what was found cannot be written down."""
    is_known = bool(homes.importable(place.name, place.texts))
    return (
        "It has to be tested by pytest's fixtures, and the tests here are unittest's."
        if is_known
        else "Nobody can import this file by its name."
    )


def _nothing(told: Sequence[Answer]) -> str:
    """Why nothing can be expected."""
    if not told:
        return "No call of it could be made: nobody can write what it takes, and no test shows it."
    crashed = [one for one in told if one.kind == "crashed"]
    if crashed and len(crashed) == len(told):
        return f"None of {len(told)} calls that were tried ended well: {crashed[0].gives}"
    return f"None of {len(told)} calls that were tried gave what a test can hold."


async def tried(asking: Asking, subject: Subject) -> tuple[list[str], frozenset[str], list[Answer]]:
    """Calls with steady answers: of examples and what is near them, and of the likeliest types that the function takes. `unlikely` ones are of others than the first that it takes."""
    if subject.methods:
        found = await asyncio.to_thread(lambda: list(scenarios.drawn(subject, SCENARIOS, 0)))
        return found, frozenset(), await asyncio.to_thread(last, found, await asking.steady(found))
    examples = [one.call for one in subject.examples]
    used = [f"{subject.name}({one})" for one in subject.seen]
    used += await asyncio.to_thread(inputs.examples, subject.name, asking.texts.values(), asking.own)
    shown, sets, few = await asyncio.to_thread(_first, subject, [*examples, *used])
    told = iter(await asking.once([*shown, *(call for of in few for call in of)]))
    of_shown = [next(told) for _ in shown]
    works = [sum(one.has_ended for one in [next(told) for _ in of]) for of in few]
    taken = [kinds for kinds, count, of in zip(sets, works, few, strict=True) if count * 2 > len(of)][:TYPES]
    taken = taken or [kinds for kinds, count in zip(sets, works, strict=True) if count][:TYPES]
    calls = [call for call, one in zip(shown, of_shown, strict=True) if one.is_testable or call in examples]
    calls, unlikely = await asyncio.to_thread(_drawn, subject, taken, calls)
    return calls, unlikely, await asking.steady(calls)


def _first(
    subject: Subject, known: Sequence[str]
) -> tuple[list[str], tuple[tryouts.Kinds, ...], list[tuple[str, ...]]]:
    """Calls that somebody wrote and those near them; the likeliest types that the function takes, and a few calls with each."""
    shown = list(dict.fromkeys((*known, *tryouts.near(subject, known))))
    sets = tryouts.combinations(subject)
    return shown, sets, [tryouts.few(subject, kinds) for kinds in sets]


def _drawn(subject: Subject, taken: Sequence[tryouts.Kinds], known: Sequence[str]) -> tuple[list[str], frozenset[str]]:
    """These calls and others with each of the types; half of them with the first ones. Those of others than the first are unlikely."""
    calls = list(known)
    likely = set(calls)
    for place, kinds in enumerate(taken):
        share = CALLS // 2 if not place else CALLS // 2 // max(1, len(taken) - 1)
        more = tryouts.many(subject, kinds, share if len(taken) > 1 else CALLS, place)
        calls += more
        if not place or all(one.is_sure for one in subject.parameters):
            likely.update(more)
    calls = list(dict.fromkeys(calls))
    return calls, frozenset(set(calls) - likely)


def last(ways: Sequence[str], told: Sequence[Answer]) -> list[Answer]:
    """Only of the last step can a test expect an exception: the steps before it gave something by themselves."""
    fine = {scenarios.steps(one) for one, answer in zip(ways, told, strict=True) if answer.kind == "value"}
    return [
        answer
        if answer.kind != "raised" or scenarios.steps(one)[:-1] in (*fine, (), ("",))
        else Answer("other", "raised before")
        for one, answer in zip(ways, told, strict=True)
    ]


def _near(subject: Subject, calls: Sequence[str], told: Sequence[Answer], kills: Mapping[int, set[int]]) -> list[str]:
    """Calls near those that noticed most."""
    best = sorted((one for one in kills if told[one].is_testable), key=lambda one: -len(kills[one]))[:BEST]
    if subject.methods:
        return list(scenarios.longer(subject, [calls[one] for one in best if told[one].kind == "value"], SCENARIOS, 3))
    return [one for one in tryouts.near(subject, [calls[one] for one in best]) if one not in set(calls)]


def further(subject: Subject, calls: Sequence[str], most: int, turn: int = 0) -> list[str]:
    """Other calls, drawn with other seeds, and with others again each `turn`."""
    known = set(calls)
    if subject.methods:
        return [one for one in scenarios.drawn(subject, most, 7 + turn) if one not in known][:most]
    drawn = [
        call
        for seed, kinds in enumerate(tryouts.combinations(subject)[: 2 + turn])
        for call in tryouts.many(subject, kinds, CALLS + most, 7 + seed + 10 * turn)[CALLS // 2 :]
    ]
    return [call for call in dict.fromkeys(drawn) if call not in known][:most]


def _questions(subject: Subject, calls: Sequence[str], told: Sequence[Answer]) -> list[Question]:
    """Where a docstring says otherwise than the code."""
    found = dict(zip(calls, told, strict=True))
    return [
        Question(one.call, one.raised or one.gives, found[one.call].gives)
        for one in subject.examples
        if one.call in found and _differs(one, found[one.call])
    ]


def _of_types(subject: Subject, calls: Sequence[str], told: Sequence[Answer]) -> list[Question]:
    """Where the hint says otherwise than what the code gives for arguments of the types that hints say."""
    if not subject.returns or subject.methods or not all(one.is_sure for one in subject.parameters):
        return []
    return [
        Question(call, f"-> {subject.returns}", one.gives)
        for call, one in zip(calls, told, strict=True)
        if one.kind == "value"
        and not one.is_steps
        and (one.gives == "None" or answers.value_of(one.gives) is not None)
        and documented.breaks(subject.returns, answers.value_of(one.gives))
    ]


def expectable(subject: Subject, calls: Sequence[str], told: Sequence[Answer]) -> list[Answer]:
    """The answers without those that are not what a hint says: they are questions."""
    broken = {one.call for one in _of_types(subject, calls, told)}
    return [Answer("other", "another type") if call in broken else one for call, one in zip(calls, told, strict=True)]


def _differs(example: Example, found: Answer) -> bool:
    if example.raised:
        return example.raised not in found.kinds
    return found.kind != "value" or not answers.same(answers.value_of(example.gives), answers.value_of(found.gives))
