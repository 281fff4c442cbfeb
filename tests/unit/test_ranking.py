"""Which statement is the likeliest cause, from spectra alone."""

from __future__ import annotations

from assay.assistant.hints import ranking
from sandbox.api import TestResult

TEXT = """\
def clock(seconds):
    hours = seconds // 3600
    minutes = seconds // 60
    if hours > 0:
        return hours, minutes
    return minutes
"""


def failed(name: str, where: str = "", *, meant: bool = True) -> TestResult:
    return TestResult(name, "failed", where=where, is_meant=meant)


def lines(*numbers: int) -> dict[str, frozenset[int]]:
    return {"m.py": frozenset(numbers)}


def test_what_only_the_failing_test_executes_and_what_leads_there_comes_first() -> None:
    spectra = {"red": lines(2, 3, 4, 5), "green": lines(2, 3, 4, 6)}
    found = ranking.ranked(spectra, {"red": failed("red")}, {"m.py": TEXT})
    assert found[0].line == 4, "the condition, whose body is a plain return"
    assert 6 not in [one.line for one in found], "the failing test does not come there"
    assert {one.function for one in found} == {"clock"}


def test_a_value_that_the_suspicious_line_uses_is_suspicious() -> None:
    spectra = {"red": lines(2, 3, 4, 5), "green": lines(2, 3, 4, 6), "green2": lines(2, 3, 4, 6)}
    found = {one.line: one.score for one in ranking.ranked(spectra, {"red": failed("red")}, {"m.py": TEXT})}
    assert found[3] > 0.8
    assert found[3] > 0.577, "more than by its own spectrum"


def test_what_no_failing_test_executes_is_no_suspect() -> None:
    spectra = {"red": lines(2), "green": lines(2, 3, 4, 6)}
    assert [one.line for one in ranking.ranked(spectra, {"red": failed("red")}, {"m.py": TEXT})] == [2]


def test_where_it_crashed_is_more_suspicious() -> None:
    text = "def f(a):\n    b = a + 1\n    c = b[0]\n    return c\n\n\ndef g(a):\n    b = a + 1\n    c = b[0]\n    return c\n"
    spectra = {"red": {"m.py": frozenset((2, 3, 8, 9))}}
    found = ranking.ranked(spectra, {"red": failed("red", "m.py:g", meant=False)}, {"m.py": text})
    assert found[0].function == "g"


def test_files_that_do_not_parse_have_no_suspects() -> None:
    assert ranking.ranked({"red": lines(1)}, {"red": failed("red")}, {"m.py": "def f(:\n"}) == []
    assert ranking.ranked({"red": lines(1)}, {"red": failed("red")}, {}) == []
