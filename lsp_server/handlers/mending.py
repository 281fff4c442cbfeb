"""The command assay.fixWithTest: the fix of a hint, and a test that fails without it, both as edits to review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInternalError, JsonRpcInvalidParams

from analyzers import reach
from analyzers.text import applied
from assay.assistant.hints import fixes
from assay.assistant.hints.dismissed import full_code
from assay.assistant.hints.hint import Hint
from assay.assistant.test import asked, regress, shapes
from assay.assistant.test.asking import Tell
from assay.assistant.test.way import Made
from lsp_server.convert import text_edit
from lsp_server.session import Session, View

from .tests import PROGRESS, is_of_project, may_run, name_of, place_of, told_and_written, watched

COMMAND = "assay.fixWithTest"


async def actions(view: View, hint: Hint) -> list[types.CodeAction]:
    """What writes a hint's fix and a test; none where nothing may be run, and in files that have tests themselves."""
    if hint.fix is None or not view.editor.can_be_changed or not may_run(view) or not is_of_project(view):
        return []
    if reach.is_test_file(name_of(view), (await view.bench.projects.state(view.root)).test_files):
        return []
    title = f"Fix {full_code(hint)}, and write a test that fails without it"
    argument = {"uri": view.snapshot.uri, "line": view.snapshot.line_of(hint.span.start), "code": full_code(hint)}
    command = types.Command(title=title, command=COMMAND, arguments=[argument])
    return [types.CodeAction(title=title, kind=types.CodeActionKind.QuickFix, command=command)]


async def make(session: Session, *arguments: Any) -> dict[str, Any] | None:
    """Both, once the checks let the fix stand. Null for a document that is not open, and where it was ended, or nobody agreed."""
    view, line, code = _meant(session, arguments)
    if view is None:
        return None
    at, _ = await place_of(view)
    found = [one for one in await session.hinting.of(view) if one.fix is not None and full_code(one) == code]
    hint = next((one for one in found if view.snapshot.line_of(one.span.start) == line), None)
    if hint is None or hint.fix is None:
        raise JsonRpcInternalError(message=f"there is no hint {code} with a fix on that line any more")
    texts, bench = {**view.world.documents, hint.name: at.text}, view.bench
    both = regress.Both(replace(at, text=applied(at.text, hint.fix.edits)), at)

    async def work(tell: Tell) -> tuple[Hint | None, list[Made]]:
        checked = await fixes.checked(bench, view.root, texts, hint)
        if checked is None or checked.fix is None:
            return None, []
        return checked, await asked.of_both(bench, both, tell)

    done = await watched(session, f"Assay is making a test for “{hint.fix.title}”", work, arguments[0])
    if done is None:
        return None
    checked, made = done
    if checked is None or checked.fix is None:
        raise JsonRpcInternalError(message="the checks refuse this fix: it is not written")
    if not session.is_current(view):
        raise JsonRpcInternalError(message="the document has changed; look for the fix once more")
    edits = [text_edit(view.snapshot, edit, view.encoding) for edit in checked.fix.edits]
    edit = view.editor.edit_of(view.snapshot, edits, types.ChangeAnnotation(checked.fix.title, False, checked.fix.why))
    if not await session.editor.change(edit, checked.fix.title):
        return None
    told = await told_and_written(session, view, at.name, made)
    if session.editor.tells_of_tests:  # they say themselves what came of their own commands alone
        session.editor.show(shapes.glance(made))
    return told


def _meant(session: Session, arguments: Sequence[Any]) -> tuple[View | None, int, str]:
    match arguments:
        case ({"uri": str(uri), "line": int(line), "code": str(code), **rest}, *_) if set(rest) <= {PROGRESS}:
            return session.view(uri), line, code
    raise JsonRpcInvalidParams(message=f"{COMMAND} takes an object with uri, line and code of a hint")
