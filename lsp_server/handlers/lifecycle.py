"""initialize, initialized, configuration, folders, saves: what changes the session."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast, get_args

from lsprotocol import types

from lsp_server.capabilities import Encoding
from lsp_server.paths import path_of

if TYPE_CHECKING:
    from lsp_server.server import AssayServer


def register(server: AssayServer, offer: Callable[[], None]) -> None:
    """Life-cycle features; `offer` registers what depends on the client, once that is known."""

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        chosen = str(getattr(server.workspace.position_encoding, "value", server.workspace.position_encoding))
        if chosen in get_args(Encoding):
            server.encoding = cast(Encoding, chosen)
        server.opened = params
        offer()

    @server.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams) -> None:
        session = server.session
        session.spawn(session.watch())
        session.spawn(session.survey.run())
        from lsp_server.telling import Telling  # after `initialize` is answered: it loads the engine's client

        session.spawn(Telling(session.services).run())
        if session.editor.has_configuration:
            await session.configure()

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def changed_configuration(params: types.DidChangeConfigurationParams) -> None:
        session = server.session
        if session.editor.has_configuration:
            await session.configure()
        else:
            session.reconfigure(params.settings)

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def changed_folders(params: types.DidChangeWorkspaceFoldersParams) -> None:
        server.session.change_folders(params.event)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        server.session.files_changed([path_of(params.text_document.uri)])

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def watched(params: types.DidChangeWatchedFilesParams) -> None:
        server.session.files_changed([path_of(change.uri) for change in params.changes])
