"""textDocument/completion: names that exist, by jedi; and for editors without ghost text, the suggestion too."""

from __future__ import annotations

from lsprotocol import types

from analyzers import imports, names
from analyzers.text import Edit, Snapshot
from assay.assistant.verdict import title
from lsp_server.convert import Encoding, offset_at, range_of
from lsp_server.session import AssayServer

from .inline_completion import accepted, ask

TIMEOUT_S = 1.0

_KINDS = {
    "module": types.CompletionItemKind.Module,
    "class": types.CompletionItemKind.Class,
    "instance": types.CompletionItemKind.Variable,
    "function": types.CompletionItemKind.Function,
    "param": types.CompletionItemKind.Variable,
    "path": types.CompletionItemKind.File,
    "keyword": types.CompletionItemKind.Keyword,
    "property": types.CompletionItemKind.Property,
    "statement": types.CompletionItemKind.Variable,
}


def register(server: AssayServer) -> None:
    """Popup completion."""

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=["."]))
    async def completion(params: types.CompletionParams) -> types.CompletionList:
        uri, position = params.text_document.uri, params.position
        items = await _names(server, uri, position)
        capabilities = server.client_capabilities.text_document
        if capabilities is None or capabilities.inline_completion is None:
            items = await _suggestion(server, uri, position) + items
        return types.CompletionList(is_incomplete=True, items=items)


async def _names(server: AssayServer, uri: str, position: types.Position) -> list[types.CompletionItem]:
    session = server.session
    snapshot = session.snapshot(uri)
    if snapshot is None:
        return []
    offset = offset_at(snapshot, position, session.documents.encoding)
    line = snapshot.line_of(offset)
    column = offset - snapshot.line_span(line).start
    root = session.root_of(snapshot.path)
    site = session.bench.workspace.site_packages(root)
    above = snapshot.preamble.count("\n")
    where = names.Where(snapshot.preamble + snapshot.text, snapshot.path, str(root), (str(site),) if site else ())
    try:
        found = await session.bench.names.complete(where, line + above + 1, column, timeout_s=TIMEOUT_S)
    except names.NamesUnavailable:
        return []
    return [
        types.CompletionItem(label=c.name, kind=_KINDS.get(c.kind), sort_text=f"b{n:04}") for n, c in enumerate(found)
    ]


async def _suggestion(server: AssayServer, uri: str, position: types.Position) -> list[types.CompletionItem]:
    answer = await ask(server, uri, position, "automatic", can_import=True)
    if answer is None:
        return []
    found, snapshot = answer
    encoding = server.session.documents.encoding
    return [
        types.CompletionItem(
            label=s.text.strip().split("\n")[0][:60],
            detail=f"Assay: {title(s.verdict)}",
            documentation=f"{s.text}\n\n{s.verdict.why}",
            kind=types.CompletionItemKind.Snippet,
            sort_text="a",
            preselect=False,
            filter_text=s.text.strip(),
            text_edit=types.TextEdit(range_of(snapshot, s.replace, encoding), s.text),
            additional_text_edits=[_edit(snapshot, imports.edit(snapshot, s.imports), encoding)] if s.imports else None,
            command=accepted(s, found),
        )
        for s in found.suggestions
    ]


def _edit(snapshot: Snapshot, edit: Edit, encoding: Encoding) -> types.TextEdit:
    return types.TextEdit(range_of(snapshot, edit.span, encoding), edit.text)
