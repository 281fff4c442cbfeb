"""Where a suggestion ends: pure rules on the text so far, asked after every piece, so that the model stops early."""

from __future__ import annotations

from typing import Literal

SiteKind = Literal["line", "block", "function"]


def cut(kind: SiteKind, text: str, indent: int) -> tuple[str, bool]:
    """The part of `text` that belongs to the site, and whether more text could still change it.

    `indent` is the column of the code to be written. Leading blank lines are kept out of a line.
    """
    return _line(text) if kind == "line" else _block(text, indent)


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
        if len(line) - len(line.lstrip()) < indent:
            return "\n".join(lines[:number]).rstrip(), True
    return text, False
