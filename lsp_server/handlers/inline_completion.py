"""textDocument/inlineCompletion: ghost text, each item with its verdict."""

from __future__ import annotations

from lsprotocol import types

from lsp_server.convert import range_of
from lsp_server.session import Session, View

from . import suggestions


async def answer(
    session: Session, view: View, params: types.InlineCompletionParams
) -> types.InlineCompletionList | None:
    """The suggestion at the cursor."""
    is_invoked = params.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked
    found = await suggestions.ask(
        session, view, params.position, "invoked" if is_invoked else "automatic", can_import=view.editor.can_be_changed
    )
    if found is None:
        return None
    return types.InlineCompletionList(
        [
            types.InlineCompletionItem(
                insert_text=one.text,
                range=range_of(view.snapshot, one.replace, view.encoding),
                command=suggestions.accepted(one, found),
            )
            for one in found.suggestions
        ]
    )
