"""Keep a candidate inside its site: a line is one line, a block ends where the text steps left of it.

The model is stopped by the same rule (`cut`), asked after every piece that it writes.
"""

from __future__ import annotations

from analyzers.site import SiteKind
from analyzers.text import columns

from .draft import Draft, Drop


def scope(draft: Draft) -> Draft | Drop:
    """Text up to the site's end."""
    if draft.kind == "none":
        return Drop("nothing can be written here")
    text, _ = cut(draft.kind, draft.text, draft.indent)
    return draft.with_text(text.rstrip())


def cut(kind: SiteKind, text: str, indent: int) -> tuple[str, bool]:
    """The part of `text` that belongs to the site, and whether that is all of it, so that more text would change nothing.

    `indent` is the column of the code to be written. Blank lines before a line are part of it.
    """
    return _block(text, indent) if kind in ("block", "function") else _line(text)


def _line(text: str) -> tuple[str, bool]:
    start = len(text) - len(text.lstrip("\n"))
    end = text.find("\n", start)
    if end < 0:
        return text, False
    return text[:end], bool(text[start:end].strip()) or end - start > 0


def _block(text: str, indent: int) -> tuple[str, bool]:
    """Lines until one stands left of `indent`; a block's first line may continue the line of the cursor."""
    lines = text.split("\n")
    for number, line in enumerate(lines[1:], start=1):
        is_last = number == len(lines) - 1
        if not line.strip() or (is_last and not line.strip()):
            continue
        if columns(line) < indent:
            return "\n".join(lines[:number]).rstrip(), True
    return text, False
