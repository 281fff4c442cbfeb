"""The way of a review on one screen: the verdict and what makes the change look better than it is, hints on its lines, texts that speak for themselves, what behaves otherwise, and what no test would notice. Few remarks, each with its evidence; no praise, no nits."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, replace
from pathlib import Path

from analyzers.changed import hunks, new_lines
from sandbox.api import SandboxUnavailable

from ..changes.gathered import Gathered
from ..hints import check as checking
from ..hints.check import Report, Scope
from ..hints.hint import Hint
from ..nouns import Passed, Tell
from ..test import asked as testing
from ..test.suite import Place
from ..workbench import Workbench
from ..world.change import Change
from ..world.state import State
from . import behaviour, handed, remarks
from .handed import HandedIn
from .remarks import Remark, Severity

SECONDS = 45.0  # within which runs may begin that are not the verdict's own
TESTS_S = 25.0  # that its tests may take: a review says what can be said within a minute
# Rules of ruff whose findings are bugs; what else a project's linter says it says by itself.
_BUGS = re.compile(r"F(?!401|403|405|841)\d+|E9\d+|PLE\d+|B00[2356]|B01[5678]|B02[0-35-9]|B03[0135]|B039|ASYNC1\d\d|RUF006|invalid-syntax")  # fmt: skip
SURVIVORS = 3  # that are told
LINES = 60  # changed lines whose mutants are tried
_OF_HINTS: dict[str, Severity] = {"proved": "error", "rule": "warning", "suspected": "note"}
SURE = 0.75  # of a suspicion that is told


@dataclass(frozen=True, slots=True)
class Review:
    """What is to be said of a change. `notes` are sentences about what was not looked at."""

    handed: HandedIn
    remarks: tuple[Remark, ...]
    notes: tuple[str, ...] = ()
    took_s: float = 0.0


async def reviewed(bench: Workbench, gathered: Gathered, cache: Path, tell: Tell) -> Review:
    """Review a change. Raises SandboxUnavailable."""
    begun = time.monotonic()
    until = begun + SECONDS
    change, notes = gathered.change, list[str]()
    least = min(bench.settings.number("verify.budget_s"), TESTS_S)
    bench = replace(bench, settings=replace(bench.settings, values={**bench.settings.values, "verify.budget_s": least}))  # fmt: skip
    judged = await handed.judged(bench, gathered, lambda done, of: tell("tests", done, of))
    state = await bench.projects.state(change.root)
    both = await asyncio.to_thread(handed.both, state, change)
    edited = {one.name: one for one in change.files}
    found = [*remarks.of_findings(judged), *await asyncio.to_thread(lambda: list(remarks.of_texts(both, edited)))]
    report = await _hints(bench, change, cache, tell)
    notes += report.notes
    found += _of_hints(report, change)
    tell("behaviour", 0, 0)
    try:
        found += await behaviour.of(bench, state, change, until)
        if isinstance(judged.verdict, Passed) and time.monotonic() < until:
            found += await _survivors(bench, state, change, until, tell)
    except (SandboxUnavailable, TimeoutError):
        notes.append("What no test would notice was not looked at: the time was up.")
    return Review(judged, remarks.ordered(found), (*notes, *judged.unchecked), time.monotonic() - begun)


async def _hints(bench: Workbench, change: Change, cache: Path, tell: Tell) -> Report:
    """Hints on the changed lines of the texts with the change."""
    texts = {one.name: one.after for one in change.files if one.is_python and not one.is_gone}
    lines = {one.name: new_lines(one.before.text, one.after) for one in change.files}
    report = await checking.static_of_files(bench, Scope(change.root, texts, cache), tell)
    return checking.within(report, lines, texts)


def _of_hints(report: Report, change: Change) -> list[Remark]:
    texts = {one.name: one.after for one in change.files}
    return [
        Remark(_OF_HINTS[one.kind], one.code, one.name, texts[one.name].count("\n", 0, one.span.start) + 1, one.message, one.evidence.detail or one.evidence.source)
        for one in filter(_is_told, report.all)
    ]  # fmt: skip


def _is_told(one: Hint) -> bool:
    """Whether a review tells a hint: what the project's own linter says by itself is told where it is a bug."""
    if one.kind == "suspected":
        return one.confidence >= SURE
    return one.evidence.source != "ruff" or _BUGS.fullmatch(one.code) is not None


async def _survivors(bench: Workbench, state: State, change: Change, until: float, tell: Tell) -> list[Remark]:
    """Small changes of the changed lines that no test notices."""
    found = list[Remark]()
    for one in change.files:
        if not one.is_python or one.is_gone or state.is_run(one.name):
            continue
        over = {other.name: other.after for other in change.files if other.name != one.name and not other.is_gone}
        for hunk in hunks(one.before.text, one.after):
            if hunk.last < hunk.first or hunk.last - hunk.first > LINES or time.monotonic() > until:
                continue
            at = Place(state, one.name, one.after, over)
            survey = await asyncio.wait_for(testing.survey(bench, at, hunk.first, hunk.last, tell), max(1.0, until - time.monotonic()))  # fmt: skip
            for mutant, fate in survey.survivors:
                if (
                    fate == "alive" and len(found) < SURVIVORS and not mutant.told.endswith("were `''`")
                ):  # a text that nobody reads is a nit
                    found.append(Remark("note", "untested", one.name, mutant.line, f"No test notices if {mutant.told}.", "the tests, run on that change"))  # fmt: skip
    return found
