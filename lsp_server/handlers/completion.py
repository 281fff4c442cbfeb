"""textDocument/completion: names that exist, by jedi; and for editors without ghost text, the suggestion too."""

from __future__ import annotations

import asyncio
from pathlib import Path

from lsprotocol import types

from analyzers import imports, phrases
from analyzers.names import Described
from analyzers.text import Span
from assay.assistant.nouns import Completion, Suggestion
from assay.assistant.shapes import title
from assay.assistant.suggest.popup import Listed
from lsp_server.convert import offset_at, range_of, text_edit
from lsp_server.session import Session, View

from . import suggestions

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
    """The list; it is asked for anew with each key where it is not whole, or where the suggestion may be in it."""
    names = _names(session, view, params.position)
    if view.editor.has_ghost_text:
        items, is_whole = await names
        return types.CompletionList(is_incomplete=not is_whole, items=items)
    suggested, (items, _) = await asyncio.gather(_suggestion(session, view, params.position), names)
    return types.CompletionList(is_incomplete=True, items=suggested + items)


async def _names(session: Session, view: View, position: types.Position) -> tuple[list[types.CompletionItem], bool]:
    if view.bench.settings.text("complete.popup") == "off":
        return [], True
    offset = offset_at(view.snapshot, position, view.encoding)
    shown = await session.popup.names(view.bench, view.world, view.snapshot, offset)
    return [_named(view, one, number, shown.number) for number, one in enumerate(shown.names)], shown.is_whole


def _named(view: View, one: Listed, number: int, shown: int) -> types.CompletionItem:
    """A name; one that needs an import brings it along, and a whole call is written behind the name that it is found by."""
    detail = one.statement or (None if one.is_known else "seen after a dot in this project")
    return types.CompletionItem(
        label=one.call or one.name,
        kind=types.CompletionItemKind.Snippet
        if one.call
        else _KINDS.get(one.kind)
        if one.is_known
        else types.CompletionItemKind.Field,
        detail="the whole call" if one.call else detail,
        documentation=f"Adds `{one.statement}` to the top of the file." if one.statement else None,
        filter_text=one.name if one.call else None,
        insert_text=one.call or None,
        sort_text=f"b{number:04}",
        additional_text_edits=[text_edit(view.snapshot, imports.edit(view.snapshot, (one.statement,)), view.encoding)]
        if one.statement
        else None,
        data=[str(view.root), shown] if one.is_known and not one.statement and not one.call else None,
    )


async def resolve(session: Session, item: types.CompletionItem) -> types.CompletionItem:
    """The item with its signature and docstring, as plain text: it is another's, and no link of it should be one."""
    match item.data:
        case [str() as root, int() as number]:
            bench = session.services.of(Path(root))
            world = bench.projects.world(Path(root), session.documents.texts_below(Path(root)))
            found = await session.popup.described(bench, world, number, item.label)
            if found is not None and (found.signature or found.text):
                item.detail = found.signature.partition("\n")[0] or None
                item.documentation = types.MarkupContent(types.MarkupKind.PlainText, _about(found))
    return item


def _about(found: Described) -> str:
    signatures = found.signature if "\n" in found.signature else ""
    return "\n\n".join(part for part in (signatures, found.text.strip(), found.module) if part)


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
