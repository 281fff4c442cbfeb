"""The command line's entry. `lsp` is started by editors and must be quick, so it skips the rest."""

from __future__ import annotations

import sys


def main() -> None:
    """Run `assay`; exits with the command's status."""
    words = sys.argv[1:]
    if words[:1] == ["lsp"] and not {"--help", "-h"} & set(words):
        from assay.cli import lsp

        sys.exit(lsp.run(words[1:]))
    from assay.cli.commands import app

    app()
