"""Take off the end of a candidate that already stands right of the cursor on its line."""

from __future__ import annotations

from analyzers.brackets import OPENERS, scan

from .draft import Draft, Drop


def right_overlap(draft: Draft) -> Draft | Drop:
    """Text without the longest end that the rest of the line begins with."""
    rest = draft.line_after.rstrip()
    if not rest or draft.is_fresh_line:
        return draft
    text = draft.text.rstrip()
    closers = sum(1 if sign in OPENERS else -1 for _, sign in scan(text).brackets)
    for size in range(min(len(text), len(rest)), 0, -1):
        part = rest[:size]
        is_own = part.strip(")]}") == "" and closers < size  # the brackets close what the candidate itself opened
        if text.endswith(part) and not is_own and (size == len(rest) or not part[-1].isalnum()):
            kept = text[:-size]
            return draft.with_text(kept) if kept.strip() else Drop("it repeats what stands right of the cursor")
    return draft
