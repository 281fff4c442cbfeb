"""Brackets, quotes and comments: the one table of them, and one scanner for text that no parser takes because it is not whole.

Where the text is a document, its incremental tree (`Snapshot.tree`) knows more. This reads a statement or a few lines, in one
pass, and never fails: a string that is not closed simply stays open.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CLOSERS = {"(": ")", "[": "]", "{": "}"}
OPENERS = {closer: opener for opener, closer in CLOSERS.items()}
QUOTES = ('"', "'")
LONG_QUOTES = ('"""', "'''")

# The rest of a string behind its opening quote, and the quote that ends it where there is one.
_REST = {
    quote: re.compile(
        rf"[^{quote[0]}\\{line}]*(?:(?:\\(?:\r\n|.|\Z)|(?!{quote}){quote[0]})[^{quote[0]}\\{line}]*)*({quote})?",
        re.DOTALL,
    )
    for quotes, line in ((QUOTES, "\\n"), (LONG_QUOTES, ""))
    for quote in quotes
}
_DEFINITION = re.compile(r"^[ \t]*(?:(?:async[ ]+def|def|class)[ ]+\w+\s*[(:\[]|@\w)", re.MULTILINE)
_TEXT = re.compile(r"""["'#\\]""")
_SIGN = re.compile(r"""["'#\\()\[\]{}]""")


@dataclass(frozen=True, slots=True)
class Scan:
    """What a text holds: the `brackets` outside strings and comments by offset, how `deep` they go, and at its end the brackets
    still `open` (outermost first) and the `quote` of the string that is open there, or "".

    What stands in a string that is open at the end is read as code: a field of an f-string is, and in others it hardly matters. `outside`
    brackets of `open` were opened before that string.
    """

    brackets: tuple[tuple[int, str], ...]
    deep: int
    open: str
    quote: str
    outside: int

    @property
    def closers(self) -> str:
        """What closes the brackets that are open, innermost first."""
        return "".join(CLOSERS[opener] for opener in reversed(self.open))


def scan(text: str) -> Scan:
    """Read `text` from a place outside any string or comment."""
    brackets: list[tuple[int, str]] = []
    stack: list[str] = []
    at, quote, deep, outside = 0, "", 0, 0
    while found := _SIGN.search(text, at):
        sign, at = found[0], found.end()
        if sign in CLOSERS:
            stack.append(sign)
            deep = max(deep, len(stack))
        elif sign in OPENERS:
            if stack and stack[-1] == OPENERS[sign]:
                stack.pop()
        else:
            end, is_open = _after(text, found.start())
            at = found.start() + len(is_open) if is_open else end
            if is_open and not quote:
                quote, outside = is_open, len(stack)
            continue
        brackets.append((found.start(), sign))
    return Scan(tuple(brackets), deep, "".join(stack), quote, outside if quote else len(stack))


def last_definition(text: str) -> int:
    """The offset of the last line that begins a definition, 0 where none does: brackets that were opened above it are closed, or belong to broken
    code."""
    return max((found.start() for found in _DEFINITION.finditer(text)), default=0)


def open_quote(text: str) -> str:
    """The `quote` of `scan` alone, in a fraction of its time: for a whole document, on every key."""
    at, quote = 0, ""
    while found := _TEXT.search(text, at):
        at, quote = _after(text, found.start())
    return quote


def _after(text: str, start: int) -> tuple[int, str]:
    """Where the string, comment or escape that begins at `start` ends, and its quote where it is open at the end of `text`."""
    sign = text[start]
    if sign == "\\":
        return start + 2, ""
    if sign == "#":
        end = text.find("\n", start)
        return (end if end >= 0 else len(text)), ""
    quote = sign * 3 if text.startswith(sign * 3, start) else sign
    rest = _REST[quote].match(text, start + len(quote))
    assert rest is not None
    return rest.end(), quote if rest.end() == len(text) and not rest[1] else ""
