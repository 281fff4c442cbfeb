"""textDocument/codeAction: a hint's fix, checked before it is offered, with what the checks say in its title; and the ways to dismiss a hint.

Who moves the cursor has not asked for anything to be run: an editor that looks for a lightbulb gets the fixes unchecked and without their edits, and
they are checked when one is chosen (codeAction/resolve).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from lsprotocol import types

from analyzers.text import Snapshot, Span
from assay.assistant.hints import as_test, fixes
from assay.assistant.hints.dismissed import full_code
from assay.assistant.hints.hint import Fix, Hint
from assay.assistant.nouns import Passed
from assay.assistant.shapes import title
from lsp_server.convert import offset_at, range_of, text_edit
from lsp_server.diagnostics import diagnostic
from lsp_server.session import Session, View

from . import docstring_action, mending, tests, writing

WAIT_S = 2.0  # for the checks of a fix; a menu that comes later is no menu
FIXES_LIMIT = 4  # fixes of one request that are checked


async def answer(session: Session, view: View, params: types.CodeActionParams) -> list[types.CodeAction] | None:
    """The fixes of the hints that the range touches, how to dismiss them, and docstrings, and tests; null where there are none, or the document has changed."""
    start = offset_at(view.snapshot, params.range.start, view.encoding)
    end = offset_at(view.snapshot, params.range.end, view.encoding)
    is_asked = params.context.trigger_kind != types.CodeActionTriggerKind.Automatic
    if start == end and not is_asked:  # VS Code asks wherever the cursor comes to
        session.rests(view.snapshot.uri, start)
    hints = await _touched(session, view, start, end) if _is_wanted(params.context.only, "quickfix") else []
    actions = await _of_hints(view, hints, is_asked=is_asked)
    if _is_wanted(params.context.only, docstring_action.KIND.value):
        actions += await docstring_action.actions(view, start, end)
    if _is_wanted(params.context.only, tests.KIND.value):
        actions += await tests.actions(view, start, end)
        actions += await writing.actions(view, start, end) if is_asked else []
    return (actions or None) if session.is_current(view) else None


async def resolve(session: Session, params: types.CodeAction) -> types.CodeAction:
    """The action with its edit, when the checks let the fix stand; without one, and a message that says why, where they do not or the document has
    changed."""
    if params.edit is not None or not isinstance(params.data, dict):
        return params  # it is whole: some clients have every action resolved that has no command
    told = params.data
    view = session.view(str(told.get("uri", "")))
    if view is None or view.snapshot.version != told.get("version"):
        session.editor.show("the document has changed; look for the fix once more.")
        return params
    wanted = told.get("code"), told.get("start")
    hint = next((one for one in await session.hinting.of(view) if (full_code(one), one.span.start) == wanted), None)
    checked = await _checked(view, hint) if hint is not None else None
    if checked is None or checked.fix is None:
        session.editor.show("the checks refuse this fix: it is not written.")
    elif not session.is_current(view):
        session.editor.show("the document has changed; look for the fix once more.")
    else:
        params.edit = _mend(view, checked, checked.fix).edit
    return params


async def _touched(session: Session, view: View, start: int, end: int) -> list[Hint]:
    """The hints that a range touches."""
    every = await session.hinting.of(view)
    hints = [hint for hint in every if hint.span.start <= end and hint.span.end >= start]
    if not hints and start == end:  # a cursor elsewhere on the line: editors without a pointer leave it at the margin
        line = view.snapshot.line_of(start)
        hints = [hint for hint in every if view.snapshot.line_of(hint.span.start) == line]
    return hints


async def _of_hints(view: View, hints: Sequence[Hint], *, is_asked: bool) -> list[types.CodeAction]:
    fixable = [hint for hint in hints if hint.fix is not None][:FIXES_LIMIT]
    later = [] if is_asked else [hint for hint in fixable if hint.fix is not None and hint.fix.verdict is None]
    checked = await asyncio.gather(*(_checked(view, hint) for hint in fixable if hint not in later))
    actions = [_mend(view, hint, hint.fix) for hint in checked if hint is not None and hint.fix is not None]
    if view.editor.completes_actions:
        actions += [_mend_later(view, hint, hint.fix) for hint in later if hint.fix is not None]
    actions += [action for hint in hints if hint.evidence.source == "call" for action in await _as_test(view, hint)]
    actions += [
        action for hint in hints for action in (*await mending.actions(view, hint), *tests.noticing(view, hint))
    ]
    actions += [action for hint in hints for action in _dismissals(view, hint)]
    return actions


def _is_wanted(only: Sequence[types.CodeActionKind | str] | None, kind: str) -> bool:
    """Whether a kind, or one that it is part of, is asked for."""
    asked = [str(getattr(one, "value", one)) for one in only or ()]
    return not asked or any(not one or kind == one or kind.startswith(f"{one}.") for one in asked)


async def _checked(view: View, hint: Hint) -> Hint | None:
    """The hint with its fix judged; a document that is no file of a project has the static checks alone."""
    name = hint.name if hint.name in view.world.documents else ""
    texts = view.world.documents if name else {hint.name: view.snapshot.text}
    return await fixes.checked(view.bench, view.root, texts, hint, replace(fixes.WHOLE, wait_s=WAIT_S))


def _mend(view: View, hint: Hint, fix: Fix) -> types.CodeAction:
    assert fix.verdict is not None
    edits = [text_edit(view.snapshot, edit, view.encoding) for edit in fix.edits]
    return types.CodeAction(
        title=f"{fix.title} ({title(fix.verdict)})",
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[diagnostic(view.snapshot, view.encoding, hint)],
        is_preferred=isinstance(fix.verdict, Passed),
        edit=view.editor.edit_of(view.snapshot, edits, types.ChangeAnnotation(fix.title, False, fix.why)),
    )


def _mend_later(view: View, hint: Hint, fix: Fix) -> types.CodeAction:
    """A fix that nothing was run for yet: `resolve` has it checked and gives the edit."""
    data = {
        "uri": view.snapshot.uri,
        "version": view.snapshot.version,
        "code": full_code(hint),
        "start": hint.span.start,
    }
    return types.CodeAction(
        title=f"{fix.title} (checked when chosen)",
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[diagnostic(view.snapshot, view.encoding, hint)],
        data=data,
    )


async def _as_test(view: View, hint: Hint) -> list[types.CodeAction]:
    """The failing call as a test, for clients that create files."""
    if not view.editor.creates_files:
        return []
    texts = (await view.bench.projects.whole(view.world)).texts
    made = as_test.written(texts, hint.name, hint.evidence.input, hint.evidence.detail)
    if made is None or (made.is_new and await asyncio.to_thread((view.root / made.name).exists)):
        return []  # a file that is there and not known is left alone
    uri = (view.root / made.name).as_uri()
    before = Snapshot(uri, "", 0, texts.get(made.name, ""))
    end = range_of(before, Span(len(before.text), len(before.text)), view.encoding)
    document = types.OptionalVersionedTextDocumentIdentifier(uri=uri)
    edit = types.TextDocumentEdit(document, [types.TextEdit(end, made.text)])
    create = [types.CreateFile(uri, options=types.CreateFileOptions(ignore_if_exists=True))] if made.is_new else []
    return [
        types.CodeAction(
            title=f"Add `{hint.evidence.input[:60]}` as a test to {made.name}",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[diagnostic(view.snapshot, view.encoding, hint)],
            edit=types.WorkspaceEdit(document_changes=[*create, edit]),
        )
    ]


def _dismissals(view: View, hint: Hint) -> list[types.CodeAction]:
    """This hint, or all with its code; of rules ruff's own comments and settings are the way."""
    if hint.evidence.source == "ruff" or not view.snapshot.path:
        return []
    code = full_code(hint)
    argument = {"uri": view.snapshot.uri, "code": code, "line": view.snapshot.line_of(hint.span.start)}
    titles = {"one": f"Dismiss this hint ({code}) in assay.toml", "all": f"Dismiss all hints {code} in assay.toml"}
    return [
        types.CodeAction(
            title=text,
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[diagnostic(view.snapshot, view.encoding, hint)],
            command=types.Command(title=text, command="assay.dismissHint", arguments=[{**argument, "scope": scope}]),
        )
        for scope, text in titles.items()
    ]
