"""Judge a change: parse it, lint it, look its names up, and run the tests that reach it in a container.

T0 and T1 run here on text; T2 runs in the sandbox. What is not proved is never called passed.
"""

from __future__ import annotations

import ast
import asyncio
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from analyzers import harness, lint, names, reach, secrets, syntax
from analyzers.text import Snapshot, Span
from sandbox import evidence
from sandbox.api import Job, Progress, Project, SandboxUnavailable, Step, StepOutcome

from . import workspace
from .bench import Workbench
from .recent import digest
from .verdict import Check, CheckState, Failed, Passed, Reason, Tested, Unverified, Verdict, unverified

NAMES_S = 0.6  # jedi's 90th percentile after a dot is 0.3 s; it runs beside the container
RUN_S = {"line": 5.0, "block": 8.0, "function": 15.0}  # a hanging test is ended then, deadline or not


@dataclass(frozen=True, slots=True)
class Change:
    """A document before, its whole text after, the changed span in that text, and the project around it.

    `overlay` holds the editor's other open documents: relative POSIX path → text.
    """

    before: Snapshot
    after: str
    span: Span
    root: Path
    overlay: Mapping[str, str]

    @property
    def name(self) -> str:
        """Path relative to the root, POSIX; "" for a document outside it."""
        path = Path(self.before.path)
        return path.relative_to(self.root).as_posix() if self.before.path and path.is_relative_to(self.root) else ""

    @property
    def lines(self) -> tuple[int, int]:
        """First and last changed line of the new text, from 1."""
        first = self.after.count("\n", 0, self.span.start) + 1
        text = self.after[self.span.start : self.span.end].rstrip()
        lead = len(text) - len(text.lstrip("\n"))
        return first + lead, first + text.count("\n")


@dataclass(frozen=True, slots=True)
class Static:
    """T0 and ruff: checks so far, and what a repair can use. `tree` is None where the text does not parse."""

    checks: tuple[Check, ...]
    tree: ast.Module | None
    failed: str = ""
    undefined: tuple[str, ...] = ()
    is_broken_elsewhere: bool = False


@dataclass(slots=True)
class Watch:
    """A running T2 seen from outside: whether it has a container, and a proof that came before all of it was done."""

    running: asyncio.Event
    early: Tested | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """The names check, and the names that do not exist, for a repair."""

    check: Check
    unknown: tuple[names.Unknown, ...] = ()


async def static(change: Change) -> Static:
    """T0 and T1's ruff: milliseconds."""
    started = time.perf_counter()
    preamble = change.before.preamble
    tree, reason = await _parsed(preamble + change.after)
    parse_ms = _ms(started)
    if tree is None:
        elsewhere = _is_broken_elsewhere(change)
        state: CheckState = "unverified" if elsewhere else "failed"
        return Static((Check("parse", state, reason, parse_ms),), None, "" if elsewhere else reason, (), elsewhere)
    started = time.perf_counter()
    try:
        before, after = await asyncio.gather(
            lint.check(preamble + change.before.text), lint.check(preamble + change.after)
        )
    except lint.LintError as error:
        return Static((Check("parse", "passed", "", parse_ms), Check("ruff", "skipped", str(error))), tree)
    first, last = change.lines
    above = preamble.count("\n")
    had_syntax = any("syntax" in f.code for f in before)
    bad = [f for f in lint.new(before, after) if first + above <= f.line <= last + above or not had_syntax]
    detail = "; ".join([*dict.fromkeys(f"{f.code} {f.message}" for f in bad)][:3])
    ruff = Check("ruff", "failed" if bad else "passed", detail, _ms(started))
    undefined = tuple(m[1] for f in bad if f.code == "F821" and (m := re.search(r"`([^`]+)`", f.message)))
    return Static((Check("parse", "passed", "", parse_ms), ruff), tree, detail, undefined)


async def named(bench: Workbench, change: Change) -> Named:
    """T1's names by jedi; skipped, never failed, where jedi cannot say."""
    started = time.perf_counter()
    text = change.before.preamble + change.after
    above = change.before.preamble.count("\n")
    first, last = change.lines
    site = bench.workspace.site_packages(change.root)
    where = names.Where(text, change.before.path, str(change.root), (str(site),) if site else ())
    try:
        unknown = await bench.names.check(where, first + above, last + above, timeout_s=NAMES_S)
    except names.NamesUnavailable as error:
        return Named(Check("names", "skipped", str(error), _ms(started)))
    detail = "; ".join(u.what for u in unknown)
    return Named(Check("names", "failed" if unknown else "passed", detail, _ms(started)), unknown)


