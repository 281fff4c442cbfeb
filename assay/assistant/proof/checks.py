"""T0 and T1: does a change parse, what does ruff say, do its names exist. Milliseconds, on text; nothing is executed."""

from __future__ import annotations

import ast
import asyncio
import hashlib
import re
import textwrap
import time
from dataclasses import dataclass, replace

from analyzers import fragment, lint, names, secrets, syntax

from ..nouns import Change, Check, CheckState
from ..workbench import Workbench

NAMES_S = 0.6  # jedi's 90th percentile after a dot is 0.3 s; it runs beside the container
THREAD_CHARS = (
    50_000  # what stands around a change and is longer takes more than 10 ms to parse: a thread parses all of it
)
QUOTE_LIMIT = 60  # characters of a line that a reason quotes
# What is wrong even on a line that goes on; ruff's other findings may just be unfinished.
WRONG_SO_FAR = ("F821", "F822", "F823", "PLE")


@dataclass(frozen=True, slots=True)
class Static:
    """T0 and ruff. `elsewhere` says why the text does not parse, where that is not the change's doing."""

    checks: tuple[Check, ...]
    undefined: tuple[str, ...] = ()
    elsewhere: str = ""

    @property
    def failed(self) -> str:
        """What failed, in one line; "" when nothing did."""
        return next((check.detail for check in self.checks if check.state == "failed"), "")


@dataclass(frozen=True, slots=True)
class Named:
    """The names check, and the names that do not exist, with lines of the document."""

    check: Check
    unknown: tuple[names.Unknown, ...] = ()


async def static(bench: Workbench, change: Change) -> Static:
    """T0, and T1's ruff where that is passed.

    What stands around the change is parsed here, as far as the module's next statement; the rest of a long file takes tens of milliseconds, so it is
    left to ruff. Where either does not parse, Python parses all of it, in a thread, and has the last word.
    """
    started = time.perf_counter()
    preamble = change.before.preamble
    if not _parses_alone(change) and (found := await asyncio.to_thread(_broken, change)) is not None:
        return _unparsed(change, found[0], is_elsewhere=found[1], ms=_ms(started))
    parse = Check("parse", "passed", "", _ms(started))
    started = time.perf_counter()
    try:
        after = await lint.check(preamble + change.after)
        if any("syntax" in f.code for f in after) and (found := await asyncio.to_thread(_broken, change)) is not None:
            return _unparsed(change, found[0], is_elsewhere=found[1], ms=_ms(started))
        before = await _found_before(bench, preamble + change.before.text) if after else ()
    except lint.LintError as error:
        if (found := await asyncio.to_thread(_broken, change)) is not None:
            return _unparsed(change, found[0], is_elsewhere=found[1], ms=_ms(started))
        return Static((parse, Check("ruff", "skipped", str(error))))
    first, last = change.lines
    above = preamble.count("\n")
    had_syntax = any("syntax" in f.code for f in before)
    bad = [f for f in lint.new(before, after) if first + above <= f.line <= last + above or not had_syntax]
    detail = "; ".join([*dict.fromkeys(f"{f.code} {f.message}" for f in bad)][:3])
    undefined = tuple(m[1] for f in bad if f.code == "F821" and (m := re.search(r"`([^`]+)`", f.message)))
    return Static((parse, Check("ruff", "failed" if bad else "passed", detail, _ms(started))), undefined)


async def _found_before(bench: Workbench, text: str) -> tuple[lint.Finding, ...]:
    """Ruff's findings without a change: several candidates are judged against one text."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    if (known := bench.memory.findings.get(digest)) is None:
        known = await lint.check(text)
        bench.memory.findings.put(digest, known)
    return known


async def named(bench: Workbench, change: Change) -> Named:
    """T1's names by jedi; skipped, never failed, where jedi cannot say."""
    started = time.perf_counter()
    text = change.before.preamble + change.after
    above = change.before.preamble.count("\n")
    first, last = change.lines
    if not names.may_be_looked_up("\n".join(text.split("\n")[first + above - 1 : last + above])):
        return Named(Check("names", "passed", "", _ms(started)))
    site = bench.workspace.site_packages(change.root)
    where = names.Where(text, change.before.path, str(change.root), (str(site),) if site else ())
    try:
        begin, end = piece(change)
        around = (begin + above, end + above)
        unknown = await bench.names.check(where, first + above, last + above, around=around, timeout_s=NAMES_S)
    except names.NamesUnavailable as error:
        return Named(Check("names", "skipped", str(error), _ms(started)))
    detail = "; ".join(u.what for u in unknown)
    own = tuple(replace(one, line=one.line - above) for one in unknown)
    return Named(Check("names", "failed" if unknown else "passed", detail, _ms(started)), own)


async def so_far(bench: Workbench, change: Change) -> tuple[Check, ...]:
    """The checks that fit a change which goes on: that there is a way to go on, and that what it names exists."""
    started = time.perf_counter()
    before, after = change.after[: change.span.end], change.after[change.span.end :]
    closing = fragment.closing(before, after)
    parse_ms = _ms(started)
    if closing is None:
        return (Check("parse", "failed", "there is no way to go on from here", parse_ms),)
    line_end = after.find("\n") if "\n" in after else len(after)
    closed = before + closing.middle + after[:line_end].rstrip("\r") + closing.end + after[line_end:]
    whole = Change(change.before, closed, change.span, change.root, change.overlay)
    ruff, name = await asyncio.gather(_ruff_so_far(whole), named(bench, whole))
    return Check("parse", "passed", "as far as it is written", parse_ms), ruff, _own_names(name, whole)


