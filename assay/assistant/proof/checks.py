"""T0 and T1: does a change parse, what does ruff say, do its names exist. Milliseconds, on text; nothing is executed."""

from __future__ import annotations

import ast
import asyncio
import hashlib
import re
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from analyzers import fragment, lint, names, risks, secrets, syntax
from analyzers.changed import always_runs
from analyzers.text import Snapshot, changed_span

from ..nouns import Check, CheckName, CheckState
from ..workbench import Workbench
from ..world.change import Change, Edited
from . import conventions

NAMES_S = 0.6  # jedi's 90th percentile after a dot is 0.3 s; it runs beside the container
PATIENT_S = 8.0  # of one file, where nobody types: the same change has the same answer on a busy machine
MEMBER_ROWS = 60  # of a statement of the module, above which the member of a class is looked at alone
THREAD_CHARS = 50_000  # longer text around a change takes more than 10 ms: a thread parses all of it
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
    """The names check, and the names that do not exist, with lines of the document; `is_always`: each of them is executed whenever its
    statement is."""

    check: Check
    unknown: tuple[names.Unknown, ...] = ()
    is_always: bool = True


async def static(bench: Workbench, change: Change, meanwhile: Callable[[], None] = lambda: None) -> Static:
    """T0 and T1's ruff, of all Python files of a change. `meanwhile` is called before ruff is asked, where nothing speaks against the change by then: what else there is to find out need not wait for it."""
    every = [one for one in change.files if one.is_python and not one.is_gone]
    parsed = [_parsed(one) for one in every]
    if not any(one.flaw for one in parsed):
        meanwhile()
    pairs = zip(every, parsed, strict=True)
    found = await asyncio.gather(*(_static_of(bench, change.root, one, own, change.world.python) for one, own in pairs))
    if len(every) == 1:
        return found[0]
    checks = _joined([(one.name, each.checks) for one, each in zip(every, found, strict=True)])
    elsewhere = next((f"{e.name}: {f.elsewhere}" for e, f in zip(every, found, strict=True) if f.elsewhere), "")
    return Static(checks, tuple(name for one in found for name in one.undefined), elsewhere)


_WORST: tuple[CheckState, ...] = ("failed", "unverified", "skipped", "passed")


def _joined(found: list[tuple[str, tuple[Check, ...]]]) -> tuple[Check, ...]:
    """The checks of several files, each kind as one: as bad as its worst, and what it saw with the name of the file."""
    by_name: dict[CheckName, list[tuple[str, Check]]] = {}
    for file, checks in found:
        for check in checks:
            by_name.setdefault(check.name, []).append((file, check))
    return tuple(
        Check(
            name,
            next(state for state in _WORST if any(one.state == state for _, one in every)),
            "; ".join(f"{file}: {one.detail}" for file, one in every if one.detail),
            sum(one.ms for _, one in every),
        )
        for name, every in by_name.items()
    )


@dataclass(frozen=True, slots=True)
class _Parsed:
    """What our own Python says of what stands around a change, and in which time."""

    flaw: syntax.Flaw | None
    ms: float


def _parsed(change: Edited) -> _Parsed:
    started = time.perf_counter()
    return _Parsed(_own_flaw(change), _ms(started))


async def _static_of(bench: Workbench, root: Path, change: Edited, parsed: _Parsed, python: str) -> Static:
    """The same of one file, for the project's Python.

    What stands around the change is parsed here, as far as the module's next statement. The rest of a long file is left to ruff: Python takes tens
    of milliseconds for it, twice as long where it does not parse. It is asked, in a thread, where the two do not agree.
    """
    started = time.perf_counter()
    preamble, own, parse_ms = change.before.preamble, parsed.flaw, parsed.ms
    try:
        after = await _linted(change.before, change.after, python)
        flaws, (first, last) = _flaws(after, change), change.lines
        # What does not parse in the change itself is the change's doing, whatever the text without it is.
        is_own = own is not None and any(first <= flaw.line <= last for flaw in flaws)
        before = await _found_before(bench, change.before, python) if after and not is_own else ()
    except lint.LintError as error:
        broken = await asyncio.to_thread(_broken_for_python, change, own)
        skipped = Check("ruff", "skipped", str(error))
        return (
            _unparsed(change, broken, parse_ms) if broken else Static((Check("parse", "passed", "", parse_ms), skipped))
        )
    had_syntax = any("syntax" in f.code for f in before)
    if (own or flaws) and (broken := await _broken(change, own, flaws, was_broken=had_syntax)):
        return _unparsed(change, broken, parse_ms)
    above = preamble.count("\n")
    bad = [f for f in lint.new(before, after) if first + above <= f.line <= last + above or not had_syntax]
    detail = "; ".join([*dict.fromkeys(f"{f.code} {f.message}" for f in bad)][:3])
    undefined = tuple(m[1] for f in bad if f.code == "F821" and (m := re.search(r"`([^`]+)`", f.message)))
    checked = Check("ruff", "failed" if bad else "passed", detail, _ms(started))
    held = await conventions.held(bench.projects.guides.of(root), change, python)
    return Static((Check("parse", "passed", "", parse_ms), checked, *held), undefined)


