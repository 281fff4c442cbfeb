"""workspace/diagnostic: the hints of files that are not open. A request in which nothing is new is held until something changes."""

from __future__ import annotations

from lsprotocol import types

from lsp_server.diagnostics import diagnostic, result_id
from lsp_server.session import Session

METHOD = types.WORKSPACE_DIAGNOSTIC
Item = types.WorkspaceFullDocumentDiagnosticReport | types.WorkspaceUnchangedDocumentDiagnosticReport


async def answer(session: Session, params: types.WorkspaceDiagnosticParams) -> types.WorkspaceDiagnosticReport:
    """What the client does not have yet: reports of files whose hints are others, empty ones for files that have none any more."""
    before = {one.uri: one.value for one in params.previous_result_ids}
    while not (items := await _news(session, before)):
        await session.survey.change()
    return types.WorkspaceDiagnosticReport(items=items)


async def _news(session: Session, before: dict[str, str]) -> list[Item]:
    items: list[Item] = []
    surveyed = {one.snapshot.uri: one for one in await session.survey.of_folders()}
    for uri, one in surveyed.items():
        if session.documents.get(uri) is not None:
            continue  # its own requests tell of the text that the editor has
        told = [diagnostic(one.snapshot, session.documents.encoding, hint) for hint in one.hints]
        mark = result_id(told)
        if before.get(uri) != mark:
            items.append(types.WorkspaceFullDocumentDiagnosticReport(uri=uri, items=told, result_id=mark))
    none = result_id([])
    for uri, mark in before.items():
        if uri not in surveyed and mark != none and session.documents.get(uri) is None:
            items.append(types.WorkspaceFullDocumentDiagnosticReport(uri=uri, items=[], result_id=none))
    return items
