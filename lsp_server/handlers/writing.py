"""The commands assay.write and assay.undo: a function from a head, a comment, a call of what is not there or a sentence, as an edit to review; where two candidates are left that differ, whoever asked chooses by what they give. What was written
is taken back as an edit, too, with later edits left where they do not touch."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInternalError, JsonRpcInvalidParams

from analyzers import encodings, sessions
from analyzers.text import Span
from assay.assistant.record.checkpoints import Checkpoints, NotWritten
from assay.assistant.write import asked, plan, shapes, sources, way
from assay.assistant.write import tests as own_tests
from assay.assistant.write.asked import Asked, Unclear
from assay.assistant.write.candidate import Target
from assay.assistant.write.plan import Built
from assay.assistant.write.way import Written
from lsp_server.convert import offset_at, range_of
from lsp_server.session import Session, View

from . import edits, tests

TAKES = "assay.write takes an object with uri, and position, name or text (with after, the function it goes behind)"
KIND = types.CodeActionKind.Refactor
TITLE = "Write `{}`"
WRITE_ALL, CHANGE_PLAN = "Write all of it", "Change the plan"


async def make(session: Session, *arguments: Any) -> dict[str, Any] | None:
    """Write a function into a document, once somebody agrees. Null for a document that is not open, and where it was ended."""
    meant = await asyncio.to_thread(_meant, session, arguments)
    if meant is None:
        return None
    view, wanted = meant
    at = await tests.file_of(view)
    target = Target(at.state, at.name, view.snapshot.text, wanted.span, at.over, wanted.indent)
    wanted = await asyncio.to_thread(asked.with_tests, wanted, target.texts, at.name)
    if wanted.wish.steps and (answer := await _planned(session, view, wanted, target)) is not None:
        return answer
    found = await tests.watched(
        session,
        f"Assay is writing {wanted.wish.full_name}",
        lambda tell: plan.carried_out(view.bench, view.world, target, wanted.wish, sources.every(session.cache), tell),
        arguments[0],
        shapes.STAGES,
    )
    if found is None:
        return None
    if isinstance(found, Written) and found.chosen.split is not None and (told := shapes.ways(found)) is not None:
        number = await session.editor.choose(f"{sessions.told(found.chosen.split.call)}: which one is right?", told)
        if number is not None:
            found = await way.settled(view.bench, view.world, found, number)
    applied = bool(found.files) and await _write(session, view, wanted.wish.full_name, found)
    if not session.editor.tells_of_tests and (applied or not found.offered):
        session.editor.show(shapes.glance(found))
    return shapes.written_json(found) | {
        "glance": shapes.glance(found),
        "text": [*shapes.wish_lines(wanted.wish), *shapes.lines(found)],
        "applied": applied,
        "uri": view.snapshot.uri if found.offered else None,
    }


async def _planned(session: Session, view: View, wanted: Asked, target: Target) -> dict[str, Any] | None:
    """Show the steps before anything is written: None where all of it is to be written; else the answer, once the plan stands in the document as a comment, to be changed and asked for again."""
    steps = plan.planned(wanted.wish)
    lines = list(shapes.plan_lines(steps)) if steps is not None else []
    number = await session.editor.choose(f"{wanted.wish.name}: {'; '.join(line.strip() for line in lines)}", (WRITE_ALL, CHANGE_PLAN))  # fmt: skip
    if number != 1:
        return None
    if wanted.wish.begun is not None:
        glance = f"its steps are read from the docstring of {wanted.wish.name}: change them there, and ask again."
        return _plan_told(session, view, wanted, lines, glance, applied=False)
    comment = "".join(f"# {line}\n" for line in plan.as_text(wanted.wish).splitlines())
    text, span = target.text, wanted.span
    before, after = text[: span.start], text[span.end :]
    gap = "\n" * max(0, 3 - (len(before) - len(before.rstrip("\n")))) if before.strip() else ""
    made = f"{before}{gap}{_ended(comment, text)}{after}"
    applied = await changed(session, view, {target.name: (text, made)}, f"plan of {wanted.wish.name}")
    glance = "the plan stands in the file: change it, and ask for it to be written there."
    return _plan_told(session, view, wanted, lines, glance, applied=applied)


def _ended(comment: str, text: str) -> str:
    return comment.replace("\n", "\r\n") if "\r\n" in text else comment


def _plan_told(
    session: Session, view: View, wanted: Asked, lines: Sequence[str], glance: str, *, applied: bool
) -> dict[str, Any]:
    if not session.editor.tells_of_tests:
        session.editor.show(glance)
    return {"wish": shapes.wish_json(wanted.wish), "planned": True, "glance": glance, "text": list(lines), "applied": applied, "uri": view.snapshot.uri}  # fmt: skip


async def undo(session: Session, *arguments: Any) -> dict[str, Any] | None:
    """Take back the newest change that Assay wrote into the project of a document, as an edit. Null for a document that is not open."""
    match arguments:
        case ({"uri": str(uri)}, *_):
            view = session.view(uri)
        case _:
            raise JsonRpcInvalidParams(message="assay.undo takes an object with uri")
    if view is None:
        return None
    kept = Checkpoints(session.cache, view.root)
    shown = {name: encodings.encoded(text) for name, text in session.documents.texts_below(view.root).items()}
    try:
        one = await asyncio.to_thread(kept.newest)
        texts = await asyncio.to_thread(kept.without, one, shown)
        both = {name: (_text(now), _text(before)) for name, (now, before) in texts.items() if now not in (None, before)}
        edit = await edits.of_files(session, view, both)
        applied = bool(both) and edit is not None and await session.editor.change(edit, f"Take back: {one.title}")
        if applied or not both:
            await asyncio.to_thread(kept.taken, one)
    except NotWritten as error:
        raise JsonRpcInternalError(message=str(error)) from error
    glance = f"taken back: {one.title} ({', '.join(texts)})" if applied else f"{one.title} is left as it is."
    if not both:
        glance = f"{one.title}: nothing of it is in {', '.join(texts)} any more."
    if not session.editor.tells_of_tests:
        session.editor.show(glance)
    return {"title": one.title, "files": list(texts), "applied": applied, "glance": glance}


def _text(data: bytes | None) -> str:
    return encodings.decoded(data) if data is not None else ""


async def actions(view: View, start: int, end: int) -> list[types.CodeAction]:
    """For a place that says what is wanted."""
    if start != end or not view.editor.can_be_changed or not tests.may_run(view) or not tests.is_of_project(view):
        return []
    try:
        wanted = await asyncio.to_thread(asked.placed, view.snapshot, start)
    except Unclear:
        return []
    name = TITLE.format(wanted.wish.name)
    argument = {"uri": view.snapshot.uri, "position": _position(view, start)}
    command = types.Command(title=name, command="assay.write", arguments=[argument])
    return [types.CodeAction(title=name, kind=KIND, command=command)]


def _position(view: View, offset: int) -> types.Position:
    return range_of(view.snapshot, Span(offset, offset), view.encoding).start


def _meant(session: Session, arguments: Sequence[Any]) -> tuple[View, Asked] | None:
    """The document and what is wanted; None for one that is not open."""
    match arguments:
        case ({"uri": str(uri), **rest}, *_):
            view = session.view(uri)
        case _:
            raise JsonRpcInvalidParams(message=TAKES)
    what = {str(key): value for key, value in rest.items() if key != tests.PROGRESS}
    if view is None:
        return None
    try:
        return view, _read(view, what)
    except Unclear as error:
        raise JsonRpcInternalError(message=str(error)) from error


def _read(view: View, what: dict[str, Any]) -> Asked:
    text = view.snapshot.text
    match what:
        case {"position": {"line": int(line), "character": int(character)}} if len(what) == 1:
            place = types.Position(max(line, 0), max(character, 0))
            return asked.placed(view.snapshot, offset_at(view.snapshot, place, view.encoding))
        case {"name": str(name)} if len(what) == 1:
            return asked.named(text, name)
        case {"text": str(sentence)} if set(what) <= {"text", "after"}:
            return asked.described(text, sentence, str(what.get("after", "")))
    raise JsonRpcInvalidParams(message=TAKES)


async def _write(session: Session, view: View, name: str, found: Written | Built) -> bool:
    """Have it written into the documents, as an edit of the very versions that it was made for; `assay undo` knows of it."""
    if not session.is_current(view):
        session.editor.show("the document was changed meanwhile, and is left as it is.")
        return False
    was = await asyncio.to_thread(own_tests.before, found.target, found.files)
    texts = {one: (was[one], text) for one, text in found.files.items()}
    note = types.ChangeAnnotation(f"Write {name}", description=shapes.glance(found))
    return await changed(session, view, texts, f"write {name}", note)


async def changed(
    session: Session,
    view: View,
    texts: Mapping[str, tuple[str, str]],
    title: str,
    note: types.ChangeAnnotation | None = None,
) -> bool:
    """Have files changed by the editor, each from one text to another; `assay undo` knows of it by its title."""
    edit = await edits.of_files(session, view, texts, note)
    both = await asyncio.to_thread(_as_bytes, texts, view.root)
    if edit is None or not await session.editor.change(edit, title.capitalize()):
        return False
    with contextlib.suppress(NotWritten):  # a full disk keeps nobody from writing
        await asyncio.to_thread(Checkpoints(session.cache, view.root).note, title, both)
    return True


def _as_bytes(texts: Mapping[str, tuple[str, str]], root: Path) -> dict[str, tuple[bytes | None, bytes | None]]:
    """What files are now, before an editor makes new ones, and become."""
    return {
        name: (encodings.encoded(before) if before or (root / name).exists() else None, encodings.encoded(after))
        for name, (before, after) in texts.items()
    }
