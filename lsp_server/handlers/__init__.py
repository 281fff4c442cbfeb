"""One file a request, one for the commands, one for the life cycle. A request's handler gets a view of its document and the services, taken before
anything is awaited; documents themselves come in through `lsp_server.protocol`."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from lsp_server.session import AssayServer, Session

from . import (
    code_action,
    code_lens,
    commands,
    completion,
    diagnostic,
    hover,
    inline_completion,
    lifecycle,
    signature_help,
)

Answer = Callable[..., Awaitable[Any]]


def register(server: AssayServer) -> None:
    """Every feature but the documents' own."""

    def offer_what_the_client_can() -> None:
        """Hints are asked for by clients that can be told to ask anew; others would miss what a run proves, and are told."""
        if server.session.editor.asks_for_hints:
            server.feature(diagnostic.METHOD, diagnostic.OPTIONS)(
                _of_document(server.session, diagnostic.answer, otherwise=diagnostic.NOTHING)
            )

    lifecycle.register(server, offer_what_the_client_can)
    server.feature(inline_completion.METHOD, inline_completion.OPTIONS)(
        _of_document(server.session, inline_completion.answer)
    )
    server.feature(completion.METHOD, completion.OPTIONS)(_of_document(server.session, completion.answer))
    server.feature(completion.RESOLVE)(_bound(completion.resolve, server.session))
    server.feature(signature_help.METHOD, signature_help.OPTIONS)(_of_document(server.session, signature_help.answer))
    server.feature(hover.METHOD, hover.OPTIONS)(_of_document(server.session, hover.answer))
    server.feature(code_lens.METHOD, code_lens.OPTIONS)(_of_document(server.session, code_lens.answer, otherwise=[]))
    server.feature(code_action.METHOD, code_action.OPTIONS)(_of_document(server.session, code_action.answer))
    server.feature(code_action.RESOLVE)(_bound(code_action.resolve, server.session))
    for name, command in commands.COMMANDS.items():
        server.command(name)(_bound(command, server.session))


def _of_document(session: Session, answer: Answer, *, otherwise: Any = None) -> Callable[[Any], Awaitable[Any]]:
    """The feature that gives `answer` its document's view; `otherwise` is the answer for a document that is not open."""

    async def feature(params: Any) -> Any:
        view = session.view(params.text_document.uri)
        return otherwise if view is None else await answer(session, view, params)

    return feature


def _bound(command: Callable[..., Any], session: Session) -> Callable[..., Any]:
    """`command` with the session before its arguments, in a function whose own arguments pygls leaves as they came."""
    if inspect.iscoroutinefunction(command):

        async def waited(*arguments: Any) -> Any:
            return await command(session, *arguments)

        return waited

    def at_once(*arguments: Any) -> Any:
        return command(session, *arguments)

    return at_once
