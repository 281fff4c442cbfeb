"""What is known of a text without running it: the rules of the project's linter, and what patterns suspect."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection
from pathlib import Path

from analyzers import bugs, lint, rules
from analyzers.conventions import breaches
from analyzers.docstrings import disagree
from analyzers.rules import RuleFinding
from analyzers.text import Edit, Snapshot, Span

from ..workbench import Workbench
from .hint import Evidence, Fix, Hint

CONVENTION = "convention"  # the code of a hint about one
UNSURE = 0.75  # of an exception of which nobody in the project knows a class
UNNECESSARY = ("F401", "F811", "F841", "F842", "ERA001", "RUF059")  # what editors fade out: unused, or defined twice


async def of_document(bench: Workbench, snapshot: Snapshot, name: str, root: Path) -> tuple[Hint, ...]:
    """Hints about a document as the editor has it; of a notebook's cell those in the cell itself."""
    found: list[Hint] = []
    if bench.settings.is_on("hints.rules"):
        found += await _rules(snapshot, name, root)
        if snapshot.cells is None:
            found += await conventions(bench, snapshot, name, root)
    if bench.settings.is_on("hints.docstrings") and not snapshot.preamble:
        state = bench.projects.known(root)
        others = list(state.texts.values()) if state is not None else None
        found += await asyncio.to_thread(disagreements, snapshot, name, others)
    if bench.settings.is_on("hints.suspected"):
        found += await suspected(snapshot, name, least=bench.settings.number("hints.confidence") / 100)
    return tuple(found)


async def conventions(bench: Workbench, snapshot: Snapshot, name: str, root: Path) -> list[Hint]:
    """Where a document breaks the team's conventions."""
    guide = bench.projects.guides.of(root)
    if not guide.of(name):
        return []
    broken = [*await asyncio.to_thread(breaches.found, guide, snapshot.text, name)]
    with contextlib.suppress(lint.LintError):
        broken += await breaches.of_ruff(guide, snapshot.text, name)
    return [
        Hint(name, span(snapshot, (one.line, one.column), one.end), "rule", CONVENTION, one.message, 1.0, Evidence("guide", one.why or one.rule))
        for one in broken
    ]  # fmt: skip


async def suspected(snapshot: Snapshot, name: str, *, least: float) -> list[Hint]:
    """What `patterns` gives, found in a thread."""
    return await asyncio.to_thread(patterns, snapshot, name, least=least)


def patterns(snapshot: Snapshot, name: str, *, least: float) -> list[Hint]:
    """What patterns suspect in a document, with a confidence of at least `least`. Takes milliseconds for each hundred lines."""
    return [_suspicion(one, name) for one in bugs.found(snapshot) if one.confidence >= least]


def disagreements(snapshot: Snapshot, name: str, others: Collection[str] | None) -> list[Hint]:
    """Where a docstring tells of a parameter or an exception that its function does not have; `others` are the other texts of the project, None where they are not known. Takes milliseconds."""
    return [
        Hint(
            name,
            one.span,
            "rule" if one.is_sure else "suspected",
            one.code,
            one.message,
            1.0 if one.is_sure else UNSURE,
            Evidence("docstring", one.code),
            None,
            one.function,
        )
        for one in disagree.of_text(snapshot.text, others)
    ]


def of_rules(findings: tuple[RuleFinding, ...], snapshot: Snapshot, name: str) -> list[Hint]:
    """Ruff's findings as hints, each with ruff's own fix where it has a safe one."""
    return [_rule(one, snapshot, name) for one in findings]


async def _rules(snapshot: Snapshot, name: str, root: Path) -> list[Hint]:
    try:
        if snapshot.cells is not None:
            path = snapshot.path if snapshot.path.endswith(".ipynb") else str(root / "untitled.ipynb")
            findings = await rules.of_cell(snapshot.cells, snapshot.text, path, root)
        else:
            findings = await rules.of_text(snapshot.text, snapshot.path or str(root / "untitled.py"), root)
    except lint.LintError:
        return []  # `assay check` says why; while somebody types nothing is known, and nothing is said
    return of_rules(findings, snapshot, name)


def _rule(one: RuleFinding, snapshot: Snapshot, name: str) -> Hint:
    fix = None
    if one.mend is not None and one.mend.is_safe:
        edits = tuple(Edit(span(snapshot, start, end), text) for start, end, text in one.mend.edits)
        fix = Fix(one.mend.message, edits)
    return Hint(
        name,
        span(snapshot, one.start, one.end),
        "rule",
        one.code,
        one.message,
        1.0,
        Evidence("ruff", f"ruff {one.code}"),
        fix,
        url=one.url,
        tags=("unnecessary",) if one.code in UNNECESSARY else (),
    )


def span(snapshot: Snapshot, start: tuple[int, int], end: tuple[int, int]) -> Span:
    """The span between two places that count from 1."""
    first = _offset(snapshot, start)
    return Span(first, max(first, _offset(snapshot, end)))


def _offset(snapshot: Snapshot, place: tuple[int, int]) -> int:
    line, column = place
    starts = snapshot.line_starts
    if line == 1 and snapshot.text.startswith("\ufeff"):
        column += 1  # ruff does not count it
    return min(starts[line - 1] + column - 1, len(snapshot.text)) if line <= len(starts) else len(snapshot.text)


def _suspicion(one: bugs.Found, name: str) -> Hint:
    fix = Fix(f"Write `{one.edit.text}`", (one.edit,)) if one.edit is not None and "\n" not in one.edit.text else None
    return Hint(name, one.span, "suspected", one.code, one.message, one.confidence, Evidence("pattern", one.code), fix)
