"""What the tests that are there notice: each mutant is held against those that execute its statement, the most particular first, and against no others."""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, TypeVar

from analyzers import homes, reach, syntax
from analyzers.mutants.usual import Usual
from analyzers.text import applied
from sandbox.api import Entry, Job, Step, StepOutcome, Taken

from ..workbench import Workbench
from ..world.state import State, written_over
from . import watched
from .watched import plain

RUN_S, QUIET_S = 120.0, 20.0  # of all tests that reach a file, and of one that gives no sign of life
FINE = ("passed", "skipped", "xfailed", "xpassed")
MUTANT_S, ONE_S, SLOWER = (
    4.0,
    1.0,
    4.0,
)  # at least for a mutant's tests, and for one; times as long as without it, under watch, after which it hangs
CONTAINERS, STEPS, FEW = 2, 40, 3  # at once, and mutants of each; so few wait for one another
FIRST = 8  # tests of a mutant that are asked before the others
_STARTS = re.compile(r"\b(?:subprocess|multiprocessing|pexpect|runpy|popen|os\.system|script_runner)\b")
Fate = Literal["noticed", "alive", "unreached"]
Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Place:
    """A file of a project with its text, and other files that are not as the scan found them."""

    state: State
    name: str
    text: str
    over: Mapping[str, str] = field(default_factory=dict)

    @property
    def texts(self) -> Mapping[str, str]:
        """The project's files, this one and the others as they are here."""
        return {**self.state.texts, **self.over, self.name: self.text}


@dataclass(frozen=True, slots=True)
class Suite:
    """The green tests that reach a file, in the order in which they ran: by each, as a node id without parameters, the lines in functions of the file (from 1) that it executes. `red` ones notice nothing, for they fail with and
    without; `took_s` is what all of them took. `taken`: what the file's functions were called with meanwhile, by their first lines, and `entries`: by which other calls, that tests make, they were reached; `times`: seconds of each test; `unseen`: those that may execute any line, in processes that nobody watches."""

    lines: Mapping[str, frozenset[int]]
    red: tuple[str, ...]
    took_s: float
    taken: Mapping[int, tuple[Taken, ...]] = field(default_factory=dict)
    times: Mapping[str, float] = field(default_factory=dict)
    unseen: frozenset[str] = frozenset()
    entries: Mapping[int, tuple[Entry, ...]] = field(default_factory=dict)

    def limits(self, tests: Iterable[str]) -> tuple[float, float]:
        """How long some of them may take together, and one of them, with a mutant: after that it hangs."""
        times = [self.times.get(one, 0.0) for one in tests]
        return max(MUTANT_S, SLOWER * sum(times)), max(ONE_S, SLOWER * max(times, default=0.0))

    def executing(self, lines: range | None) -> list[str]:
        """The tests that execute one of these lines, those first that execute least of the file; all of them for what the import executes (None)."""
        if lines is None:
            return list(self.lines)
        found = [test for test, executed in self.lines.items() if test in self.unseen or not executed.isdisjoint(lines)]
        return sorted(found, key=lambda test: (self.lines[test].isdisjoint(lines), *self.rank(test)))

    def first(self, tests: Sequence[str], lines: range | None) -> int:
        """How many of these tests (as `executing` gives them) are asked before the others: of those that were seen to execute the lines, where there are some."""
        seen = sum(not self.lines[test].isdisjoint(lines) for test in tests) if lines is not None else 0
        return min(seen or FIRST, FIRST)

    def rank(self, test: str) -> tuple[int, str]:
        """By how much of the file it executes."""
        return len(self.lines[test]), test


async def seen(bench: Workbench, place: Place) -> Suite:
    """Run the tests that reach the file, once. Raises SandboxUnavailable."""
    return (await seen_of(bench, place.state, {place.name: place.text}, place.over))[place.name]


