"""Where a generated text ends: by the document that it is written into, not by a count of lines. Pure.

A model writes on until it is stopped. What of that is offered is the longest piece with which the document parses; where nothing fits,
its first line, for a repair may still mend that one. Which of several pieces is the better one is for their proofs to say.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers import syntax
from analyzers.site import Site
from analyzers.text import Snapshot, columns

from ..drafting.ask import Ask
from ..drafting.filters import Draft, Drop, finished

PIECES = 3  # that are judged for one text
WORK_LIMIT = 200_000  # characters parsed for one text, in a thread: 50 ms
LONG = 10_000  # characters of a module's statement: 2 ms for Python's parser, which no thread hides
WHOLE_LIMIT = 30_000  # of a document that is parsed whole where the statements around the cursor tell nothing


def pieces(ask: Ask, draft: Draft) -> tuple[Draft, ...]:
    """The beginnings of the draft's text that may be offered, best first: the longest that fits, where its block ends, the first statement. Where
    none fits: all of a block's text, or the first line of another."""
    ends = _ends(draft.text)
    if len(ends) == 1:
        return (draft,)
    fitting = tuple(_fitting(ask, draft, ends))
    if not fitting:
        in_block = [one for one in ends if _is_in_block(one, draft.site.indent)]
        only = finished(draft.with_text(in_block[-1] if draft.site.kind in ("block", "function") else ends[0]))
        return (draft if isinstance(only, Drop) else only,)
    block = next((one for one in fitting if _is_in_block(one.text, draft.site.indent)), fitting[-1])
    if draft.site.is_single:
        return fitting[-1:]
    return tuple(dict.fromkeys((fitting[0], block, fitting[-1])))[:PIECES]


def _ends(text: str) -> list[str]:
    """The beginnings of a text that end with a line of it, shortest first."""
    lines = text.split("\n")
    first = next((n for n, line in enumerate(lines) if line.strip()), 0)
    return ["\n".join(lines[: n + 1]).rstrip() for n in range(first, len(lines)) if n == first or lines[n].strip()]


def _fitting(ask: Ask, draft: Draft, ends: list[str]) -> Iterator[Draft]:
    """Those with which the document parses, longest first: the module's statements around the cursor, or all of a short document."""
    is_any = False
    for before, after in _surroundings(ask, draft.site):
        count = max(2, WORK_LIMIT // (len(before) + len(after) + len(ends[-1]) + 1))
        tried = ends if len(ends) <= count else [*ends[: count - count // 2], *ends[-(count // 2) :]]
        for end in reversed(tried):
            made = finished(draft.with_text(end))
            if not isinstance(made, Drop) and syntax.module(before + made.text + after) is not None:
                is_any = True
                yield made
        if is_any:
            return


def _surroundings(ask: Ask, site: Site) -> Iterator[tuple[str, str]]:
    """What stands before and behind the cursor, as much as makes sense alone: in a long class the function first."""
    snapshot = ask.snapshot
    row, starts = snapshot.line_of(ask.offset), snapshot.line_starts
    begin, end = syntax.top_level(snapshot.tree, row, row)
    last = len(snapshot.text) if end is None else starts[end]
    if last - starts[begin] > LONG and site.header is not None:
        column = columns(_row(snapshot, site.header))
        below = (n for n in range(row + 1, len(starts)) if _is_left(_row(snapshot, n), column))
        inner = starts[next(below, len(starts) - 1)]
        yield (
            ("class _:\n" if column else "") + snapshot.text[starts[site.header] : ask.offset],
            snapshot.text[ask.offset : inner],
        )
    yield snapshot.text[starts[begin] : ask.offset], snapshot.text[ask.offset : last]
    if (begin or end is not None) and len(snapshot.text) <= WHOLE_LIMIT:
        yield ask.before, ask.after


def _row(snapshot: Snapshot, number: int) -> str:
    span = snapshot.line_span(number)
    return snapshot.text[span.start : span.end]


def _is_left(row: str, column: int) -> bool:
    """Whether code stands at `column` or left of it."""
    return bool(row.strip()) and columns(row) <= column and row.lstrip()[0] not in "#)]}"


def _is_in_block(text: str, indent: int) -> bool:
    return all(columns(line) >= indent for line in text.split("\n")[1:] if line.strip())
