"""What is there, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..finding.search import Item


def items_json(items: Sequence[Item]) -> dict[str, Any]:
    """The answer of `assay suggest --json` without its schema number, as docs/protocol.md has it."""
    return {
        "items": [
            {
                "name": one.name,
                "fullName": one.full_name,
                "module": one.module,
                "kind": one.kind,
                "signature": one.signature,
                "call": one.call,
                "about": one.about,
                "score": one.score,
                "installed": {"from": one.source, "version": one.version or None},
            }
            for one in items
        ]
    }
