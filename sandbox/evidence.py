"""What a run of tests proves: the report is believed only where nothing speaks against it.

The report is written in the process that ran the code. So it must be complete, its control test must have failed,
and no file that steers tests may have changed meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass

from .api import Step, StepOutcome, TestResult


@dataclass(frozen=True, slots=True)
class Evidence:
    """Test ids by what became of them between a run without the change and one with it.

    `turned` red to green and executing the change, `kept` green and executing it, `broken` green to red, `stuck` red
    both times; `beside` not executing it; `left` not run, because the time was up; `stale` are red both times and left out because another test proves the change:
    doctests, for examples in prose often never ran, and tests whose file needs a module that the sandbox does not have.
    `detail` is about the first broken or stuck one; `tampering` says why none of it counts.
    """

    turned: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    detail: str = ""
    tampering: str = ""

    @property
    def is_telling(self) -> bool:
        """Whether a test executed the change, or something is wrong with the run: other tests would add nothing."""
        return bool(self.turned or self.kept or self.broken or self.stuck or self.tampering)

    @property
    def is_decided(self) -> bool:
        """Whether it speaks for the change or against it, so that another run would say the same."""
        return not self.tampering and bool(
            self.broken or ((self.turned or self.kept) and not (self.stuck or self.left))
        )

    def joined(self, other: Evidence) -> Evidence:
        """This and what another batch of tests showed."""
        names = ("turned", "kept", "broken", "stuck", "beside", "stale", "left")
        both = {name: getattr(self, name) + getattr(other, name) for name in names}
        first = (self, other) if self.broken or not other.broken else (other, self)
        detail = first[0].detail or first[1].detail
        return Evidence(**both, detail=detail, tampering=self.tampering or other.tampering)


def weigh(step: Step, before: StepOutcome | None, after: StepOutcome) -> Evidence:
    """Compare the two runs of `step.tests`; `before` None means that nothing could run without the change."""
    if why := tampering(after):
        return Evidence(tampering=why)
    was = _by_test(step, before)
    now = _by_test(step, after)
    hit_by_import = after.tests.import_hit and not step.body_lines
    groups: dict[str, list[str]] = {
        "turned": [],
        "kept": [],
        "broken": [],
        "stuck": [],
        "beside": [],
        "stale": [],
        "left": [],
    }
    for test in sorted(was.keys() | now.keys()):
        old, new = was.get(test), now.get(test)
        if new is not None and new.outcome == "left":
            groups["left"].append(test)
            continue
        is_green = new is not None and new.is_green
        was_green = old is not None and old.is_green
        if new is not None and new.outcome in ("skipped", "xfailed", "xpassed") and not was_green:
            continue
        hits = new is not None and (new.hit or hit_by_import)
        if is_green:
            was_red = not was_green and not (old is not None and old.outcome == "left")
            group = ("turned" if was_red else "kept") if hits else "beside"
        else:
            ran_past_it = new is not None and new.outcome == "failed" and not hits
            group = "broken" if was_green else "beside" if ran_past_it else "stuck"
        groups[group].append(test)
    proving = groups["turned"] + groups["kept"]
    left_out: set[str] = set()
    if any(not test.startswith(f"{step.target}::") for test in proving):
        left_out |= {test for test in groups["stuck"] if step.doctests and test.startswith(f"{step.target}::")}
    if proving:
        left_out |= {test for test in groups["stuck"] if _lacks_module(now.get(test), was.get(test), before)}
    groups["stale"] = sorted(left_out)
    groups["stuck"] = [test for test in groups["stuck"] if test not in left_out]
    detail = next((f"{test}: {_why(now.get(test), after)}" for test in [*groups["broken"], *groups["stuck"]]), "")
    return Evidence(
        tuple(groups["turned"]),
        tuple(groups["kept"]),
        tuple(groups["broken"]),
        tuple(groups["stuck"]),
        tuple(groups["beside"]),
        tuple(groups["stale"]),
        tuple(groups["left"]),
        detail,
    )


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


def _by_test(step: Step, outcome: StepOutcome | None) -> dict[str, TestResult]:
    """Results by id; an expected test that nothing was reported of counts as missing."""
    if outcome is None:
        return {}
    found = {test.id: test for test in outcome.tests.tests}
    is_cut = outcome.timed_out and any(test.outcome in ("left", "missing") for test in found.values())
    if not outcome.tests.finished and not is_cut:
        found = {
            i: t if not t.is_green else TestResult(i, "missing", t.hit, "the run did not end") for i, t in found.items()
        }
    for wanted in step.tests:
        if not any(i == wanted or i.startswith((wanted + "[", wanted + "::")) for i in found):
            is_left = outcome.timed_out and not outcome.hung
            found[wanted] = TestResult(wanted, "left" if is_left else "missing", detail=_uncollected(wanted, outcome))
    return found


def _lacks_module(new: TestResult | None, old: TestResult | None, before: StepOutcome | None) -> bool:
    """Whether a test was not collected for want of a module, with the change as without it: it says nothing about it."""
    is_lacking = new is not None and new.outcome == "missing" and "ModuleNotFoundError" in new.detail
    return is_lacking and (before is None or (old is not None and new is not None and old.detail == new.detail))


def _uncollected(wanted: str, outcome: StepOutcome) -> str:
    """Why a test was not even found: an error in its own file first."""
    errors = outcome.tests.collect_errors
    own = [e for e in errors if e.startswith(wanted.partition("::")[0])] or list(errors)
    return f"it could not be collected: {own[0]}"[:300] if own else ""


def _why(test: TestResult | None, outcome: StepOutcome) -> str:
    if outcome.oom:
        return "it used too much memory"
    if outcome.timed_out:
        return "it did not end in time"
    if test is None or (test.outcome == "missing" and not test.detail):
        last = next((line for line in reversed(outcome.stderr.splitlines()) if line.strip()), "")
        return f"it gave no result (exit {outcome.exit}{f': {last.strip()[:200]}' if last else ''})"
    return (test.detail.splitlines() or [test.outcome])[0][:300]
