"""What a place in a file asks for, as a description: a comment, a name that does not exist yet, or a line that is not finished."""

from __future__ import annotations

import re

from analyzers import syntax, words
from analyzers.text import Snapshot

_NAME = re.compile(r"[^\W\d]\w*")
_KEYWORDS = frozenset(
    "and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield self cls true false none".split()
)
_MARK = re.compile(r"^\s*(?:#+|\s)*(?:TODO|FIXME|XXX|HACK)?(?:\([^)]*\))?:?\s*", re.IGNORECASE)


def description(snapshot: Snapshot, offset: int) -> str:
    """The comment that stands there with the comment lines above it; else the words of a name that stands nowhere else in the file; else those of the line. "" where there is nothing."""
    line = snapshot.line_of(offset)
    node = syntax.node_at(snapshot.tree, snapshot.text, max(snapshot.line_span(line).start, offset - 1))
    if node is not None and node.type == "comment":
        return _comment(snapshot, line, len((node.text or b"").decode("utf-8", "replace")))
    span = snapshot.line_span(line)
    for match in _NAME.finditer(snapshot.text, span.start, span.end):
        if match.start() <= offset <= match.end() and _is_new(snapshot, match[0]):
            return " ".join(words.of_name(match[0]))
    return _words(snapshot.text[span.start : span.end])


def _comment(snapshot: Snapshot, line: int, length: int) -> str:
    """The comment of this length at the end of a line, and the lines above it that hold nothing but one."""
    found: list[str] = []
    for number in range(line, -1, -1):
        span = snapshot.line_span(number)
        row = snapshot.text[span.start : span.end]
        before, text = (row[: len(row) - length], row[len(row) - length :]) if number == line else ("", row.strip())
        if not text.startswith("#"):
            break
        found.insert(0, _MARK.sub("", text).strip())
        if before.strip():
            break
    return " ".join(found).strip()


def _is_new(snapshot: Snapshot, name: str) -> bool:
    """Whether a name of several words stands here alone: it was written to be."""
    several = len(words.of_name(name)) > 1
    return several and len(re.findall(rf"(?<![\w.]){re.escape(name)}\b", snapshot.text)) == 1


def _words(text: str) -> str:
    found = [word for name in _NAME.findall(text) for word in words.of_name(name) if word.lower() not in _KEYWORDS]
    return " ".join(dict.fromkeys(found))
