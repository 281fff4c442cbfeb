"""textDocument/hover: the facts of the function or class that is named there, wherever in the project it is defined."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import quote

from lsprotocol import types

from analyzers import names
from analyzers.text import Snapshot, Span
from assay.assistant.summarize import shapes, symbols, told
from assay.assistant.summarize.symbols import Symbol
from lsp_server.convert import offset_at, range_of
from lsp_server.session import Session, View

DESCRIBE = (
    "command:assay.describe"  # a client's own, which asks the server's `assay.summarize` and shows the hover again
)
TIMEOUT_S = 1.0  # of jedi, which says what a name means
_WORD = re.compile(r"[^\W\d]\w*")


async def answer(session: Session, view: View, params: types.HoverParams) -> types.Hover | None:
    """Facts, or nothing where the name is no function or class of the project."""
    if not view.bench.settings.is_on("summaries.hover") or view.snapshot.preamble:
        return None
    snapshot = view.snapshot
    offset = offset_at(snapshot, params.position, view.encoding)
    word = _word(snapshot, offset)
    if word is None or (meant := await _meant(view, word)) is None:
        return None
    symbol, text, name = meant
    shown = shapes.markdown(told.remembered(view.bench, symbol, text))
    may_ask = view.editor.describes and told.known(view.bench, symbol.facts, text) is None
    if may_ask and (await view.bench.projects.rules(view.root)).allows(name):
        asked = [
            {"uri": snapshot.uri, "position": {"line": params.position.line, "character": params.position.character}}
        ]
        shown += f"\n\n[Ask the model]({DESCRIBE}?{quote(json.dumps(asked))})"
    return types.Hover(
        contents=types.MarkupContent(types.MarkupKind.Markdown, shown),
        range=range_of(snapshot, word, view.encoding),
    )


async def symbol_at(view: View, position: types.Position) -> tuple[Symbol, str, str] | None:
    """The function or class that is named at a position, the text of its file and that file's relative path; None where there is none of the project."""
    word = _word(view.snapshot, offset_at(view.snapshot, position, view.encoding))
    return await _meant(view, word) if word is not None and not view.snapshot.preamble else None


def _word(snapshot: Snapshot, offset: int) -> Span | None:
    line = snapshot.line_span(snapshot.line_of(offset))
    for match in _WORD.finditer(snapshot.text, line.start, line.end):
        if match.start() <= offset <= match.end():
            return Span(match.start(), match.end())
    return None


async def _meant(view: View, word: Span) -> tuple[Symbol, str, str] | None:
    """The symbol that a word names, its file's text and relative path: the one whose definition it stands in, else what jedi says."""
    snapshot = view.snapshot
    row = snapshot.line_of(word.start)
    start = snapshot.line_span(row).start
    name = snapshot.text[word.start : word.end]
    if re.search(r"\b(?:def|class)[ \t]+$", snapshot.text[start : word.start]):
        own = Path(snapshot.path)
        return await _at(view, own, row + 1, name) if snapshot.path and own.is_relative_to(view.root) else None
    where = view.world.where(snapshot.path, snapshot.text)
    position = (row + 1, word.start - start)
    try:
        found = await view.bench.names.define(where, (position,), timeout_s=TIMEOUT_S, in_own_file=True)
    except names.NamesUnavailable:
        return None
    return await _at(view, Path(found[0].path), found[0].line, name) if found else None


async def _at(view: View, path: Path, line: int, name: str) -> tuple[Symbol, str, str] | None:
    """The symbol of a file of the project that is defined on a line."""
    relative = path.relative_to(view.root).as_posix()
    text = (await view.bench.projects.whole(view.world)).texts.get(relative)
    if str(path) == view.snapshot.path:
        text = view.snapshot.text
    if text is None:
        return None
    found = await symbols.of_file(view.bench, view.world, relative, text) or []
    around = [one for one in found if one.facts.line <= line <= one.facts.end and one.facts.name == name]
    return (max(around, key=lambda one: one.facts.line), text, relative) if around else None
