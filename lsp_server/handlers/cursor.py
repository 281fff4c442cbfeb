"""assay/cursor, a notification of ours: where somebody is in a document. Text behind it can be read ahead."""

from __future__ import annotations

from typing import Any

from lsprotocol import types

from lsp_server.convert import offset_at
from lsp_server.session import Session


async def moved(session: Session, params: Any) -> None:
    """The cursor rests at `position` of `textDocument`; one that says neither is not looked at."""
    match params:
        case {"textDocument": {"uri": str(uri)}, "position": {"line": int(line), "character": int(character)}}:
            snapshot = session.documents.get(uri)
        case _:
            return
    if snapshot is not None:
        place = types.Position(max(line, 0), max(character, 0))
        session.rests(uri, offset_at(snapshot, place, session.documents.encoding))
