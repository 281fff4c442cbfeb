"""The commands assay.test and assay.mutants: tests of functions of a document, as an edit to review; and what no test notices, shown where it stands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcInternalError, JsonRpcInvalidParams

from analyzers import reach, subjects, syntax
from analyzers.mutants.usual import Usual
from analyzers.subjects import Subject
from analyzers.text import Snapshot, Span
from assay.assistant.hints.hint import Evidence, Hint
from assay.assistant.test import asked, shapes
from assay.assistant.test.suite import Fate, Place
from assay.assistant.test.way import Made
from lsp_server.convert import offset_at
from lsp_server.session import Session, View
from sandbox.api import SandboxUnavailable

from . import edits

TAKES = "takes an object with uri, and with name, position or line where not all of the document is meant"
PROGRESS = "workDoneToken"
PLACES = {"name", "position", "line", PROGRESS}
CODE = "unnoticed"
KIND = types.CodeActionKind.Refactor
T = TypeVar("T")


async def make(session: Session, *arguments: Any) -> dict[str, Any] | None:
    """Tests of a document's functions, written into the file of tests once somebody agrees. Null for a document that is not open, and where it was ended."""
    meant = await _meant(session, arguments, "assay.test")
    if meant is None:
        return None
    view, at, chosen = meant.view, meant.at, meant.chosen
    line = int(arguments[0].get("line", -1)) + 1
    made = await watched(
        session,
        f"Assay is making tests of {meant.told}",
        lambda tell: asked.of_functions(view.bench, at, chosen, tell, line),
        arguments[0],
    )
    if made is None:
        return None
    told = await told_and_written(session, view, at.name, made)
    if told["applied"] and session.is_current(view):
        await _noticed(session, view, made, line)
    return told


async def told_and_written(session: Session, view: View, name: str, made: Sequence[Made]) -> dict[str, Any]:
    """The answer of the command for a file, once its tests are written where somebody agrees."""
    files, applied = asked.files(made), False
    for target, texts in files.items():
        tests = [test for one in made if one.written is not None for test in one.written.tests]
        applied = await _write(session, view, target, texts, tests[0])
    if (applied or not files) and not session.editor.tells_of_tests:
        session.editor.show(shapes.glance(made))
    uri = next(((view.root / target).as_uri() for target in files), None)
    return shapes.made_json({name: made}) | {
        "glance": shapes.glance(made),
        "text": [line for one in made for line in shapes.lines(one)],
        "uri": uri,
        "applied": applied,
    }


async def mutants(session: Session, *arguments: Any) -> dict[str, Any] | None:
    """Which small changes of a part of a document no test notices; each is a hint from then on. Null for a document that is not open, and where it was ended."""
    meant = await _meant(session, arguments, "assay.mutants", of_file=True)
    if meant is None:
        return None
    view, at = meant.view, meant.at
    first, last = meant.chosen[0].lines if meant.chosen else (1, len(view.snapshot.line_starts))
    found = await watched(
        session,
        f"Assay is looking for what no test of {meant.told} notices",
        lambda tell: asked.survey(view.bench, at, first, last, tell),
        arguments[0],
    )
    if found is None:
        return None
    lines = list(shapes.total(at.name, found))
    if not session.editor.tells_of_tests:
        session.editor.show(lines[0])
    if session.is_current(view):
        hints = await asyncio.to_thread(_hints, view.snapshot, at.name, found.survivors)
        await session.hinting.unnoticed(view, range(first, last + 1), hints)
    return shapes.survey_json(at.name, found) | {"glance": lines[0], "text": lines}


async def actions(view: View, start: int, end: int) -> list[types.CodeAction]:
    """For the function or class at the top of the document on whose head a span is; none where nothing may be run."""
    if not view.editor.can_be_changed or view.snapshot.preamble or not may_run(view):
        return []
    first, last = view.snapshot.line_of(start) + 1, view.snapshot.line_of(end) + 1
    every = await asyncio.to_thread(subjects.of_text, view.snapshot.text)
    heads = [one for one in every if one.lines[0] <= last and first <= _head(view.snapshot, one)]
    state = await view.bench.projects.state(view.root)
    if not heads or reach.is_test_file(name_of(view), state.test_files):
        return []
    return [
        types.CodeAction(title=title, kind=KIND, command=command)
        for one in heads[:1]
        for title, command in _of(view.snapshot.uri, one)
    ]


