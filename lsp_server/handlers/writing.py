"""The command assay.write: a function from a head, a comment, a call of what is not there or a sentence, as an edit to review; where two candidates are left that differ, whoever asked chooses by what they give."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInternalError, JsonRpcInvalidParams

from analyzers.text import Span
from assay.assistant.write import asked, model, plan, shapes, small, way
from assay.assistant.write.asked import Asked, Unclear
from assay.assistant.write.candidate import Target
from assay.assistant.write.plan import Built
from assay.assistant.write.way import Written
from lsp_server.convert import offset_at, range_of, text_edit
from lsp_server.session import Session, View

from . import tests

TAKES = "assay.write takes an object with uri, and position, name or text (with after, the function it goes behind)"
KIND = types.CodeActionKind.Refactor
TITLE = "Write `{}`"
SOURCES = (small.candidates, model.candidates)


async def make(session: Session, *arguments: Any) -> dict[str, Any] | None:
    """Write a function into a document, once somebody agrees. Null for a document that is not open, and where it was ended."""
    meant = _meant(session, arguments)
    if meant is None:
        return None
    view, wanted = meant
    at = await tests.file_of(view)
    target = Target(at.state, at.name, view.snapshot.text, wanted.span, at.over)
    found = await tests.watched(
        session,
        f"Assay is writing {wanted.wish.name}",
        lambda tell: plan.carried_out(view.bench, view.world, target, wanted.wish, SOURCES, tell),
        arguments[0],
        shapes.STAGES,
    )
    if found is None:
        return None
    if isinstance(found, Written) and found.chosen.split is not None and (told := shapes.ways(found)) is not None:
        number = await session.editor.choose(f"{found.chosen.split.call}: which one is right?", told)
        if number is not None:
            found = await way.settled(view.bench, view.world, found, number)
    applied = bool(found.offered) and await _write(session, view, wanted.wish.name, found)
    if not session.editor.tells_of_tests and (applied or not found.offered):
        session.editor.show(shapes.glance(found))
    return shapes.written_json(found) | {
        "glance": shapes.glance(found),
        "text": [*shapes.wish_lines(wanted.wish), *shapes.lines(found)],
        "applied": applied,
        "uri": view.snapshot.uri if found.offered else None,
    }


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
    """Have it written into the document, as an edit of the very version that it was made for."""
    if not session.is_current(view):
        session.editor.show("the document was changed meanwhile, and is left as it is.")
        return False
    before = view.snapshot.text
    edits = [text_edit(view.snapshot, edit, view.encoding) for edit in tests.by_lines(before, found.offered)]
    note = types.ChangeAnnotation(f"Write {name}", description=shapes.glance(found))
    return await session.editor.change(session.editor.edit_of(view.snapshot, edits, note), f"Write {name}")