async def _linted(document: Snapshot, text: str, python: str) -> tuple[lint.Finding, ...]:
    """Ruff's findings in a text of a document, by lines of the text with its preamble; of a notebook's cell by the rules of notebooks. Raises LintError."""
    if document.cells is None:
        return await lint.check(document.preamble + text, python)
    above = document.preamble.count("\n")
    return tuple(replace(one, line=one.line + above) for one in await lint.of_cell(document.cells, text, python))


async def _found_before(bench: Workbench, before: Snapshot, python: str) -> tuple[lint.Finding, ...]:
    """Ruff's findings without a change: several candidates are judged against one text."""
    whole = f"{python}\0{before.preamble}{before.text}\0{before.cells}"
    digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()
    if (known := bench.memory.findings.get(digest)) is None:
        known = await _linted(before, before.text, python)
        bench.memory.findings.put(digest, known)
    return known


def may_be_risky(change: Change) -> bool:
    """Whether the changed lines are worth a look for `risks_of`, which parses all of the file."""
    return any(one.is_python and risks.may_have(one.after[one.span.start : one.span.end]) for one in change.files)


def risks_of(change: Change) -> tuple[Check, ...]:
    """What the changed lines reach for that somebody should look at first, and the text before does not: one check that is never passed; none where there is nothing."""
    found = []
    for one in change.files:
        written = one.after[one.span.start : one.span.end]
        if one.is_python and not one.is_gone and risks.may_have(written):
            told = risks.told(risks.new(one.before.text, one.after, *one.lines))
            found += [f"{one.name}: {told}" if len(change.files) > 1 else told] if told else []
    return (Check("risks", "unverified", "; ".join(found)),) if found else ()


async def named(bench: Workbench, change: Change, *, is_waited_for: bool = True) -> Named:
    """T1's names by jedi, of all Python files of a change, each among the others; skipped, never failed, where jedi cannot say."""
    every = [one for one in change.files if one.is_python and not one.is_gone]
    within_s = NAMES_S if is_waited_for else PATIENT_S
    found = [await _named_in(bench, change, one, within_s) for one in every]  # it answers one question at a time
    if len(every) == 1:
        return found[0]
    (check,) = _joined([(one.name, (each.check,)) for one, each in zip(every, found, strict=True)]) or (
        Check("names", "passed"),
    )
    return Named(check, tuple(name for one in found for name in one.unknown), all(one.is_always for one in found))


async def _named_in(bench: Workbench, whole: Change, change: Edited, within_s: float = NAMES_S) -> Named:
    """The same of one file."""
    started = time.perf_counter()
    text = change.before.preamble + change.after
    above = change.before.preamble.count("\n")
    first, last = change.lines
    if not names.may_be_looked_up("\n".join(text.split("\n")[first + above - 1 : last + above])):
        return Named(Check("names", "passed", "", _ms(started)))
    where = replace(whole.world, documents=whole.texts).where(change.before.path, text)
    try:
        begin, end = piece(change)
        around = (begin + above, end + above)
        looked = await bench.names.check(where, first + above, last + above, around=around, timeout_s=within_s)
    except names.NamesUnavailable as error:
        return Named(Check("names", "skipped", str(error), _ms(started)))
    unknown = looked.unknown
    if not unknown and looked.count < looked.of:
        return Named(
            Check("names", "skipped", f"{looked.count} of {looked.of} names were looked at in time", _ms(started))
        )
    detail = "; ".join([*(u.what for u in unknown), *(f"no module {name} was found" for name in looked.unfound)])
    own = tuple(replace(one, line=one.line - above) for one in unknown)
    is_always = not own or await asyncio.to_thread(_always, change.after, own)
    return Named(Check("names", "failed" if unknown else "passed", detail, _ms(started)), own, is_always)


