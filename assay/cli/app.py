"""The command line's entry. `lsp` and `engine` are started by programs and must be quick, so they skip the rest."""

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
