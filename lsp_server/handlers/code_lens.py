"""textDocument/codeLens: above each function the tests that enter it and how they ended, and how many call it; and ways to have tests made of it."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types

from assay.assistant.summarize import shapes, symbols
from lsp_server.session import Session, View

from . import tests


async def answer(session: Session, view: View, params: types.CodeLensParams) -> list[types.CodeLens]:
    """One a function of which something is known, and what can be asked of tests; none where both are switched off, and for a text that does not parse."""
    return [*await _facts(view), *await tests.lenses(view)]


async def _facts(view: View) -> list[types.CodeLens]:
    path = Path(view.snapshot.path)
    if not view.bench.settings.is_on("summaries.lens") or view.snapshot.preamble or not path.is_relative_to(view.root):
        return []
    name = path.relative_to(view.root).as_posix()
    found = await symbols.of_file(view.bench, view.world, name, view.snapshot.text) or []
    lenses = []
    for one in found:
        if title := shapes.lens(one):
            start = types.Position(one.facts.line - 1, 0)
            lenses.append(types.CodeLens(types.Range(start, start), types.Command(title, "")))
    return lenses
