"""A description with steps ("first …, then …, finally …") as functions of their own: each is chosen by its own runs, then the whole is put together of them.

A step whose candidates all break its examples is named with what it breaks; the others stand, and in its place there is a head with its description, to be written by somebody.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from analyzers import documented, homes, lint, prose
from analyzers.text import Span
from analyzers.wishes import sentences
from analyzers.wishes import wish as wishing
from analyzers.wishes.wish import Wanted, Wish

from ..workbench import Workbench
from ..world.world import World
from . import asked
from .asked import Asked
from .candidate import Candidate, Target
from .choice import Judged
from .way import Sourced, Tell, Written, written

STUB = "raise NotImplementedError"
_CALL = re.compile(r"(?<![\w.])([a-z_]\w*)\(")


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in their order, each a wish of its own, and the whole, that calls them."""

    steps: tuple[Wish, ...]
    whole: Wish


@dataclass(frozen=True, slots=True)
class Built:
    """What came of a plan: each step, and the whole (None where a step is missing). `offered` is the file with all of them, with heads alone where there is nothing; `others` are texts of other files that belong to it, their tests."""

    plan: Plan
    steps: tuple[Written, ...]
    whole: Written | None
    offered: str
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def target(self) -> Target:
        """The place as it was before the first step."""
        return self.steps[0].target

    @property
    def files(self) -> dict[str, str]:
        """The files of the change with their new texts."""
        return {self.steps[0].target.name: self.offered, **self.others}

    @property
    def is_done(self) -> bool:
        """Whether all of it is there."""
        return self.whole is not None and self.whole.is_done

    @property
    def missing(self) -> tuple[Written, ...]:
        """The steps that nobody could write."""
        return tuple(one for one in self.steps if one.best is None)


def planned(wish: Wish) -> Plan | None:
    """The plan of a wish with steps; None for one without."""
    if not wish.steps:
        return None
    taken, made = {wish.name}, list[Wish]()
    given = wish.parameters
    for step in wish.steps:
        one = _step(step, given, taken)
        taken.add(one.name)
        made.append(one)
        given = (Wanted("value", one.returns),)
    return Plan(tuple(made), replace(wish, steps=()))


def as_text(wish: Wish) -> str:
    """A wish as a description that can be changed and read again: the signature, what it is for and its examples, then its steps by number."""
    head = f"{wish.head.removeprefix('async ').removeprefix('def ').removesuffix(':')}:"
    if not wish.steps:
        return f"{head} {wish.doc.strip()}".strip()
    lead = prose.lead(wish.doc if wish.bare is None else wish.bare)
    said = " ".join([lead, *wish.steps])
    shown = [
        f"{one.call} {f'raises {one.raised}' if one.raised else f'== {one.gives}'}"
        for one in wish.examples
        if one.call not in said
    ]
    told = " ".join(filter(None, (lead, *(f"For example {one}." for one in shown if "\n" not in one))))
    return "\n".join([f"{head} {told}".strip(), *(f"{number}. {step}" for number, step in enumerate(wish.steps, 1))])


def changed(text: str, wanted: Asked, said: str) -> Asked:
    """What is asked for once somebody changed its plan, which is `said` now: at the same place of the file `text`; a function that is begun keeps its head and its docstring, and has other steps. Raises Unclear."""
    steps = prose.steps(said)
    if wanted.wish.begun is not None or wanted.wish.owner:
        return replace(wanted, wish=replace(wanted.wish, steps=steps))
    found = asked.described(text, said)
    return replace(wanted, wish=replace(found.wish, is_async=wanted.wish.is_async))