async def lenses(view: View) -> list[types.CodeLens]:
    """The same above each of them (`tests.lens`)."""
    if not view.bench.settings.is_on("tests.lens") or not view.editor.can_be_changed or not may_run(view):
        return []
    every = await asyncio.to_thread(subjects.of_text, view.snapshot.text)
    state = await view.bench.projects.state(view.root)
    if reach.is_test_file(name_of(view), state.test_files):
        return []
    return [
        types.CodeLens(types.Range(start, start), command)
        for one in every
        for start in [types.Position(one.lines[0] - 1, 0)]
        for _, command in _of(view.snapshot.uri, one)
    ]


def noticing(view: View, hint: Hint) -> list[types.CodeAction]:
    """What makes tests that notice what no test notices."""
    if hint.evidence.source != "mutant" or not view.editor.can_be_changed:
        return []
    title = "Write a test that notices it"
    argument = {"uri": view.snapshot.uri, "line": view.snapshot.line_of(hint.span.start)}
    return [
        types.CodeAction(
            title=title,
            kind=types.CodeActionKind.QuickFix,
            command=types.Command(title=title, command="assay.test", arguments=[argument]),
        )
    ]


def _of(uri: str, one: Subject) -> list[tuple[str, types.Command]]:
    """What can be asked for a function, with the shorter words of a lens."""
    argument = {"uri": uri, "name": one.name}
    return [
        (
            f"Write tests of `{one.name}`",
            types.Command(title="write tests", command="assay.test", arguments=[argument]),
        ),
        (
            f"Show what no test of `{one.name}` notices",
            types.Command(title="what no test notices", command="assay.mutants", arguments=[argument]),
        ),
    ]


def _head(snapshot: Snapshot, one: Subject) -> int:
    """The line (from 1) up to which a function or class is a head: decorators and the line of its name."""
    first, last = one.lines
    for line in range(first, last + 1):
        span = snapshot.line_span(line - 1)
        if snapshot.text[span.start : span.end].startswith(("def ", "class ", "async def ")):
            return line
    return first


@dataclass(frozen=True, slots=True)
class _Meant:
    """What a command is about: functions and classes of a document, none for all of its lines, and what they are called together."""

    view: View
    at: Place
    chosen: Sequence[Subject]
    told: str


async def _meant(session: Session, arguments: Sequence[Any], command: str, *, of_file: bool = False) -> _Meant | None:
    """None for a document that is not open. `of_file`: without a place all lines are meant."""
    view = _viewed(session, arguments, command)
    if view is None:
        return None
    at, every = await place_of(view)
    if of_file and set(arguments[0]) <= {"uri", PROGRESS}:
        return _Meant(view, at, (), at.name)
    return _Meant(view, at, *_chosen(view, every, arguments[0]))


def _viewed(session: Session, arguments: Sequence[Any], command: str) -> View | None:
    match arguments:
        case ({"uri": str(uri), **rest}, *_) if len(set(rest) - {PROGRESS}) <= 1 and set(rest) <= PLACES:
            return session.view(uri)
    raise JsonRpcInvalidParams(message=f"{command} {TAKES}")


def _chosen(view: View, every: Sequence[Subject], what: Mapping[str, Any]) -> tuple[list[Subject], str]:
    """The functions and classes that are meant, and what they are called together."""
    match what:
        case {"name": str(name)}:
            found = [one for one in every if one.name == name]
        case {"position": {"line": int(line), "character": int(character)}}:
            position = types.Position(max(line, 0), max(character, 0))
            line = view.snapshot.line_of(offset_at(view.snapshot, position, view.encoding)) + 1
            found = [one for one in every if one.lines[0] <= line <= one.lines[1]]
        case {"line": int(line)}:
            found = [one for one in every if one.lines[0] <= line + 1 <= one.lines[1]]
        case _ if set(what) <= {"uri", PROGRESS}:
            found = [one for one in every if not one.name.startswith("_")]
        case _:
            raise JsonRpcInvalidParams(message=f"the command {TAKES}")
    if not found:
        known = ", ".join(one.name for one in every[:8]) or "none"
        raise JsonRpcInternalError(
            message=f"there is no function or class at the top of the file that can be tried there; it has {known}"
        )
    return found, found[0].name if len(found) == 1 else f"{len(found)} functions and classes"


async def place_of(view: View) -> tuple[Place, tuple[Subject, ...]]:
    """The document among the project's files, and what can be tried of it."""
    at = await file_of(view)
    if reach.is_test_file(at.name, at.state.test_files):
        raise JsonRpcInternalError(message=f"{at.name} has tests itself")
    return at, await asyncio.to_thread(subjects.of_text, at.text)


