"""What two runs of tests come to, without a change and with it: each pair of results is looked up in the table, and what else is asked of some is taken into account."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from sandbox.api import Harness, Step, StepOutcome, TestResult
from sandbox.results import Pair, by_test, paired, tampering, unstarted, without_crash

from ..evidence import Evidence
from . import table


def weigh(step: Step, before: StepOutcome | None, after: StepOutcome) -> Evidence:
    """Compare the two runs of `step.tests`; `before` None means that nothing could run without the change."""
    if why := tampering(after):
        return Evidence(tampering=why)
    groups: dict[str, list[str]] = {}
    executed: set[int] = set()
    missed, obstacles, uncollected, contrary, raised, unmoved, own = [], [], [], [], [], [], []
    is_own = bool(step.test_files) and step.test_files == step.changed
    results = by_test(step, after)
    # Then nothing is known of what is red or green without the change.
    is_first = before is not None and bool(unstarted(before)) and not unstarted(after)
    was = {name: TestResult(name, "left") for name in results} if is_first else without_crash(step, before)
    pairs = paired(was, results)
    for test, (old, new) in pairs.items():
        ended = _ended(old, new, step, after, had_run=before is not None)
        is_wanting = new is not None and new.outcome in ("failed", "missing") and _is_wanting(old, new, before, after)
        # One that executes the change and fails otherwise than without it speaks for itself, whatever else it looked for.
        if is_wanting and (ended[0] == "green" or ended[1] != "fails otherwise" or ended[2] == "no"):
            ended = ended[0], "wanting", ended[2]
        group = table.says(*ended)
        if group in ("turned", "kept") and _is_brought(test, step):
            group, is_own = "beside", True  # a test does not prove itself, nor the change that it came with
            own.append(test)
        if group in ("turned", "kept") and new is not None:
            executed.update(new.hit)
        if group == "stuck" and new is not None and new.hit and not is_wanting and not _is_excused(old, new):
            contrary.append(test)
            if new.is_inside and not new.is_meant:
                raised.append(test)
        if group == "barring" and new is not None and _is_its_own(new):
            unmoved.append(test)
        if group == "broken" and new is not None and not new.hit:
            missed.append(test)
        if group == "beside" and new is not None and not new.is_green:
            obstacles.append(test)
        elif group == "same" and new is not None and new.outcome == "missing":
            uncollected.append(test)
        groups.setdefault(group, []).append(test)
    groups.pop("nothing", None)
    _doctests_aside(step, groups)
    ended_in = next((test for test in groups.get("broken", ()) if test == after.tests.ended_in), "")
    if ended_in:  # what has no result for that says nothing of itself
        groups["left"] = [*groups.get("left", ()), *(test for test in groups["broken"] if test != ended_in)]
        groups["broken"] = [ended_in]
    told = [
        *groups.get("broken", ()),
        *groups.get("wanting", ()),
        *groups.get("stuck", ()),
        *groups.get("barring", ()),
        *_commonest([*groups.get("same", ()), *obstacles], pairs),
    ]
    detail = next((f"{test}: {_why(pairs[test][1], after)}" for test in told), "")
    return Evidence(
        **{name: tuple(tests) for name, tests in groups.items()},  # type: ignore[arg-type]  # all fields of that type
        missed=tuple(missed),
        contrary=tuple(test for test in contrary if test in groups.get("stuck", ())),
        raised=tuple(test for test in raised if test in groups.get("stuck", ())),
        unmoved=tuple(unmoved),
        detail=detail,
        executed=frozenset(executed),
        ended_in=ended_in,
        is_own_test=is_own,
        is_first=is_first,
        halted=tuple(obstacles),
        uncollected=tuple(uncollected),
        harness=_harness(after.tests.harness),
        own=tuple(own),
        withheld=_withheld(results, after),
        hidden=tuple(name for name in results if not after.tests.unseen.isdisjoint((name, ""))),
    )


def _is_wanting(old: TestResult | None, new: TestResult, before: StepOutcome | None, after: StepOutcome) -> bool:
    """Whether a red test looked for what no container has; where it is green without the change, for more than it did then."""
    sought = after.tests.sought_by(new.id)
    if old is not None and old.is_green and before is not None:
        sought -= before.tests.sought_by(old.id)
    return bool(sought)


def _withheld(results: Mapping[str, TestResult], after: StepOutcome) -> tuple[str, ...]:
    """What red tests looked for in vain."""
    return tuple(
        sorted({one for test, new in results.items() if not new.is_green for one in after.tests.sought_by(test)})
    )


def _commonest(tests: list[str], pairs: Mapping[str, Pair]) -> list[str]:
    """Of tests that are red either way one of those whose cause most have."""
    causes = {test: _normal(new.detail) for test in tests if (new := pairs[test][1]) is not None}
    counted = Counter(causes.values()).most_common(1)
    return (
        next(([test] for test, cause in causes.items() if cause == counted[0][0]), tests[:1]) if counted else tests[:1]
    )


def _harness(found: Harness) -> str:
    """What ran the tests, for a person."""
    if not found.pytest:
        return ""
    whose = "of the project" if found.is_own else "of Assay, for the project has none"
    return f"Python {found.python}, pytest {found.pytest} {whose}"


def confirmed(
    found: Evidence, asked: frozenset[str], step: Step, again: StepOutcome, unwatched: StepOutcome | None = None
) -> Evidence:
    """What is left of `found` after some of its broken tests were `asked` once more, as `step`, and `unwatched`. One that is green now is flaky, one that is green unwatched was disturbed; one that did not execute the change, neither itself nor by what its file imports and sets up, is unseen."""
    for outcome in (again, *([unwatched] if unwatched is not None else ())):
        if why := tampering(outcome):
            return replace(found, tampering=why)
    results, plain = by_test(step, again), by_test(step, unwatched)
    kept, flaky, unseen, detail = [], list(found.flaky), list(found.unseen), found.detail
    disturbed = list(found.disturbed)
    for test in found.broken:
        tried = [one for name, one in results.items() if name == test or name.startswith((f"{test}[", f"{test}::"))]
        if test not in asked or not tried:
            kept.append(test)
        elif all(one.is_green for one in tried):
            flaky.append(test)
        elif _is_green(test, plain):
            disturbed.append(test)
        elif test in found.missed and not _was_executed(test, results, again):
            unseen.append(test)
            detail = detail if kept else f"{test}: {_why(tried[0], again)}"
        else:
            detail = detail if detail.startswith(f"{test}: ") or kept else f"{test}: {_why(tried[0], again)}"
            kept.append(test)
    missed = tuple(test for test in found.missed if test in kept)
    detail = detail if kept or unseen else ""
    groups = {"broken": kept, "flaky": flaky, "unseen": unseen, "disturbed": disturbed, "missed": missed}
    return replace(found, **{name: tuple(tests) for name, tests in groups.items()}, detail=detail)  # type: ignore[arg-type]  # as above


def _is_green(test: str, results: Mapping[str, TestResult]) -> bool:
    """Whether a test is, with all of its parameters."""
    tried = [one for name, one in results.items() if name == test or name.startswith((f"{test}[", f"{test}::"))]
    return bool(tried) and all(one.is_green for one in tried)


def otherwise(found: Evidence, step: Step, other: StepOutcome, after: StepOutcome) -> Evidence:
    """What is left of `found` after another run without the change: of the tests that bar a pass, those that are red in another way there are stuck
    and contrary."""
    was, now = by_test(step, other), by_test(step, after)
    red = (t for t in found.barring if t in was and t in now and was[t].outcome == now[t].outcome == "failed")
    moved = tuple(t for t in red if not is_same(was[t], now[t]) and not _is_under_way(now[t].detail))
    if not moved:
        return found
    barring, unmoved = (tuple(t for t in group if t not in moved) for group in (found.barring, found.unmoved))
    return replace(found, stuck=found.stuck + moved, contrary=found.contrary + moved, barring=barring, unmoved=unmoved)


def in_company(found: Evidence, step: Step, again: StepOutcome) -> Evidence:
    """What is left of `found` after all of its tests ran once more: one that was green alone, and is red again beside the others, is broken."""
    results = by_test(step, again)
    red = [test for test in found.flaky if (one := results.get(test)) is not None and not one.is_green]
    if not red:
        return found
    flaky = tuple(test for test in found.flaky if test not in red)
    return replace(found, broken=(*found.broken, *red), flaky=flaky, detail=f"{red[0]}: {_why(results[red[0]], again)}")


# What code that is still being written explains.
_UNDER_WAY = re.compile(
    "NotImplementedError|NameError|AttributeError|ImportError|ModuleNotFoundError|UnboundLocalError"
)
# No finished code gives these what they lack.
_BUILT_IN = re.compile(
    r"AttributeError: '(?:int|float|complex|bool|str|bytes|bytearray|list|tuple|dict|set|frozenset|range|NoneType)' object "
)


def _is_under_way(detail: str) -> bool:
    """Whether code that is still being written explains an error."""
    return bool(_UNDER_WAY.match(detail)) and not _BUILT_IN.match(detail)


def _is_excused(old: TestResult | None, new: TestResult) -> bool:
    """Whether a test that is red otherwise than without the change says nothing for that: it did not come to its end without it, or what it fails for
    is still to be written."""
    return (old is not None and old.outcome == "left") or _is_under_way(new.detail)


_COMPARES = re.compile("assert|AssertionError|expected |Failed")


def _is_its_own(test: TestResult) -> bool:
    """Whether a test failed by what it compares itself, and not in the code that it calls."""
    is_there = test.where.partition(":")[0] in ("", test.id.partition("::")[0])
    return is_there and test.outcome == "failed" and _COMPARES.match(test.detail) is not None


def _ended(
    old: TestResult | None, new: TestResult | None, step: Step, after: StepOutcome, *, had_run: bool
) -> tuple[table.Before, table.After, table.Executed]:
    """How a test ended without the change and with it, and whether it executed it, in the words of the table."""
    before: table.Before = (
        "none" if old is None else "green" if old.is_green else "left" if old.outcome == "left" else "red"
    )
    executed: table.Executed = "no" if new is None or not new.hit else "set-up" if new.is_set_up else "yes"
    if new is None and after.tests.finished and old is not None and _file(old.id) in step.changed:
        return before, "taken out", executed
    if new is not None and new.outcome == "left":
        return before, "left", executed
    if new is not None and new.is_green:
        return before, "green", executed
    if new is not None and new.outcome in ("skipped", "xfailed", "xpassed"):
        return before, "skipped", executed
    is_known = is_same(old, new, had_run=had_run)
    if new is not None and new.outcome == "failed":
        return before, "fails as before" if is_known else "fails otherwise", executed
    return before, "missing as before" if is_known else "missing otherwise", executed


def is_same(old: TestResult | None, new: TestResult | None, *, had_run: bool = True) -> bool:
    """Whether a test is red in the same way both times, and not by a changed line."""
    if new is None or (new.outcome == "missing" and "ModuleNotFoundError" in new.detail and not had_run):
        return old is None or old.outcome == "missing"
    if old is None or old.outcome != new.outcome or new.is_inside:
        return False
    return (old.where, _normal(old.detail)) == (new.where, _normal(new.detail))


_CHANGING = re.compile(
    r"0x[0-9a-fA-F]+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|/tmp/[\w./-]+|\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?|\d\d:\d\d:\d\d"
)


def _normal(detail: str) -> str:
    """A message without addresses, times and temporary paths."""
    return _CHANGING.sub("…", detail)


def _doctests_aside(step: Step, groups: dict[str, list[str]]) -> None:
    """Examples in prose often never ran: those that are red both times say nothing where a test proper proves the change."""
    proving = [*groups.get("turned", ()), *groups.get("kept", ())]
    if step.doctests and any(_file(test) not in step.changed for test in proving):
        aside = [test for test in groups.get("stuck", ()) if _file(test) in step.changed]
        groups["same"] = [*groups.get("same", ()), *aside]
        groups["stuck"] = [test for test in groups.get("stuck", ()) if test not in aside]


def _is_brought(test: str, step: Step) -> bool:
    """Whether the change brings a test, or alters it."""
    return any(test == one or test.startswith((f"{one}::", f"{one}[")) for one in step.brought)


def _file(test: str) -> str:
    """The file of a test's id."""
    return test.partition("::")[0]


def _was_executed(test: str, results: dict[str, TestResult], outcome: StepOutcome) -> bool:
    """Whether something of the change ran before or in this test: as its file was imported, or in a test of its file that set up what they share."""
    own = test.partition("::")[0]
    is_missing = any(one.outcome == "missing" for name, one in results.items() if name.startswith(test))
    return (
        is_missing
        or bool(outcome.tests.import_hit)
        or any(one.hit for name, one in results.items() if name.startswith(own))
    )


def _why(test: TestResult | None, outcome: StepOutcome) -> str:
    if outcome.oom:
        return "it used too much memory"
    if outcome.timed_out:
        return "it did not end in time"
    if test is None or (test.outcome == "missing" and not test.detail):
        last = next((line for line in reversed(outcome.stderr.splitlines()) if line.strip()), "")
        return f"it gave no result (exit {outcome.exit}{f': {last.strip()[:200]}' if last else ''})"
    return "".join(
        c if c.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for c in (test.detail.splitlines() or [test.outcome])[0][:300]
    )
