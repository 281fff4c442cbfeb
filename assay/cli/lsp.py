"""`assay lsp`: the language server on standard input and output."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.compose import Composition

KNOWN = frozenset({"--stdio"})  # appended by VS Code's client, meaning what is the only way anyhow


def run(arguments: Sequence[str]) -> int:
    """Serve until the editor leaves; returns the exit status that the protocol asks for."""
    if unknown := [word for word in arguments if word not in KNOWN and not word.startswith("--clientProcessId")]:
        print(f"assay lsp: {unknown[0]} is not an option; it serves on standard input and output.", file=sys.stderr)
        return 2
    from assay.folders import folders
    from lsp_server import serve

    where = folders()

    def compose() -> Composition:
        from assay.compose import Composition  # an eighth of a second, which `initialize` need not wait for

        return Composition(where)

    return serve.run(compose, where.state / "lsp.log")
