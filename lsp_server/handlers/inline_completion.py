"""textDocument/inlineCompletion: ghost text, each item with its verdict."""

from __future__ import annotations

from lsprotocol import types

from analyzers.text import Snapshot
from assay.assistant.bench import Ask, Completion, Suggestion, Trigger
from assay.assistant.features.complete import complete
from assay.assistant.verdict import title, to_json
from lsp_server.convert import offset_at, range_of
from lsp_server.session import AssayServer


def register(server: AssayServer) -> None:
    """Advertised only with an options object (pygls)."""

    @server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    async def inline_completion(params: types.InlineCompletionParams) -> types.InlineCompletionList | None:
        workspace = server.client_capabilities.workspace
        can_import = workspace is not None and bool(workspace.apply_edit)
        is_invoked = params.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked
        trigger: Trigger = "invoked" if is_invoked else "automatic"
        answer = await ask(server, params.text_document.uri, params.position, trigger, can_import=can_import)
        if answer is None:
            return None
        completion, snapshot = answer
        encoding = server.session.documents.encoding
        for suggestion in completion.suggestions:
            server.session.promise_imports(params.text_document.uri, suggestion)
        return types.InlineCompletionList(
            [
                types.InlineCompletionItem(
                    insert_text=s.text, range=range_of(snapshot, s.replace, encoding), command=accepted(s, completion)
                )
                for s in completion.suggestions
            ]
        )


async def ask(
    server: AssayServer, uri: str, position: types.Position, trigger: Trigger, *, can_import: bool
) -> tuple[Completion, Snapshot] | None:
    """The completion at a position and the snapshot it is for; None when there is none or it is stale."""
    session = server.session
    snapshot = session.snapshot(uri)
    if snapshot is None:
        return None
    offset = offset_at(snapshot, position, session.documents.encoding)
    root = session.root_of(snapshot.path)
    request = Ask(
        snapshot, offset, root, session.documents.texts_below(root), session.verdict_changed, can_import, trigger
    )
    completion: Completion | None = await session.newest(uri, complete(session.bench, request))
    if completion is None:
        return None
    is_off = completion.why.startswith(("Engine off", "No model"))
    session.engine_state("broken" if is_off else "ready", completion.why if is_off else "")
    now = session.snapshot(uri)
    if now is None or now.version != snapshot.version or not completion.suggestions:
        return None
    return completion, snapshot


def accepted(suggestion: Suggestion, completion: Completion) -> types.Command:
    """The command that editors run when a suggestion is taken; its title reads as the evidence."""
    argument = {
        "suggestionId": suggestion.id,
        "traceId": completion.trace_id,
        "verdict": to_json(suggestion.verdict),
    }
    return types.Command(title=title(suggestion.verdict), command="assay.accepted", arguments=[argument])
