"""A change that somebody asked to have verified: judged with patience, and its trace kept, so that it can be told why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from assay.assistant.nouns import Verdict
from assay.assistant.shapes import state, verdict_json
from assay.assistant.workbench import Workbench
from assay.assistant.world.change import Change

from .verdict import begin, patient


def _unheard(begun: int, of: int) -> None:
    """Nobody listens."""


async def _as_it_is(verdict: Verdict) -> Verdict:
    return verdict


async def verify(
    bench: Workbench,
    change: Change,
    tell: Callable[[int, int], None] = _unheard,
    settle: Callable[[Verdict], Awaitable[Verdict]] = _as_it_is,
) -> tuple[Verdict, str]:
    """The verdict and the id of its trace. `tell` hears meanwhile how many tests of about how many were begun; `settle` may look further before the trace is kept."""
    trace = bench.traces.begin(f"verify {' '.join(one.before.path for one in change.files)}")
    verdict = await settle((await begin(bench, change, patient(bench.settings), tell)).now)
    trace.add("verdict", **verdict_json(verdict))
    bench.traces.save(trace, f"verify: {state(verdict)}")
    return verdict, trace.id
