"""Where code follows right of the cursor on a fresh line, the candidate is a line before it and ends itself."""

from __future__ import annotations

from .draft import Draft, Drop


def line_end(draft: Draft) -> Draft | Drop:
    """Text with a line end, and the white space that the code right of the cursor had before it."""
    if draft.is_fresh_line and draft.line_after.strip():
        return draft.with_text(draft.text.rstrip() + "\n" + draft.line_before)
    return draft
