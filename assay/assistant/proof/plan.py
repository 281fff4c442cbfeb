"""What is run for a change: which tests, over which files, and what of it they have to execute; or why nothing is run."""

from __future__ import annotations

import ast
import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from analyzers import brought, harness, reach, syntax, unfinished
from analyzers.changed import Changed, Piece, hunks
from analyzers.changed import changed as changed_pieces
from analyzers.text import Snapshot, Span
from analyzers.unfinished import Left
from sandbox.api import Project

from ..nouns import Baseline, Chosen
from ..record.coverage import Reached
from ..workbench import Workbench
from ..world.change import Change, Edited
from ..world.state import State, written_over

FIRST_TESTS, FIRST_FILES = 40, 8  # of the batch that somebody who types waits for: the deadline of a line is 400 ms
REST_S = 30.0  # for the tests beyond it, which nobody waits for
NOTHING = Changed((), (), frozenset())
Files = tuple[tuple[str, str | None], ...]  # relative POSIX path and text, None for a file that is taken away


@dataclass(frozen=True, slots=True)
class Time:
    """When a run is ended (`run_s`), and when it is because nothing was heard of a test (`quiet_s`). `is_whole`: all tests are run together. What is not urgent has a small share of the
    processors."""

    run_s: float
    quiet_s: float
    is_whole: bool
    is_urgent: bool = True


@dataclass(frozen=True, slots=True)
class Batch:
    """Tests of one run, as node ids or whole files, `without` those that an earlier one ran; `count` says how many they seem to be.
    `doctests`: some of them are doctests of the changed file. A last resort is for when the others told nothing;
    one that is not urgent has a small share of the processors."""

    tests: tuple[str, ...]
    without: tuple[str, ...]
    count: int
    doctests: bool
    time: Time
    is_last_resort: bool = False
    is_urgent: bool = True


Cause = Literal["no-python", "no-project", "ignored", "harness", "secret", "no-tests", "no-sandbox", "elsewhere"]


@dataclass(frozen=True, slots=True)
class NotRun:
    """Nothing was run, for this cause; `detail` is what was seen, where the cause alone does not tell."""

    cause: Cause
    detail: str = ""
    ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run for one change. `written` turns the archive into the project with the change, `before` into that without it: the changed files, None
    for one that is new; None where they do not parse without it and so cannot run. `changed` are the pieces of each Python file, those of a file that is gone left out."""

    state: State
    written: Files
    before: Files | None
    changed: Mapping[str, Changed]
    gone: tuple[str, ...]
    batches: tuple[Batch, ...]
    chosen: Chosen
    suspicion: str
    typing: Typing | None
    brought: tuple[str, ...] = ()

    @property
    def baseline(self) -> Baseline:
        """What the run without the change can tell."""
        return "run" if self.before is not None else "unparsable"

    def there(self, batch: Batch) -> tuple[str, ...]:
        """The tests of a batch whose files are there without the change, too: asked for one that is not, pytest runs nothing."""
        new = {name for name, text in self.before or () if text is None}
        return tuple(test for test in batch.tests if test.partition("::")[0] not in new)

    @property
    def names(self) -> tuple[str, ...]:
        """The Python files of the change."""
        return (*self.changed, *self.gone)

    @property
    def test_files(self) -> tuple[str, ...]:
        """The changed files that hold tests, those in prose among them."""
        every = (*self.names, *(name for name, _ in self.before or ()))
        return tuple(name for name in dict.fromkeys(every) if reach.is_test_file(name, self.state.test_files))

    @property
    def uncounted(self) -> frozenset[str]:
        """The changed files whose lines nobody asks to be executed: those of tests, where the change is in others, too."""
        tests = frozenset(self.test_files)
        return tests if set(self.changed) - tests else frozenset()

    @property
    def pieces(self) -> tuple[tuple[str, Piece], ...]:
        """What a test executes or does not, with its file."""
        return tuple((name, piece) for name, one in self.changed.items() for piece in one.pieces)

    @property
    def functions(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The changed functions by file."""
        return tuple((name, one.functions) for name, one in self.changed.items())


@dataclass(frozen=True, slots=True)
class Typing:
    """What is known of a change that is offered to somebody who writes: what it `leaves` to write; the text without it in its second form (`other`);
    the file as it is in the editor, where that could run and is something else (`standing`)."""

    leaves: Left | None
    other: str | None
    standing: str | None


