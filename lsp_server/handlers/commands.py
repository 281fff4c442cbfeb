"""workspace/executeCommand: what became of a suggestion, why there was one, how the parts are. Arguments are data from outside."""

from __future__ import annotations

from typing import Any

from pygls.exceptions import JsonRpcInvalidParams

from analyzers import imports
from lsp_server.session import Session

ID_LIMIT = 64  # characters of an id that are taken over


def accepted(session: Session, *arguments: Any) -> None:
    """The suggestion was taken: have the editor write the imports that it needs and the document does not have."""
    suggestion_id = _fate(session, "accepted", arguments)
    uri, statements = session.typing.offers.accept(suggestion_id)
    snapshot = session.documents.get(uri)
    if snapshot is None:
        return
    missing = tuple(s for s in statements if s not in snapshot.text.splitlines())
    if missing:
        session.editor.write(snapshot, imports.edit(snapshot, missing), session.documents.encoding, "Add import")


def rejected(session: Session, *arguments: Any) -> None:
    """The suggestion was dismissed: it is not offered again."""
    session.typing.offers.dismiss(_fate(session, "rejected", arguments))


def why(session: Session, *arguments: Any) -> dict[str, Any] | None:
    """The trace with an id, or the last one."""
    traces = session.bench.traces
    if arguments and not isinstance(arguments[0], str):
        raise JsonRpcInvalidParams(message="assay.why takes a trace id")
    return traces.find(arguments[0]) if arguments else next(iter(traces.last()), None)


async def status(session: Session, *arguments: Any) -> dict[str, Any]:
    """How engine and sandbox are, and which settings could not be used."""
    bench = session.bench
    engine, sandbox = await bench.engine.health(), bench.sandbox.health()
    return {
        "engine": {"state": engine.state, "model": engine.model, "why": engine.why, "fallback": engine.is_fallback},
        "sandbox": {"state": sandbox.state, "image": sandbox.image, "why": sandbox.why},
        "settings": list(bench.complaints),
    }


COMMANDS = {"assay.accepted": accepted, "assay.rejected": rejected, "assay.why": why, "assay.status": status}


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