async def seen_of(
    bench: Workbench, state: State, files: Mapping[str, str], over: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Suite]:
    """Run the tests that reach any of some files, once, and tell of each by whose it is. Raises SandboxUnavailable."""
    texts = {**state.texts, **over, **files}
    by_file = await asyncio.to_thread(lambda: {name: _reaching(texts, name, state) for name in files})
    tests = tuple(sorted({one for of in by_file.values() for one in of}))
    if not tests:
        return dict.fromkeys(files, Suite({}, (), 0.0))
    written = written_over(state, {name: bench.projects.sent(text) for name, text in {**over, **files}.items()})
    step = Step("pytest", RUN_S, written, tests, quiet_s=QUIET_S, watched=tuple(files), takes=True)
    report = await watched.run(bench, state.project, step)
    every = list(report.tests.values())
    red = {plain(one.id) for one in every if one.outcome not in FINE}
    green = [plain(one.id) for one in every if one.is_green and plain(one.id) not in red]
    unseen = frozenset(green if "" in report.unseen else map(plain, report.unseen))
    times = dict[str, float]()
    for one in every:
        times[plain(one.id)] = times.get(plain(one.id), 0.0) + one.took_s
    found = {}
    for name, reaching in by_file.items():
        lines: dict[str, frozenset[int]] = {one: frozenset() for one in green if one.partition("::")[0] in reaching}
        for test, executed in report.lines.items():
            if (own := plain(test)) in lines:
                lines[own] |= executed.get(name, frozenset())
        own_red = tuple(sorted(one for one in red if one.partition("::")[0] in reaching))
        found[name] = Suite(
            lines, own_red, report.took_s, report.taken.get(name, {}), times, unseen, report.entries.get(name, {})
        )
    return found


async def fates(bench: Workbench, place: Place, mutants: Sequence[Usual], suite: Suite, tell: Tell) -> list[Fate]:
    """What becomes of each mutant. Raises SandboxUnavailable."""
    spans = await asyncio.to_thread(statements, place.text)
    early = await asyncio.to_thread(at_import, place.text)
    own = [spans.get(one.line, range(one.line, one.line + 1)) for one in mutants]
    executing = [suite.executing(lines) for lines in own]
    executing = [tests or (suite.executing(None) if one.line in early else []) for one, tests in zip(mutants, executing, strict=True)]  # fmt: skip
    first_of = [suite.first(tests, lines) for tests, lines in zip(executing, own, strict=True)]
    found: list[Fate] = ["alive" if tests else "unreached" for tests in executing]
    texts = {n: applied(place.text, (mutants[n].edit,)) for n, tests in enumerate(executing) if tests}
    done = len(mutants) - len(texts)
    tell(done, len(mutants))
    outcomes = dict[int, StepOutcome]()

    def heard(n: int, outcome: StepOutcome) -> None:
        nonlocal done
        done += n in outcomes or len(executing[n]) <= first_of[n] or notices(outcome, asked[n])
        tell(done, len(mutants))

    # The most particular tests alone, first: a mutant that is noticed is noticed by them, mostly, and few are soon collected.
    asked = {n: executing[n][: first_of[n]] for n in texts}
    for _ in range(2):
        wanted = [
            n
            for n in texts
            if n not in outcomes or (len(asked[n]) < len(executing[n]) and not notices(outcomes[n], asked[n]))
        ]
        asked |= {n: executing[n][first_of[n] :] for n in wanted if n in outcomes}
        steps = {n: _step(bench, place, texts[n], asked[n], suite) for n in wanted}
        outcomes |= await _asked(bench, place, steps, heard)
    first = {n: failed(outcome) for n, outcome in outcomes.items()}
    unsure = await _unsure(bench, place, [(test, _ran(outcomes[n])) for n, test in first.items() if test], suite)
    again = {
        n: replace(_step(bench, place, texts[n], list(suite.lines), suite), stops=False)
        for n, test in first.items()
        if test in unsure
    }
    outcomes |= await _asked(bench, place, again)
    for n, outcome in outcomes.items():
        found[n] = "noticed" if notices(outcome, list(suite.lines) if n in again else asked[n]) else "alive"
    return found


async def _unsure(
    bench: Workbench, place: Place, failing: Sequence[tuple[str, tuple[str, ...]]], suite: Suite
) -> set[str]:
    """Of tests that failed behind others those that fail without a mutant, too: some need others before them, or none. All of them in one order and in the other, where both are green; else each by itself."""
    every = sorted({one for _, ran in failing for one in ran}, key=suite.rank)
    if not every:
        return set()
    orders = {n: _step(bench, place, place.text, tests, suite) for n, tests in enumerate((every, every[::-1]))}
    if not any(notices(outcome, every) for outcome in (await _asked(bench, place, orders)).values()):
        return set()
    before: dict[str, tuple[str, ...]] = {}
    for test, ran in failing:
        if test not in before or len(ran) < len(before[test]):
            before[test] = ran
    alone = {test: _step(bench, place, place.text, tests, suite) for test, tests in before.items()}
    return {test for test, outcome in (await _asked(bench, place, alone)).items() if notices(outcome, before[test])}


