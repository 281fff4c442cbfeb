"""textDocument/diagnostic: the hints of a document, for clients that ask."""

from __future__ import annotations

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from lsp_server.diagnostics import diagnostic, result_id
from lsp_server.session import Session, View

SERVER_CANCELLED = -32802  # of the protocol: ask again, for the newer text


async def answer(
    session: Session, view: View, params: types.DocumentDiagnosticParams
) -> types.DocumentDiagnosticReport:
    """The hints of a document as it was when the request came; the same ones twice are not sent again."""
    hints = await session.hinting.of(view)
    if not session.is_current(view):
        raise JsonRpcException(message="the document has changed", code=SERVER_CANCELLED)
    items = [diagnostic(view.snapshot, view.encoding, hint) for hint in hints]
    mark = result_id(items)
    if params.previous_result_id == mark:
        return types.RelatedUnchangedDocumentDiagnosticReport(result_id=mark)
    return types.RelatedFullDocumentDiagnosticReport(items=items, result_id=mark)
