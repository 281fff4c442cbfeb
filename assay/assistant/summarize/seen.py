"""What the tests show of a file's functions: they run in the sandbox, how each call ends is noted, and facts are held against it.

A fact that a run denies is not told; one that it shows is told with the test that showed it.
"""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from analyzers import reach
from analyzers.facts import Facts
from sandbox.api import Job, Observed, Progress, Step

from ..nouns import Tell
from ..workbench import Workbench
from ..world.state import written_over
from ..world.world import World

RUN_S, QUIET_S = 60.0, 15.0  # of all tests; of one that gives no sign of life
TESTS = 3  # kept of each thing that was seen


@dataclass(frozen=True, slots=True)
class Ended:
    """How a function's calls ended in tests: types that they returned and exceptions that they raised (by its own name), each with the first tests that showed it; `by` is all of it without the tests."""

    returned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    raised: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    by: Observed = field(default_factory=Observed)

    def shows(self, name: str) -> tuple[str, ...]:
        """The tests in which an exception of this name, or one derived from it, left the function."""
        last = name.rpartition(".")[2]
        kinds = {one[0] for one, _, _ in self.by.raised if last in one}
        return tuple(dict.fromkeys(test for kind in kinds for test in self.raised.get(kind, ())))[:TESTS]


async def of_file(bench: Workbench, world: World, name: str, text: str, tell: Tell) -> dict[int, Ended]:
    """How the calls of a file's functions end in the tests that reach it, by the functions' first lines. Raises SandboxUnavailable."""
    whole = await bench.projects.whole(world)
    state, texts = whole.state, {**world.documents, name: text}
    tests = await asyncio.to_thread(_reaching, {**whole.texts, name: text}, name, state.test_files)
    if not tests:
        return {}
    written = written_over(state, {one: bench.projects.sent(other) for one, other in texts.items()})
    step = Step("pytest", RUN_S, written, tests, quiet_s=QUIET_S, watched=(name,), observes=True)
    progress = Progress(running=lambda number, how: tell("tests", how.tests, 0))
    (outcome,) = await bench.sandbox.run(Job(state.project, (step,)), progress)
    return joined({test: files[name] for test, files in outcome.tests.observed.items() if name in files})


def _reaching(files: Mapping[str, str], name: str, patterns: tuple[str, ...]) -> tuple[str, ...]:
    graph = reach.imports(files, patterns)
    found = {*reach.importers(graph, name), name}
    return tuple(sorted(one for one in found if one in files and reach.is_test_file(one, patterns)))


def joined(by_test: Mapping[str, Mapping[int, Observed]]) -> dict[int, Ended]:
    """What was seen in all tests, by the functions' first lines."""
    found: dict[int, Ended] = {}
    for test, functions in by_test.items():
        for line, observed in functions.items():
            known = found.get(line, Ended())
            by = Observed(
                known.by.returned | observed.returned,
                known.by.raised | observed.raised,
                known.by.yields or observed.yields,
            )
            returned = _with(known.returned, observed.returned, test)
            raised = _with(known.raised, {kinds[0] for kinds, _, _ in observed.raised if kinds}, test)
            found[line] = Ended(returned, raised, by)
    return found


def _with(
    known: Mapping[str, tuple[str, ...]], names: set[str] | frozenset[str], test: str
) -> dict[str, tuple[str, ...]]:
    more = {name: (*known.get(name, ()), test) for name in sorted(names) if len(known.get(name, ())) < TESTS}
    return {**known, **more}


def denied(facts: Facts, seen: Observed) -> Iterator[str]:
    """What a run shows to be untrue of a function's facts, in a few words each. That something was not seen denies nothing."""
    if seen.yields and not facts.yields:
        yield "it yields"
    types = {one.type for one in facts.returns}
    if types and "" not in types and "type" not in types and not facts.yields and not facts.is_async:
        for name in sorted(seen.returned - {"NoneType" if one == "None" else one for one in types}):
            yield f"it returned a {name}"
    at = {one.line: one for one in facts.raises}
    for kinds, line, is_own in sorted(seen.raised):
        told = at.get(line)
        if is_own and told is not None and not told.is_passed_on and _is_other(told.name, kinds):
            yield f"line {line} raised {kinds[0]}"


def _is_other(name: str, kinds: tuple[str, ...]) -> bool:
    """Whether an exception of these classes is certainly not the one of this name: only of the builtin ones it is known what their names mean."""
    kind = getattr(builtins, name, None)
    return isinstance(kind, type) and kind.__name__ not in kinds


def without_denied(facts: Facts, seen: Observed) -> Facts:
    """The facts without those that a run denies."""
    if not any(denied(facts, seen)):
        return facts
    lines = {line for kinds, line, is_own in seen.raised if is_own}
    wrong = {
        one
        for one in facts.raises
        if one.line in lines and any(denied(replace(facts, returns=(), raises=(one,)), seen))
    }
    raises = tuple(one for one in facts.raises if one not in wrong)
    is_wrong = any(denied(replace(facts, raises=()), seen))
    return replace(facts, raises=raises, returns=() if is_wrong else facts.returns, yields=facts.yields or seen.yields)
