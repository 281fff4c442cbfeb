"""The command assay.verify: the verdict on a document's unsaved change, or on one of several files."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pygls.exceptions import JsonRpcInternalError, JsonRpcInvalidParams

from analyzers.text import Snapshot, changed_span
from assay.assistant.changes import gathered
from assay.assistant.changes.gathered import Gathered, NothingChanged
from assay.assistant.changes.patch import PatchError
from assay.assistant.changes.revisions import RangeError
from assay.assistant.review import handed, shapes
from assay.assistant.shapes import change_json
from assay.assistant.world.change import Change, one_file
from assay.assistant.world.world import World
from lsp_server.paths import path_of
from lsp_server.session import Session

TAKES = "assay.verify takes the URI of a document, or an object with folder and one of diff, staged and against, or with folder alone"


async def answer(session: Session, *arguments: Any) -> dict[str, Any] | None:
    """What the checks and tests say of a change, the open documents being the project: of the unsaved change of one document (of all of it where it is saved; null for one that is not open), of all unsaved documents of a folder's
    project, or of a diff, what is staged, or what differs from a commit there."""
    match arguments:
        case (str(uri), *_):
            view = session.view(uri)
            if view is None:
                return None
            root, found = (
                view.root,
                Gathered(await asyncio.to_thread(_of_document, view.snapshot, view.world)),
            )
        case ({"folder": str(uri), **what}, *_):
            root = session.root_of(str(Path(path_of(uri)) / "untitled.py")) if path_of(uri) else _refused()
            snapshots, documents = session.documents.below(root), session.documents.texts_below(root)
            try:
                found = await asyncio.to_thread(_of_folder, root, snapshots, documents, what)
            except (NothingChanged, PatchError, RangeError) as error:
                raise JsonRpcInternalError(message=str(error)) from error
            except UnicodeDecodeError as error:
                raise JsonRpcInternalError(message="a file of the change is not UTF-8 text") from error
        case _:
            _refused()
    judged = await handed.judged(session.services.of(root), found)
    return change_json(found.change, judged.verdict) | shapes.beside_json(judged) | {"leftOut": list(found.left_out)}


def _refused() -> Any:
    raise JsonRpcInvalidParams(message=TAKES)


def _of_folder(
    root: Path, snapshots: Sequence[Snapshot], documents: Mapping[str, str], what: Mapping[Any, Any]
) -> Gathered:
    match what:
        case {"diff": str(diff)}:
            return gathered.of_diff(root, root, diff, documents)
        case {"staged": True}:
            return gathered.of_index(root, documents)
        case {"against": str(revision)}:
            return gathered.of_revision(root, revision, documents)
        case _ if not what:
            return gathered.of_documents(root, snapshots, documents)
        case _:
            raise JsonRpcInvalidParams(message=TAKES)


def _of_document(snapshot: Snapshot, world: World) -> Change:
    """The document against what is on disk; against nothing where that is what the editor has, so that all of it is the change."""
    try:
        text = Path(snapshot.path).read_bytes().decode("utf-8-sig")  # editors leave the mark out
    except (OSError, ValueError):
        text = ""
    before = Snapshot(snapshot.uri, snapshot.path, snapshot.version, "" if text == snapshot.text else text)
    return one_file(world, before, snapshot.text, changed_span(before.text, snapshot.text)[1])
