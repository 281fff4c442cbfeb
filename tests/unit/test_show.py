"""What the demonstration says of one gap."""

from __future__ import annotations

from analyzers.text import Span
from assay.assistant.nouns import Check, Completion, Dropped, Origin, Passed, Suggestion, Unverified, Verdict
from assay.cli import show

ORIGIN = Origin("scripted", "", "", (), {})


def suggestion(text: str, verdict: Verdict, *imports: str) -> Suggestion:
    return Suggestion("s", text, Span(0, 0), verdict, ORIGIN, imports)


def test_a_repaired_text_is_shown_with_its_import_and_its_proof() -> None:
    verdict = Passed((Check("tests", "passed", "1 test (t.py::a)"),), "It makes 1 test pass.")
    answer = Completion(
        "t", (suggestion("pi", verdict, "import math"),), (Dropped("pi", "repaired", "added import math"),)
    )
    assert list(show.lines(answer, "    return math.")) == [
        "│ import math   (at the top of the file)",
        "│     return math.pi",
        "✓ offered, repaired (added import math), then passed: It makes 1 test pass.",
        "    1 test (t.py::a)",
    ]


def test_what_tests_contradict_is_shown_with_the_assertion_that_failed() -> None:
    dropped = tuple(
        Dropped(f"return {n}", stage, f"why {n}") for n, stage in enumerate(("tests", "names", "tests", "parse"))
    )
    assert list(show.lines(Completion("t", (), dropped, "why 0"), "    ")) == [
        "✗ contradicted by its test: return 0",
        "    why 0",
        "✗ stopped by names: return 1",
        "    why 1",
        "✗ and 2 more",
        "nothing is offered",
    ]


def test_what_nothing_proves_says_so() -> None:
    verdict = Unverified((), "no-sandbox", "Sandbox off.")
    assert list(show.lines(Completion("t", (suggestion("x", verdict),)), "")) == [
        "│ x",
        "? offered, unverified: Sandbox off.",
    ]


def test_why_nothing_came_at_all_is_told() -> None:
    assert list(show.lines(Completion("t", why="No model."), "")) == ["nothing is offered: No model."]