def _always(text: str, unknown: tuple[names.Unknown, ...]) -> bool:
    tree = syntax.module(text)
    rows = text.split("\n")
    return tree is not None and all(
        always_runs(tree, one.line, len(rows[one.line - 1][: one.column].encode("utf-8", "surrogatepass")))
        for one in unknown
        if one.line > 0
    )


async def so_far(bench: Workbench, begun: Change) -> tuple[Check, ...]:
    """The checks that fit a change of one file which goes on: that there is a way to go on, and that what it names exists."""
    started, change = time.perf_counter(), begun.first
    before, after = change.after[: change.span.end], change.after[change.span.end :]
    closing = fragment.closing(before, after)
    parse_ms = _ms(started)
    if closing is None:
        return (Check("parse", "failed", "there is no way to go on from here", parse_ms),)
    line_end = after.find("\n") if "\n" in after else len(after)
    closed = before + closing.middle + after[:line_end].rstrip("\r") + closing.end + after[line_end:]
    whole = replace(change, after=closed)
    parsed = Check("parse", "passed", "as far as it is written", parse_ms)
    if _own_flaw(whole) is None:
        (ruff, _), name = await asyncio.gather(_ruff_so_far(whole, begun.world.python), _named_in(bench, begun, whole))
        return parsed, ruff, _own_names(name, whole)
    ruff, is_broken = await _ruff_so_far(whole, begun.world.python)
    if is_broken:  # jedi's worker would parse all of it to say so
        return parsed, ruff, Check("names", "skipped", "the text does not parse yet")
    return parsed, ruff, _own_names(await _named_in(bench, begun, whole), whole)


async def _ruff_so_far(change: Edited, python: str) -> tuple[Check, bool]:
    """Ruff's check, and whether it found that the text does not parse."""
    started = time.perf_counter()
    try:
        findings = await _linted(change.before, change.after, python)
    except lint.LintError as error:
        return Check("ruff", "skipped", str(error)), False
    above = change.before.preamble.count("\n")
    bad = [
        f
        for f in findings
        if f.code.startswith(WRONG_SO_FAR) and _ends_inside(f.line - above, f.column, f.end_column, change)
    ]
    state: CheckState = "failed" if bad else "passed"
    check = Check("ruff", state, "; ".join(f"{f.code} {f.message}" for f in bad), _ms(started))
    return check, any("syntax" in f.code for f in findings)


def _own_names(name: Named, change: Edited) -> Check:
    """The names check, for the names that the change itself writes."""
    is_own = any(_ends_inside(u.line, u.column + 1, u.column + 1 + u.length, change) for u in name.unknown)
    return name.check if is_own or not name.unknown else Check("names", "passed", "", name.check.ms)


def _ends_inside(line: int, column: int, end_column: int, change: Edited) -> bool:
    """Whether a finding (from 1) ends inside the changed span: it does not begin or end beyond what is judged."""
    start = change.after.rfind("\n", 0, change.span.start) + 1
    first = change.after.count("\n", 0, change.span.start) + 1
    if line != first:
        return first < line <= first + change.after.count("\n", change.span.start, change.span.end)
    end = start + max(end_column, column) - 1
    return change.span.start < end <= change.span.end


def piece(change: Edited) -> tuple[int, int]:
    """The rows (from 0, the end exclusive) of the new text in which the module's statements stand that the change belongs to."""
    found = _around(change, syntax.top_level)
    assert found is not None
    return found


def _around(change: Edited, cut: Callable[..., tuple[int, int | None] | None]) -> tuple[int, int] | None:
    """The rows of the new text that `cut` finds around the change in the old one's tree."""
    first, last = change.lines
    below = change.after.count("\n", change.span.end)
    last_before = change.before.text.count("\n") - below
    is_same_above = change.after.startswith(change.before.text[: change.span.start])
    first_before = first - 1 if is_same_above else last_before
    found = cut(change.before.tree, min(first_before, last_before), last_before)
    if found is None:
        return None
    begin, end = found
    added = last - 1 - last_before
    return first - 1 - (first_before - begin), change.after.count("\n") + 1 if end is None else end + added


