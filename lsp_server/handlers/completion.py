"""textDocument/completion: names that exist, by jedi; and for editors without ghost text, the suggestion too."""

from __future__ import annotations

import asyncio
from pathlib import Path

from lsprotocol import types

from analyzers import imports, names, phrases, syntax
from analyzers.text import Span
from assay.assistant.nouns import Completion, Suggestion
from assay.assistant.shapes import title
from assay.assistant.suggest import popup
from lsp_server.convert import offset_at, range_of, text_edit
from lsp_server.session import Session, View

from . import suggestions

METHOD = types.TEXT_DOCUMENT_COMPLETION
OPTIONS = types.CompletionOptions(trigger_characters=["."])
TIMEOUT_S = 1.0
RANKED_CHARS = 400_000  # of a longer file jedi's own order is shown

_STRINGS = ("string", "string_content", "string_start", "string_end", "escape_sequence")
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


async def answer(session: Session, view: View, params: types.CompletionParams) -> types.CompletionList:
    """The list; it is asked for anew with each key."""
    items = await _names(session, view, params.position) if view.bench.settings.text("complete.popup") != "off" else []
    if not view.editor.has_ghost_text:
        items = await _suggestion(session, view, params.position) + items
    return types.CompletionList(is_incomplete=True, items=items)


async def _names(session: Session, view: View, position: types.Position) -> list[types.CompletionItem]:
    snapshot = view.snapshot
    offset = offset_at(snapshot, position, view.encoding)
    line = snapshot.line_of(offset)
    column = offset - snapshot.line_span(line).start
    site = view.bench.workspace.site_packages(view.root)
    above = snapshot.preamble.count("\n")
    where = names.Where(snapshot.preamble + snapshot.text, snapshot.path, str(view.root), (str(site),) if site else ())
    node = syntax.node_at(snapshot.tree, snapshot.text, max(0, offset - 1))
    place = node.type if node is not None else ""
    if place == "comment":
        return []
    is_code = place not in _STRINGS  # in those jedi knows paths and keys
    ranking = asyncio.create_task(_ranked(session, view, offset, is_code=is_code))
    try:
        found = await view.bench.names.complete(where, line + above + 1, column, timeout_s=TIMEOUT_S)
    except names.NamesUnavailable:
        found = ()
    except asyncio.CancelledError:
        ranking.cancel()
        raise
    kinds = {one.name: one.kind for one in found}
    return [
        types.CompletionItem(
            label=name,
            kind=_KINDS.get(kinds[name]) if is_known else types.CompletionItemKind.Field,
            detail=None if is_known else "seen after a dot in this project",
            sort_text=f"b{number:04}",
        )
        for number, (name, is_known) in enumerate(popup.listed(await ranking, list(kinds)))
    ]


async def _ranked(session: Session, view: View, offset: int, *, is_code: bool) -> list[tuple[str, float]]:
    if not is_code or view.bench.settings.text("complete.popup") != "ranked" or len(view.snapshot.text) > RANKED_CHARS:
        return []
    path = Path(view.snapshot.path)
    name = path.relative_to(view.root).as_posix() if path.is_relative_to(view.root) else path.name
    return await session.popup.ranked(view.bench, view.root, name, view.snapshot, offset)


async def _suggestion(session: Session, view: View, position: types.Position) -> list[types.CompletionItem]:
    found = await suggestions.ask(session, view, position, "automatic", can_import=True)
    if found is None:
        return []
    for one in found.suggestions:
        view.typing.offers.bring_imports(one.id)
    return [_item(view, one, found) for one in found.suggestions]


def _item(view: View, one: Suggestion, found: Completion) -> types.CompletionItem:
    """The item, whose range begins with the word that was begun: editors compare it with that word, and some replace what they compared."""
    word = phrases.typed_word(view.snapshot.text[: one.replace.start])
    start, text = one.replace.start - len(word), word + one.text
    first, *below = text.strip().split("\n")
    return types.CompletionItem(
        label=first[:60] + (" …" if below or len(first) > 60 else ""),
        detail=f"Assay: {title(one.verdict)}",
        documentation=f"{text}\n\n{one.verdict.why}",
        kind=types.CompletionItemKind.Text,  # what is called a snippet is expanded as one by some editors, whatever its format
        insert_text_format=types.InsertTextFormat.PlainText,
        sort_text="a",
        preselect=False,
        filter_text=text.strip(),
        text_edit=types.TextEdit(range_of(view.snapshot, Span(start, one.replace.end), view.encoding), text),
        additional_text_edits=[text_edit(view.snapshot, imports.edit(view.snapshot, one.imports), view.encoding)]
        if one.imports
        else None,
        command=suggestions.accepted(one, found),
    )
