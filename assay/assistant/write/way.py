"""The way from a wish to an offer, on one screen: `written`.

Candidates come from the sources in their order, are judged together, and the choice is among all of them. Where none holds what is asked, the model hears why, three times at most.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from analyzers import constraints, lint
from analyzers.documented import Example
from analyzers.text import Snapshot, changed_span
from analyzers.wishes import wish as wishing
from analyzers.wishes.wish import Wish
from assay.engine.api import EngineError

from ..nouns import Failed, Unverified, Verdict
from ..proof.policy import held_back
from ..proof.verdict import begin, patient
from ..trials.answers import Answer
from ..workbench import Workbench
from ..world.change import one_file
from ..world.world import World
from . import choice, growing, judging, tests
from .candidate import Candidate, Target
from .choice import Chosen, Judged, Split

Stage = Literal["drawn", "tried", "proved"]
Tell = Callable[[Stage, int, int], None]
# What gives candidates for a wish at a target; the texts are what was tried before, and why it was no good.
Sourced = Callable[[Workbench, Target, Wish, Sequence[Judged]], AsyncGenerator[Candidate, None]]
ROUNDS = 3  # times that the model is asked, with what was wrong before
BUDGET_S = 120.0  # within which another round may begin
AGREED = 0.5  # of the others' answers, that one has to give where there is no example
PROVED = 3  # of the best that are tried, where tests of the project fail with one


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a wish. `offered` is the file's text with the best candidate, "" where there is none and `why` says why; `others` are texts of other files that belong to it, its tests; `verdict` that of the change; `judged` are all candidates,
    `calls` what they were told apart by."""

    wish: Wish
    target: Target
    chosen: Chosen
    judged: tuple[Judged, ...] = ()
    calls: tuple[str, ...] = ()
    offered: str = ""
    others: Mapping[str, str] = field(default_factory=dict)
    verdict: Verdict | None = None
    why: str = ""
    rounds: int = 0
    took_s: float = field(default=0.0, compare=False)

    @property
    def is_done(self) -> bool:
        """Whether something is offered."""
        return self.best is not None

    @property
    def shown(self) -> Wish:
        """The wish as the function's docstring says it: without the examples that are tests."""
        return self.wish if self.wish.bare is None or not self.others else replace(self.wish, doc=self.wish.bare)

    @property
    def files(self) -> dict[str, str]:
        """The files of the change with their new texts."""
        return {self.target.name: self.offered, **self.others} if self.offered else {}

    @property
    def best(self) -> Judged | None:
        """The candidate that is offered."""
        return self.chosen.ranked[0] if self.chosen.ranked else None


NOTHING = Chosen((), (), ())


async def written(
    bench: Workbench, world: World, target: Target, wish: Wish, sources: Sequence[Sourced], tell: Tell
) -> Written:
    """A function for a wish, chosen by what candidates do. Raises SandboxUnavailable; an engine that fails is the reason for a lack of candidates, no error."""
    begun = time.monotonic()
    if not (await bench.projects.rules(target.state.root)).allows(target.name):
        why = f"{target.name} is ignored or secret, so nothing of it goes to a model or into a container."
        return Written(wish, target, NOTHING, why=why)
    if told := constraints.conflicts(wish.constraints, wish.examples):
        return Written(wish, target, NOTHING, why=f"What is asked cannot be done: {' '.join(told)}")
    judged: tuple[Judged, ...] = ()
    calls: tuple[str, ...] = ()
    why, rounds = "", 0
    found = NOTHING
    while rounds < ROUNDS and not found.ranked and (not rounds or time.monotonic() - begun < BUDGET_S):
        rounds += 1
        drawn, trouble = await _drawn(bench, target, wish, sources, judged, tell)
        known = {one.candidate.body for one in judged}
        new = [one for one in drawn if one.body not in known]
        if not new:
            why = trouble or why or "Nobody had anything to say."
            break
        trial = await judging.tried(bench, target, wish, [*(one.candidate for one in judged), *new], partial(tell, "tried"))  # fmt: skip
        judged, calls = await growing.judged(bench, target, wish, trial.judged), trial.calls
        found = choice.chosen(judged, calls)
        why = _refused(judged)
        if unsure := _unsure(wish, found):
            return Written(
                wish, target, NOTHING, judged, calls, why=unsure, rounds=rounds, took_s=time.monotonic() - begun
            )
    done = partial(Written, wish, target, judged=judged, calls=calls, rounds=rounds)
    fallback: Written | None = None
    for number in range(min(PROVED, len(found.ranked))):
        tell("proved", number, 0)
        texts = await _texts(target, wish, found.ranked[number].candidate)
        verdict = await _proved(bench, world, target, texts)
        if refusal := _withheld(bench, verdict):
            why = refusal if number == 0 else why
            continue
        left = Chosen(found.ranked[number:], found.sizes[number:], found.agreement[number:])
        others = {name: text for name, text in texts.items() if name != target.name}
        made = done(
            left if number else found, offered=texts[target.name], others=others, verdict=verdict, took_s=time.monotonic() - begun
        )  # fmt: skip
        if not _is_red(verdict):
            return made
        if opposed := _opposed(verdict):
            why = opposed if number == 0 else why
            continue
        fallback = fallback or made  # another one may turn the tests green
    return fallback or done(NOTHING, why=why, took_s=time.monotonic() - begun)


