"""The code action that writes the docstring of the function whose head is touched, or brings it up to date."""

from __future__ import annotations

import asyncio

from lsprotocol import types

from assay.assistant.document import docstrings
from assay.assistant.document.docstrings import Change
from lsp_server.convert import text_edit
from lsp_server.session import View

LINES_LIMIT = 50  # a longer selection is not about one function
KIND = types.CodeActionKind.RefactorRewrite
TITLES = {"new": "Write the docstring of `{0}`", "updated": "Bring the docstring of `{0}` up to date"}


async def actions(view: View, start: int, end: int) -> list[types.CodeAction]:
    """For the functions on whose head or docstring a span begins or ends; in the style of the project."""
    if view.snapshot.preamble or not view.snapshot.path:
        return []
    state = await view.bench.projects.state(view.root)
    first, last = view.snapshot.line_of(start) + 1, view.snapshot.line_of(end) + 1
    if last - first > LINES_LIMIT:
        return []
    found = await asyncio.to_thread(_found, view, state.revision, list(state.texts.values()), (first, last))
    return [
        types.CodeAction(
            title=TITLES[one.kind].format(one.function),
            kind=KIND,
            edit=view.editor.edit_of(view.snapshot, [text_edit(view.snapshot, one.edit, view.encoding)]),
        )
        for one in found
        if one.line <= last and first <= _last_line(view, one)
    ]


def _last_line(view: View, one: Change) -> int:
    """The last line (from 1) of a function's head, or of its docstring."""
    return (
        view.snapshot.line_of(one.edit.span.start)
        if one.kind == "new"
        else view.snapshot.line_of(one.edit.span.end) + 1
    )


def _found(view: View, revision: int, texts: list[str], lines: tuple[int, int]) -> list[Change]:
    style = docstrings.style_of_project(str(view.root), revision, texts)
    return docstrings.changes(view.snapshot.text, style, private=True, lines=lines)
