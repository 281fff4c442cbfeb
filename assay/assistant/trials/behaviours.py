"""How several forms of one file answer the same calls: in one or two containers, each form in a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sandbox.api import Job, Step

from ..workbench import Workbench
from ..world.state import State, written_over
from . import answers
from .answers import Answer

CONTAINERS = 2  # at once; each has a processor of its own where there are two
LATES = 1  # call of one form that does not come to an end in time, after which no more is asked of it
FEW = 6  # forms that one container is enough for: starting another takes as long


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: `calls`, as expressions in the names of the file `name` of a project; each form has `limit_s` for all of them, and `call_s` for one (0: a second)."""

    state: State
    name: str
    calls: tuple[str, ...]
    limit_s: float
    call_s: float = 0.0


async def of_forms(
    bench: Workbench, asked: Asked, forms: Sequence[Mapping[str, str]], tell: Callable[[int, int], None]
) -> list[tuple[Answer, ...]]:
    """The answers of each form (texts by file, that stand in the place of the project's) to each call, in order. Raises SandboxUnavailable."""
    found: dict[int, tuple[Answer, ...]] = {}

    def step(texts: Mapping[str, str]) -> Step:
        files = written_over(asked.state, {name: bench.projects.sent(text) for name, text in texts.items()})
        return Step(
            "calls", asked.limit_s, files, path=asked.name, calls=asked.calls, alone=True, lates=LATES, call_s=asked.call_s
        )  # fmt: skip

    async def part(numbers: Sequence[int]) -> None:
        steps = tuple(step(forms[number]) for number in numbers)
        outcomes = await bench.sandbox.run(Job(asked.state.project, steps))
        for number, outcome in zip(numbers, outcomes, strict=True):
            found[number] = answers.of(outcome, asked.calls)
        tell(len(found), len(forms))

    count = 1 if len(forms) <= FEW else CONTAINERS
    await asyncio.gather(*(part(range(first, len(forms), count)) for first in range(min(count, len(forms)))))
    return [found[number] for number in range(len(forms))]
