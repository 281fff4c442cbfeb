"""How the time of a function grows with what it is given: measured on inputs that grow, in the sandbox; for demands like "in O(n log n)"."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace

from analyzers.constraints import Constraint
from analyzers.wishes.wish import Wanted, Wish
from sandbox.api import Job, Step

from ..workbench import Workbench
from ..world.state import written_over
from .candidate import Candidate, Target
from .choice import Judged

SIZES = (250, 1000, 4000, 16000, 64000)
LEAST_S = 0.002  # below it the clock tells nothing
ALL_S, LONGER_S = 8.0, 24.0
# The exponent of n that a demand allows, with what measuring adds: n log n is nearly n.
ALLOWED = {"1": 0.35, "log n": 0.5, "n": 1.35, "n log n": 1.45, "n^2": 2.4, "n^3": 3.4, "n * m": 2.4, "n m": 2.4, "n + m": 1.35, "sqrt(n)": 0.9}  # fmt: skip
# An argument of size n by what a hint begins with, as source.
_OF_SIZE = {
    "list[str]": "['w' + str(x * 7919 % 1000003) for x in range({n})]",
    "list[list": "[[x % 7, x % 5] for x in range({n})]",
    "list": "[x * 7919 % 1000003 for x in range({n})]",
    "Sequence": "[x * 7919 % 1000003 for x in range({n})]",
    "Iterable": "[x * 7919 % 1000003 for x in range({n})]",
    "tuple": "tuple(x * 7919 % 1000003 for x in range({n}))",
    "set": "set(range({n}))",
    "dict": "{{x * 7919 % 1000003: x for x in range({n})}}",
    "str": "'ab cd,e' * ({n} // 7 + 1)",
    "int": "{n}",
}


async def judged(bench: Workbench, target: Target, wish: Wish, every: Sequence[Judged]) -> tuple[Judged, ...]:
    """The candidates, with what speaks against those that nothing spoke against before and whose time grows faster than is asked for. Raises SandboxUnavailable."""
    demands = [one for one in wish.constraints if one.kind == "growth" and one.what in ALLOWED]
    calls = calls_of(wish)
    if not demands or not calls:
        return tuple(every)
    found = []
    for one in every:
        told: dict[int, float | None] = {}
        for limit_s in (ALL_S, LONGER_S) if one.is_fine else ():
            told = await _grown(bench, target, wish, one.candidate, calls, limit_s)
            if None not in told.values() or len(_measured(told)) > 1:
                break  # else the machine is busy: too little came to an end to tell
        why = verdict(demands[0], told) if one.is_fine else ""
        found.append(replace(one, broken=(why,)) if why else one)
    return tuple(found)


def calls_of(wish: Wish) -> tuple[str, ...]:
    """Calls with inputs that grow; none where no parameter has a size."""
    made = [_of(one) for one in wish.required]
    if wish.owner or not made or not any("{n}" in one for one in made):
        return ()
    return tuple(f"[{wish.name}({', '.join(one.format(n=size) for one in made)}), None][1]" for size in SIZES)


def _of(one: Wanted) -> str:
    hint = one.hint.replace("typing.", "").replace("List", "list").replace("Dict", "dict")
    for begins, source in _OF_SIZE.items():
        if hint.startswith(begins):
            return source
    return _OF_SIZE["list"] if not hint else "None"


async def _grown(
    bench: Workbench, target: Target, wish: Wish, one: Candidate, calls: Sequence[str], limit_s: float
) -> dict[int, float | None]:
    """Seconds by size; None where a call did not come to an end in time, nothing of one that raised."""
    text = await asyncio.to_thread(target.written, wish, one)
    files = written_over(target.state, {target.name: bench.projects.sent(text)})
    step = Step("calls", limit_s, files, path=target.name, calls=tuple(calls), alone=True)
    (outcome,) = await bench.sandbox.run(Job(target.state.project, (step,)))
    found: dict[int, float | None] = {}
    for number, size in enumerate(SIZES):
        if number in outcome.raised:
            continue
        found[size] = outcome.took_s[number] if number in outcome.returned else None
    return found


def _measured(seconds: dict[int, float | None]) -> list[tuple[int, float]]:
    """What took long enough to be told from nothing, by size."""
    return [(size, took) for size, took in sorted(seconds.items()) if took is not None and took >= LEAST_S]


def verdict(demand: Constraint, seconds: dict[int, float | None]) -> str:
    """What speaks against a function whose calls took so long; "" where nothing does, or too little is known."""
    known = _measured(seconds)
    late = [size for size, took in seconds.items() if took is None]
    if len(known) < 2:
        return f"It does not come to an end with {late[0]} items, where time of O({demand.what}) is asked for." if late and min(late) <= SIZES[1] else ""  # fmt: skip
    (small, first), (large, last) = known[0], known[-1]
    exponent = math.log(last / first) / math.log(large / small)
    if exponent <= ALLOWED[demand.what]:
        return ""
    return f"Its time grows as about n^{exponent:.1f} ({small} items take {first:.3f} s, {large} {last:.3f} s), and O({demand.what}) is asked for."
