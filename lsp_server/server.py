"""pygls' server with our session on it. The session, and with it every feature, is loaded when the first thing is done after `initialize`:
the answer to that needs none of it, and an editor shows nothing of a window before it has it."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.lsp.server import LanguageServer

if TYPE_CHECKING:
    from assay.services import Composition

    from .capabilities import Encoding
    from .session import Session


class AssayServer(LanguageServer):
    """`opened` is what `initialize` said, `encoding` what was agreed on; `compose` loads and makes the composition."""

    compose: Callable[[], Composition]
    opened: types.InitializeParams
    encoding: Encoding = "utf-16"

    @cached_property
    def session(self) -> Session:
        """The window's session, made on first use."""
        from .session import Session  # most of the product: an eighth of a second

        session = Session(self, self.compose(), self.encoding)
        session.start(self.opened)
        # What is loaded stays. Without this, each syntax tree of a long file has all of it looked through for garbage: 50 ms and more.
        gc.freeze()
        return session
