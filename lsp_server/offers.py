"""What the server offers: every request and command with its options and the handler that answers it, loaded when the first one comes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from lsprotocol import types

from .capabilities import asks_for_hints
from .handlers import lifecycle

if TYPE_CHECKING:
    from .server import AssayServer

QUICK_FIX, REFACTOR, REWRITE = (
    types.CodeActionKind.QuickFix,
    types.CodeActionKind.Refactor,
    types.CodeActionKind.RefactorRewrite,
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A method, what is told of it, and the handler: a function of a file under `handlers/`. `of`: what the function gets, a document's view beside the session
    (null is the answer where the document is not open, or `otherwise`), or the session alone."""

    method: str
    handler: str
    options: Any = None
    of: Literal["document", "window"] = "document"
    otherwise: Any = None


OFFERS = (
    # pygls advertises it only with an options object
    Offer(types.TEXT_DOCUMENT_INLINE_COMPLETION, "inline_completion.answer", types.InlineCompletionOptions()),
    Offer(
        types.TEXT_DOCUMENT_COMPLETION,
        "completion.answer",
        types.CompletionOptions(trigger_characters=["."], resolve_provider=True),
    ),
    Offer(types.COMPLETION_ITEM_RESOLVE, "completion.resolve", of="window"),
    Offer(
        types.TEXT_DOCUMENT_SIGNATURE_HELP,
        "signature_help.answer",
        types.SignatureHelpOptions(trigger_characters=["(", ","], retrigger_characters=[")"]),
    ),
    Offer(types.TEXT_DOCUMENT_HOVER, "hover.answer", types.HoverOptions()),
    Offer(types.TEXT_DOCUMENT_CODE_LENS, "code_lens.answer", types.CodeLensOptions(), otherwise=[]),
    Offer(
        types.TEXT_DOCUMENT_CODE_ACTION,
        "code_action.answer",
        types.CodeActionOptions(code_action_kinds=[QUICK_FIX, REFACTOR, REWRITE], resolve_provider=True),
    ),
    Offer(types.CODE_ACTION_RESOLVE, "code_action.resolve", of="window"),
    Offer(
        "assay/cursor", "cursor.moved", of="window"
    ),  # a notification: where somebody rests, in editors that do not ask for code actions there
)
# Hints are asked for by clients that can be told to ask anew; others would miss what a run proves, and are told.
HINTS = Offer(
    types.TEXT_DOCUMENT_DIAGNOSTIC,
    "diagnostic.answer",
    types.DiagnosticOptions(inter_file_dependencies=True, workspace_diagnostics=False, identifier="assay"),
    otherwise=types.RelatedFullDocumentDiagnosticReport(items=[]),
)
COMMANDS = {
    "assay.accepted": "commands.accepted",
    "assay.rejected": "commands.rejected",
    "assay.why": "commands.why",
    "assay.feedback": "commands.feedback",
    "assay.status": "commands.status",
    "assay.verify": "verify.answer",
    "assay.dismissHint": "commands.dismiss_hint",
    "assay.explain": "commands.explain",
    "assay.summarize": "commands.summarize",
    "assay.test": "tests.make",
    "assay.fixWithTest": "mending.make",
    "assay.mutants": "tests.mutants",
    "assay.write": "writing.make",
    "assay.undo": "writing.undo",
    "assay.ask": "asking.answer",
    "assay.applyChange": "asking.apply",
    "assay.forget": "asking.forget",
}


def register(server: AssayServer) -> None:
    """Every feature but the documents' own."""

    def offer_what_the_client_can() -> None:
        if asks_for_hints(server.client_capabilities):
            server.feature(HINTS.method, HINTS.options)(_answered(server, HINTS))

    lifecycle.register(server, offer_what_the_client_can)
    for offer in OFFERS:
        server.feature(offer.method, offer.options)(_answered(server, offer))
    for name, handler in COMMANDS.items():
        server.command(name)(_called(server, handler))


def _answered(server: AssayServer, offer: Offer) -> Callable[[Any], Any]:
    async def feature(params: Any) -> Any:
        session = server.session
        if offer.of == "window":
            return await _loaded(offer.handler)(session, params)
        view = session.view(params.text_document.uri)
        return offer.otherwise if view is None else await _loaded(offer.handler)(session, view, params)

    return feature


def _called(server: AssayServer, handler: str) -> Callable[..., Any]:
    """The command in a function whose own arguments pygls leaves as they came."""

    async def command(*arguments: Any) -> Any:
        found = _loaded(handler)(server.session, *arguments)
        return await found if inspect.isawaitable(found) else found

    return command


def _loaded(handler: str) -> Callable[..., Any]:
    file, _, function = handler.partition(".")
    found: Callable[..., Any] = getattr(import_module(f"{__package__}.handlers.{file}"), function)
    return found