async def tests(bench: Workbench, change: Change, tree: ast.Module, kind: str, watch: Watch | None = None) -> Tested:
    """T2: the tests that reach the change, without it and with it, in a container."""
    started = time.perf_counter()

    def unproved(reason: Reason, why: str) -> Tested:
        return Tested(Check("tests", "unverified", why, _ms(started)), unverified(reason, (), why))

    if change.before.preamble or not change.name:
        return unproved("no-tests", "It is not a file of a project, so no test reaches it.")
    rules = await bench.workspace.rules(change.root)
    if not rules.allows(change.name):
        return unproved("no-tests", "The file is ignored or secret, so it is not put into a container.")
    first, last = change.lines
    changed = reach.changed_lines(tree, first, last)
    if what := harness.touched(change.name, tree, changed.all | frozenset(range(first, last + 1))):
        return unproved("touches-harness", f"{what[0].upper()}{what[1:]}, so a green run would prove nothing.")
    state = await bench.workspace.state(change.root)
    after = secrets.redact(change.after)
    if any(a != b for a, b in zip(_lines(after, first, last), _lines(change.after, first, last), strict=True)):
        return unproved("no-tests", "The changed lines hold what looks like a secret, which goes into no container.")
    texts = {n: secrets.redact(t) for n, t in change.overlay.items() if rules.allows(n)}
    everything = {**state.texts, **texts, change.name: after}
    chosen = await asyncio.to_thread(reach.tests, everything, change.name, changed, tree)
    if not chosen.tests:
        return unproved("no-tests", "No test reaches the changed lines.")
    before = secrets.redact(change.before.text)
    can_run_before = (await _parsed(before))[0] is not None
    run_s = RUN_S.get(kind, RUN_S["function"])
    base = workspace.changes(state, {**texts, change.name: after})
    step = Step("pytest", run_s, base, chosen.tests, chosen.doctests, change.name, changed.body, changed.module)
    baseline = Step("pytest", run_s, ((change.name, before),), chosen.tests, chosen.doctests)
    style = Step("ruff", 5.0, path=change.name)
    place = (state.project.digest, state.project.image, _stamp(state.project), bench.sandbox.health().image)
    proof_key = digest(place, step, before)
    if (proof := bench.proofs.get(proof_key)) is not None:
        return replace(proof, check=replace(proof.check, ms=_ms(started)))
    others = tuple(item for item in base if item[0] != change.name)
    baseline_key = digest(place, others, baseline)
    earlier = bench.baselines.get(baseline_key) if can_run_before else None

    def outcome(number: int, result: StepOutcome) -> None:
        if number == 0 and watch is not None:
            check, verdict = _judge(evidence.weigh(step, None, result), _ms(started), is_whole=not can_run_before)
            is_clean = all(test.is_green for test in result.tests.tests)
            watch.early = Tested(check, verdict) if isinstance(verdict, Passed) and is_clean else None

    progress = Progress(watch.running.set if watch else lambda: None, outcome)
    steps = (step, style, baseline) if can_run_before and earlier is None else (step, style)
    try:
        outcomes = await bench.sandbox.run(Job(state.project, steps), progress)
    except SandboxUnavailable as error:
        return unproved("no-sandbox", secrets.redact(str(error)))
    if len(outcomes) == len((step, style, baseline)):
        earlier = outcomes[2]
        if earlier.tests.finished and not earlier.timed_out and not earlier.oom:
            bench.baselines.put(baseline_key, earlier)
    found = evidence.weigh(step, earlier, outcomes[0])
    check, verdict = _judge(found, _ms(started), is_whole=True)
    tested = Tested(check, verdict, _style(outcomes[1], changed.all))
    if isinstance(verdict, Passed | Failed) and not outcomes[0].timed_out and not outcomes[0].oom:
        bench.proofs.put(proof_key, tested)
    return tested


def _stamp(project: Project) -> int:
    """When the mounted dependencies last changed, as far as their folder tells; 0 without any."""
    try:
        return project.site_packages.stat().st_mtime_ns if project.site_packages else 0
    except OSError:
        return 0


def settle(
    static_checks: tuple[Check, ...], named_check: Named | None, tested: Tested, *, is_one_line: bool
) -> Verdict:
    """All checks of one candidate into its verdict. A name on the one changed line that tests execute does exist, and
    jedi was mistaken; on several lines nobody knows which of them were executed."""
    name = named_check.check if named_check else None
    if name and name.state == "failed" and isinstance(tested.verdict, Passed) and is_one_line:
        name = Check("names", "skipped", f"overruled by the tests: {name.detail}", name.ms)
    checks = (*static_checks, *([name] if name else []), tested.check, *([tested.style] if tested.style else []))
    if name and name.state == "failed":
        return Failed(checks, name.detail)
    match tested.verdict:
        case Passed(why=why):
            return Passed(checks, why)
        case Failed(why=why):
            return Failed(checks, why)
        case Unverified(reason=reason, why=why):
            return Unverified(checks, reason, why)


