"""Cut a candidate before a closing bracket that nothing opened, here or left of the cursor in the same statement."""

from __future__ import annotations

from analyzers.brackets import CLOSERS, OPENERS, last_definition, scan

from .draft import Draft, Drop

LOOK_BACK = 4000  # characters before the cursor in which a bracket may have been opened


def brackets(draft: Draft) -> Draft | Drop:
    """Text up to the first closing bracket without a partner. Where the cursor is in a string (a field of an f-string, mostly), its quote
    ends the string and all that was opened in it."""
    before = draft.before[-LOOK_BACK:]
    known = scan(before[last_definition(before) :])
    inside, quote, beyond = draft.text.partition(known.quote) if known.quote else (draft.text, "", "")
    stack = list(known.open)
    end = _unopened(stack, inside)
    if end is None and quote:
        end = _unopened(stack := stack[: known.outside], beyond)
        end = None if end is None else end + len(inside + quote)
    if end is None:
        return draft
    kept = draft.text[:end].rstrip()
    return draft.with_text(kept) if kept.strip() else Drop("it closes a bracket that is not open")


def _unopened(stack: list[str], text: str) -> int | None:
    """The offset of the first bracket in `text` that closes none of `stack`, which is brought up to date; None where there is none."""
    for offset, sign in scan(text).brackets:
        if sign in CLOSERS:
            stack.append(sign)
        elif stack and stack[-1] == OPENERS[sign]:
            stack.pop()
        else:
            return offset
    return None
