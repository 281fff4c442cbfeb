"""Keep a candidate inside its site: a line is one line, a block ends where the text steps left of it."""

from __future__ import annotations

from assay.engine import stop

from .draft import Draft, Drop


def scope(draft: Draft) -> Draft | Drop:
    """Text up to the site's end."""
    if draft.kind == "none":
        return Drop("nothing can be written here")
    text, _ = stop.cut(draft.kind, draft.text, draft.indent)
    return draft.with_text(text.rstrip())
