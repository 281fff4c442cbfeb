"""Where a name is being written: what stands before it, what around it, and which of the names that may come were near. Text only; which names may come, jedi says."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from keyword import iskeyword

from . import syntax
from .text import Snapshot

NEAR_CHARS = 800  # within so many characters what was seen counts about half
LOOK_CHARS = 20_000  # in which names are looked for, before and after
ARGUMENT = 0.7  # what a parameter of the call around counts beside one name that stands close by
HOLD = "_"  # without a name there, jedi takes a place at the end of a function for one behind it
_STRINGS = ("string", "string_content", "string_start", "string_end", "escape_sequence")
# Characters of a word, of a receiver, of a line that binds one: longer ones are no code that somebody writes.
WORD_LIMIT, RECEIVER_LIMIT, LINE_LIMIT = 200, 400, 1000
_NAME = re.compile(r"(?<![\w.])[^\W\d]\w*")
_RECEIVER = re.compile(r"(?<![\w.])([^\W\d]\w*(?:\.[^\W\d]\w*)*)\.\Z")
_DEFINES = re.compile(r"(?:^|[\n;])\s*(?:self|cls)\.\Z")  # an attribute of its own object, at the start of a statement
_BEHIND = ")]}\"'"  # what else a dot may stand behind


@dataclass(frozen=True, slots=True)
class Naming:
    """A place where a name is, or may be, written. `text` is the document with its preamble, HOLD in place of what is `typed` of a name without a dot, nothing in place of one behind a dot; there, at `row` (from 1) and `column` (from 0), names are asked for. `receiver` is what stands
    before a dot: a chain of names, or the bracket or quote that ends it; "" where there is no dot. `bound` is what tells the receiver's meaning apart: the scope around, and where its first name is bound in it."""

    path: str
    text: str
    at: int
    row: int
    column: int
    typed: str
    receiver: str
    bound: tuple[str, ...]
    is_code: bool = True


def at(snapshot: Snapshot, offset: int) -> Naming | None:
    """The place; None where no name is written: in a comment and in a number."""
    node = syntax.node_at(snapshot.tree, snapshot.text, max(0, offset - 1))
    kind = node.type if node is not None else ""
    if kind == "comment":
        return None
    is_code = kind not in _STRINGS  # in those jedi knows paths and keys
    line = snapshot.line_of(offset)
    start = snapshot.line_span(line).start
    before = snapshot.text[start:offset]
    length = next((n for n in range(WORD_LIMIT) if n >= len(before) or not _is_word(before[-1 - n])), WORD_LIMIT)
    typed = before[len(before) - length :] if is_code else ""
    if typed[:1].isdigit():
        return None
    before = before[: len(before) - len(typed)]
    receiver = _receiver(before)
    if receiver is None:
        return None
    scopes = around(snapshot, line, len(before) if before.strip() == "" else None)
    first = snapshot.line_span(scopes[0][1]).start if scopes else 0
    bound = (*(name for name, _ in scopes), *_bindings(snapshot.text[first:start], receiver))
    base = start + len(before)
    hold = HOLD if is_code and not receiver else ""
    text = snapshot.preamble + snapshot.text[:base] + hold + snapshot.text[offset:]
    row = line + snapshot.preamble.count("\n") + 1
    return Naming(snapshot.path, text, len(snapshot.preamble) + base, row, len(before), typed, receiver, bound, is_code)


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _receiver(before: str) -> str | None:
    """What stands before the dot at the end, "" where there is none; None where the dot is no name's: a number's, or one of three."""
    if not before.endswith("."):
        return ""
    before = before[-RECEIVER_LIMIT:]
    if match := _RECEIVER.search(before):
        return match[1]
    if re.search(r"\b(?:from|import)\s+\.+\Z", before):
        return ""
    return before[-2] if before[-2:-1] in _BEHIND and before[-2:-1] else None


def _bindings(text: str, receiver: str) -> list[str]:
    """The lines that bind the first name of a receiver, which for `self` and `cls` is where they stand."""
    root = receiver.partition(".")[0]
    if not root.isidentifier() or root in ("self", "cls"):
        return [receiver]
    binds = re.compile(rf"\b{root}\b[^=\n.(]*=(?!=)|\b(?:for|as|import|def|with|lambda|global)\b[^\n]*\b{root}\b")
    return [
        receiver,
        *(line.strip() for line in text.split("\n") if len(line) < LINE_LIMIT and root in line and binds.search(line)),
    ]