async def _ruff_so_far(change: Change) -> Check:
    started = time.perf_counter()
    try:
        findings = await lint.check(change.before.preamble + change.after)
    except lint.LintError as error:
        return Check("ruff", "skipped", str(error))
    above = change.before.preamble.count("\n")
    bad = [
        f
        for f in findings
        if f.code.startswith(WRONG_SO_FAR) and _ends_inside(f.line - above, f.column, f.end_column, change)
    ]
    state: CheckState = "failed" if bad else "passed"
    return Check("ruff", state, "; ".join(f"{f.code} {f.message}" for f in bad), _ms(started))


def _own_names(name: Named, change: Change) -> Check:
    """The names check, for the names that the change itself writes."""
    is_own = any(_ends_inside(u.line, u.column + 1, u.column + 1 + u.length, change) for u in name.unknown)
    return name.check if is_own or not name.unknown else Check("names", "passed", "", name.check.ms)


def _ends_inside(line: int, column: int, end_column: int, change: Change) -> bool:
    """Whether a finding (from 1) ends inside the changed span: it does not begin or end beyond what is judged."""
    start = change.after.rfind("\n", 0, change.span.start) + 1
    first = change.after.count("\n", 0, change.span.start) + 1
    if line != first:
        return first < line <= first + change.after.count("\n", change.span.start, change.span.end)
    end = start + max(end_column, column) - 1
    return change.span.start < end <= change.span.end


def piece(change: Change) -> tuple[int, int]:
    """The rows (from 0, the end exclusive) of the new text in which the module's statements stand that the change belongs to."""
    first, last = change.lines
    below = change.after.count("\n", change.span.end)
    last_before = change.before.text.count("\n") - below
    is_same_above = change.after.startswith(change.before.text[: change.span.start])
    first_before = first - 1 if is_same_above else last_before
    begin, end = syntax.top_level(change.before.tree, min(first_before, last_before), last_before)
    added = last - 1 - last_before
    return first - 1 - (first_before - begin), change.after.count("\n") + 1 if end is None else end + added


def _parses_alone(change: Change) -> bool:
    """Whether what stands around the change parses by itself; False where that would take too long. The piece may be cut wrongly: a comment ends a
    statement for tree-sitter, and what is not finished yet may hold what comes below."""
    begin, end = piece(change)
    return sum(map(len, change.after.split("\n")[begin:end])) < THREAD_CHARS and _own_flaw(change) is None


def _own_flaw(change: Change) -> syntax.Flaw | None:
    """Why what stands around the change does not parse by itself."""
    begin, end = piece(change)
    found = syntax.module_or_flaw("\n".join(change.after.split("\n")[begin:end]))
    return syntax.Flaw(found.message, found.line and found.line + begin) if isinstance(found, syntax.Flaw) else None


def _broken(change: Change) -> tuple[syntax.Flaw, bool] | None:
    """Why the whole text does not parse, and whether that is not the change's doing; None where it does parse."""
    preamble = change.before.preamble
    found = syntax.module_or_flaw(preamble + change.after)
    if not isinstance(found, syntax.Flaw):
        return None
    flaw, own = syntax.Flaw(found.message, max(0, found.line - preamble.count("\n"))), _own_flaw(change)
    first, last = change.lines
    if not first <= flaw.line <= last and (
        (own is None and syntax.module(preamble + change.before.text) is None) or _is_broken_elsewhere(change)
    ):
        return flaw, True
    return own if own is not None and first <= own.line <= last else flaw, False


def _is_broken_elsewhere(change: Change) -> bool:
    """Whether the change is whole in itself and the only syntax errors stand outside its lines."""
    text = change.after[change.span.start : change.span.end]
    line = change.after[change.after.rfind("\n", 0, change.span.start) + 1 : change.span.start]
    alone = textwrap.dedent((line + text if line.strip() == "" else "").strip("\n"))
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


def _unparsed(change: Change, flaw: syntax.Flaw, *, is_elsewhere: bool, ms: float) -> Static:
    told = _told(change, flaw)
    return Static(
        (Check("parse", "unverified" if is_elsewhere else "failed", told, ms),), (), told if is_elsewhere else ""
    )


def _told(change: Change, flaw: syntax.Flaw) -> str:
    """With a line number where that line is the user's own; a line of the change is quoted, for nobody may have seen it yet."""
    first, last = change.lines
    if first <= flaw.line <= last:
        line = secrets.redact(change.after).split("\n")[
            flaw.line - 1
        ]  # all of it before it is cut: half a secret looks like none
        return f"{flaw.message}: {line.strip()[:QUOTE_LIMIT]}"
    added = change.after.count("\n") - change.before.text.count("\n")
    number = flaw.line - added if flaw.line > last else flaw.line
    return f"{flaw.message} (line {number})" if number > 0 else flaw.message


def _ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000