async def plan(bench: Workbench, change: Change, time: Time) -> Plan | NotRun:
    """What to run, or why nothing is."""
    if any(one.before.preamble or not one.name for one in change.files):
        return NotRun("no-project")
    rules = await bench.projects.rules(change.root)
    if not all(rules.allows(one.name) for one in change.files):
        return NotRun("ignored")
    trees: dict[str, ast.Module] = {}
    for one in change.files:
        if one.is_python and not one.is_gone:
            tree = await asyncio.to_thread(syntax.module_or_flaw, one.after)
            if isinstance(tree, syntax.Flaw):  # newer than the Python that parses it here: ruff takes more
                return NotRun("elsewhere", tree.message)
            trees[one.name] = tree
    for one in change.files:
        if what := harness.steers(one.name):
            return NotRun("harness", what)
    read = [(one, trees[one.name]) for one in change.files if one.name in trees]
    changed = {one.name: await asyncio.to_thread(_changed, one, tree) for one, tree in read}
    if any(_has_secret(bench, one, changed.get(one.name)) for one in change.files):
        return NotRun("secret")
    state = (await bench.projects.whole(change.world)).state
    own = change.world.environment
    if own is not None and own.flaw and not state.project.image:
        return NotRun("no-python", own.flaw)
    texts = {name: bench.projects.sent(text) for name, text in change.texts.items() if rules.allows(name)}
    gone = tuple(one.name for one in change.files if one.is_gone)
    reaching = await asyncio.to_thread(_reaching, state, texts, change, changed, trees)
    files = {**state.prose, **state.texts, **texts}
    known = await asyncio.to_thread(_known, bench, change, state, changed, files)
    batches = _batches(reaching, known, tuple(changed), time)
    suspicion = next(
        (
            what
            for one, tree in read
            if (
                what := harness.touched(
                    tree, changed[one.name].lines, is_test=reach.is_test_file(one.name, state.test_files)
                )
            )
        ),
        "",
    )
    if not batches:
        return NotRun("harness", suspicion) if suspicion else NotRun("no-tests")
    forms = await asyncio.to_thread(without, change)
    return Plan(
        state,
        (*written_over(state, texts, gone), *_others(change)),
        _before(bench, change, forms),
        changed,
        tuple(name for name in gone if name.endswith(".py")),
        batches,
        "map" if known else "imports",
        suspicion,
        await _typing(bench, change, trees, forms) if change.begun is not None else None,
        await asyncio.to_thread(_brought, state, change),
    )


def _brought(state: State, change: Change) -> tuple[str, ...]:
    """The tests that the change brings or alters."""
    return tuple(
        test
        for one in change.files
        if reach.is_test_file(one.name, state.test_files) and not one.is_gone
        for test in (
            brought.of_file(one.name, None if one.kind == "new" else one.before.text, one.after)
            if one.is_python
            else (one.name,)
        )
    )


async def _typing(bench: Workbench, change: Change, trees: Mapping[str, ast.Module], forms: tuple[str, ...]) -> Typing:
    standing = await asyncio.to_thread(_standing, change, forms)
    return Typing(
        await asyncio.to_thread(unfinished.left, trees[change.first.name], *change.first.lines),
        bench.projects.sent(forms[1]) if len(forms) > 1 else None,
        bench.projects.sent(standing) if standing is not None else None,
    )


def _has_secret(bench: Workbench, one: Edited, changed: Changed | None) -> bool:
    """Whether what looks like a secret would be replaced in a changed line, on the way to another machine."""
    rows = list(zip(bench.projects.sent(one.after).split("\n"), one.after.split("\n"), strict=True))
    lines = changed.lines if changed is not None else range(one.lines[0], min(one.lines[1], len(rows)) + 1)
    return any(rows[line - 1][0] != rows[line - 1][1] for line in lines)


def _others(change: Change) -> Files:
    """Files that are no Python and that the change takes away: what it writes is among its texts."""
    return tuple((one.name, None) for one in change.files if one.is_gone and not one.name.endswith(".py"))


def _before(bench: Workbench, change: Change, forms: tuple[str, ...]) -> Files | None:
    """The changed files without the change."""
    if len(change.files) == 1 and not change.first.is_gone:
        return ((change.first.name, bench.projects.sent(forms[0])),) if forms else None
    made: list[tuple[str, str | None]] = []
    for one in change.files:
        is_new = one.kind == "new"
        if one.is_python and not is_new and syntax.module(one.before.text) is None:
            return None
        made.append((one.name, None if is_new else bench.projects.sent(one.before.text)))
    return tuple(made)


def _reaching(
    state: State,
    texts: Mapping[str, str],
    change: Change,
    changed: Mapping[str, Changed],
    trees: Mapping[str, ast.Module],
) -> reach.Reaching:
    """What may reach any of the files: with the texts of the change, and of a file that is gone with those before it."""
    gone = {one.name: one.before.text for one in change.files if one.is_gone}
    files = {name: text for name, text in {**state.prose, **state.texts, **texts}.items() if name not in gone}
    found = [reach.tests(files, name, one, trees[name], state.test_files) for name, one in changed.items()]
    before = {**files, **gone}
    found += [
        reach.tests(before, name, NOTHING, ast.Module([], []), state.test_files)
        for name in gone
        if name.endswith(".py")
    ]
    return reach.Reaching(
        tuple(dict.fromkeys(file for one in found for file in one.files if file in files and state.is_run(file))),
        tuple(dict.fromkeys(test for one in found for test in one.tests if _is_run(test, files, state))),
        tuple(dict.fromkeys(test for one in found for test in one.doctests)),
    )


def _is_run(test: str, files: Mapping[str, str], state: State) -> bool:
    file = test.partition("::")[0]
    return file in files and state.is_run(file)