def _step(said: str, given: Sequence[Wanted], taken: set[str]) -> Wish:
    """A step as a wish: by its own signature or the call in its example where it has one, else it takes what the step before gives."""
    one = sentences.of_sentence(said)
    is_signed = not one.assumed
    shown = next((m[1] for m in _CALL.finditer(said) if documented.examples(said, m[1])), "")
    if shown:
        one = replace(one, name=shown, examples=documented.shown(said, shown), assumed=())
    values = documented.arguments(one.examples[0].call) if one.examples else None
    if not is_signed:
        count = len(values) if values is not None else 1
        before = one
        parameters = tuple(given[:count]) if len(given) >= count else tuple(Wanted(f"value_{n + 1}") for n in range(count))  # fmt: skip
        one = wishing.by_examples(replace(one, parameters=parameters))
        one = replace(
            one, assumed=tuple(_takes(one) if told.startswith("it takes ") else told for told in before.assumed)
        )
    return replace(one, name=homes.free(one.name, taken), steps=())


def _takes(wish: Wish) -> str:
    told = ", ".join(one.source for one in wish.parameters) or "nothing"
    return f"it takes {told}{f' and gives {wish.returns}' if wish.returns else ''}"


async def carried_out(
    bench: Workbench, world: World, target: Target, wish: Wish, sources: Sequence[Sourced], tell: Tell
) -> Written | Built:
    """What comes of a wish, by its steps where it has some. Raises SandboxUnavailable."""
    steps = planned(wish)
    if steps is None:
        return await written(bench, world, target, wish, sources, tell)
    return await built(bench, world, target, steps, sources, tell)


async def built(
    bench: Workbench, world: World, target: Target, plan: Plan, sources: Sequence[Sourced], tell: Tell
) -> Built:
    """Write the steps one after the other, then the whole. Raises SandboxUnavailable."""
    at, steps = target, list[Written]()
    style = partial(lint.formatted, folder=target.state.root)
    for wish in plan.steps:
        found = await written(bench, world, at, wish, sources, tell)
        steps.append(found)
        body = found.best.candidate if found.best is not None else Candidate(STUB, "template")
        at = await asyncio.to_thread(_behind, replace(at, over={**at.over, **found.others}), found.shown, body, style)
    others = {name: text for one in steps for name, text in one.others.items()}
    if any(one.best is None for one in steps):
        whole = await asyncio.to_thread(at.written, plan.whole, Candidate(_composed(plan), "template"), style)
        return Built(plan, tuple(steps), None, whole, others)
    is_shown = bool(plan.whole.examples or plan.whole.checks)
    found = await written(bench, world, at, plan.whole, (_of_steps(plan), *(sources if is_shown else ())), tell)
    stub = await asyncio.to_thread(at.written, plan.whole, Candidate(STUB, "template"), style)
    return Built(plan, tuple(steps), found, found.offered or stub, {**others, **found.others})


def _behind(at: Target, wish: Wish, one: Candidate, style: Callable[[str], str]) -> Target:
    """The place behind a function that was written at another."""
    text = at.written(wish, one, style)
    rest = at.text[at.span.end :]
    is_in_place = bool(at.text[at.span.start : at.span.end].strip())
    if is_in_place:  # the stub of the whole stays below its steps, with its decorators
        above = asked.above(at.text, at.span.start)
        made = replace(at, span=Span(above, above)).written(wish, one, style)
        grown = len(made) - len(at.text)
        return replace(at, text=made, span=Span(at.span.start + grown, at.span.end + grown))
    end = len(text) - len(rest.lstrip("\n")) if rest.strip() else len(text.rstrip("\n"))
    return replace(at, text=text, span=Span(end, end if rest.strip() else len(text)))


def _composed(plan: Plan) -> str:
    """Each step on what the one before gave."""
    names = ", ".join(one.name for one in plan.whole.parameters)
    call = f"{plan.steps[0].name}({names})" if plan.whole.parameters else f"{plan.steps[0].name}()"
    for step in plan.steps[1:]:
        call = f"{step.name}({call})"
    return f"return {call}"


def _of_steps(plan: Plan) -> Sourced:
    async def candidates(
        bench: Workbench, target: Target, wish: Wish, before: Sequence[Judged]
    ) -> AsyncGenerator[Candidate, None]:
        if not before:
            yield Candidate(_composed(plan), "template", "its steps, one after the other")

    return candidates
