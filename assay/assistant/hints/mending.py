"""What mends one cause of failing tests: candidates are tried, what they do sharpens the suspicion, and those that turn all green go through the proof.

The first green candidate may fit the tests by chance, at another line than the wrong one. So some more are waited for, and the likeliest of them
is offered first.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from analyzers import reach
from analyzers.text import Edit
from sandbox.api import TestResult

from ..nouns import Failed
from ..trials import differences, variants
from ..trials.variants import Goal, Tried
from ..workbench import Workbench
from ..world.state import State
from . import fixes, ranking, search
from .hint import Fix
from .ranking import Suspect
from .search import Candidate

GUARDS = 20  # green tests that a mutant has to leave green; all others are the proof's
# After the first green candidate others are tried that were next in turn, for they may be likelier; so many, that the same look gives the same hints, and no longer than so.
MORE, MORE_S = 40, 4.0
GREEN_LIMIT = 8  # green candidates that are compared
FIXES_LIMIT = 2  # of them that are proved and offered, each at a line of its own
ENOUGH = 2  # tests that have to reach a line, or its fix may fit the only one by chance
HANGING_S = 0.5  # of a test that is known to hang, and of one beside it
HANGS = "did not end within"  # what the runner says of a test that it interrupted


@dataclass(frozen=True, slots=True)
class Look:
    """What a search needs to know: the files as the editor has them, who executes what, what the archive lacks, and how long the tests took."""

    bench: Workbench
    state: State
    texts: Mapping[str, str]
    spectra: ranking.Spectra
    written: tuple[tuple[str, str | None], ...]
    took_s: float
    is_urgent: bool


@dataclass(frozen=True, slots=True)
class Cause:
    """Failing tests that seem to fail for one reason, the statements that may be it, the likeliest first, and what mends some of them."""

    failing: Mapping[str, TestResult]
    suspects: tuple[Suspect, ...]
    fixes: Mapping[tuple[str, int], Fix]


async def mended(look: Look, cause: Cause, until: float, tell: Callable[[int, int], None]) -> Cause:
    """The cause with its fixes, as far as they are found until `until` (of time.monotonic), and its statements in the order that the search showed."""
    suspects = [one for one in cause.suspects if one.name in look.texts]
    goal = _goal(look, cause, suspects)
    candidates = await asyncio.to_thread(search.candidates, suspects, goal.texts, until)
    tried = await _tried(look, goal, candidates, until, tell)
    effects: dict[tuple[str, int], float] = {}
    for one in tried:
        suspect = candidates[one.number].suspect
        place = suspect.name, suspect.line
        effects[place] = max(effects.get(place, 0.0), one.effect)
    green = [candidates[one.number] for one in tried if one.is_green][:GREEN_LIMIT]
    told = await _proved(look, green, 2 * HANGING_S if goal.test_s else fixes.PROOF_S)
    ordered = ranking.sharpened(cause.suspects, effects)
    first = [next(s for s in ordered if (s.name, s.line) == place) for place in told]
    places = {(one.suspect.name, one.suspect.line) for one in green}
    others = [s for s in ordered if (s.name, s.line) not in told]
    return replace(cause, suspects=(*first, *sorted(others, key=lambda s: (s.name, s.line) not in places)), fixes=told)


async def _tried(
    look: Look, goal: Goal, candidates: Sequence[Candidate], until: float, tell: Callable[[int, int], None]
) -> list[Tried]:
    """What came of the candidates, in their order: up to MORE behind the first green one, or as far as the time suffices."""
    found: dict[int, Tried] = {}
    end, first_open = len(candidates), 0
    wanted = [one.variant for one in candidates]
    async with contextlib.aclosing(variants.tried(look.bench, goal, wanted, until, tell)) as trying:
        async for one in trying:
            found[one.number] = one
            if one.is_green:
                until = min(until, time.monotonic() + MORE_S) if end == len(candidates) else until
                end = min(end, one.number + 1 + MORE)
            while first_open in found:
                first_open += 1
            if first_open >= end or time.monotonic() > until:
                break
    return [found[number] for number in sorted(found) if number < end]


def _goal(look: Look, cause: Cause, suspects: list[Suspect]) -> Goal:
    guards = _guards(look.spectra, cause)
    tests = (*cause.failing, *guards)
    doctests = any(not reach.is_test_file(test.partition("::")[0], look.state.test_files) for test in tests)
    test_s = HANGING_S if any(HANGS in test.detail for test in cause.failing.values()) else 0.0
    texts = {one.name: look.texts[one.name] for one in suspects}
    return Goal(
        look.state.project, cause.failing, guards, look.written, texts, look.took_s, doctests, look.is_urgent, test_s
    )


async def _proved(look: Look, green: list[Candidate], quiet_s: float) -> dict[tuple[str, int], Fix]:
    """The likeliest candidates of the likeliest lines that the proof does not refuse."""
    told: dict[tuple[str, int], Fix] = {}
    for one in sorted(green, key=lambda candidate: -candidate.likelihood):
        place = one.suspect.name, one.suspect.line
        if place in told:
            continue
        verdict = await fixes.judged(
            look.bench, look.state.root, look.texts, one.suspect.name, (one.edit,), replace(fixes.WHOLE, run_s=quiet_s)
        )
        if not isinstance(verdict, Failed):
            name, text = one.suspect.name, look.texts[one.suspect.name]
            note = await differences.told(look.bench, look.state, name, text, one.edit, one.suspect.function)
            if sum(one.suspect.line in lines.get(name, ()) for lines in look.spectra.values()) < ENOUGH:
                note = f"Weak evidence: one test reaches this line. {note}".strip()
            told[place] = Fix(_title(text, one.edit), (one.edit,), verdict, note)
        if len(told) == FIXES_LIMIT:
            break
    return told


def _guards(spectra: ranking.Spectra, cause: Cause) -> tuple[str, ...]:
    """The green tests that execute the most of what is suspected."""
    wanted = {(one.name, one.line) for one in cause.suspects[:10]}

    def shared(test: str) -> int:
        return sum(line in spectra[test].get(name, frozenset()) for name, line in wanted)

    green = [test for test in spectra if test not in cause.failing and shared(test)]
    return tuple(sorted(green, key=shared, reverse=True)[:GUARDS])


def _title(text: str, edit: Edit) -> str:
    """The line with the edit, as a title."""
    start = text.rfind("\n", 0, edit.span.start) + 1
    end = text.find("\n", edit.span.end)
    line = text[start : edit.span.start] + edit.text + text[edit.span.end : end if end >= 0 else len(text)]
    return f"Write `{' '.join(line.split())[:80]}`"
