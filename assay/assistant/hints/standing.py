"""What was found about one version of a file, told of another one: what a run gave stands where nothing was written around it, and what tests refuted stays away."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace

from analyzers import syntax
from analyzers.places import Places
from analyzers.text import Span, changed_span

from .hint import Fix, Hint

Placed = tuple[tuple[Hint, Span], ...]  # hints, each with the function around it, in which nothing may be written


@dataclass(frozen=True, slots=True)
class Settled:
    """What runs left of the hints about a text: those that rest on a run or were put to the test, and the suspicions that are `withdrawn`."""

    text: str
    stand: Placed
    withdrawn: Placed


def settled(text: str, before: Sequence[Hint], after: Sequence[Hint]) -> Settled:
    """Of the hints about one file that were there `before` anything was run, and `after` it. Parses the text."""
    tree = syntax.module(text)
    places = Places(text)
    functions = [_whole_of(node, places) for _, node in syntax.functions(tree)] if tree is not None else []

    def around(span: Span) -> Span:
        holding = [one for one in functions if one.start <= span.start and span.end <= one.end]
        return min(holding, key=lambda one: one.end - one.start, default=span)

    def placed(hints: Sequence[Hint]) -> Placed:
        return tuple((hint, around(hint.span)) for hint in hints)

    left = set(map(_key, after))
    return Settled(
        text,
        placed([hint for hint in after if hint not in before]),
        placed([hint for hint in before if _key(hint) not in left]),
    )


def told(known: Settled | None, text: str, static: Sequence[Hint]) -> list[Hint]:
    """The hints about a text: what is known of it without a run (`static`), and what runs said of another version of it, as far as that holds here."""
    if known is None:
        return list(static)
    stand, gone = _moved(known, known.stand, text), _moved(known, known.withdrawn, text)
    instead, away = {_key(hint): hint for hint in stand}, set(map(_key, gone))
    kept = [hint for hint in static if _key(hint) not in away and _key(hint) not in instead]
    return [*stand, *kept]


def _key(hint: Hint) -> tuple[str, int, str]:
    return hint.code, hint.span.start, hint.evidence.source


def _moved(known: Settled, placed: Placed, now: str) -> list[Hint]:
    """Hints where they stand in another text; those in whose function something was written are left out."""
    if now == known.text:
        return [hint for hint, _ in placed]
    old, new = changed_span(known.text, now)
    shift = new.end - old.end
    is_above = old.start == old.end and now[new.start : new.end].endswith("\n")  # whole lines, put in front of one
    kept = []
    for hint, around in placed:
        if hint.evidence.source == "call":
            continue  # it rests on what is called as well, wherever that stands
        if around.end < old.start:
            kept.append(replace(hint, fix=_fix_by(hint, 0)))
        elif around.start > old.end or (around.start == old.end and is_above):
            kept.append(replace(hint, span=_by(hint.span, shift), fix=_fix_by(hint, shift)))
    return kept


def _whole_of(node: ast.FunctionDef | ast.AsyncFunctionDef, places: Places) -> Span:
    """A function with its decorators, to the end of its last line."""
    first = min((one.lineno for one in node.decorator_list), default=node.lineno)
    end = places.span(node).end
    line_end = places.text.find("\n", end)
    return Span(places.offset(first, 0), line_end if line_end >= 0 else len(places.text))


def _by(span: Span, shift: int) -> Span:
    return Span(span.start + shift, span.end + shift)


def _fix_by(hint: Hint, shift: int) -> Fix | None:
    """The fix where it stands now; the text is another one, so it is judged anew before it is offered."""
    if hint.fix is None:
        return None
    return replace(
        hint.fix, verdict=None, edits=tuple(replace(edit, span=_by(edit.span, shift)) for edit in hint.fix.edits)
    )
