"""pygls' protocol with its gaps fenced: life cycle, malformed input, cancelled requests, and no text in logs.

Each override names the behaviour that it replaces; all were seen in pygls 2.1.1.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Generator
from concurrent.futures import Future, InvalidStateError
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any

from cattrs import Converter
from cattrs.errors import BaseValidationError
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, default_converter, lsp_method

from .transport import INVALID_REQUEST

if TYPE_CHECKING:
    from .server import AssayServer

log = logging.getLogger(__name__)

METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL_ERROR, NOT_INITIALIZED, REQUEST_CANCELLED = (
    -32601,
    -32602,
    -32603,
    -32002,
    -32800,
)


def strict_converter() -> Converter:
    """pygls' converter, which does not make a text of a number: a `uri` that is 3 is no URI, and `null` no text."""
    converter: Converter = default_converter()  # type: ignore[no-untyped-call]  # pygls has no types here

    def text(value: Any, _: Any) -> str:
        if not isinstance(value, str):
            raise TypeError("this is no text")
        return value

    def whole(value: Any, kind: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            raise TypeError("this is no whole number")
        number = int(value)  # some clients have one kind of number only, and write 3.0
        is_named = isinstance(kind, type) and issubclass(kind, Enum)
        return (
            kind(number) if is_named and number in set(kind) else number
        )  # one that is newer than the protocol that we know stays a number

    def switch(value: Any, _: Any) -> bool:
        if not isinstance(value, bool):
            raise TypeError("this is neither true nor false")
        return value

    converter.register_structure_hook(bool, switch)
    converter.register_structure_hook(str, text)
    converter.register_structure_hook(int, whole)
    return converter


class Protocol(LanguageServerProtocol):
    """One client's conversation. `exited` is done when the client has said so, with the exit status."""

    _server: AssayServer

    def __init__(self, server: AssayServer, converter: Any) -> None:
        super().__init__(server, converter)
        self._stage = "new"
        self._lenient: Converter = default_converter()  # type: ignore[no-untyped-call]  # pygls has no types here
        self.exited: asyncio.Future[int] | None = None

    def receive(self, message: Any) -> None:
        """Take one parsed message: answer what cannot be handled, hand on what can. Never raises.

        pygls applies its types to every nested object that has a key `jsonrpc`, gives no answer to malformed
        parameters or after shutdown, and serves requests before `initialize`.
        """
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            self.refuse(
                message.get("id") if isinstance(message, dict) else None,
                INVALID_REQUEST,
                "this is not a JSON-RPC 2.0 message",
            )
        elif "method" not in message:
            self._receive_response(message)
        elif not isinstance(message["method"], str):
            self.refuse(message.get("id"), INVALID_REQUEST, "the method is not a string")
        elif "id" in message:
            self._receive_request(message)
        else:
            self._receive_notification(message)

    def refuse(self, msg_id: Any, code: int, why: str) -> None:
        """Answer with an error; `why` is one sentence and never holds text of a document."""
        known = msg_id if isinstance(msg_id, str | int) and not isinstance(msg_id, bool) else None
        self._send_data({"jsonrpc": "2.0", "id": known, "error": {"code": code, "message": why}})

    def _receive_request(self, message: dict[str, Any]) -> None:
        msg_id, method = message["id"], message["method"]
        if not isinstance(msg_id, str | int) or isinstance(msg_id, bool):
            self.refuse(None, INVALID_REQUEST, "the id is neither a number nor a string")
        elif self._stage == "new" and method != types.INITIALIZE:
            self.refuse(msg_id, NOT_INITIALIZED, "the server is not initialized")
        elif self._stage == "shutdown":
            self.refuse(msg_id, INVALID_REQUEST, "the server is shutting down")
        elif self._stage == "running" and method == types.INITIALIZE:
            self.refuse(msg_id, INVALID_REQUEST, "the server is initialized already")
        elif method not in self.fm.features and method not in self.fm.builtin_features:
            self.refuse(msg_id, METHOD_NOT_FOUND, f"there is no method {method[:80]}")
        elif msg_id in self._request_futures:
            self.refuse(msg_id, INVALID_REQUEST, "the id is in use")
        else:
            params = self._params(method, message)
            if params is _MALFORMED:
                self.refuse(msg_id, INVALID_PARAMS, f"the parameters do not fit {method}")
                return
            if method == types.INITIALIZE:
                self._stage = "running"
            elif method == types.SHUTDOWN:
                self._stage = "shutdown"
            self._in_context(self._handle_request, msg_id, method, params)

    def _receive_notification(self, message: dict[str, Any]) -> None:
        method = message["method"]
        if method == types.EXIT:
            if self.exited is not None and not self.exited.done():
                self.exited.set_result(0 if self._stage == "shutdown" else 1)
            return
        if self._stage != "running" and method != types.CANCEL_REQUEST:
            return
        if method not in self.fm.features and method not in self.fm.builtin_features and method != types.CANCEL_REQUEST:
            return
        params = self._params(method, message)
        if params is _MALFORMED:
            log.warning("ignored a %s with parameters that do not fit", method)
            return
        self._in_context(self._handle_notification, method, params)

    def _receive_response(self, message: dict[str, Any]) -> None:
        """pygls raises InvalidStateError for a response to a request that was cancelled meanwhile (its issue 621)."""
        msg_id = message.get("id")
        future = self._request_futures.pop(msg_id, None) if isinstance(msg_id, str | int) else None
        self._result_types.pop(msg_id, None) if isinstance(msg_id, str | int) else None
        if future is None or future.done():
            return
        try:
            if (error := message.get("error")) is not None:
                text = str(error.get("message", "")) if isinstance(error, dict) else ""
                future.set_exception(JsonRpcException(message=text[:200]))
            else:
                future.set_result(message.get("result"))
        except InvalidStateError:
            log.info("a response came for a request that was cancelled")

    def _params(self, method: str, message: dict[str, Any]) -> Any:
        kind = self.get_message_type(method)
        if kind is None:
            return message.get("params")
        try:
            # What a client tells of itself is taken as it comes: nobody is turned away for an odd version number.
            converter = self._lenient if method == types.INITIALIZE else self._converter
            return getattr(converter.structure(message, kind), "params", None)
        except (BaseValidationError, TypeError, ValueError, OverflowError, KeyError, AttributeError, RecursionError):
            return _MALFORMED

    def _in_context(self, handle: Any, *arguments: Any) -> None:
        import contextvars

        contextvars.copy_context().run(handle, *arguments)

    def _handle_cancel_notification(self, msg_id: str | int) -> None:
        """pygls logs a warning for every cancel that comes after its answer, which is the normal case while typing."""
        future = self._request_futures.pop(msg_id, None)
        if future is not None:
            future.cancel()

    def _run_generator(self, future: Any, *, gen: Any, result_future: Future[Any]) -> None:
        """pygls leaves the work of a command running when its request is cancelled, and remembers it for ever."""
        known = set(self._request_futures)
        super()._run_generator(future, gen=gen, result_future=result_future)
        for name in set(self._request_futures) - known:
            result_future.add_done_callback(partial(_ended, self._request_futures.pop(name)))

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *arguments: Any) -> Generator[Any, Any, None]:
        """pygls walks through its requests while those that it ends leave them."""
        own = self.msg_id
        for msg_id, future in list(self._request_futures.items()):
            if msg_id != own:
                future.cancel()
        yield from super().lsp_shutdown(*arguments)

    def _send_handler_result(self, future: Future[Any], *, msg_id: str | int) -> None:
        """pygls sends the handler's traceback to the client, and the traceback's locals can hold source text."""
        self._request_futures.pop(msg_id, None)
        try:
            if future.cancelled():
                self.refuse(msg_id, REQUEST_CANCELLED, "the request was cancelled")
                return
            error = future.exception()
            if error is None:
                self._send_response(msg_id, result=future.result())
            elif isinstance(error, JsonRpcException):
                code = getattr(error, "code", None) or INTERNAL_ERROR
                self.refuse(msg_id, code, str(error).splitlines()[0][:200] if str(error) else "the request failed")
            else:
                raise error
        except asyncio.CancelledError:
            self.refuse(msg_id, REQUEST_CANCELLED, "the request was cancelled")
        except Exception as error:
            log.exception("a handler failed")
            self.refuse(msg_id, INTERNAL_ERROR, f"an internal error ({type(error).__name__}); the log has more")

    def _send_data(self, data: Any) -> None:
        """pygls logs every message at INFO, source text included, and counts characters where the header wants bytes."""
        if self.writer is None or not data:
            return
        body = json.dumps(data, default=self._serialize_message).encode("utf-8", "surrogatepass")
        self.writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        """pygls splits lines where the protocol does not (form feed, U+2028); the session keeps its own documents."""
        self._server.session.opened(params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        """See did_open."""
        self._server.session.changed(params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        """See did_open."""
        self._server.session.closed(params)

    @lsp_method(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    def lsp_notebook_document__did_open(self, params: types.DidOpenNotebookDocumentParams) -> None:
        """See did_open."""
        self._server.session.notebook_opened(params)

    @lsp_method(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def lsp_notebook_document__did_change(self, params: types.DidChangeNotebookDocumentParams) -> None:
        """See did_open."""
        self._server.session.notebook_changed(params)

    @lsp_method(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def lsp_notebook_document__did_close(self, params: types.DidCloseNotebookDocumentParams) -> None:
        """See did_open."""
        self._server.session.notebook_closed(params)


def _ended(work: Future[Any], request: Future[Any]) -> None:
    if request.cancelled():
        work.cancel()


_MALFORMED = object()