async def whole(bench: Workbench, change: Change) -> Verdict:
    """Every check without a deadline, as `assay verify` wants it."""
    if change.before.text == change.after:
        return unverified("no-tests", (), "Nothing is changed.")
    first = await static(change)
    if first.failed:
        return Failed(first.checks, first.failed)
    if first.tree is None:
        return unverified("unparsable-elsewhere", first.checks, f"The file does not parse: {first.checks[0].detail}.")
    naming = asyncio.create_task(named(bench, change))
    if bench.settings.policy == "static":
        name = await naming
        checks = (*first.checks, name.check)
        return Failed(checks, name.check.detail) if name.unknown else unverified("static-policy", checks)
    testing = tests(bench, change, first.tree, "function")
    try:
        tested = await testing
        return settle(first.checks, await naming, tested, is_one_line=change.lines[0] == change.lines[1])
    finally:
        naming.cancel()


def _judge(found: evidence.Evidence, ms: float, *, is_whole: bool) -> tuple[Check, Verdict]:
    """The tests check and its verdict; where not `is_whole`, the run without the change is not known yet."""
    if found.tampering:
        why = f"{found.tampering[0].upper()}{found.tampering[1:]}, so the run proves nothing."
        return Check("tests", "unverified", why, ms), unverified("touches-harness", (), why)
    detail = secrets.redact(found.detail)
    if found.broken:
        why = f"{_count(found.broken)} that passed without it {'fails' if len(found.broken) == 1 else 'fail'}: {detail}"
        return Check("tests", "failed", why, ms), Failed((), why)
    proving = found.turned + found.kept
    if found.stuck:
        start = f"It makes {_count(found.turned)} pass, but " if found.turned else ""
        why = (
            f"{start}{_count(found.stuck)} {'fails' if len(found.stuck) == 1 else 'fail'} with and without it: {detail}"
        )
        if "ModuleNotFoundError" in detail:
            why += ". `assay doctor` says how a project's dependencies come into the sandbox."
        return Check("tests", "unverified", why, ms), unverified("baseline-red", (), why)
    if not proving:
        why = "No test that ran executes a changed line."
        return Check("tests", "unverified", why, ms), unverified("no-tests", (), why)
    told = f", {len(found.turned)} newly passing" if found.turned and is_whole else ""
    told += f", {len(found.stale)} doctest fails with and without it" if found.stale else ""
    names_ = ", ".join(proving[:4]) + (" …" if len(proving) > 4 else "")
    does = "passes" if len(proving) == 1 else "pass"
    why = (
        f"It makes {_count(found.turned)} pass."
        if found.turned and is_whole
        else f"{_count(proving)} executing it {does}."
    )
    return Check("tests", "passed", f"{_count(proving)}{told} ({names_})", ms), Passed((), why)


def _style(outcome: StepOutcome, lines: frozenset[int]) -> Check:
    """What ruff says in the container under the project's own configuration: told, never a failure."""
    try:
        found = [f for f in json.loads(outcome.stdout) if int(f["location"]["row"]) in lines]
        detail = "; ".join(f"{f['code']} {f['message']}"[:120] for f in found[:3])
    except (ValueError, KeyError, TypeError):
        return Check("style", "skipped", "ruff gave no answer in the container", outcome.ms)
    return Check("style", "passed", secrets.redact(detail), outcome.ms)


def _is_broken_elsewhere(change: Change) -> bool:
    """Whether the candidate is whole in itself and the only syntax errors stand outside its lines."""
    text = change.after[change.span.start : change.span.end]
    line = change.after[change.after.rfind("\n", 0, change.span.start) + 1 : change.span.start]
    alone = _dedented(line + text if line.strip() == "" else "")
    if not alone or not any(syntax.module(alone + tail) for tail in ("", "\n    pass")):
        return False
    statement = syntax.module(alone)
    if statement and any(
        isinstance(s, ast.Expr) and isinstance(s.value, ast.Name | ast.Constant) for s in statement.body
    ):
        return False
    with_pass = change.after[: change.span.start] + "pass" + change.after[change.span.end :]
    first, last = change.lines
    errors = syntax.error_lines(change.after)
    return bool(errors) and syntax.module(with_pass) is None and not any(first <= line <= last for line in errors)


def _dedented(text: str) -> str:
    import textwrap

    return textwrap.dedent(text.strip("\n"))


async def _parsed(text: str) -> tuple[ast.Module | None, str]:
    if len(text) < 100_000:
        return syntax.module_or_reason(text)
    return await asyncio.to_thread(syntax.module_or_reason, text)


def _lines(text: str, first: int, last: int) -> list[str]:
    return text.split("\n")[first - 1 : last]


def _count(tests_: tuple[str, ...]) -> str:
    return f"{len(tests_)} test" + ("" if len(tests_) == 1 else "s")


def _ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000
