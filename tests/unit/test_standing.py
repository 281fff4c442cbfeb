"""Hints about one version of a file, told of another one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analyzers.text import Edit, Span
from assay.assistant.hints.hint import Evidence, Fix, Hint, Kind, Source
from assay.assistant.hints.standing import settled, told
from assay.assistant.proof.verdict import recalled

TEXT = "def one(a):\n    return a[len(a)]\n\n\ndef two(b):\n    return b[len(b)]\n"


def hint(where: str, kind: Kind = "suspected", source: Source = "pattern") -> Hint:
    start = TEXT.index(where)
    span = Span(start, start + len(where))
    return Hint("m.py", span, kind, f"{kind}-code", "words", 0.8, Evidence(source), Fix("mend", (Edit(span, "x"),)))


ONE, TWO = hint("a[len(a)]"), hint("b[len(b)]")


def judged(of: Hint) -> Hint:
    assert of.fix is not None
    return replace(of, fix=replace(of.fix, verdict=recalled("passed", None, "It passes.")))


def test_what_runs_left_takes_the_place_of_what_was_suspected() -> None:
    known = settled(TEXT, [ONE, TWO], [judged(ONE), TWO])
    assert told(known, TEXT, [ONE, TWO]) == [judged(ONE), TWO]


def test_a_suspicion_that_was_refuted_stays_away_until_its_function_is_written_in() -> None:
    known = settled(TEXT, [ONE, TWO], [TWO])
    assert told(known, TEXT, [ONE, TWO]) == [TWO]
    elsewhere = TEXT.replace("b[len(b)]", "b[len(b) ]")
    assert told(known, elsewhere, [ONE]) == []
    inside = TEXT.replace("a[len(a)]", "a[len(a) ]")
    assert told(known, inside, [ONE]) == [ONE]


def test_what_stands_below_an_edit_moves_and_its_fix_is_unchecked_again() -> None:
    known = settled(TEXT, [ONE, TWO], [ONE, judged(TWO)])
    (found,) = told(known, "import os\n" + TEXT, [])
    assert found.span.start == TWO.span.start + 10
    assert found.fix is not None
    assert (found.fix.verdict, found.fix.edits[0].span) == (None, found.span)


@pytest.mark.parametrize(("source", "stays"), [("test", True), ("call", False)])
def test_a_proof_by_a_call_ends_with_any_edit(source: Source, stays: bool) -> None:
    proof = hint("a[len(a)]", "proved", source)
    known = settled(TEXT, [], [proof])
    assert told(known, TEXT, []) == [proof]
    assert bool(told(known, TEXT.replace("return b", "return  b"), [])) is stays


def test_nothing_known_leaves_what_is_suspected() -> None:
    assert told(None, TEXT, [ONE]) == [ONE]
