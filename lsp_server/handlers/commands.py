"""workspace/executeCommand: what became of a suggestion, why there was one, how the parts are. Arguments are data from outside."""

from __future__ import annotations

import asyncio
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInternalError, JsonRpcInvalidParams

from analyzers import imports
from analyzers.text import Snapshot
from assay.assistant.hints import explain as explaining
from assay.assistant.hints.dismissed import NAME, full_code
from assay.assistant.hints.dismissed import dismiss as write_dismissal
from assay.assistant.hints.shapes import explanation_json
from assay.assistant.record import trace_text
from assay.assistant.summarize import shapes as summaries
from assay.assistant.summarize import told
from assay.engine.api import EngineError
from lsp_server.convert import text_edit
from lsp_server.paths import path_of
from lsp_server.session import Session

from .hover import symbol_at

ID_LIMIT = 64  # characters of an id that are taken over


def accepted(session: Session, *arguments: Any) -> None:
    """The suggestion was taken: have the editor write the imports that it needs and the document does not have."""
    suggestion_id = _fate(session, "accepted", arguments)
    uri, statements = session.typing.offers.accept(suggestion_id)
    if (box := session.bench.ledger.outbox) is not None:
        box.fate("accepted", suggestion_id, str(path_of(uri) or ""))
    snapshot = session.documents.get(uri)
    if snapshot is None:
        return
    missing = tuple(s for s in statements if s not in snapshot.text.splitlines())
    if missing:
        session.editor.write(snapshot, imports.edit(snapshot, missing), session.documents.encoding, "Add import")


def rejected(session: Session, *arguments: Any) -> None:
    """The suggestion was dismissed: it is not offered again."""
    suggestion_id = _fate(session, "rejected", arguments)
    session.typing.offers.dismiss(suggestion_id)
    if (box := session.bench.ledger.outbox) is not None:
        box.fate("rejected", suggestion_id)


def feedback(session: Session, *arguments: Any) -> dict[str, Any]:
    """What somebody says of a suggestion, by default of the last: told to the team's record. `told` is false, and `why` says so, where there is none."""
    match arguments:
        case ({"thumb": "up" | "down" as thumb, **rest}, *_) if set(rest) <= {"word", "suggestionId"} and all(isinstance(one, str) for one in rest.values()):  # fmt: skip
            box = session.bench.ledger.outbox
        case _:
            raise JsonRpcInvalidParams(
                message="assay.feedback takes an object with thumb (up or down), and word and suggestionId as texts"
            )
    if box is None:
        return {
            "told": False,
            "why": "No team's record is told of suggestions here: `assay login` says which server has one.",
        }
    is_told = box.feedback(thumb, str(rest.get("word", "")), str(rest.get("suggestionId", ""))[:ID_LIMIT])
    return {"told": is_told, "why": "" if is_told else "No suggestion was shown yet."}


def why(session: Session, *arguments: Any) -> dict[str, Any] | None:
    """The trace with an id, or the last one below this window's folder; `text` is it as a person reads it, line by line."""
    traces = session.bench.traces
    if arguments and not isinstance(arguments[0], str):
        raise JsonRpcInvalidParams(message="assay.why takes a trace id")
    found = traces.find(arguments[0]) if arguments else traces.latest(str(session.first_folder or ""))
    return found if found is None else {**found, "text": list(trace_text.lines(found))}


async def status(session: Session, *arguments: Any) -> dict[str, Any]:
    """How engine and sandbox are, which Python the first folder's project has, and which settings could not be used."""
    bench = session.bench
    engine, sandbox = await bench.engine.health(), bench.sandbox.health()
    folder = session.first_folder
    found = await asyncio.to_thread(bench.projects.environment, folder) if folder is not None else None
    return {
        "engine": {
            "state": engine.state,
            "model": engine.model,
            "why": engine.why,
            "fallback": engine.is_fallback,
            "where": engine.engine,
            "memory": engine.memory,
            "tokensPerSecond": engine.tokens_per_s and round(engine.tokens_per_s, 1),
        },
        "sandbox": {
            "state": sandbox.state,
            "image": sandbox.image,
            "why": sandbox.why,
            "engine": sandbox.engine,
            "size": sandbox.size,
            "warm": sandbox.warm,
        },
        "environment": {"told": found.told, "flaw": found.flaw} if found is not None else None,
        "settings": list(session.services.complaints),
        "offline": bench.settings.is_on("offline"),
    }


