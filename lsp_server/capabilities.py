"""What a client can do that decides what it is offered, read from what it says of itself in `initialize`."""

from __future__ import annotations

from typing import Literal

from lsprotocol import types

Encoding = Literal["utf-8", "utf-16", "utf-32"]  # what positions are counted in


def asks_for_hints(client: types.ClientCapabilities) -> bool:
    """Whether it pulls diagnostics and can be told to pull anew, so that none are pushed."""
    diagnostics = client.workspace.diagnostics if client.workspace is not None else None
    can_ask = client.text_document is not None and client.text_document.diagnostic is not None
    return can_ask and diagnostics is not None and bool(diagnostics.refresh_support)
