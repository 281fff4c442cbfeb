"""What the tests that are there notice: each mutant is held against those that execute its statement, the most particular first, and against no others."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from analyzers import reach, syntax
from analyzers.mutants.usual import Usual
from analyzers.text import applied
from sandbox.api import Job, Step, StepOutcome, Taken

from ..workbench import Workbench
from ..world.state import State, written_over

RUN_S, QUIET_S = 120.0, 20.0  # of all tests that reach a file, and of one that gives no sign of life
SOONER = 12  # tests that a mutant is held against first
MUTANT_S, SLOWER = 3.0, 4.0  # at least for a mutant's tests; times as long as without it after which it hangs
CONTAINERS, STEPS = 2, 40  # at once, and mutants of each
Fate = Literal["noticed", "alive", "unreached"]
Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Place:
    """A file of a project with its text, and other files that are not as the scan found them."""

    state: State
    name: str
    text: str
    over: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suite:
    """The green tests that reach a file, in the order in which they ran: by each, as a node id without parameters, the lines in functions of the file (from 1) that it executes. `red` ones notice nothing, for they fail with and
    without; `took_s` is what all of them took. `taken`: what the file's functions were called with meanwhile, by their first lines."""

    lines: Mapping[str, frozenset[int]]
    red: tuple[str, ...]
    took_s: float
    taken: Mapping[int, tuple[Taken, ...]] = field(default_factory=dict)

    def executing(self, lines: range | None) -> list[str]:
        """The tests that execute one of these lines, those first that execute least of the file; all of them for what the import executes (None)."""
        if lines is None:
            return list(self.lines)
        found = [test for test, executed in self.lines.items() if not executed.isdisjoint(lines)]
        return sorted(found, key=lambda test: (len(self.lines[test]), test))


async def seen(bench: Workbench, place: Place) -> Suite:
    """Run the tests that reach the file, once. Raises SandboxUnavailable."""
    texts = {**place.state.texts, place.name: place.text, **place.over}
    tests = await asyncio.to_thread(_reaching, texts, place.name, place.state)
    if not tests:
        return Suite({}, (), 0.0)
    written = _over(bench, place, place.text)
    step = Step("pytest", RUN_S, written, tests, quiet_s=QUIET_S, watched=(place.name,), takes=True)
    (outcome,) = await bench.sandbox.run(Job(place.state.project, (step,)))
    red = {_plain(one.id) for one in outcome.tests.tests if one.outcome not in ("passed", "skipped", "xfailed")}
    lines: dict[str, frozenset[int]] = {
        _plain(one.id): frozenset() for one in outcome.tests.tests if one.is_green and _plain(one.id) not in red
    }
    for test, files in outcome.tests.lines.items():
        if (plain := _plain(test)) in lines:
            lines[plain] |= files.get(place.name, frozenset())
    return Suite(lines, tuple(sorted(red)), outcome.ms / 1000, outcome.tests.taken.get(place.name, {}))


async def fates(bench: Workbench, place: Place, mutants: Sequence[Usual], suite: Suite, tell: Tell) -> list[Fate]:
    """What becomes of each mutant. Raises SandboxUnavailable."""
    spans = await asyncio.to_thread(statements, place.text)
    executing = [suite.executing(spans.get(one.line, range(one.line, one.line + 1))) for one in mutants]
    found: list[Fate] = ["alive" if tests else "unreached" for tests in executing]
    alone = await _green_alone(bench, place, {tuple(tests[:SOONER]) for tests in executing if tests}, suite.took_s)
    # Some tests need others before them: where those that are to be asked first are not green by themselves, all of them are, in their order.
    executing = [tests if tuple(tests[:SOONER]) in alone else list(suite.lines) if tests else [] for tests in executing]
    for first, last in ((0, SOONER), (SOONER, None)):
        left = [n for n, tests in enumerate(executing) if found[n] == "alive" and tests[first:last]]
        done = len(mutants) - len(left)
        tell(done, len(mutants))

        async def part(numbers: Sequence[int], first: int = first, last: int | None = last) -> None:
            nonlocal done
            for at in range(0, len(numbers), STEPS):
                some = numbers[at : at + STEPS]
                steps = tuple(
                    _step(bench, place, applied(place.text, (mutants[n].edit,)), executing[n][first:last], suite.took_s)
                    for n in some
                )
                for n, outcome in zip(some, await bench.sandbox.run(Job(place.state.project, steps)), strict=True):
                    found[n] = "noticed" if notices(outcome, executing[n][first:last]) else "alive"
                done += len(some)
                tell(done, len(mutants))

        await asyncio.gather(*(part(left[one::CONTAINERS]) for one in range(min(CONTAINERS, len(left)))))
    return found


