"""What two runs prove together; the runs are told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assay.assistant.nouns import Run
from assay.assistant.proof import verdict
from assay.assistant.proof.weighing import confirmed, in_company, is_same, otherwise, weigh
from sandbox.api import Piece, Step, StepOutcome, TestReport, TestResult
from sandbox.results import paired

STEP = Step("pytest", 5.0, tests=("t.py",), changed=("m.py",), pieces=(Piece("m.py", (2, 2)),))


def run(*tests: TestResult, errors: tuple[str, ...] = (), imported: tuple[int, ...] = ()) -> StepOutcome:
    return StepOutcome(
        1, 0, False, False, "", "", False, 1.0, tests=TestReport(tests, errors, "failed", True, imported)
    )


def green(name: str, hit: tuple[int, ...] = (0,)) -> TestResult:
    return TestResult(f"t.py::{name}", "passed", hit)


def red(name: str, detail: str = "assert 1 == 2", hit: tuple[int, ...] = (0,), where: str = "t.py:f") -> TestResult:
    return TestResult(f"t.py::{name}", "failed", hit, detail, where)


def test_what_is_red_in_the_same_way_does_not_bar_what_turns_green() -> None:
    found = weigh(STEP, run(red("a"), red("b")), run(green("a"), red("b")))
    assert (found.turned, found.left_out, found.red) == (("t.py::a",), ("t.py::b",), ())


def test_what_is_red_in_the_same_way_and_executes_the_change_bars_where_nothing_turns_green() -> None:
    found = weigh(STEP, run(green("a"), red("b")), run(green("a"), red("b")))
    assert (found.kept, found.red) == (("t.py::a",), ("t.py::b",))


def test_a_fixture_that_is_missing_both_times_bars_nothing() -> None:
    lost = replace(red("b", "fixture 'mocker' not found", ()), is_set_up=True)
    found = weigh(STEP, run(green("a"), lost), run(green("a"), lost))
    assert (found.kept, found.red, found.beside) == (("t.py::a",), (), ("t.py::b",))
    alone = weigh(STEP, run(lost), run(lost))
    assert alone.detail == "t.py::b: fixture 'mocker' not found"


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("at 0x7f00aa11", "at 0x7f00bb22", True),
        ("mean is 1.1428571", "mean is 1.3333333", False),
        ("line 1: 3 seconds", "line 2: 3 seconds", False),
        ("no /tmp/pytest-1/a", "no /tmp/pytest-2/a", True),
        ("on 2026-01-02 03:04:05", "on 2027-01-02T03:04:05", True),
        ("assert 1 == 2", "assert 3 == 2", False),
    ],
)
def test_red_in_the_same_way(old: str, new: str, same: bool) -> None:
    assert is_same(red("a", old), red("a", new)) is same


def test_red_elsewhere_or_by_a_changed_line_is_not_the_same() -> None:
    assert not is_same(red("a"), red("a", where="m.py:g"))
    assert not is_same(red("a"), replace(red("a"), is_inside=True))


def test_parameters_that_differ_from_run_to_run_are_matched_by_position() -> None:
    found = weigh(STEP, run(green("a[12:01]"), red("a[12:02]")), run(green("a[12:03]"), green("a[12:04]")))
    assert (found.kept, found.turned, found.broken) == (("t.py::a[12:03]",), ("t.py::a[12:04]",), ())


def test_where_their_number_differs_the_function_counts_as_a_whole() -> None:
    found = weigh(STEP, run(green("a[1]")), run(green("a[1]"), red("a[2]")))
    assert (found.kept, found.broken) == (("t.py::a[1]",), ("t.py::a[2]",))
    assert weigh(STEP, run(green("a[1]"), green("a[2]")), run(green("a[1]"))).kept == ("t.py::a[1]",)


def test_a_break_is_not_hidden_where_ids_shift() -> None:
    found = weigh(STEP, run(red("t[a]"), green("t[b]")), run(red("t[b]"), green("t[c]")))
    assert found.broken == ("t.py::t[b]",)


def test_a_file_that_could_not_be_collected_before_makes_its_tests_turn() -> None:
    before = run(errors=("t.py: ImportError: cannot import name 'f'",))
    found = weigh(STEP, before, run(green("a[1]"), green("b")))
    assert (found.turned, found.broken, found.red) == (("t.py::a[1]", "t.py::b"), (), ())


def test_a_file_that_can_not_be_collected_any_more_breaks_its_tests() -> None:
    found = weigh(STEP, run(green("a"), green("b")), run(errors=("t.py: NameError: name 'x' is not defined",)))
    assert found.broken == ("t.py::a", "t.py::b")
    assert found.detail == "t.py::a: it could not be collected: t.py: NameError: name 'x' is not defined"


def test_a_name_that_only_looks_like_a_test_is_none() -> None:
    step = replace(STEP, tests=("t.py::test_url", "t.py::a"))
    found = weigh(step, run(green("a")), run(green("a")))
    assert (found.kept, found.red) == (("t.py::a",), ())


def test_a_test_file_does_not_prove_itself() -> None:
    step = replace(STEP, changed=("t.py",), test_files=("t.py",), brought=("t.py",))
    found = weigh(step, run(red("a")), run(green("a")))
    assert (found.turned, found.is_own_test) == ((), True)
    assert weigh(step, run(green("a")), run(red("a"))).broken == ("t.py::a",)
    assert weigh(step, run(green("a"), green("b")), run(green("b"))).broken == ()


def test_a_flaky_test_breaks_nothing() -> None:
    found = weigh(STEP, run(green("a"), green("b")), run(red("a"), green("b")))
    assert found.broken == ("t.py::a",)
    again = confirmed(found, frozenset(found.broken), STEP, run(green("a")))
    assert (again.broken, again.flaky, again.kept, again.detail) == ((), ("t.py::a",), ("t.py::b",), "")


def test_a_test_that_is_red_in_company_alone_is_broken() -> None:
    found = confirmed(weigh(STEP, run(green("a")), run(red("a"))), frozenset({"t.py::a"}), STEP, run(green("a")))
    assert in_company(found, STEP, run(red("a"))).broken == ("t.py::a",)
    assert in_company(found, STEP, run(green("a"))).flaky == ("t.py::a",)


def test_a_crash_without_the_change_says_nothing_of_the_others() -> None:
    crash = run(replace(green("a"), outcome="missing"), replace(green("b"), outcome="missing"))
    crash = replace(crash, tests=replace(crash.tests, finished=False, ended_in="t.py::a"))
    found = weigh(STEP, crash, run(green("a"), green("b")))
    assert (found.turned, found.kept) == (("t.py::a",), ("t.py::b",))


def test_what_a_test_says_is_made_printable() -> None:
    found = weigh(STEP, run(green("a")), run(red("a", "bad \udc80 \x1b[31m")))
    assert found.detail == "t.py::a: bad \N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER}[31m"


def test_a_test_that_did_not_execute_the_change_breaks_nothing() -> None:
    found = weigh(STEP, run(green("a"), green("b")), run(red("a", hit=()), green("b")))
    assert (found.broken, found.missed) == (("t.py::a",), ("t.py::a",))
    again = confirmed(found, frozenset(found.broken), STEP, run(red("a", hit=())))
    assert (again.broken, again.unseen, again.detail) == ((), ("t.py::a",), "t.py::a: assert 1 == 2")
    assert not again.is_decided


@pytest.mark.parametrize(
    "again", [run(red("a")), run(red("a", hit=()), imported=(0,)), run(red("a", hit=()), green("c"))]
)
def test_a_test_whose_file_sets_up_by_the_change_is_broken(again: StepOutcome) -> None:
    found = weigh(STEP, run(green("a")), run(red("a", hit=())))
    assert confirmed(found, frozenset(found.broken), STEP, again).broken == ("t.py::a",)


def test_what_was_executed_is_that_of_the_proving_tests() -> None:
    step = replace(STEP, pieces=(Piece("m.py", (2, 2)), Piece("m.py", (3, 3)), Piece("m.py", (4, 4))))
    found = weigh(step, None, run(green("a", (0,)), green("b", (2,)), red("c", hit=(1,))))
    assert found.executed == {0, 2}


def test_results_are_paired_by_their_text_where_they_can_be() -> None:
    old = {one.id: one for one in (green("a[1]"), red("a[2]"))}
    new = {one.id: one for one in (red("a[2]"), green("a[1]"))}
    assert {name: (a and a.outcome, b and b.outcome) for name, (a, b) in paired(old, new).items()} == {
        "t.py::a[1]": ("passed", "passed"), "t.py::a[2]": ("failed", "failed"),
    }  # fmt: skip


def test_what_speaks_against_a_change_executes_it() -> None:
    nothing = TestResult("t.py::d", "missing", (), "it gave no result")
    other = replace(red("b", "TypeError: no", where="m.py:f"), is_inside=True)
    begun = replace(red("c", "NameError: name 'y' is not defined", where="m.py:f"), is_inside=True)
    found = weigh(
        STEP, run(red("a"), red("b"), red("c"), red("d")), run(red("a", "assert 3 == 2"), other, begun, nothing)
    )
    assert found.contrary == ("t.py::a", "t.py::b")  # what c fails for may still be written
    assert found.raised == ("t.py::b",)


def test_an_example_that_is_red_otherwise_does_not_speak_against_what_a_test_proves() -> None:
    step = replace(STEP, doctests=True)
    example, other = TestResult("m.py::m.f", "failed", (0,), "expected 1, got 2"), "expected 1, got 3"
    found = weigh(step, run(red("a"), example), run(green("a"), replace(example, detail=other)))
    assert (found.turned, found.contrary, found.red) == (("t.py::a",), (), ())


def test_a_raise_that_is_meant_is_no_error_of_its_lines() -> None:
    def of(detail: str, *, is_meant: bool = False) -> tuple[str, ...]:
        new = replace(red("a", detail, where="m.py:f"), is_inside=True, is_meant=is_meant)
        return weigh(STEP, None, run(new)).raised

    assert of("TypeError: no") == ("t.py::a",)
    assert of("TypeError: no", is_meant=True) == ()
    assert of("AttributeError: 'Cart' object has no attribute 'total'") == ()
    assert of("AttributeError: 'list' object has no attribute 'total'") == ("t.py::a",)


def test_a_test_that_the_change_does_not_move_fails_by_what_it_compares_itself() -> None:
    deeper = red("b", "ValueError: no", where="m.py:g")
    before, after = run(red("a"), deeper), run(red("a"), deeper)
    found = weigh(STEP, before, after)
    assert (found.barring, found.unmoved) == (("t.py::a", "t.py::b"), ("t.py::a",))


def test_a_second_form_without_the_change_tells_what_moves() -> None:
    after = run(red("a"), red("b"))
    found = otherwise(
        weigh(STEP, run(red("a"), red("b")), after), STEP, run(red("a", "assert 0 == 2"), red("b")), after
    )
    assert (found.barring, found.stuck, found.contrary) == (("t.py::b",), ("t.py::a",), ("t.py::a",))
    assert found.unmoved == ("t.py::b",)
    green_there = otherwise(found, STEP, run(green("b")), after)
    assert green_there == found


def test_a_run_that_did_not_begin_says_nothing_of_what_was_red() -> None:
    nothing = replace(run(), exit=4)
    found = weigh(STEP, nothing, run(green("a"), red("b"), red("c", hit=())))
    assert (found.turned, found.kept, found.stuck, found.beside) == ((), ("t.py::a",), ("t.py::b",), ("t.py::c",))
    why = verdict.of_tests(Run(found, "run", 1.0)).why
    assert why == "1 test fails with it; without it pytest does not start: t.py::b: assert 1 == 2"
    assert weigh(
        STEP, replace(nothing, tests=TestReport((), ("t.py: SyntaxError",), "", False, ())), run(green("a"))
    ).turned