def around(snapshot: Snapshot, line: int, column: int | None = None) -> list[tuple[str, int]]:
    """The functions and classes around a line (from 0), the innermost first, each with the line of its header; by how far lines stand in, for what is being written need not parse. `column` is where
    a line that is still empty begins."""
    found: list[tuple[str, int]] = []
    own = snapshot.line_span(line)
    text = snapshot.text[own.start : own.end]
    indent = len(text) - len(text.lstrip()) if column is None or text.strip() else column
    for number in range(line - 1, -1, -1):
        if indent == 0:
            break
        span = snapshot.line_span(number)
        text = snapshot.text[span.start : span.end]
        stripped = text.lstrip()
        if not stripped or len(text) - len(stripped) >= indent or stripped[0] in "#)]}":
            continue
        inside = syntax.node_at(snapshot.tree, snapshot.text, span.start)
        while inside is not None and inside.type in _STRINGS[1:] and inside.parent is not None:
            inside = inside.parent
        if inside is not None and inside.type in _STRINGS and inside.start_point[0] < number:
            continue  # a string of several lines, which may begin anywhere
        indent = len(text) - len(stripped)
        if header := _HEADER.match(stripped):
            found.append((header[1], number))
    return found


def variables(snapshot: Snapshot, offset: int) -> frozenset[str]:
    """Names that the function around a place binds before it; at module level those of the module, without functions, classes and imports."""
    line = snapshot.line_of(offset)
    start = snapshot.line_span(line).start
    functions = [
        number
        for _, number in around(snapshot, line, offset - start)
        if re.match(r"\s*(?:async )?def ", snapshot.text[snapshot.line_span(number).start :])
    ]
    return syntax.bound(snapshot.tree, functions[0] if functions else None, line)


_MADE = re.compile(
    r"\b(?:def|class|as|global|nonlocal)\s+\Z|\bfor\s+(?:\w+\s*,\s*)*\Z|\blambda\b[^:]*\Z|\bdef\s+\w+\s*\((?:[^()=:]*,)?\s*\*{0,2}\Z"
)
_HEADER = re.compile(r"(?:async )?(?:def|class) (\w+)")


def is_import(place: Naming) -> bool:
    """Whether the place stands in an import statement."""
    line = place.text[place.text.rfind("\n", 0, place.at) + 1 : place.at]
    return re.match(r"\s*(?:from|import)\b", line) is not None


def is_new(place: Naming) -> bool:
    """Whether a name is made here: of a function, a class, a parameter, a variable of a loop, an alias."""
    line = place.text[place.text.rfind("\n", 0, place.at) + 1 : place.at][-LINE_LIMIT:]
    return _MADE.search(line) is not None


def is_closed(place: Naming, names: Iterable[str]) -> bool:
    """Whether nothing but these names, which jedi knows at a place behind a dot, can stand there: the receiver makes none up when it is asked, and no attribute is defined here."""
    known = set(names)
    return bool(known) and "__getattr__" not in known and not _DEFINES.search(place.text[: place.at][-RECEIVER_LIMIT:])


def may_follow(place: Naming, names: Iterable[str]) -> bool:
    """Whether a dot may well be typed next: what is typed is one of the names that may stand here, and no keyword."""
    return place.is_code and bool(place.typed) and not iskeyword(place.typed) and place.typed in set(names)


def by_nearness(place: Naming, names: Iterable[str]) -> list[str]:
    """The names, those first that stand near the place, and parameters of the call ("name="); of those that stand nowhere near, private names and those with two underscores last."""
    begin = max(0, place.at - LOOK_CHARS)
    near: defaultdict[str, float] = defaultdict(float)
    for match in _NAME.finditer(place.text, begin, min(len(place.text), place.at + LOOK_CHARS)):
        near[match[0]] += 1 / (1 + abs(match.start() - place.at) / NEAR_CHARS)
    return sorted(names, key=lambda name: (-near[name.rstrip("=")] - ARGUMENT * name.endswith("="), _shyness(name)))


def _shyness(name: str) -> int:
    return 2 if name.startswith("__") else int(name.startswith("_"))


def fits(name: str, typed: str) -> bool:
    """Whether a name goes on from what is typed, in whatever case; names with two underscores where one is typed."""
    return name.lower().startswith(typed.lower()) and (typed.startswith("_") or not name.startswith("__"))