Key = TypeVar("Key")


async def _asked(
    bench: Workbench,
    place: Place,
    steps: Mapping[Key, Step],
    heard: Callable[[Key, StepOutcome], None] = lambda key, outcome: None,
) -> dict[Key, StepOutcome]:
    """The outcomes of some steps, in few containers."""
    found, keys = dict[Key, StepOutcome](), list(steps)

    async def part(some: Sequence[Key]) -> None:
        for at in range(0, len(some), STEPS):
            own = some[at : at + STEPS]
            for key, outcome in zip(
                own, await bench.sandbox.run(Job(place.state.project, tuple(steps[one] for one in own))), strict=True
            ):
                found[key] = outcome
                heard(key, outcome)

    count = CONTAINERS if len(keys) > FEW else 1
    await asyncio.gather(*(part(keys[one::count]) for one in range(min(count, len(keys)))))
    return found


def _ran(outcome: StepOutcome) -> tuple[str, ...]:
    return tuple(dict.fromkeys(plain(one.id) for one in outcome.tests.tests if one.outcome != "missing"))


def failed(outcome: StepOutcome) -> str:
    """The test that failed first; "" for none."""
    return next(
        (plain(one.id) for one in outcome.tests.tests if one.outcome not in FINE and one.outcome != "missing"), ""
    )


def notices(outcome: StepOutcome, tests: Sequence[str]) -> bool:
    """Whether one of the tests fails, does not come to its end, or cannot be collected any more."""
    report = outcome.tests
    if outcome.timed_out or report.collect_errors or not report.finished or failed(outcome):
        return True
    return not {plain(one.id) for one in report.tests}.issuperset(tests) or any(
        one.outcome not in FINE for one in report.tests
    )


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


def at_import(text: str) -> frozenset[int]:
    """The lines (from 1) of functions that a module's import may enter: what it calls or decorates with at its top, and what that calls."""
    tree = syntax.module(text)
    body = tree.body if tree is not None else []
    functions = {one.name: one for one in body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
    edge = {name for one in body for name in _entered(one, is_run=not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))} & set(functions)  # fmt: skip
    found = set[str]()
    while edge:
        found |= edge
        edge = ({name for one in edge for name in _entered(functions[one], is_run=True)} & set(functions)) - found
    return frozenset(line for name in found for line in range(functions[name].lineno, (functions[name].end_lineno or 0) + 1))  # fmt: skip


def _entered(node: ast.stmt, *, is_run: bool) -> set[str]:
    """The names that a statement calls, or decorates with; of a function that is only defined its decorators and defaults."""
    parts: Iterable[ast.AST] = [node]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_run:
        parts = [*node.decorator_list, *node.args.defaults]
    found = {one.func.id for part in parts for one in ast.walk(part) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)}  # fmt: skip
    decorators = [one for part in (node, *ast.walk(node)) for one in getattr(part, "decorator_list", [])]
    return found | {one.id for one in decorators if isinstance(one, ast.Name)}


def _step(bench: Workbench, place: Place, text: str, tests: Sequence[str], suite: Suite) -> Step:
    limit_s, one_s = suite.limits(tests)
    files = _over(bench, place, text)
    return Step("pytest", limit_s, files, tuple(tests), quiet_s=limit_s, test_s=one_s, stops=True)


def _over(bench: Workbench, place: Place, text: str) -> tuple[tuple[str, str | None], ...]:
    texts = {**place.over, place.name: text}
    return written_over(place.state, {name: bench.projects.sent(other) for name, other in texts.items()})


def _reaching(texts: Mapping[str, str], name: str, state: State) -> tuple[str, ...]:
    graph = reach.imports(texts, state.test_files)
    found = {*reach.importers(graph, name), name}
    # Tests that start the module's package in a process of its own import nothing of it.
    package = homes.importable(name, texts).partition(".")[0]
    for one in (other for other in texts if other not in found and _STARTS.search(texts[other])):
        if package and package in texts[one] and (state.is_run(one) or reach.is_below(one, ("test", "tests"))):
            found |= {one, *(test for test in reach.importers(graph, one) if state.is_run(test))}
    return tuple(sorted(one for one in found if one in texts and state.is_run(one)))