async def dismiss_hint(session: Session, *arguments: Any) -> None:
    """A hint, or all with its code, is wanted no more: write it into the project's `assay.toml`."""
    match arguments:
        case ({"uri": str(uri), "code": str(code), "line": int(line), "scope": "one" | "all" as scope}, *_):
            view = session.view(uri)
        case _:
            raise JsonRpcInvalidParams(message="assay.dismissHint takes an object with uri, code, line and scope")
    hints = await session.hinting.of(view) if view is not None else ()
    hint = next(
        (h for h in hints if full_code(h) == code and view and view.snapshot.line_of(h.span.start) == line), None
    )
    if view is None or hint is None:
        return  # it is gone already
    try:
        await asyncio.to_thread(write_dismissal, view.root, hint, view.snapshot.text, whole_code=scope == "all")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or (
            "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
        )
        raise JsonRpcInternalError(message=f"{view.root / NAME} cannot be written ({why})") from error
    await session.hinting.refresh()


async def explain(session: Session, *arguments: Any) -> dict[str, Any]:
    """The cause of a traceback or of failed tests in a text: its place, and a checked fix as an edit of the file on disk."""
    if not arguments or not isinstance(arguments[0], str):
        raise JsonRpcInvalidParams(message="assay.explain takes a text")
    root = session.first_folder
    if root is None:
        raise JsonRpcInvalidParams(message="assay.explain needs a folder that is open")
    found = await explaining.explain(session.services.of(root), root, arguments[0], lambda what, done, of: None)
    texts = (await session.bench.projects.state(root)).texts
    told = explanation_json(found, texts) | {"uri": (root / found.name).as_uri() if found.name else None, "edit": None}
    is_here = (shown := session.documents.get(str(told["uri"]))) is not None
    if (
        found.fix is not None
        and found.fix.verdict is not None
        and (not is_here or (shown and shown.text == texts[found.name]))
    ):
        document = Snapshot("", "", 0, texts[found.name])
        edits = [text_edit(document, edit, session.documents.encoding) for edit in found.fix.edits]
        told["edit"] = {"changes": {told["uri"]: edits}}
    return told


async def summarize(session: Session, *arguments: Any) -> dict[str, Any] | None:
    """What a model says of the function or class at a position, held against its facts; null where none of the project is named there. A hover shows it from then on."""
    match arguments:
        case ({"uri": str(uri), "position": {"line": int(line), "character": int(character)}}, *_):
            view = session.view(uri)
        case _:
            raise JsonRpcInvalidParams(message="assay.summarize takes an object with uri and position")
    if view is None or (meant := await symbol_at(view, types.Position(max(line, 0), max(character, 0)))) is None:
        return None
    symbol, text, name = meant
    if not (await view.bench.projects.rules(view.root)).allows(name):
        raise JsonRpcInternalError(message=f"{name} is ignored or secret, so nothing of it is sent to a model")
    try:
        found = await told.of(view.bench, symbol, text)
    except EngineError as error:
        raise JsonRpcInternalError(message=str(error)) from error
    except TimeoutError as error:
        raise JsonRpcInternalError(message=f"the model did not answer within {told.ANSWER_S:.0f} s") from error
    one = found.symbol
    return {
        "name": one.facts.path,
        "summary": one.summary,
        "source": one.source,
        "why": found.why,
        "facts": list(summaries.lines(one)),
    }


def _fate(session: Session, event: str, arguments: tuple[Any, ...]) -> str:
    """Record it; the suggestion's id."""
    match arguments:
        case ({"suggestionId": str(suggestion_id), **rest}, *_):
            trace_id = rest.get("traceId")
            known = trace_id[:ID_LIMIT] if isinstance(trace_id, str) else ""
            session.bench.ledger.record(event, suggestion_id[:ID_LIMIT], trace_id=known)
            return suggestion_id
        case _:
            raise JsonRpcInvalidParams(message=f"assay.{event} takes an object with a suggestionId")
