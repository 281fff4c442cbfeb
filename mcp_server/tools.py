"""The tools, one function each: what an agent may ask, and what it hears."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analyzers import encodings, subjects
from analyzers.changed import new_lines
from analyzers.text import applied
from assay.assistant.changes import gathered
from assay.assistant.changes.gathered import Gathered, NothingChanged
from assay.assistant.changes.patch import PatchError
from assay.assistant.changes.revisions import RangeError
from assay.assistant.finding import search
from assay.assistant.hints import check as checking
from assay.assistant.hints import explain as explaining
from assay.assistant.hints.check import Scope
from assay.assistant.proof import sentences
from assay.assistant.record.checkpoints import Checkpoints, NotWritten
from assay.assistant.review import handed
from assay.assistant.review import shapes as reviewed
from assay.assistant.shapes import title
from assay.assistant.summarize import shapes as summaries
from assay.assistant.summarize import symbols
from assay.assistant.test import asked as tests_asked
from assay.assistant.test import shapes as tests_told
from assay.assistant.test.suite import Place
from assay.assistant.workbench import Workbench
from assay.assistant.write import asked, plan, sources
from assay.assistant.write import shapes as written_told
from assay.assistant.write.asked import Unclear
from assay.assistant.write.candidate import Target

from . import told
from .projects import Refused, chosen, file_of, of_uris
from .work import Client, Projects, Tell, done

DEAF_S = 40.0  # of tests for a client that does not listen to progress: it gives up after a minute
CUT = f"the tests had {DEAF_S:.0f} s and no more: a client that asks for progress is waited with for as long as budget_s says"
FACTS, PLACES, THERE = 8, 5, 5  # that are told


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool gives: its structured output, and text for people and for agents that read text alone."""

    output: Mapping[str, Any]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One call: the services, the client's roots, the project that it is about, and where paths count from."""

    projects: Projects
    context: Client
    roots: tuple[Path, ...]
    folder: Path
    root: Path
    hears: bool = True

    @property
    def bench(self) -> Workbench:
        """The project's services."""
        return self.projects.bench(self.root)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls a tool: what hears how far it is, the URIs of its roots, and whether it listens."""

    context: Client
    roots: tuple[str, ...]
    hears: bool = True


async def begun(projects: Projects, by: Caller, folder: str) -> Call:
    """A call about the project at `folder`. Raises Refused."""
    await projects.renewed()
    roots = of_uris(by.roots, projects.here)
    path = chosen(roots, folder)
    return Call(projects, by.context, roots, path, projects.root(path, roots), by.hears)


@dataclass(frozen=True, slots=True)
class What:
    """Which change is meant: one of them. `files` are whole new texts by path, null for one that goes; `against` is a revision, or "index" for what is staged."""

    diff: str = ""
    files: Mapping[str, str | None] | None = None
    against: str = ""


def change_of(call: Call, what: What) -> Gathered:
    """The change. Raises Refused."""
    if sum((bool(what.diff), what.files is not None, bool(what.against))) > 1:
        raise Refused("Give one of `diff`, `files` and `against`, not several.")
    try:
        if what.diff:
            return gathered.of_diff(call.root, call.folder, what.diff, {})
        if what.files is not None:
            return gathered.of_texts(call.root, call.folder, what.files)
        if what.against == "index":
            return gathered.of_index(call.root, {})
        return gathered.of_revision(call.root, what.against or "HEAD", {})
    except (NothingChanged, PatchError, RangeError) as error:
        raise Refused(str(error)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"A file of the change cannot be read: {error}") from error


async def verify_change(call: Call, what: What, budget_s: float) -> Answer:
    """Judge a change, and write nothing."""
    found = await asyncio.to_thread(change_of, call, what)
    bench = call.bench
    seconds, is_cut = budget(budget_s or bench.settings.number("verify.budget_s"), hears=call.hears)
    bench = replace(bench, settings=replace(bench.settings, values={**bench.settings.values, "verify.budget_s": float(seconds)}))  # fmt: skip
    judged = await done(call.context, lambda tell: handed.judged(bench, found, tell))
    if is_cut and judged.tests.left:
        judged = replace(judged, unchecked=(CUT, *judged.unchecked))
    return Answer(reviewed.handed_json(judged), tuple(reviewed.lines(judged)))


def budget(wanted: float, *, hears: bool) -> tuple[float, bool]:
    """How many seconds tests have, and whether that is less than was asked for, because nobody would wait so long."""
    seconds = max(5.0, min(wanted, 600.0))
    return (seconds, False) if hears or seconds <= DEAF_S else (DEAF_S, True)


async def check(call: Call, what: What) -> Answer:
    """Hints on the lines that a change changes, in its own texts."""
    found = await asyncio.to_thread(change_of, call, what)
    texts = {one.name: one.after for one in found.change.files if one.is_python and not one.is_gone}
    lines = {one.name: new_lines(one.before.text, one.after) for one in found.change.files}

    async def work(tell: Tell) -> checking.Report:
        return await checking.of_files(call.bench, Scope(call.root, texts, call.projects.cache), tell)

    whole = await done(call.context, work)
    report = checking.within(whole, lines, texts)
    notes = (*report.notes, *_elsewhere(whole, report))
    hints = [
        {"file": one.name, "line": texts[one.name].count("\n", 0, one.span.start) + 1, "kind": one.kind, "code": one.code, "message": one.message, "evidence": one.evidence.detail}
        for one in report.all
    ]  # fmt: skip
    said = [f"{one['kind']}  {one['file']}:{one['line']}  {one['message']}" for one in hints]
    return Answer({"hints": hints, "notes": list(notes)}, (*(said or ["no hint on a changed line"]), *notes))


def _elsewhere(whole: checking.Report, told: checking.Report) -> Iterator[str]:
    """In a sentence, the tests that fail and have no hint on a changed line: whoever hears of no hint should not take them for green."""
    named = {test for one in told.all for test in one.evidence.tests}
    red = sorted({test for one in whole.all if one.kind == "proved" for test in one.evidence.tests} - named)
    if red:
        yield f"{sentences.count(tuple(red))} {'fails' if len(red) == 1 else 'fail'} ({red[0]}{', …' if len(red) > 1 else ''}), and what is the likeliest cause stands on no changed line: `verify_change` says whether the change did it."


async def explain(call: Call, output: str) -> Answer:
    """The cause of a traceback or of failed tests."""
    found = await done(call.context, lambda tell: explaining.explain(call.bench, call.root, output, tell))
    if not found.name and explaining.says_nothing(output):
        raise Refused(f"{found.cause} Give the traceback, or pytest's output, as the terminal showed it.")
    texts = (await call.bench.projects.state(call.root)).texts
    fix, verdict = "", None
    if found.fix is not None and found.fix.verdict is not None:
        before = texts[found.name]
        fix, verdict = _diff({found.name: (before, applied(before, found.fix.edits))}), title(found.fix.verdict)
    lines = [found.cause, *([f"{found.name}:{found.line}"] if found.name else []), *([f"fix ({verdict}):", fix] if fix else [])]  # fmt: skip
    return Answer({"cause": found.cause, "file": found.name or None, "line": found.line or None, "fix": fix or None, "verdict": verdict}, tuple(lines))  # fmt: skip


async def find(call: Call, query: str) -> Answer:
    """What a name is, with its facts and callers; or what is there for a description."""
    state = await call.bench.projects.state(call.root)
    wanted, places = query.strip(), list[dict[str, Any]]()
    file, mark, name = wanted.partition("::")
    name = name if mark else wanted
    if name and all(part.isidentifier() for part in name.split(".")):
        last = name.rpartition(".")[2]
        world = call.bench.projects.world(call.root)
        for path, text in sorted(state.texts.items()):
            if (mark and path != file) or last not in text or len(places) >= PLACES:
                continue
            for one in symbols.named(await symbols.of_file(call.bench, world, path, text) or [], name):
                facts = [summaries.signature(one.facts), one.summary, *summaries.lines(one)]
                places.append({"name": one.facts.path, "file": path, "line": one.facts.line, "facts": facts[:FACTS]})
    there: list[str] = []
    if not places:
        items = await done(call.context, lambda tell: search.suggest(call.bench, call.root, call.projects.cache, wanted, THERE, tell))  # fmt: skip
        there = [f"{one.full_name}  {one.call}  ({one.source}): {one.about}" for one in items]
    said = [line for one in places[:PLACES] for line in (f"{one['name']}  {one['file']}:{one['line']}", *(f"  {fact}" for fact in one["facts"]))]  # fmt: skip
    return Answer({"places": places[:PLACES], "there": there}, tuple([*said, *there] or [f"Nothing is there for “{wanted}”."]))  # fmt: skip


async def write_function(call: Call, what: str, file: str, after: str, *, apply: bool) -> Answer:
    """A function from a sentence, or the one that is begun or called under a name."""
    path = await asyncio.to_thread(file_of, call.root, call.roots, file)
    text = await asyncio.to_thread(_now, path)
    try:
        is_name = all(part.isidentifier() for part in what.strip().split("."))
        wanted = asked.named(text, what.strip()) if is_name else asked.described(text, what, after)
    except Unclear as error:
        raise Refused(str(error)) from error
    bench, name = call.bench, path.relative_to(call.root).as_posix()

    async def work(tell: Tell) -> Any:
        at = Target(await bench.projects.state(call.root), name, text, wanted.span, indent=wanted.indent)
        meant = await asyncio.to_thread(asked.with_tests, wanted, at.texts, name)
        return await plan.carried_out(bench, bench.projects.world(call.root), at, meant.wish, sources.every(call.projects.cache), tell)  # fmt: skip

    found = await done(call.context, work)
    files = {one: (text if one == name else _now(call.root / one), new) for one, new in found.files.items()}
    lines = list(written_told.lines(found))
    verdict = getattr(found, "verdict", None)
    return _written(call, f"write {wanted.wish.full_name}", files, lines, verdict, apply=apply)


async def write_tests(call: Call, file: str, function: str, *, apply: bool) -> Answer:
    """Tests of a function, as it answers today and as its docstring shows."""
    path = await asyncio.to_thread(file_of, call.root, call.roots, file)
    text = await asyncio.to_thread(_now, path)
    name = path.relative_to(call.root).as_posix()
    every = await asyncio.to_thread(subjects.of_text, text)
    picked = [one for one in every if one.name == function]
    if not picked:
        known = ", ".join(one.name for one in every) or "none"
        raise Refused(f"{file} has no function or class {function} at its top; it has {known}.")

    async def work(tell: Tell) -> Any:
        state = await call.bench.projects.state(call.root)
        at = Place(state, name, text, tests_asked.there(state, name))
        return await tests_asked.of_functions(call.bench, at, picked, tell)

    made = await done(call.context, work)
    files = tests_asked.files(made)
    return _written(call, f"test {function}", files, [line for one in made for line in tests_told.lines(one)], None, apply=apply)  # fmt: skip


async def undo(call: Call) -> Answer:
    """Take back the newest change that Assay wrote."""
    try:
        (one,) = await asyncio.to_thread(Checkpoints(call.projects.cache, call.root).undo)
    except NotWritten as error:
        raise Refused(str(error)) from error
    names = [file.name for file in one.change.files]
    return Answer(
        {"title": one.change.title, "files": names}, (f"taken back: {one.change.title} ({', '.join(names)})",)
    )


def _written(
    call: Call, name: str, files: Mapping[str, tuple[str, str]], lines: Sequence[str], verdict: Any, *, apply: bool
) -> Answer:
    """What was written, as a diff; in the files only where that was asked for."""
    diff = _diff(files)
    if apply and files:
        both = {one: (encodings.encoded(old) if old or (call.root / one).exists() else None, encodings.encoded(new)) for one, (old, new) in files.items()}  # fmt: skip
        try:
            Checkpoints(call.projects.cache, call.root).apply(name, both)
        except NotWritten as error:
            raise Refused(str(error)) from error
    why = "" if files else " ".join(lines[:2])
    output = {"diff": diff, "why": why, "verdict": title(verdict) if verdict is not None else None, "applied": apply and bool(files)}  # fmt: skip
    return Answer(output, (*lines[:10], *diff.splitlines()))


def _now(path: Path) -> str:
    try:
        return encodings.decoded(path.read_bytes()) if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{path.name} cannot be read ({error}).") from error


def _diff(files: Mapping[str, tuple[str, str]]) -> str:
    return "".join(_lines(files))


def _lines(files: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    for name, (before, after) in files.items():
        for line in difflib.unified_diff(before.splitlines(True), after.splitlines(True), f"a/{name}" if before else "/dev/null", f"b/{name}"):  # fmt: skip
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def shown(answer: Answer) -> str:
    """The text of an answer, within its bounds."""
    return told.text(answer.lines)
