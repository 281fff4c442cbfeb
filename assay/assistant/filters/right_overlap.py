"""Take off the end of a candidate that already stands right of the cursor on its line."""

from __future__ import annotations

from .draft import Draft, Drop


def right_overlap(draft: Draft) -> Draft | Drop:
    """Text without the longest end that the rest of the line begins with."""
    rest = draft.line_after.rstrip()
    if not rest or draft.is_fresh_line:
        return draft
    text = draft.text.rstrip()
    for size in range(min(len(text), len(rest)), 0, -1):
        if text.endswith(rest[:size]) and (size == len(rest) or not rest[size - 1].isalnum()):
            kept = text[:-size]
            return draft.with_text(kept) if kept.strip() else Drop("it repeats what stands right of the cursor")
    return draft
