"""Cut a candidate where it begins to write again what already stands below the cursor."""

from __future__ import annotations

from .draft import Draft, Drop

TELLING = 4  # characters that a line must have to be taken for the same line, not for a common one like `)`


def suffix_repeat(draft: Draft) -> Draft | Drop:
    """Text up to the line that equals the next line of code below, indentation included. Where it is the text's first one, and another follows it than
    below, it is one like it."""
    own = draft.line_before if draft.is_fresh_line else ""
    below = [
        line.rstrip()
        for line in (own + draft.after).split("\n")[0 if own or draft.is_fresh_line else 1 :]
        if line.strip()
    ][:2]
    if not below or len(below[0].strip()) < TELLING:
        return draft
    lines = draft.text.split("\n")
    for number, line in enumerate(lines):
        whole = (own + line if number == 0 else line).rstrip()
        if whole == below[0] and (number > 0 or draft.is_fresh_line):
            kept = "\n".join(lines[:number]).rstrip()
            if kept.strip():
                return draft.with_text(kept)
            following = [line.rstrip() for line in lines[number + 1 :] if line.strip()][:1]
            if not following or following == below[1:]:
                return Drop("it repeats the line below")
    return draft
