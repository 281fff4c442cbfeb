"""What a run says of each test that was asked for, whether that can be believed, and which results of two runs belong together. What a pair of results means is not decided here.

The report is written in the process that ran the code. So it must be complete, its control test must have failed, and no file that steers tests may have changed meanwhile.
"""

from __future__ import annotations

import re
from dataclasses import replace

from .api import Step, StepOutcome, TestResult

DID_NOT_BEGIN = (3, 4)  # pytest's exit status of an internal error, and of a wrong use
Pair = tuple[TestResult | None, TestResult | None]


def tampering(outcome: StepOutcome) -> str:
    """Why the report of this run cannot be believed; "" when it can."""
    report = outcome.tests
    if outcome.touched:
        return f"files that steer the tests changed during the run ({', '.join(outcome.touched[:3])})"
    if any(test.is_green for test in report.tests):
        if report.control not in ("failed", "") or (report.finished and report.control != "failed"):
            return "the control test, which must fail, was not reported as failed"
        if not report.finished and not outcome.timed_out:
            return ""  # it ended early: what has no result counts as red
    if report.finished and outcome.exit == 0 and report.tests:
        return "the run ended as if nothing had failed, and the control test must fail"
    return ""


def paired(was: dict[str, TestResult], now: dict[str, TestResult]) -> dict[str, Pair]:
    """The results of each test without and with a change. Parameters may differ from run to run: then they are matched by position where there are
    as many, and else the function counts as a whole."""
    old, new = _by_function(was), _by_function(now)
    pairs: dict[str, Pair] = {}
    for function in sorted(old.keys() | new.keys()):
        path, _, name = function.partition("::")
        first = old.get(function, []) or old.get(path, [])
        second = new.get(function, []) or new.get(path, [])
        if not name and any(other.startswith(f"{path}::") for other in old.keys() | new.keys()):
            continue  # a file that could not be collected, where its tests are known from the other run
        if not second:
            pairs |= {one.id: (one, None) for one in first}
            continue
        known, ids = {one.id: one for one in first}, {one.id for one in second}
        old_left = [one for one in first if one.id not in ids]
        new_left = [one for one in second if one.id not in known]
        pairs |= {one.id: (known[one.id], one) for one in second if one.id in known}
        if len(old_left) == len(new_left):
            pairs |= {b.id if "::" in b.id else a.id: (a, b) for a, b in zip(old_left, new_left, strict=True)}
        else:
            whole = _as_one(function, first) if first else None
            pairs |= {one.id: (whole, one) for one in new_left}
    return pairs


def unstarted(outcome: StepOutcome) -> str:
    """Why pytest did not even begin, in its own words: a `conftest.py` that cannot be imported, an option that it does not know, something asked for that is not there. "" where it did."""
    report = outcome.tests
    if outcome.exit not in DID_NOT_BEGIN or report.tests or report.collect_errors:
        return ""
    lines = [line.strip() for line in outcome.stderr.splitlines() if line.strip()]
    place = next((line.rstrip(".") for line in lines if line.startswith("ImportError while loading conftest")), "")
    error = [line[1:].strip() for line in lines if re.match(r"E\s+[\w.]+(?:Error|Exception|Warning|Exit)\b", line)]
    told = [line for line in lines if re.match(r"ERROR: |INTERNALERROR> \w+(?:Error|Exception)|[\w.]+Error: ", line)]
    words = (
        f"{place}: {error[-1]}"
        if place and error
        else (place or (error or told or lines or [f"exit {outcome.exit}"])[-1])
    )
    version = f"pytest {report.harness.pytest}".strip()
    return f"{version} did not start: {words.removeprefix('ERROR: ').removeprefix('INTERNALERROR> ')}"[:400]


def by_test(step: Step, outcome: StepOutcome | None) -> dict[str, TestResult]:
    """Results by id; an expected test that nothing was reported of counts as missing."""
    if outcome is None:
        return {}
    found = {test.id: test for test in outcome.tests.tests}
    is_cut = outcome.timed_out and any(test.outcome in ("left", "missing") for test in found.values())
    if not outcome.tests.finished and not is_cut:
        found = {
            i: t if not t.is_green else TestResult(i, "missing", t.hit, "the run did not end") for i, t in found.items()
        }
    is_left = outcome.timed_out and not outcome.hung
    known = {prefix for name in found for prefix in _prefixes(name)}
    why_none = unstarted(outcome)
    for wanted in step.tests:
        if wanted in known:
            continue
        why = why_none or _uncollected(wanted, outcome)
        if why or not outcome.tests.finished:  # else there is no such test: names alone mislead
            found[wanted] = TestResult(wanted, "left" if is_left else "missing", detail=why)
    return found


def without_crash(step: Step, before: StepOutcome | None) -> dict[str, TestResult]:
    """Results without the change; of what has none because the run came to its end in another test, nothing is known."""
    found = by_test(step, before)
    if before is None or before.tests.finished or before.timed_out or not before.tests.ended_in:
        return found
    return {
        name: replace(one, outcome="left") if one.outcome == "missing" and name != before.tests.ended_in else one
        for name, one in found.items()
    }


def _by_function(results: dict[str, TestResult]) -> dict[str, list[TestResult]]:
    found: dict[str, list[TestResult]] = {}
    for name, one in results.items():
        path, _, rest = name.partition("::")
        found.setdefault(f"{path}::{rest.partition('[')[0]}" if rest else path, []).append(one)
    return found


def _as_one(function: str, results: list[TestResult]) -> TestResult:
    """Green where all are; what executed the change is what one of them did."""
    worst = next((one for one in results if not one.is_green), results[0])
    return replace(worst, id=function, hit=tuple(sorted({n for one in results for n in one.hit})))


def _prefixes(name: str) -> list[str]:
    """A test's id, and those of its function, class and file."""
    path, _, rest = name.partition("::")
    parts = rest.partition("[")[0].split("::") if rest else []
    return [name, path, *("::".join([path, *parts[:n]]) for n in range(1, len(parts) + 1))]


def _uncollected(wanted: str, outcome: StepOutcome) -> str:
    """Why a test was not even found: an error in its own file first."""
    errors = outcome.tests.collect_errors
    own = [e for e in errors if e.startswith(wanted.partition("::")[0])]
    if not own and "::" in wanted:
        own = list(errors)
    return f"it could not be collected: {own[0]}"[:300] if own else ""
