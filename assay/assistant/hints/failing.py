"""Proofs by the project's own tests and examples: what fails is localised, and a fix that turns it green is looked for.

One run of all tests that reach the files; where some fail, one more that tells which lines the failing and their neighbours execute; then the search.
A test that fails for what the sandbox lacks says nothing about the code, nor does one that is green the second time.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from analyzers import reach, secrets, syntax
from analyzers.text import Snapshot, Span
from sandbox.api import Job, Progress, Step, StepOutcome, TestResult

from ..nouns import Tell
from ..proof import sentences
from ..workbench import Workbench
from ..world import withheld
from ..world.state import State, written_over
from . import ranking
from .hint import Evidence, Hint, printable
from .mending import HANGING_S, HANGS, Cause, Look, mended
from .ranking import Suspect

RUN_S, QUIET_S = 120.0, 15.0  # of all tests; of one that gives no sign of life
TEST_S = 2.5  # of one test, where an endless loop is seen: most take milliseconds
NEIGHBOURS = 60  # green tests whose lines are told beside those of the failing ones
FAILING_LIMIT = 12  # failing tests that are looked into; beyond it something else is wrong
ALIKE = 0.8  # of more: so many by one error from one function are one bug
OWN_ERRORS = frozenset(
    "RecursionError TypeError AttributeError NameError UnboundLocalError IndexError ZeroDivisionError ValueError AssertionError".split()
)
SHOWN = 3  # statements of one cause that are named
FIX_S = 7.0  # of the search for fixes
RUNS_S = 1.5  # of the runs before it; what they take longer is taken from the search
# What a failure says that is the sandbox's doing: what is not installed, not there, or not allowed.
_OF_THE_SANDBOX = re.compile(
    r"ModuleNotFoundError|ImportError|PackageNotFoundError|fixture '\w+' not found|not natively supported|FileNotFoundError|PermissionError|Connect\w*(?:Error|Timeout)|[Cc]onnection refused|ould not connect|ServerSelectionTimeout"
    r"|socket\.gaierror|Read-only file system|Network is unreachable|Name or service|it did not end in time|BlockingIOError|TimeoutExpired|NotImplementedError"
)
_OF_THE_ENVIRONMENT = re.compile(r"KeyError: '[A-Z][A-Z0-9_]+'")  # where the file asks for variables
_LACKING = re.compile(
    r"ModuleNotFoundError|PackageNotFoundError|fixture '\w+' not found|not natively supported|Connect\w*(?:Error|Timeout)|[Cc]onnection refused|ould not connect|ServerSelectionTimeout"
    r"|socket\.gaierror|Network is unreachable|Name or service"
)
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")  # of an object, which is another one in every run
LATE = "The tests were not done within"
FIXED, FIRST, SECOND, THIRD = 0.9, 0.6, 0.3, 0.2  # how sure a statement with a fix is, and the first three without


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked at: files by name with their texts as the editor has them, and how long fixes may be looked for (0: not at all). What is not
    urgent has a small share of the processors. `tests` are the only ones that run, where there are any."""

    texts: Mapping[str, str]
    fix_s: float = FIX_S
    is_urgent: bool = True
    tests: tuple[str, ...] = ()


def _unheard(what: str, done: int, of: int) -> None:
    """Nobody wants to know how far it is."""


