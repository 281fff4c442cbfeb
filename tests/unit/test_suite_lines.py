"""Which tests a mutant is held against: by the statement that its line belongs to."""

from __future__ import annotations

from analyzers import syntax
from assay.assistant.test.suite import Suite, notices, statements
from sandbox.api import StepOutcome, TestReport, TestResult

TEXT = """LIMIT = 3

def f(
    a,
    b=1,
):
    if (a >
            b):
        return [
            a,
            b,
        ]
    return LIMIT

class C:
    size = 2
"""


def test_a_line_belongs_to_a_statement() -> None:
    found = statements(TEXT)
    assert found[1] is found[16] is None, "executed by the import"
    assert found[5] == range(3, 14), "a header's default is its callers'"
    assert found[7] == found[8] == range(7, 9)
    assert found[10] == range(9, 13) and found[13] == range(13, 14)
    assert statements("def f(:") == {} and syntax.module(TEXT) is not None


def test_those_that_execute_least_are_asked_first() -> None:
    suite = Suite(
        {"t.py::wide": frozenset(range(1, 20)), "t.py::near": frozenset({9, 10}), "t.py::other": frozenset({13})},
        (),
        1.0,
    )
    assert suite.executing(range(9, 13)) == ["t.py::near", "t.py::wide"]
    assert suite.executing(range(30, 31)) == []
    assert suite.executing(None) == list(suite.lines)


def outcome(*results: TestResult, finished: bool = True, timed_out: bool = False) -> StepOutcome:
    report = TestReport(tests=results, finished=finished)
    return StepOutcome(0, 0, timed_out, False, "", "", False, 1.0, tests=report)


def test_a_mutant_is_noticed_by_what_does_not_come_to_a_green_end() -> None:
    green, red = TestResult("t.py::a[1]", "passed"), TestResult("t.py::a[2]", "failed")
    assert not notices(outcome(green), ["t.py::a"])
    assert notices(outcome(green, red), ["t.py::a"])
    assert notices(outcome(green), ["t.py::a", "t.py::b"]), "one is gone"
    assert notices(outcome(green, finished=False), ["t.py::a"]) and notices(outcome(timed_out=True), [])
