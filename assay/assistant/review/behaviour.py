"""What functions answer with a change and without it, on the same inputs: the shortest input that tells both apart, with both answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence

from ..test import regress
from ..test.asking import Asking
from ..test.way import tried
from ..trials import answers
from ..trials.answers import Answer
from ..workbench import Workbench
from ..world.change import Change
from ..world.state import State
from .remarks import Remark

FUNCTIONS = 6  # that are looked at
GIVES = 60  # characters of an answer


async def of(bench: Workbench, state: State, change: Change, until: float) -> list[Remark]:
    """The functions whose own code changed and that answer otherwise, until a time of time.monotonic. Raises SandboxUnavailable."""
    found = list[Remark]()
    for both in regress.sides(state, change):
        own = [one for one in regress.changed(both) if not one.methods][:FUNCTIONS]
        for subject in own:
            if time.monotonic() > until or len(found) >= FUNCTIONS:
                return found
            after, before = Asking(bench, both.after), Asking(bench, both.before)
            try:
                async with asyncio.timeout(max(1.0, until - time.monotonic())):
                    calls, _, now = await tried(after, subject)
                    was = await before.once(calls) if calls else ()
            except TimeoutError:
                return found
            for call, old, new in _differing(calls, was, now):
                told = f"`{call}` {_said(new)} where it {_said(old, is_past=True)}."
                found.append(
                    Remark(
                        "note", "behaviour", both.after.name, subject.lines[0], told, f"both run on {len(calls)} inputs"
                    )
                )
                break
    return found


def _differing(calls: Sequence[str], was: Sequence[Answer], now: Sequence[Answer]) -> Iterator[tuple[str, Answer, Answer]]:  # fmt: skip
    """The calls that end otherwise in a way that a person can read, the shortest first."""
    every = [
        (call, old, new)
        for call, old, new in zip(calls, was, now, strict=True)
        if old.has_ended and new.has_ended and (old.kind != new.kind or answers.notices(old, new))
    ]
    yield from sorted(every, key=lambda one: len(one[0]))


def _said(answer: Answer, *, is_past: bool = False) -> str:
    if answer.kind == "raised":
        return f"{'raised' if is_past else 'raises'} {answer.kinds[0] if answer.kinds else answer.gives[:GIVES]}"
    return f"{'gave' if is_past else 'gives'} {answer.gives[:GIVES]}"