def notices(outcome: StepOutcome, tests: Sequence[str]) -> bool:
    """Whether one of the tests fails, does not come to its end, or cannot be collected any more."""
    report = outcome.tests
    if outcome.timed_out or report.collect_errors or not report.finished:
        return True
    ran = {_plain(one.id) for one in report.tests}
    return not ran.issuperset(tests) or any(one.outcome not in ("passed", "skipped", "xfailed") for one in report.tests)


def statements(text: str) -> dict[int, range | None]:
    """By line (from 1) the lines of the statement that it belongs to: of one with a body its header alone. What the import executes is None: it concerns all tests that
    reach the file; and a function's header its callers'."""
    tree, found = syntax.module(text), dict[int, range | None]()
    inner = {
        id(one) for _, function in (syntax.functions(tree) if tree is not None else ()) for one in ast.walk(function)
    }
    for node in ast.walk(tree) if tree is not None else ():
        if not isinstance(node, ast.stmt):
            continue
        first, last = node.lineno, node.end_lineno or node.lineno
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.AST):
            last = max(first, body[0].lineno - 1)  # type: ignore[attr-defined]
            if isinstance(
                node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
            ):  # executed at the import: what enters it counts
                for line in range(first, last + 1):
                    found[line] = range(first, (node.end_lineno or last) + 1)
                continue
        for line in range(first, last + 1):
            found[line] = range(first, last + 1) if id(node) in inner else None
    return found


async def _green_alone(
    bench: Workbench, place: Place, sets: set[tuple[str, ...]], took_s: float
) -> set[tuple[str, ...]]:
    """Which sets of tests are green by themselves, without a mutant."""
    ordered, found = sorted(sets), set[tuple[str, ...]]()

    async def part(some: Sequence[tuple[str, ...]]) -> None:
        for at in range(0, len(some), STEPS):
            steps = tuple(_step(bench, place, place.text, tests, took_s) for tests in some[at : at + STEPS])
            outcomes = await bench.sandbox.run(Job(place.state.project, steps))
            found.update(
                tests for tests, outcome in zip(some[at:], outcomes, strict=False) if not notices(outcome, tests)
            )

    await asyncio.gather(*(part(ordered[one::CONTAINERS]) for one in range(min(CONTAINERS, len(ordered)))))
    return found


def _step(bench: Workbench, place: Place, text: str, tests: Sequence[str], took_s: float) -> Step:
    limit_s = max(MUTANT_S, SLOWER * took_s)
    files = _over(bench, place, text)
    return Step("pytest", limit_s, files, tuple(tests), quiet_s=limit_s, test_s=max(1.0, min(10.0, SLOWER * took_s)))


def _over(bench: Workbench, place: Place, text: str) -> tuple[tuple[str, str | None], ...]:
    texts = {**place.over, place.name: text}
    return written_over(place.state, {name: bench.projects.sent(other) for name, other in texts.items()})


def _reaching(texts: Mapping[str, str], name: str, state: State) -> tuple[str, ...]:
    graph = reach.imports(texts, state.test_files)
    found = {*reach.importers(graph, name), name}
    return tuple(sorted(one for one in found if one in texts and state.is_run(one)))


def _plain(test: str) -> str:
    return test.partition("[")[0]
