"""Stop a model that has begun to go round in circles."""

from __future__ import annotations

from .draft import Draft, Drop

ROUNDS = 3  # the same line this often in a row is no longer code


def repetition(draft: Draft) -> Draft | Drop:
    """Cut before the second of ROUNDS equal lines; drop a line that would be the ROUNDS-th equal one in the file."""
    lines = draft.text.split("\n")
    bare = [line.strip() for line in lines]
    above = [line.strip() for line in draft.before.split("\n")[-ROUNDS - 1 :] if line.strip()][-(ROUNDS - 1) :]
    if draft.is_fresh_line and len(above) == ROUNDS - 1 and bare[0] and all(line == bare[0] for line in above):
        return Drop("it repeats the lines above")
    for start in range(len(bare) - ROUNDS + 1):
        if bare[start] and len(set(bare[start : start + ROUNDS])) == 1:
            return draft.with_text("\n".join(lines[: start + 1]))
    return draft