async def file_of(view: View) -> Place:
    """The document among the project's files, where it may go into a container."""
    if not is_of_project(view):
        raise JsonRpcInternalError(message="this is done for files of a project, and this is none")
    if not may_run(view):
        raise JsonRpcInternalError(
            message="nothing is run here (`verify.policy`, `sandbox.enabled`), and this is done by runs"
        )
    name = name_of(view)
    state = await view.bench.projects.state(view.root)
    if name not in state.texts and not (await view.bench.projects.rules(view.root)).allows(name):
        raise JsonRpcInternalError(message=f"{name} is ignored or secret, so it goes into no container")
    rules = await view.bench.projects.rules(view.root)
    documents = {one: text for one, text in view.world.documents.items() if one in state.texts or rules.allows(one)}
    text = documents.pop(name, view.snapshot.text)
    over = documents | await asyncio.to_thread(asked.there, state, name, documents)
    return Place(state, name, text, over)


async def watched(
    session: Session,
    title: str,
    work: Callable[[Callable[[Any, int, int], None]], Awaitable[T]],
    argument: Mapping[str, Any],
    words: Mapping[Any, str] = shapes.STAGES,
) -> T | None:
    """What comes of it; None where somebody ended it by the progress that an editor shows. `words`: what each stage is called."""

    async def told(heard: Callable[[str, int, int], None]) -> T:
        def tell(stage: Any, done: int, of: int) -> None:
            heard(words[stage], done, of)

        return await work(tell)

    current, token = asyncio.current_task(), argument.get(PROGRESS)
    try:
        return await session.editor.watched(title, told, token if isinstance(token, str | int) else None)
    except SandboxUnavailable as error:
        raise JsonRpcInternalError(message=str(error)) from error
    except asyncio.CancelledError:
        if current is not None and current.cancelling():
            raise  # the request itself
        session.editor.show("ended; nothing is written.")
        return None


async def _write(session: Session, view: View, name: str, texts: tuple[str, str], test: str) -> bool:
    """Have a file of tests changed, and show it at this test."""
    edit = await edits.of_files(session, view, {name: texts})
    if edit is None or not await session.editor.change(edit, f"Tests in {name}"):
        return False
    after = texts[1]
    first = types.Position(after.count("\n", 0, max(0, after.find(f"def {test.rpartition('::')[2]}("))), 0)
    await session.editor.open((view.root / name).as_uri(), types.Range(first, first))
    return True


async def _noticed(session: Session, view: View, made: Sequence[Made], line: int) -> None:
    """What was shown as unnoticed and is noticed now is not shown any more."""
    shown = await session.hinting.of(view)
    for one in made:
        lines = range(line, line + 1) if line else range(one.subject.lines[0], one.subject.lines[1] + 1)
        if any(h.evidence.source == "mutant" and view.snapshot.line_of(h.span.start) + 1 in lines for h in shown):
            left: list[tuple[Usual, Fate]] = [(two, "alive") for two in one.survivors]
            hints = await asyncio.to_thread(_hints, view.snapshot, name_of(view), left)
            await session.hinting.unnoticed(view, lines, hints)


def _hints(snapshot: Snapshot, name: str, survivors: Sequence[tuple[Usual, Fate]]) -> list[Hint]:
    """One for each; of lines that no test executes one for each line."""
    tree = syntax.module(snapshot.text)
    functions = list(syntax.functions(tree)) if tree is not None else []
    found: dict[tuple[int, str], Hint] = {}
    for one, fate in survivors:
        message = shapes.survived(one, fate)
        span = one.edit.span if fate == "alive" else _code_of(snapshot, one.line)
        around = [path for path, node in functions if node.lineno <= one.line <= (node.end_lineno or 0)]
        function = max(around, key=len, default="")
        key = (span.start, message)
        found.setdefault(
            key, Hint(name, span, "suspected", CODE, f"{message[:1].upper()}{message[1:]}.", 1.0, Evidence("mutant"), None, function)
        )  # fmt: skip
    return list(found.values())


def _code_of(snapshot: Snapshot, line: int) -> Span:
    """A line (from 1) without its indentation."""
    span = snapshot.line_span(line - 1)
    text = snapshot.text[span.start : span.end]
    return Span(span.start + len(text) - len(text.lstrip()), span.start + len(text.rstrip()))


def may_run(view: View) -> bool:
    """Whether anything may be run for it."""
    return view.bench.settings.policy != "static" and view.bench.sandbox.health().state != "off"


def is_of_project(view: View) -> bool:
    """Whether a document is a file of a project, and no cell of a notebook."""
    return not view.snapshot.preamble and Path(view.snapshot.path).is_relative_to(view.root)


def name_of(view: View) -> str:
    """A document's path in its project, its name alone where it is in none."""
    path = Path(view.snapshot.path)
    return path.relative_to(view.root).as_posix() if path.is_relative_to(view.root) else path.name
