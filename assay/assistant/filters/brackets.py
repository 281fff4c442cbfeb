"""Cut a candidate before a closing bracket that nothing opened, here or left of the cursor in the same statement."""

from __future__ import annotations

import io
import tokenize

from .draft import Draft, Drop

PAIRS = {")": "(", "]": "[", "}": "{"}
LOOK_BACK = 4000  # characters before the cursor in which a bracket may have been opened


def brackets(draft: Draft) -> Draft | Drop:
    """Text up to the first closing bracket without a partner."""
    stack = _open_in(draft.before[-LOOK_BACK:])
    for offset, character in code_brackets(draft.text):
        if character in PAIRS.values():
            stack.append(character)
        elif stack and stack[-1] == PAIRS[character]:
            stack.pop()
        else:
            kept = draft.text[:offset].rstrip()
            return draft.with_text(kept) if kept.strip() else Drop("it closes a bracket that is not open")
    return draft


def code_brackets(text: str) -> list[tuple[int, str]]:
    """Offsets and characters of the brackets in `text` that are not in strings or comments, as far as it can be read."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.OP and token.string in "()[]{}":
                found.append((starts[token.start[0] - 1] + token.start[1], token.string))
    except (tokenize.TokenError, SyntaxError):
        pass  # the end of an unfinished text; what was read so far counts
    return found


def _open_in(before: str) -> list[str]:
    """Brackets still open at the end of the statement that `before` ends in; a blank or left-standing line ends one."""
    stack: list[str] = []
    for _, character in code_brackets(_last_statement(before)):
        if character in PAIRS.values():
            stack.append(character)
        elif stack and stack[-1] == PAIRS[character]:
            stack.pop()
    return stack


def _last_statement(before: str) -> str:
    lines = before.split("\n")
    for number in range(len(lines) - 1, -1, -1):
        if lines[number].lstrip().startswith(("def ", "class ", "async def ", "@")):
            return "\n".join(lines[number:]).lstrip()
    return before.lstrip()
