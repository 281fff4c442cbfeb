"""initialize, initialized, configuration, folders, saves."""

from __future__ import annotations

import asyncio
from typing import cast, get_args

from lsprotocol import types

from lsp_server.convert import Encoding
from lsp_server.documents import path_of
from lsp_server.session import AssayServer


def register(server: AssayServer) -> None:
    """Life-cycle features."""

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        chosen = str(getattr(server.workspace.position_encoding, "value", server.workspace.position_encoding))
        if chosen in get_args(Encoding):
            server.session.documents.encoding = cast(Encoding, chosen)
        server.session.start(params)

    @server.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams) -> None:
        server.session.spawn(server.session.watch())
        workspace = server.client_capabilities.workspace
        if workspace and workspace.configuration:
            await _configure(server)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def changed_configuration(params: types.DidChangeConfigurationParams) -> None:
        workspace = server.client_capabilities.workspace
        if workspace and workspace.configuration:
            await _configure(server)
        else:
            server.session.reconfigure(params.settings)

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def changed_folders(params: types.DidChangeWorkspaceFoldersParams) -> None:
        server.session.change_folders(params.event)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        server.session.files_changed([path_of(params.text_document.uri)])

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def watched(params: types.DidChangeWatchedFilesParams) -> None:
        server.session.files_changed([path_of(change.uri) for change in params.changes])


async def _configure(server: AssayServer) -> None:
    """Ask the editor for its settings; an editor that does not answer keeps what `initialize` gave."""
    item = types.ConfigurationItem(section="assay")
    request = server.protocol.send_request_async(types.WORKSPACE_CONFIGURATION, types.ConfigurationParams(items=[item]))
    try:
        answer = await asyncio.wait_for(request, 10)
    except Exception:  # noqa: BLE001  an editor may answer anything, or with an error; then its options stay
        return
    if isinstance(answer, list) and answer and isinstance(answer[0], dict):
        server.session.reconfigure(answer[0])
