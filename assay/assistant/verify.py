"""Judge a change: parse it, lint it, look its names up, and run the tests that reach it in a container.

T0 and T1 run here on text; T2 runs in the sandbox. What is not proved is never called passed.
"""

from __future__ import annotations

import ast
import asyncio
import re
import time
from dataclasses import dataclass

from analyzers import lint, names, syntax

from . import execute
from .bench import Change, Workbench
from .verdict import Check, CheckState, Failed, Passed, Tested, Unverified, Verdict, unverified

NAMES_S = 0.6  # jedi's 90th percentile after a dot is 0.3 s; it runs beside the container


@dataclass(frozen=True, slots=True)
class Static:
    """T0 and ruff: checks so far, and what a repair can use. `tree` is None where the text does not parse."""

    checks: tuple[Check, ...]
    tree: ast.Module | None
    failed: str = ""
    undefined: tuple[str, ...] = ()
    is_broken_elsewhere: bool = False


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
    testing = execute.tests(bench, change, first.tree, "function")
    try:
        tested = await testing
        return settle(first.checks, await naming, tested, is_one_line=change.lines[0] == change.lines[1])
    finally:
        naming.cancel()


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


def _ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000