def _unsure(wish: Wish, found: Chosen) -> str:
    """Why nothing is offered where nothing was shown, and those that wrote it do not agree; "" where something speaks for the best."""
    if (
        wish.examples
        or wish.checks
        or len(found.ranked) < 2
        or found.ranked[0].candidate.source not in ("model", "project")
    ):
        return ""
    if found.agreement[0] >= AGREED:
        return ""
    call = f"{wish.name}({', '.join(one.name for one in wish.given)})"
    return f"Nothing shows which of {len(found.ranked)} functions is meant, and the best agrees with {found.agreement[0]:.0%} of the others' answers. Say what one call gives, as in `{call} == ...`."


def _is_red(verdict: Verdict) -> bool:
    """Whether a test that reaches it is red, with it and without it."""
    return isinstance(verdict, Unverified) and verdict.reason in ("baseline-red", "breaks-tests")


def _opposed(verdict: Verdict) -> str:
    """What a test of the project says against it: one that executes it, and fails otherwise than without it; "" where those that are red are red for something else."""
    evidence = next((one.evidence for one in verdict.checks if one.evidence is not None), None)
    if evidence is None or not (evidence.stuck or evidence.broken):
        return ""
    return f"The project's own tests are against the best of them. {verdict.why}"


def _withheld(bench: Workbench, verdict: Verdict) -> str:
    """Why what has this verdict is not offered; "" where it is."""
    return verdict.why if isinstance(verdict, Failed) else held_back(verdict, bench.settings.policy)


async def settled(bench: Workbench, world: World, found: Written, number: int) -> Written:
    """The same once somebody chose between the two best by the input that tells them apart (`number` 0 or 1): what the chosen one gives there is an example from then on, where an example can say it. Raises SandboxUnavailable."""
    split = found.chosen.split
    assert split is not None
    ranked = found.chosen.ranked
    best, answer = ranked[number], (split.one, split.other)[number]
    wish = found.wish if not answer.is_testable else wishing.with_example(found.wish, as_example(split.call, answer))
    texts = await _texts(found.target, wish, best.candidate)
    verdict = await _proved(bench, world, found.target, texts)
    order = (number, *(at for at in range(len(ranked)) if at != number))
    told = split if not number else Split(split.call, split.other, split.one)
    chosen = Chosen(
        tuple(ranked[at] for at in order),
        tuple(found.chosen.sizes[at] for at in order),
        tuple(found.chosen.agreement[at] for at in order),
        told,
    )
    others = {name: text for name, text in texts.items() if name != found.target.name}
    made = replace(found, wish=wish, chosen=chosen, offered=texts[found.target.name], others=others, verdict=verdict)
    why = _withheld(bench, verdict)
    return replace(made, chosen=NOTHING, offered="", others={}, why=why) if why else made


def as_example(call: str, answer: Answer) -> Example:
    """What a call gives, as an example."""
    return Example(call, "", answer.kinds[0]) if answer.kind == "raised" else Example(call, answer.gives)


async def _drawn(
    bench: Workbench, target: Target, wish: Wish, sources: Sequence[Sourced], judged: Sequence[Judged], tell: Tell
) -> tuple[list[Candidate], str]:
    """What the sources give, and why one of them gave nothing."""
    found: dict[str, Candidate] = {}
    trouble = ""
    for source in sources:
        try:
            async for one in source(bench, target, wish, judged):
                found.setdefault(one.body.strip(), one)
                tell("drawn", len(found), 0)
        except EngineError as error:
            trouble = str(error)
    return list(found.values()), trouble


def _refused(judged: Sequence[Judged]) -> str:
    """Why none of the candidates is offered."""
    if not judged:
        return ""
    nearest = max(judged, key=lambda one: one.examples)
    return f"None of {len(judged)} candidates holds what is asked. The nearest: {nearest.broken[0] if nearest.broken else ''}"


async def _texts(target: Target, wish: Wish, best: Candidate) -> dict[str, str]:
    """The files of the change: the function's, formatted as the project formats, and that of its tests, where the project has some; else its examples stay in its docstring."""
    style = partial(lint.formatted, folder=target.state.root)
    bare = wish if wish.bare is None else replace(wish, doc=wish.bare)
    text = await asyncio.to_thread(target.written, bare, best, style)
    if found := await tests.of(target, bare, text, style):
        return {target.name: text, **found}
    return {target.name: text if bare is wish else await asyncio.to_thread(target.written, wish, best, style)}


async def _proved(bench: Workbench, world: World, target: Target, texts: Mapping[str, str]) -> Verdict:
    """The verdict of the function, among tests of what was asked for as if they had been there: they are somebody's examples, and nobody's guess."""
    path, text = target.state.root / target.name, texts[target.name]
    before = Snapshot(path.as_uri(), str(path), 0, target.text)
    others = {name: other for name, other in texts.items() if name != target.name}
    change = one_file(
        replace(world, documents={**world.documents, **others}), before, text, changed_span(target.text, text)[1]
    )
    return (await begin(bench, change, patient(bench.settings))).now
