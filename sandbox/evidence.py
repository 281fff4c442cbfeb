"""What a run of tests proves: the report is believed only where nothing speaks against it.

The report is written in the process that ran the code. So it must be complete, its control test must have failed,
and no file that steers tests may have changed meanwhile.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import Literal

from .api import Step, StepOutcome, TestResult
from .results import by_test, paired, without_crash

Group = Literal["turned", "kept", "broken", "stuck", "same", "barring", "beside", "left", ""]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Test ids by what became of them between a run without the change and one with it.

    `turned` red to green and executing the change, `kept` green and executing it, `broken` green to red, `stuck` red both times, otherwise
    than before or by a changed line; `same` red in the same way both times without executing it, or without a result both times; `barring` the same
    though they execute it: that says nothing where others turn green, and bars a pass where none does; `beside` not executing it; `left` not run,
    because the time was up; `flaky` red once and green once with the change; `unseen` green to red twice, though nothing of the change was seen to
    be executed: another process runs it, or the test only reads it.

    Of these, `missed` are the broken ones that did not execute the change themselves, `contrary` the stuck ones that did, `raised` those of them
    whose error a changed line raised, without meaning to and not because code is unfinished; `unmoved` the barring ones that fail by what they
    themselves compare; `edited` those against a line under way that are green with what stands there.

    `detail` is about the first broken, stuck or same one, or else about one that failed before it could execute anything; `tampering` says why
    none of it counts; `executed` are the numbers of the pieces that the proving tests executed; `ended_in` is the test in which the whole run came
    to its end; `is_own_test`: the change is in a test file, too, whose own tests prove nothing.
    """

    turned: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    barring: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    flaky: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    detail: str = ""
    tampering: str = ""
    executed: frozenset[int] = frozenset()
    contrary: tuple[str, ...] = ()
    raised: tuple[str, ...] = ()
    unmoved: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    ended_in: str = ""
    is_own_test: bool = False

    @property
    def red(self) -> tuple[str, ...]:
        """The tests that fail with the change as without it, and leave nothing proved."""
        bars = () if self.turned else self.barring
        return self.stuck + bars or (() if self.turned or self.kept else self.same)

    @property
    def left_out(self) -> tuple[str, ...]:
        """The tests that are red either way where others prove the change."""
        return self.same + self.barring

    @property
    def is_telling(self) -> bool:
        """Whether a test executed the change, or something is wrong with the run: other tests would add nothing."""
        seen = self.turned or self.kept or self.broken or self.stuck or self.barring or self.unseen
        return bool(seen or self.tampering)

    @property
    def is_decided(self) -> bool:
        """Whether it speaks for the change or against it, so that another run would say the same."""
        return not self.tampering and bool(
            self.broken or ((self.turned or self.kept) and not (self.red or self.left or self.unseen))
        )

    @property
    def run(self) -> int:
        """How many tests ran."""
        groups = (
            self.turned,
            self.kept,
            self.broken,
            self.stuck,
            self.same,
            self.barring,
            self.beside,
            self.flaky,
            self.unseen,
        )
        return sum(map(len, groups))

    def joined(self, other: Evidence) -> Evidence:
        """This and what another batch of tests showed."""
        names = [
            f.name for f in fields(self) if f.name not in ("detail", "tampering", "executed", "ended_in", "is_own_test")
        ]
        both = {name: getattr(self, name) + getattr(other, name) for name in names}
        first = (self, other) if self.broken or not other.broken else (other, self)
        return Evidence(
            **both,
            detail=first[0].detail or first[1].detail,
            tampering=self.tampering or other.tampering,
            executed=self.executed | other.executed,
            ended_in=self.ended_in or other.ended_in,
            is_own_test=self.is_own_test or other.is_own_test,
        )


