"""workspace/executeCommand: what became of a suggestion, why there was one, how the parts are."""

from __future__ import annotations

from typing import Any

from pygls.exceptions import JsonRpcInvalidParams

from lsp_server.session import AssayServer


def register(server: AssayServer) -> None:
    """Commands; arguments are data from outside and are checked here."""

    @server.command("assay.accepted")
    def accepted(*arguments: Any) -> None:
        server.session.keep_imports(_fate(server, "accepted", arguments))

    @server.command("assay.rejected")
    def rejected(*arguments: Any) -> None:
        _fate(server, "rejected", arguments)

    @server.command("assay.why")
    def why(*arguments: Any) -> dict[str, Any] | None:
        traces = server.session.bench.traces
        if arguments and not isinstance(arguments[0], str):
            raise JsonRpcInvalidParams(message="assay.why takes a trace id")
        return traces.find(arguments[0]) if arguments else next(iter(traces.last()), None)

    @server.command("assay.status")
    async def status(*arguments: Any) -> dict[str, Any]:
        bench = server.session.bench
        engine, sandbox = await bench.engine.health(), bench.sandbox.health()
        return {
            "engine": {"state": engine.state, "model": engine.model, "why": engine.why, "fallback": engine.is_fallback},
            "sandbox": {"state": sandbox.state, "image": sandbox.image, "why": sandbox.why},
            "settings": list(bench.complaints),
        }


def _fate(server: AssayServer, event: str, arguments: tuple[Any, ...]) -> str:
    """Record it; the suggestion's id."""
    match arguments:
        case ({"suggestionId": str(suggestion_id), **rest}, *_):
            trace_id = rest.get("traceId")
            server.session.bench.ledger.record(
                event, suggestion_id[:64], trace_id=trace_id[:64] if isinstance(trace_id, str) else ""
            )
            return suggestion_id
        case _:
            raise JsonRpcInvalidParams(message=f"assay.{event} takes an object with a suggestionId")
