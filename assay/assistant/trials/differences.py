"""What a fix changes beside what the tests ask for: the function as it was and as it would be, on inputs near those that the project gives it."""

from __future__ import annotations

import asyncio

from analyzers import inputs
from analyzers.text import Edit, applied
from sandbox.api import Job, SandboxUnavailable, Step, StepOutcome

from ..workbench import Workbench
from ..world.state import State, written_over

RUN_S = 3.0  # of both
SHOWN = 2  # inputs that a sentence names


async def told(bench: Workbench, state: State, name: str, text: str, edit: Edit, function: str) -> str:
    """One sentence; "" where nothing can be said: for a method, or one that nobody calls with literals."""
    if not function or "." in function:
        return ""
    every = {**state.texts, name: bench.projects.sent(text)}
    calls = inputs.variants(await asyncio.to_thread(inputs.examples, function, every.values()))
    if not calls:
        return ""
    files = written_over(state, {name: bench.projects.sent(text)})
    after = ((name, bench.projects.sent(applied(text, (edit,)))),)
    steps = tuple(Step("calls", RUN_S, one, path=name, calls=calls, quiet_s=RUN_S) for one in (files, after))
    try:
        was, now = await bench.sandbox.run(Job(state.project, steps))
    except SandboxUnavailable:
        return ""
    known = [n for n in range(len(calls)) if _ended(was, n) and _ended(now, n)]
    changed = [calls[n] for n in known if _ended(was, n) != _ended(now, n)]
    if not known:
        return ""
    if not changed:
        return f"It gives the same for all of {len(known)} inputs near those of the project."
    shown = " and ".join(f"`{call}`" for call in sorted(changed, key=len)[:SHOWN])
    if len(changed) <= SHOWN:
        return f"Of {len(known)} inputs it differs only for {shown}."
    return f"Of {len(known)} inputs it differs for {len(changed)}, such as {shown}."


def _ended(outcome: StepOutcome, number: int) -> str:
    """How a call ended, as text; "" where that is not known."""
    if number in outcome.raised:
        return f"raised {outcome.raised[number].detail}"
    return f"gave {outcome.returned[number]}" if number in outcome.returned else ""
