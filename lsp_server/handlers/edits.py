"""Files of a project with new texts, as one edit of the workspace: documents in the very version that the edit is for, files that are not open as they are on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path

from lsprotocol import types

from analyzers import encodings
from analyzers.text import Edit, Snapshot, Span
from lsp_server.convert import text_edit
from lsp_server.editor import ANNOTATION
from lsp_server.session import Session, View


async def of_files(
    session: Session, view: View, texts: Mapping[str, tuple[str, str]], note: types.ChangeAnnotation | None = None
) -> types.WorkspaceEdit | None:
    """The edit that leads each file (by its name in the view's project) from the first text to the second; None, and the reason shown, where one is not as it was or the editor cannot make a new file. `note` says what it is for, to a client that shows it."""
    editor = session.editor
    changes: list[types.TextDocumentEdit | types.CreateFile | types.RenameFile | types.DeleteFile] = []
    plain: dict[str, list[types.TextEdit]] = {}
    is_noted = note is not None and editor.shows_annotations
    for name, (before, after) in texts.items():
        path = view.root / name
        uri = path.as_uri()
        shown = session.documents.get(uri)
        now = shown.text if shown is not None else await asyncio.to_thread(on_disk, path)
        if now != before:
            editor.show(f"{name} was changed meanwhile, and is left as it is.")
            return None
        snapshot = shown if shown is not None else Snapshot(uri, str(path), 0, before)
        changed = await asyncio.to_thread(by_lines, before, after)
        made = [text_edit(snapshot, edit, view.encoding) for edit in changed]
        is_new = shown is None and not before and not path.exists()
        if is_new and not editor.creates_files:
            editor.show(f"this editor makes no new files: create {name} and ask again.")
            return None
        if is_new:
            changes.append(types.CreateFile(uri, options=types.CreateFileOptions(ignore_if_exists=True)))
        document = types.OptionalVersionedTextDocumentIdentifier(uri=uri, version=shown.version if shown else None)
        noted = [types.AnnotatedTextEdit(ANNOTATION, one.range, one.new_text) for one in made] if is_noted else made
        changes.append(types.TextDocumentEdit(document, list(noted)))
        plain[uri] = made
    if not (editor.creates_files or editor.takes_versioned_edits):
        return types.WorkspaceEdit(changes=dict(plain))
    told = {ANNOTATION: note} if is_noted and note is not None else None
    return types.WorkspaceEdit(document_changes=changes, change_annotations=told)


def on_disk(path: Path) -> str | None:
    """A file's text, "" for one that is not there; None for one that cannot be read."""
    try:
        return encodings.decoded(path.read_bytes()) if path.exists() else ""
    except (OSError, UnicodeDecodeError):
        return None


def by_lines(before: str, after: str) -> list[Edit]:
    """By whole lines, so that what stays is seen to stay."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    same = _alike(old, new)
    behind = _alike(old[: same - len(old) - 1 : -1], new[: same - len(new) - 1 : -1])
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    old, new = old[same : len(old) - behind], new[same : len(new) - behind]
    starts = starts[same:]
    changes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [Edit(Span(starts[a], starts[b]), "".join(new[c:d])) for kind, a, b, c, d in changes if kind != "equal"]


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines both begin with."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
