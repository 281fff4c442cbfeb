"""One file a method; `register` puts them all on a server."""

from __future__ import annotations

from lsp_server.session import AssayServer

from . import commands, completion, inline_completion, lifecycle


def register(server: AssayServer) -> None:
    """Every feature that the server has."""
    for handler in (lifecycle, inline_completion, completion, commands):
        handler.register(server)
