"""The part of a line that is likely enough to be kept: what the code nearby says, and the checks that fit text that is not whole yet."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from analyzers import fragment, lint, phrases
from analyzers.phrases import Step
from analyzers.text import Span

from . import confidence, verify
from .bench import Ask, Change, Workbench
from .confidence import Cut
from .verdict import Check, CheckState, Failed, Unverified, Verdict, unverified

LINE_NOT_DONE = "The line is not finished, so nothing of it can be run yet."
WRONG = (
    "F821",
    "F822",
    "F823",
    "PLE",
)  # what is wrong even on a line that goes on; ruff's other findings may just be unfinished


@dataclass(frozen=True, slots=True)
class Near:
    """What the code nearby makes likely after the cursor, with the places where it may be cut."""

    steps: tuple[Step, ...]
    cuts: tuple[Cut, ...]
    typed: str

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(step.text for step in self.steps)


def near(ask: Ask) -> Near:
    """From the document alone: milliseconds, no model."""
    before = ask.snapshot.preamble + ask.snapshot.text[: ask.offset]
    after = ask.snapshot.text[ask.offset :]
    steps = phrases.continuation((before, after), before, limit=confidence.STEPS)
    cuts = tuple(
        Cut(len("".join(s.text for s in steps[: n + 1]).rstrip()), cut.probability)
        for n, cut in enumerate(confidence.phrase_cuts(steps))
    )
    return Near(steps, cuts, phrases.typed_word(before))


async def judge(bench: Workbench, ask: Ask, text: str) -> Verdict:
    """The verdict on `text` as the next part of a line: it fails when no way is seen to go on from it, or when it uses a name
    that does not exist; else it is unverified, because what is not whole cannot be run."""
    started = time.perf_counter()
    before, after = ask.snapshot.text[: ask.offset] + text, ask.snapshot.text[ask.offset :]
    closing = fragment.closing(before, after)
    parse_ms = (time.perf_counter() - started) * 1000
    if closing is None:
        detail = "there is no way to go on from here"
        return Failed((Check("parse", "failed", detail, parse_ms),), detail)
    rest_end = after.find("\n") if "\n" in after else len(after)
    tail = closing.middle + after[:rest_end].rstrip("\r") + closing.end
    change = Change(ask.snapshot, before + tail + after[rest_end:], _span(ask, text), ask.root, ask.overlay)
    parse = Check("parse", "passed", "as far as it is written", parse_ms)
    ruff, named = await asyncio.gather(_ruff(change), verify.named(bench, change))
    checks = (parse, ruff, _own(named, change))
    failed = next((check for check in checks if check.state == "failed"), None)
    if failed is not None:
        return Failed(checks, failed.detail)
    return unverified("static-policy" if bench.settings.policy == "static" else "no-tests", checks, LINE_NOT_DONE)


def shortened(verdict: Unverified) -> Unverified:
    """The verdict on a line, for its beginning alone."""
    return Unverified(
        verdict.checks, verdict.reason, f"{verdict.why} Only the likely beginning of the line is offered."
    )


def _span(ask: Ask, text: str) -> Span:
    return Span(ask.offset, ask.offset + len(text))


async def _ruff(change: Change) -> Check:
    started = time.perf_counter()
    try:
        findings = await lint.check(change.before.preamble + change.after)
    except lint.LintError as error:
        return Check("ruff", "skipped", str(error))
    above = change.before.preamble.count("\n")
    bad = [
        f for f in findings if f.code.startswith(WRONG) and _is_inside(f.line - above, f.column, f.end_column, change)
    ]
    state: CheckState = "failed" if bad else "passed"
    return Check("ruff", state, "; ".join(f"{f.code} {f.message}" for f in bad), (time.perf_counter() - started) * 1000)


def _own(named: verify.Named, change: Change) -> Check:
    """The names check, for the names that the part itself writes."""
    above = change.before.preamble.count("\n")
    own = [u for u in named.unknown if _is_inside(u.line - above, u.column + 1, u.column + 1 + u.length, change)]
    if not named.unknown or own:
        return named.check
    return Check("names", "passed", "", named.check.ms)


def _is_inside(line: int, column: int, end_column: int, change: Change) -> bool:
    """Whether a finding (from 1) ends inside the changed span: it does not begin or end beyond what is offered."""
    start = change.after.rfind("\n", 0, change.span.start) + 1
    first = change.after.count("\n", 0, change.span.start) + 1
    if line != first:
        return first < line <= first + change.after.count("\n", change.span.start, change.span.end)
    end = start + max(end_column, column) - 1
    return change.span.start < end <= change.span.end