def weigh(step: Step, before: StepOutcome | None, after: StepOutcome) -> Evidence:
    """Compare the two runs of `step.tests`; `before` None means that nothing could run without the change."""
    if why := tampering(after):
        return Evidence(tampering=why)
    groups: dict[str, list[str]] = {}
    executed: set[int] = set()
    missed, obstacles, contrary, raised, unmoved = [], [], [], [], []
    is_own = bool(step.test_files) and step.test_files == step.changed
    pairs = paired(without_crash(step, before), by_test(step, after))
    for test, (old, new) in pairs.items():
        group = _group(old, new, step, after, had_run=before is not None)
        if group in ("turned", "kept") and _file(test) in step.test_files:
            group, is_own = "beside", True  # a test file does not prove itself, nor the change that it came with
        if group in ("turned", "kept") and new is not None:
            executed.update(new.hit)
        if group == "stuck" and new is not None and new.hit and not _is_excused(old, new):
            contrary.append(test)
            if new.is_inside and not new.is_meant:
                raised.append(test)
        if group == "barring" and new is not None and _is_its_own(new):
            unmoved.append(test)
        if group == "broken" and new is not None and not new.hit:
            missed.append(test)
        if group == "beside" and new is not None and not new.is_green:
            obstacles.append(test)
        groups.setdefault(group, []).append(test)
    groups.pop("", None)
    _doctests_aside(step, groups)
    ended_in = next((test for test in groups.get("broken", ()) if test == after.tests.ended_in), "")
    if ended_in:  # what has no result for that says nothing of itself
        groups["left"] = [*groups.get("left", ()), *(test for test in groups["broken"] if test != ended_in)]
        groups["broken"] = [ended_in]
    told = [
        *groups.get("broken", ()),
        *groups.get("stuck", ()),
        *groups.get("barring", ()),
        *groups.get("same", ()),
        *obstacles,
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
    )


def confirmed(found: Evidence, asked: frozenset[str], step: Step, again: StepOutcome) -> Evidence:
    """What is left of `found` after some of its broken tests were `asked` once more, as `step`. One that is green now is flaky; one that did not
    execute the change, neither itself nor by what its file imports and sets up, is unseen."""
    if why := tampering(again):
        return replace(found, tampering=why)
    results = by_test(step, again)
    kept, flaky, unseen, detail = [], list(found.flaky), list(found.unseen), found.detail
    for test in found.broken:
        tried = [one for name, one in results.items() if name == test or name.startswith((f"{test}[", f"{test}::"))]
        if test not in asked or not tried:
            kept.append(test)
        elif all(one.is_green for one in tried):
            flaky.append(test)
        elif test in found.missed and not _was_executed(test, results, again):
            unseen.append(test)
            detail = detail if kept else f"{test}: {_why(tried[0], again)}"
        else:
            detail = detail if detail.startswith(f"{test}: ") or kept else f"{test}: {_why(tried[0], again)}"
            kept.append(test)
    missed = tuple(test for test in found.missed if test in kept)
    detail = detail if kept or unseen else ""
    return replace(found, broken=tuple(kept), flaky=tuple(flaky), unseen=tuple(unseen), missed=missed, detail=detail)


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


def _group(old: TestResult | None, new: TestResult | None, step: Step, after: StepOutcome, *, had_run: bool) -> Group:
    if new is not None and new.outcome == "left":
        return "left"
    was_green = old is not None and old.is_green
    if new is None and after.tests.finished and old is not None and _file(old.id) in step.changed:
        return ""  # the change took it out
    if new is not None and new.outcome in ("skipped", "xfailed", "xpassed") and not was_green:
        return ""
    if new is not None and new.is_green:
        was_red = not was_green and not (old is not None and old.outcome == "left")
        return ("turned" if was_red else "kept") if new.hit else "beside"
    if was_green:
        return "broken"
    if new is not None and new.outcome == "failed" and not new.hit:
        return "beside"
    if not is_same(old, new, had_run=had_run):
        return "stuck"
    return "barring" if new is not None and new.hit and not new.is_set_up else "same"


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
