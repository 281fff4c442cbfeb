"""What ghost text and the completion list have in common: asking the assistant, and the command that tells what became of it."""

from __future__ import annotations

from lsprotocol import types

from assay.assistant.complete.path import complete
from assay.assistant.drafting.ask import Ask
from assay.assistant.nouns import Completion, Suggestion, Trigger
from assay.assistant.shapes import title, verdict_json
from lsp_server.convert import offset_at
from lsp_server.session import Session, View

PATIENCE_S = 0.3  # so long jedi may take before somebody who asked is answered without it


async def ask(
    session: Session, view: View, position: types.Position, trigger: Trigger, *, can_import: bool
) -> Completion | None:
    """The completion at a position, as the document's newest request; None where there is none, or the document has changed."""
    offset = offset_at(view.snapshot, position, view.encoding)
    patience_s = PATIENCE_S if trigger == "invoked" else 0.0

    async def work() -> Completion:
        names = await session.popup.behind_dot(view.bench, view.world, view.snapshot, offset, patience_s=patience_s)
        request = Ask(view.snapshot, offset, view.world, session.tell_verdict, can_import, trigger, names)
        return await complete(view.bench, view.typing, request)

    completion: Completion | None = await session.newest(view.snapshot.uri, work())
    if completion is None:
        return None
    session.rests(view.snapshot.uri, offset)
    if completion.engine is not None:
        view.editor.state("engine", completion.engine, "" if completion.engine == "ready" else completion.why)
    return completion if completion.suggestions and session.is_current(view) else None


def accepted(suggestion: Suggestion, completion: Completion) -> types.Command:
    """The command that editors run when a suggestion is taken; its title reads as the evidence."""
    argument = {
        "suggestionId": suggestion.id,
        "traceId": completion.trace_id,
        "verdict": verdict_json(suggestion.verdict),
    }
    return types.Command(title=title(suggestion.verdict), command="assay.accepted", arguments=[argument])
