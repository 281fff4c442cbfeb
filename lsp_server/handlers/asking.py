"""The commands assay.ask, assay.applyChange and assay.forget: a pair that answers from facts with places, and what it proposes, written once somebody agrees."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInternalError, JsonRpcInvalidParams

from analyzers.questions.code import Place
from assay.assistant.chat import shapes, way
from assay.assistant.chat.kept import Conversation
from assay.assistant.chat.reply import Here, Proposed, Reply
from assay.assistant.chat.way import Asking
from assay.assistant.hints.explain import says_nothing
from assay.assistant.nouns import Tell
from lsp_server.convert import offset_at
from lsp_server.session import Session, View

from . import tests, writing

TAKES = "assay.ask takes an object with text, and with uri and range where somebody is in a document"
KEPT = 20  # changes that can still be written


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A change that was proposed, and the project that it is for."""

    root: Path
    change: Proposed


_waiting: OrderedDict[str, _Waiting] = OrderedDict()


async def answer(session: Session, *arguments: Any) -> dict[str, Any] | None:
    """What a question or a wish comes to: the reply as JSON and as Markdown, a change with an id to write it by. Null where it was ended."""
    match arguments:
        case ({"text": str(text), **rest}, *_) if text.strip() and set(rest) <= {"uri", "range", tests.PROGRESS}:
            given = {str(key): value for key, value in rest.items()}
            view, root = _of(session, given)
        case _:
            raise JsonRpcInvalidParams(message=TAKES)
    bench = view.bench if view is not None else session.services.of(root)
    world = view.world if view is not None else bench.projects.world(root, session.documents.texts_below(root))
    kept = Conversation(session.cache, root)
    turns = await asyncio.to_thread(kept.turns)
    about = turns[-1].about if turns else ()
    asking = Asking(
        world, session.cache, _here(view, given.get("range")), about, await asyncio.to_thread(kept.for_model)
    )

    async def work(tell: Tell) -> Reply:
        return await way.reply(bench, asking, text, tell)

    title = "Assay is explaining" if not says_nothing(text) else f"Assay: {' '.join(text.split())[:50]}"
    found = await tests.watched(session, title, work, given, shapes.STAGES)
    if found is None:
        return None
    await asyncio.to_thread(kept.add, text, shapes.plain(found), found.about)
    return _told(root, found)


def _told(root: Path, found: Reply) -> dict[str, Any]:
    number = ""
    if found.change is not None:
        number = secrets.token_hex(6)
        _waiting[number] = _Waiting(root, found.change)
        _waiting.move_to_end(number)
        while len(_waiting) > KEPT:
            _waiting.popitem(last=False)

    def link(place: Place) -> str:
        return f"{(root / place.file).as_uri()}#L{place.line}"

    return shapes.reply_json(found) | {
        "root": root.as_uri(),
        "glance": shapes.glance(found),
        "text": shapes.plain(found),
        "markdown": shapes.markdown(found, link),
        "changeId": number or None,
    }


async def apply(session: Session, *arguments: Any) -> dict[str, Any]:
    """Write a change that was proposed, as an edit to review."""
    match arguments:
        case ({"id": str(number)}, *_):
            waiting = _waiting.get(number)
        case _:
            raise JsonRpcInvalidParams(message="assay.applyChange takes an object with id")
    if waiting is None:
        raise JsonRpcInternalError(message="that change is not to be had any more: ask again")
    change = waiting.change
    view = _any_view(session, waiting)
    note = types.ChangeAnnotation(change.title.capitalize(), description=next(iter(change.told), ""))
    applied = await writing.changed(session, view, dict(change.files), change.title, note)
    return {"applied": applied, "title": change.title, "files": list(change.files)}


async def forget(session: Session, *arguments: Any) -> dict[str, Any]:
    """Forget what was said about the project of a document, or of the first folder."""
    match arguments:
        case ({**rest}, *_):
            _, root = _of(session, {str(key): value for key, value in rest.items()})
        case _:
            _, root = _of(session, {})
    return {"forgotten": await asyncio.to_thread(Conversation(session.cache, root).clear)}


def _of(session: Session, rest: Mapping[str, Any]) -> tuple[View | None, Path]:
    """The document that somebody is in, and the project that is meant: its own, else the first folder."""
    uri = rest.get("uri")
    view = session.view(uri) if isinstance(uri, str) else None
    if view is not None:
        return view, view.root
    folder = session.first_folder
    if folder is None:
        raise JsonRpcInternalError(message="open a folder or a file of the project that you ask about")
    return None, session.root_of(str(folder / "x.py"))


def _here(view: View | None, place: object) -> Here | None:
    if view is None or not (name := view.world.name_of(view.snapshot.path)):
        return None
    match place:
        case {
            "start": {"line": int(first), "character": int(column)},
            "end": {"line": int(last), "character": int(until)},
        }:
            start = offset_at(view.snapshot, types.Position(max(first, 0), max(column, 0)), view.encoding)
            end = offset_at(view.snapshot, types.Position(max(last, 0), max(until, 0)), view.encoding)
            end -= end > start and view.snapshot.text[end - 1] == "\n"  # whole lines end at the next one's beginning
            return Here(name, view.snapshot.line_of(start) + 1, view.snapshot.line_of(end) + 1)
    return Here(name)


def _any_view(session: Session, waiting: _Waiting) -> View:
    """A document of the project, for how the editor counts: one that is changed and open, else as it is on disk."""
    names: Sequence[str] = list(waiting.change.files)
    for name in names:
        if (view := session.view((waiting.root / name).as_uri())) is not None:
            return view
    return session.view_of_disk(waiting.root, names[0])