_LONG = syntax.Flaw("not looked at alone")


def _own_flaw(change: Edited) -> syntax.Flaw | None:
    """Why what stands around the change does not parse by itself; _LONG where that would take too long. The piece may be cut wrongly: a comment
    ends a statement for tree-sitter, and what is not finished yet may hold what comes below."""
    begin, end = piece(change)
    head, rows = "", change.after.split("\n")
    if end - begin > MEMBER_ROWS and (inner := _around(change, syntax.member)) is not None:
        begin, end = inner[0] - 1, inner[1]  # a class of hundreds of lines takes the event loop ten milliseconds
        head = "class _:"
    text = "\n".join([head, *rows[begin + 1 : end]] if head else rows[begin:end])
    if len(text) > THREAD_CHARS:
        return _LONG
    found = syntax.module_or_flaw(text)
    return syntax.Flaw(found.message, found.line and found.line + begin) if isinstance(found, syntax.Flaw) else None


@dataclass(frozen=True, slots=True)
class _Broken:
    """Why the whole text does not parse, and whether that is not the change's doing."""

    flaw: syntax.Flaw
    is_elsewhere: bool = False


def _flaws(findings: tuple[lint.Finding, ...], change: Edited) -> tuple[syntax.Flaw, ...]:
    """What ruff could not parse, by lines of the document."""
    above = change.before.preamble.count("\n")
    return tuple(syntax.Flaw(f.message, max(0, f.line - above)) for f in findings if "syntax" in f.code)


async def _broken(
    change: Edited, own: syntax.Flaw | None, flaws: tuple[syntax.Flaw, ...], *, was_broken: bool
) -> _Broken | None:
    """What is wrong, by the statements around the change (`own`) and by ruff (`flaws`); None where the text parses."""
    first, last = change.lines
    if flaws and was_broken and not any(first <= flaw.line <= last for flaw in flaws):
        if own is None or _is_whole_in_itself(change):
            return _Broken(flaws[0], is_elsewhere=True)
    elif not (flaws and own):
        return await asyncio.to_thread(_broken_for_python, change, own)
    return _Broken(own if own is not None and first <= own.line <= last else flaws[0])


def _broken_for_python(change: Edited, own: syntax.Flaw | None) -> _Broken | None:
    """The same by Python's own parser."""
    preamble = change.before.preamble
    found = syntax.module_or_flaw(preamble + change.after)
    if not isinstance(found, syntax.Flaw):
        return None
    flaw = syntax.Flaw(found.message, max(0, found.line - preamble.count("\n")))
    first, last = change.lines
    was_broken = not first <= flaw.line <= last and syntax.module(preamble + change.before.text) is None
    if was_broken and (own is None or _is_whole_in_itself(change)):
        return _Broken(flaw, is_elsewhere=True)
    return _Broken(own if own is not None and first <= own.line <= last else flaw)


def _is_whole_in_itself(change: Edited) -> bool:
    """Whether the change parses alone, and the syntax errors of the text stand outside its lines."""
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
    old, new = changed_span(change.before.text, change.after)
    edited = change.before.edited(old, change.after[new.start : new.end], change.before.version)
    first, last = change.lines
    errors = syntax.error_lines(edited.tree)
    return bool(errors) and not any(first <= line <= last for line in errors)


def _unparsed(change: Edited, broken: _Broken, ms: float) -> Static:
    told = _told(change, broken.flaw)
    if broken.is_elsewhere:
        return Static((Check("parse", "unverified", told, ms),), (), told)
    return Static((Check("parse", "failed", told, ms),))


def _told(change: Edited, flaw: syntax.Flaw) -> str:
    """With a line number where that line is the user's own; a line of the change is quoted, for nobody may have seen it yet."""
    first, last = change.lines
    if first <= flaw.line <= last:
        # All of it before it is cut: half a secret looks like none.
        line = secrets.redact(change.after).split("\n")[flaw.line - 1]
        return f"{flaw.message}: {line.strip()[:QUOTE_LIMIT]}"
    added = change.after.count("\n") - change.before.text.count("\n")
    number = flaw.line - added if flaw.line > last else flaw.line
    return f"{flaw.message} (line {number})" if number > 0 else flaw.message


def _ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000