async def proved(bench: Workbench, state: State, wanted: Wanted, tell: Tell = _unheard) -> tuple[list[Hint], str]:
    """Hints about the files that failing tests lead to, and in a sentence why there are none where tests fail all the same. Raises
    SandboxUnavailable."""
    files = {**state.prose, **state.texts, **wanted.texts}
    tests, doctests = await asyncio.to_thread(_tests, files, wanted, state)
    if not tests and not doctests:
        return [], ""
    written = written_over(state, {name: bench.projects.sent(text) for name, text in wanted.texts.items()})
    started = time.monotonic()
    step = Step("pytest", RUN_S, written, (*doctests, *tests), bool(doctests), quiet_s=QUIET_S, test_s=TEST_S)
    progress = Progress(running=lambda number, how: tell("tests", how.tests, 0))
    (outcome,) = await bench.sandbox.run(Job(state.project, (step,), wanted.is_urgent), progress)
    outcome = await asyncio.to_thread(withheld.known, state, outcome)
    failing, count = _failing(outcome, state), len(outcome.tests.tests)
    aside = _aside(outcome, state)
    if len(failing) > max(FAILING_LIMIT, count // 2):
        one_cause = _of_one_cause(failing, state)
        is_clear, failing = bool(one_cause), one_cause or failing
    else:
        is_clear = bool(failing)
    if not is_clear:
        return [], aside if aside and not failing else _silence(outcome, failing, count)
    until = started + wanted.fix_s + RUNS_S
    few = dict(list(failing.items())[:FAILING_LIMIT])
    return await _localised(bench, state, wanted, _Red(files, outcome, few, written), until, tell), aside


def _of_one_cause(failing: Mapping[str, TestResult], state: State) -> dict[str, TestResult]:
    """Where most tests end in the same error out of the same function of the project, these: that is a bug, and no lack of the sandbox's. Empty where they do not."""
    ((where, kind), most) = Counter(map(_cause, failing.values())).most_common(1)[0]
    home = where.partition(":")[0]
    is_own = bool(home) and home.rpartition("/")[2] != "conftest.py" and not reach.is_test_file(home, state.test_files)
    if not is_own or kind not in OWN_ERRORS or most < ALIKE * len(failing):
        return {}
    return {test: result for test, result in failing.items() if _cause(result) == (where, kind)}


def _cause(test: TestResult) -> tuple[str, str]:
    """Where an error came from, and its kind."""
    return test.where, test.detail.partition(":")[0]


def _silence(outcome: StepOutcome, failing: Mapping[str, TestResult], count: int) -> str:
    """Why red tests say nothing about the code."""
    if failing:
        return f"{len(failing)} of {count} tests fail in the sandbox, which is too many to be bugs: `assay doctor` says whether the project's dependencies are there."
    if outcome.timed_out:
        return f"{LATE} {RUN_S:.0f} s, so nothing is said about those that were left."
    if outcome.tests.collect_errors:
        return (
            f"Some tests could not be collected in the sandbox: {secrets.redact(outcome.tests.collect_errors[0])[:200]}"
        )
    return ""


def _tests(files: Mapping[str, str], wanted: Wanted, state: State) -> tuple[list[str], list[str]]:
    """The test files that reach what is wanted, and the files of it that hold examples."""
    if wanted.tests:
        is_test = [reach.is_test_file(test.partition("::")[0], state.test_files) for test in wanted.tests]
        pairs = list(zip(wanted.tests, is_test, strict=True))
        return [_function(test) for test, is_it in pairs if is_it], [test for test, is_it in pairs if not is_it]
    graph = reach.imports(files, state.test_files)
    reaching = {name for wanted_name in wanted.texts for name in reach.importers(graph, wanted_name)}
    tests = [name for name in files if name in reaching and state.is_run(name)]
    examples = [
        name for name, text in wanted.texts.items() if ">>>" in text and name not in tests and name.endswith(".py")
    ]
    return sorted(tests), sorted(examples)


def _function(test: str) -> str:
    """A test's id without its parameters."""
    path, _, rest = test.partition("::")
    return f"{path}::{rest.partition('[')[0]}" if rest else path


def _aside(outcome: StepOutcome, state: State) -> str:
    """Which red tests looked for what no container has, and for what: nothing is said of the code by them."""
    needs = {test.id: _needs(outcome, test) for test in outcome.tests.tests if test.outcome == "failed"}
    wanting = tuple(test for test, sought in needs.items() if sought)
    every = tuple(sorted({secrets.redact(one) for sought in needs.values() for one in sought}))
    if not wanting:
        return _lacking(outcome, state)
    who = f"{sentences.count(wanting)} {'fails' if len(wanting) == 1 else 'fail'}"
    return sentences.with_withheld(
        f"{who}, and nothing is said for that, for {'it' if len(wanting) == 1 else 'they'} looked for what no container has",
        every,
    )


def _needs(outcome: StepOutcome, test: TestResult) -> frozenset[str]:
    """What a test looked for in vain, itself or by the import of its file. Settings that a whole project looks for as it is imported (`.env`) are no need of one test."""
    sought = outcome.tests.sought
    imported = sought.get(test.id.partition("::")[0], frozenset())
    return sought.get(test.id, frozenset()) | {one for one in imported if not one.endswith(withheld.WORDS["secret"])}


def _lacking(outcome: StepOutcome, state: State) -> str:
    """Which red tests need what a container has not: a package, a service, a network."""
    red = [test for test in outcome.tests.tests if test.outcome == "failed" and _is_lacking(test, state)]
    if not red:
        return ""
    who = f"{sentences.count(tuple(test.id for test in red))} {'fails' if len(red) == 1 else 'fail'}"
    detail = printable(secrets.redact(red[0].detail).partition("\n")[0])[:200]
    return f"{who} for what a container lacks, and nothing is said for that ({red[0].id}: {detail})."


def _is_lacking(test: TestResult, state: State) -> bool:
    return _LACKING.search(test.detail) is not None or _asks_the_environment(test, state)


def _is_of_the_sandbox(test: TestResult, state: State) -> bool:
    return _OF_THE_SANDBOX.search(test.detail) is not None or _asks_the_environment(test, state)


def _asks_the_environment(test: TestResult, state: State) -> bool:
    """Whether a test lacks a variable of the environment: a key like one, in a file that asks for them."""
    return bool(_OF_THE_ENVIRONMENT.search(test.detail)) and "environ" in state.texts.get(
        test.where.partition(":")[0], ""
    )


def _failing(outcome: StepOutcome, state: State) -> dict[str, TestResult]:
    """The tests that fail for what the code does, by their ids; one that takes too long fails where it was in the project's own code then."""
    found = {}
    for test in outcome.tests.tests:
        is_slow = HANGS in test.detail and reach.is_test_file(test.where.partition(":")[0], state.test_files)
        is_wanting = bool(_needs(outcome, test))
        if (
            test.outcome == "failed"
            and not test.is_set_up
            and not is_slow
            and not is_wanting
            and not _is_of_the_sandbox(test, state)
        ):
            found[test.id] = test
    return found


@dataclass(frozen=True, slots=True)
class _Red:
    """A run in which some tests are `failing`: over these files, of which the archive lacks those that were `written`."""

    files: Mapping[str, str]
    outcome: StepOutcome
    failing: Mapping[str, TestResult]
    written: tuple[tuple[str, str | None], ...]


async def _localised(
    bench: Workbench, state: State, wanted: Wanted, red_run: _Red, until: float, tell: Tell
) -> list[Hint]:
    """The causes of the failing tests, each with its statements and its fix."""
    files, outcome, failing, written = red_run.files, red_run.outcome, red_run.failing, red_run.written
    code = [name for name in files if name.endswith(".py") and not reach.is_test_file(name, state.test_files)]
    homes = {test.partition("::")[0] for test in failing}
    passing = [test.id for test in outcome.tests.tests if test.is_green]
    near = sorted(passing, key=lambda test: test.partition("::")[0] not in homes)[:NEIGHBOURS]
    chosen = (*failing, *near)
    has_examples = any(not reach.is_test_file(home, state.test_files) for home in homes)
    test_s = HANGING_S if any(HANGS in test.detail for test in failing.values()) else TEST_S
    step = Step("pytest", RUN_S, written, chosen, has_examples, quiet_s=QUIET_S, watched=tuple(code), test_s=test_s)
    tell("lines", 0, 0)
    (traced,) = await bench.sandbox.run(Job(state.project, (step,), wanted.is_urgent))
    traced = await asyncio.to_thread(withheld.known, state, traced)
    still = _failing(traced, state)
    red = {test: failing[test] for test in failing if test in still}
    green = {test.id for test in traced.tests.tests if test.is_green}
    if not state.runs_examples:
        red = {
            test: one
            for test, one in red.items()
            if not await asyncio.to_thread(_is_denied, test, traced, green, files)
        }
    spectra = {test: lines for test, lines in traced.tests.lines.items() if test in red or test in green}
    hints: list[Hint] = []
    causes = await asyncio.to_thread(_causes, spectra, red, files)
    look = Look(bench, state, wanted.texts, spectra, written, traced.ms / 1000, wanted.is_urgent)
    for number, cause in enumerate(causes):
        share = (until - time.monotonic()) / (len(causes) - number)
        end = time.monotonic() + share if wanted.fix_s else 0.0
        hints += _hints(wanted, files, state, await mended(look, cause, end, lambda done, of: tell("fixes", done, of)))
    return hints


def _is_denied(test: str, traced: StepOutcome, green: set[str], files: Mapping[str, str]) -> bool:
    """Whether a red test is an example of a function that green tests of the project enter: of a project that does not run its examples it says more about the example than about the code."""
    home, _, name = test.partition("::")
    text = files.get(home, "")
    tree = syntax.module(text) if home.endswith(".py") and "::" in test and not name.startswith("test") else None
    functions = dict(syntax.functions(tree)) if tree is not None else {}
    own = next((node for function, node in functions.items() if name.endswith(f".{function}")), None)
    if own is None:
        return False
    body = set(range(own.body[0].lineno, (own.end_lineno or own.lineno) + 1))
    others = (lines for one, lines in traced.tests.lines.items() if one in green and one.partition("::")[0] != home)
    return any(not body.isdisjoint(lines.get(home, ())) for lines in others)


def _causes(spectra: ranking.Spectra, red: Mapping[str, TestResult], files: Mapping[str, str]) -> list[Cause]:
    """The failing tests by the function that explains the most of them: the most suspicious one for all, then for those that do not enter it."""
    green = {test: lines for test, lines in spectra.items() if test not in red}
    left = {test: result for test, result in red.items() if test in spectra}
    found = []
    while left:
        suspects = ranking.ranked({**green, **{test: spectra[test] for test in left}}, left, files)
        if not suspects:
            break
        lines = {
            (one.name, one.line)
            for one in suspects
            if (one.name, one.function) == (suspects[0].name, suspects[0].function)
        }
        own = {
            test: result
            for test, result in left.items()
            if any(line in spectra[test].get(name, ()) for name, line in lines)
        }
        own = own or left
        suspects = ranking.ranked({**green, **{test: spectra[test] for test in own}}, own, files)
        found.append(Cause(own, tuple(suspects), {}))
        left = {test: result for test, result in left.items() if test not in own}
    return found


def _hints(wanted: Wanted, files: Mapping[str, str], state: State, cause: Cause) -> list[Hint]:
    """The most suspicious statements of a cause, the first one with its fix."""
    tests = tuple(cause.failing)
    first = cause.failing[tests[0]]
    name = tests[0].rpartition("::")[2]
    is_example = not reach.is_test_file(tests[0].partition("::")[0], state.test_files)
    detail = _ADDRESS.sub("", printable(secrets.redact(first.detail).partition("\n")[0]))
    who = f"The example of `{name.rpartition('.')[2]}`" if is_example else f"`{name}`"
    more = f" and {len(tests) - 1} more fail" if len(tests) > 1 else " fails"
    evidence = Evidence("example" if is_example else "test", detail, tests)
    hints = []
    for place, suspect in enumerate(cause.suspects[:SHOWN]):
        if suspect.name not in wanted.texts:
            continue
        fix = cause.fixes.get((suspect.name, suspect.line))
        sure = (FIXED if fix is not None else FIRST, SECOND, THIRD)[place]
        what = (
            "with this line written otherwise it passes"
            if fix is not None
            else "this line is the likeliest cause"
            if place == 0
            else "this line may be the cause"
        )
        message = f"{who}{more} ({detail}); {what}."
        code = "failing-example" if is_example else "failing-test"
        span = _span(files[suspect.name], suspect)
        hints.append(Hint(suspect.name, span, "proved", code, message, sure, evidence, fix, suspect.function))
    return hints


def _span(text: str, suspect: Suspect) -> Span:
    starts = Snapshot("", "", 0, text).line_starts
    start = starts[min(suspect.line, len(starts)) - 1]
    row = text[start : starts[suspect.line] if suspect.line < len(starts) else None]
    return Span(start + len(row) - len(row.lstrip()), start + len(row.rstrip()))