def _changed(one: Edited, tree: ast.Module) -> Changed:
    found = hunks(one.before.text, one.after)
    return changed_pieces(tree, one.after, found, syntax.module(one.before.text))


def without(change: Change) -> tuple[str, ...]:
    """The text of one file without the change, that can run, in one form or two: where somebody writes, without the statement under way, so that it is the same
    while he does; () where there is none."""
    (one, *others), begun = change.files, change.begun
    text = one.before.text
    if others or one.is_gone:
        return ()
    if begun is not None:
        started = text[begun.start : begun.end]
        first = one.span.start + len(written := one.after[one.span.start :]) - len(written.lstrip())
        row = started if started.strip() else one.after[one.after.rfind("\n", 0, first) + 1 : first + 1]
        lead = row[: len(row) - len(row.lstrip())]
        for piece in (_around(one.before, begun), Span(0, len(text))):
            inner = Span(begun.start - piece.start, begun.end - piece.start)
            made = unfinished.without(text[piece.start : piece.end], inner, lead)
            forms = tuple(text[: piece.start] + form + text[piece.end :] for form in made)
            if forms and syntax.module(forms[0]) is not None:
                return forms
    return (text,) if syntax.module(text) is not None else ()


def _around(snapshot: Snapshot, begun: Span) -> Span:
    """The module's statements that `begun` belongs to: a long file is not compiled for them."""
    rows = (snapshot.line_of(begun.start), snapshot.line_of(begun.end))
    begin, end = syntax.top_level(snapshot.tree, *rows)
    return Span(snapshot.line_starts[begin], len(snapshot.text) if end is None else snapshot.line_starts[end])


def _standing(change: Change, forms: tuple[str, ...]) -> str | None:
    """The text as it is, where something of the statement under way is there and could run."""
    begun, text = change.begun, change.first.before.text
    is_more = begun is not None and text[begun.start : begun.end].strip() and text not in forms
    return text if is_more and syntax.compiles(text) else None


def _known(
    bench: Workbench, change: Change, state: State, changed: Mapping[str, Changed], files: Mapping[str, str]
) -> Reached | None:
    """What the coverage map knows of the change; None where there is none that holds here, and for a change of several files."""
    if not bench.settings.is_on("verify.map") or len(change.files) > 1 or len(changed) != 1:
        return None
    ((name, own),) = changed.items()
    found = bench.maps.load(change.root)
    if found.place != place_of(bench, state.project):
        return None
    return found.reaching(name, own, files, bench.projects.sent(change.first.before.text))


def place_of(bench: Workbench, project: Project) -> str:
    """What a coverage map is recorded in: another image or other dependencies may run other code."""
    return digest(project.image, stamp(project), bench.sandbox.health().image)


def _batches(reaching: reach.Reaching, known: Reached | None, names: tuple[str, ...], time: Time) -> tuple[Batch, ...]:
    """All of them, or the likeliest and the rest. What a file really holds is known once pytest has collected it: whole files are asked for
    where all of their tests are to run, and no map knows them."""
    files, tests, doctests = reaching.files, reaching.tests, reaching.doctests
    patient = Time(max(REST_S, time.run_s), time.quiet_s, is_whole=True)
    wanted = (
        files
        if known is None
        else (*known.tests, *dict.fromkeys((*known.files, *(f for f in files if f in known.unknown))))
    )
    if known is not None:
        tests = (*known.tests, *(t for t in tests if t.partition("::")[0] in wanted))
    doctests = tuple(d for d in doctests if d.partition("::")[0] not in wanted)
    count = max(len(tests), len(wanted)) + len(doctests)
    if time.is_whole or (count <= FIRST_TESTS and len(wanted) <= FIRST_FILES):
        parts = [Batch((*doctests, *wanted), (), count, bool(doctests), time)]
    else:
        nearest = list(dict.fromkeys(test.partition("::")[0] for test in tests))[:FIRST_FILES]
        first = (*doctests, *(t for t in tests if t.partition("::")[0] in nearest))[:FIRST_TESTS] or wanted[
            :FIRST_FILES
        ]
        parts = [Batch(first, (), len(first), bool(doctests), time)]
        if set(wanted) - set(first):
            parts.append(
                Batch(wanted, first, max(count - len(first), 1), doctests=False, time=patient, is_urgent=False)
            )
    if known is not None and files:
        parts.append(Batch(files, (*doctests, *wanted), 0, doctests=False, time=patient, is_last_resort=True))
    return tuple(part for part in parts if part.tests)


def digest(*parts: object) -> str:
    """A key for parts whose `repr` tells all of them: frozen dataclasses, tuples, texts, numbers."""
    return hashlib.sha256("\0".join(map(repr, parts)).encode("utf-8", "surrogatepass")).hexdigest()


def stamp(project: Project) -> tuple[object, ...]:
    """When the project's packages last changed, as far as their folders tell, or what they are to be; empty without any."""
    if project.packages is not None and not project.image:
        return (project.packages,)
    return project.interpreter.stamp if project.interpreter is not None else ()
