"""Cut a candidate before a closing bracket that nothing opened, here or left of the cursor in the same statement."""

from __future__ import annotations

from analyzers.brackets import CLOSERS, OPENERS, scan

from .draft import Draft, Drop

LOOK_BACK = 4000  # characters before the cursor in which a bracket may have been opened


def brackets(draft: Draft) -> Draft | Drop:
    """Text up to the first closing bracket without a partner."""
    stack = list(scan(_last_statement(draft.before[-LOOK_BACK:])).open)
    for offset, sign in scan(draft.text).brackets:
        if sign in CLOSERS:
            stack.append(sign)
        elif stack and stack[-1] == OPENERS[sign]:
            stack.pop()
        else:
            kept = draft.text[:offset].rstrip()
            return draft.with_text(kept) if kept.strip() else Drop("it closes a bracket that is not open")
    return draft


def _last_statement(before: str) -> str:
    """The end of `before` from the last line on that begins a definition: brackets above it are closed, or belong to broken code."""
    lines = before.split("\n")
    for number in range(len(lines) - 1, -1, -1):
        if lines[number].lstrip().startswith(("def ", "class ", "async def ", "@")):
            return "\n".join(lines[number:]).lstrip()
    return before.lstrip()
