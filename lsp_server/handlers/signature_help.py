"""textDocument/signatureHelp: the parameters of the call that is being written, by jedi."""

from __future__ import annotations

from lsprotocol import types

from analyzers import syntax
from analyzers.names import NamesUnavailable
from lsp_server.convert import offset_at
from lsp_server.session import Session, View

TIMEOUT_S = 3.0


async def answer(session: Session, view: View, params: types.SignatureHelpParams) -> types.SignatureHelp | None:
    """The signatures, or nothing outside of a call and where the popup is switched off."""
    if view.bench.settings.text("complete.popup") == "off":
        return None
    snapshot = view.snapshot
    if len(snapshot.text) + len(snapshot.preamble) > syntax.PARSE_LIMIT:
        return None
    offset = offset_at(snapshot, params.position, view.encoding)
    row = snapshot.line_of(offset)
    where = view.world.where(snapshot.path, snapshot.preamble + snapshot.text)
    line, column = row + snapshot.preamble.count("\n") + 1, offset - snapshot.line_span(row).start
    try:
        found = await view.bench.names.signatures(where, line, column, timeout_s=TIMEOUT_S)
    except NamesUnavailable:
        return None
    if not found:
        return None
    return types.SignatureHelp(
        signatures=[
            types.SignatureInformation(
                one.label,
                documentation=types.MarkupContent(types.MarkupKind.PlainText, one.text) if one.text else None,
                parameters=[types.ParameterInformation(given) for given in one.parameters],
                active_parameter=one.index,
            )
            for one in found
        ],
        active_signature=0,
        active_parameter=found[0].index,
    )
