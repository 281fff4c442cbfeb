"""Keep a candidate inside its site: it ends where the text steps left of what the code below has left open.

The model is stopped by the same rule (`cut`), asked after every piece that it writes. Which of the line ends inside it is the best
one is for `complete.ends` to say.
"""

from __future__ import annotations

from analyzers.brackets import scan
from analyzers.site import Site
from analyzers.text import columns

from .draft import Draft, Drop


def scope(draft: Draft) -> Draft | Drop:
    """Text up to the site's end."""
    if draft.site.kind == "none":
        return Drop("nothing can be written here")
    text, _ = cut(draft.site, draft.text)
    return draft.with_text(text.rstrip())


def cut(site: Site, text: str) -> tuple[str, bool]:
    """The part of `text` that belongs to the site, and whether that is all of it, so that more text would change nothing. Blank
    lines before a line are part of it."""
    return _line(text) if site.is_single else _lines(text, site.floor)


def is_served(site: Site, text: str) -> bool:
    """Whether a text has come to the end of what the site is for, so that what follows is more than was asked for: its line, its block."""
    if site.kind == "line":
        return "\n" in text.lstrip("\n")
    return _lines(text, site.indent)[1]


def _line(text: str) -> tuple[str, bool]:
    """Up to the end of the first line, or of the one on which its brackets close."""
    start = len(text) - len(text.lstrip("\n"))
    end = text.find("\n", start)
    while end >= 0 and scan(text[:end]).open and not text[end:].isspace():
        end = text.find("\n", end + 1)
    if end < 0:
        return text, False
    return text[:end], bool(text[start:end].strip()) or end - start > 0


def _lines(text: str, floor: int) -> tuple[str, bool]:
    """Lines until one stands left of `floor`; the first one may continue the line of the cursor."""
    lines = text.split("\n")
    for number, line in enumerate(lines[1:], start=1):
        if line.strip() and columns(line) < floor:
            return "\n".join(lines[:number]).rstrip(), True
    return text, False
