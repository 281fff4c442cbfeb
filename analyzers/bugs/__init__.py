"""Bugs that linters miss, by patterns precise enough to be believed: one function a pattern, pure, on the module's statements one by one.

What is found is suspected, not proved. A pattern stays only while the standard library, which is mostly right, hardly ever has it.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from analyzers import syntax
from analyzers.memo import MIB, remembered
from analyzers.places import Places
from analyzers.text import Edit, Snapshot, Span

from . import arguments, bounds, conditions, copies, handlers, lost, mutations
from .piece import Passage, Suspicion, signatures

PATTERNS: tuple[Callable[[Passage], Iterator[Suspicion]], ...] = (
    arguments.swapped,
    copies.wrong_variable,
    bounds.off_by_one,
    lost.lost_result,
    lost.lost_return,
    mutations.mutated_loop,
    mutations.mutated_default,
    conditions.constant_condition,
    handlers.swallowed_exception,
)
TOGETHER = 32  # simple statements that make one piece, about: 10 000 lines of them would be as many pieces


@dataclass(frozen=True, slots=True)
class Found:
    """A suspicion in a text, by offsets; `edit` is what was probably meant, where anybody can say."""

    code: str
    span: Span
    message: str
    confidence: float
    edit: Edit | None = None


def found(snapshot: Snapshot) -> tuple[Found, ...]:
    """All suspicions in a document, in its order. A statement that does not parse has none; what is as it was is not looked at again."""
    if not syntax.has_plain_lines(snapshot.text):
        return ()
    pieces = list(_pieces(snapshot))
    known: dict[str, tuple[str, ...]] = {}
    several: set[str] = set()
    for _, text in pieces:
        own = dict(_signatures(text))
        several |= {name for name, names in own.items() if known.get(name, names) != names}
        known |= own
    known = {name: names for name, names in known.items() if name not in several}
    context = tuple(sorted(known.items()))
    made = []
    for start, text in pieces:
        names = tuple(item for item in context if item[0] in text)
        for one in _of_piece(text, names):
            edit = one.edit and Edit(Span(one.edit.span.start + start, one.edit.span.end + start), one.edit.text)
            made.append(
                Found(one.code, Span(one.span.start + start, one.span.end + start), one.message, one.confidence, edit)
            )
    return tuple(made)


def _pieces(snapshot: Snapshot) -> Iterator[tuple[int, str]]:
    """The module's definitions and blocks as texts, with their offsets; simple statements some together, cut where their own text says so: an edit moves
    no cut but its own."""
    text, begin = snapshot.text, None
    rows = syntax.statement_rows(snapshot.tree)
    starts = [snapshot.line_starts[row] for row in rows]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=False):
        is_simple = not text.startswith(_BLOCKS, start)
        if begin is not None and not is_simple:
            yield begin, text[begin:start]
            begin = None
        if not is_simple:
            yield start, text[start:end]
        elif zlib.crc32(text[start:end].encode("utf-8", "surrogatepass")) % TOGETHER == 0:
            yield (start if begin is None else begin), text[start if begin is None else begin : end]
            begin = None
        elif begin is None:
            begin = start
    if begin is not None:
        yield begin, text[begin:]


_BLOCKS = ("def ", "class ", "async ", "@", "if ", "for ", "while ", "try", "with ", "match ")


@remembered(2 * MIB)
def _signatures(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    tree = syntax.module(text) if "def " in text else None
    return tuple(signatures(tree).items()) if tree is not None else ()


@remembered(4 * MIB)
def _of_piece(text: str, known: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[Found, ...]:
    tree = syntax.module(text)
    if tree is None:
        return ()
    try:
        piece = Passage(tree, dict(known))
        suspicions = [one for pattern in PATTERNS for one in pattern(piece) if not piece.is_in_a_test(one.node)]
        made = [_placed(text, one) for one in suspicions]
    except RecursionError:  # a thousand operators in one expression
        return ()
    return tuple(sorted(dict.fromkeys(made), key=lambda one: (one.span.start, one.span.end)))


def _placed(text: str, one: Suspicion) -> Found:
    span = Places(text).span(one.node)
    return Found(one.code, span, one.message, one.confidence, Edit(span, one.instead) if one.instead else None)


@lru_cache(maxsize=1)
def version() -> str:
    """A digest of the patterns themselves: what they found before they were changed no longer holds."""
    folder = Path(__file__).parent
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(folder.glob("*.py")))).hexdigest()[:16]
