"""How nouns are told to scripts and editors: the JSON of docs/protocol.md, and a verdict's title for a menu."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from analyzers import imports
from analyzers.text import Edit, Snapshot

from .nouns import Completion, Counts, Failed, Passed, Unverified, Verdict
from .world.change import Change

STATES = {Passed: "passed", Failed: "failed", Unverified: "unverified"}
SIGNS = {"passed": "✓", "failed": "✗", "unverified": "?", "skipped": "–"}


def state(verdict: Verdict) -> str:
    """One word: passed, failed or unverified."""
    return STATES[type(verdict)]


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """The verdict as docs/protocol.md has it."""
    return {
        "state": state(verdict),
        "reason": verdict.reason if isinstance(verdict, Unverified) else None,
        "why": verdict.why,
        "checks": [
            {"name": c.name, "state": c.state, "detail": c.detail, "ms": round(c.ms, 1)}
            | (_counts_json(c.counts) if c.counts else {})
            for c in verdict.checks
        ],
    }


def change_json(change: Change, verdict: Verdict) -> dict[str, Any]:
    """The verdict on a change, and of each of its files what was executed of what changed in it; null where nothing of it ran."""
    counts = next((check.counts for check in verdict.checks if check.counts is not None), None)
    by_file = {one.name: one for one in counts.files} if counts is not None else {}
    return {
        "verdict": verdict_json(verdict),
        "files": [
            {
                "file": one.name,
                "kind": one.kind,
                "executed": by_file[one.name].executed if one.name in by_file else None,
                "changed": by_file[one.name].changed if one.name in by_file else None,
            }
            for one in change.files
        ],
    }


def _counts_json(counts: Counts) -> dict[str, Any]:
    return {name: value for name, value in asdict(counts).items() if name != "files"}


def title(verdict: Verdict) -> str:
    """The evidence in a few signs, for a menu or a status line: "names ✓ 4 tests ✓"."""
    parts = []
    for check in verdict.checks:
        if check.name in ("ruff", "style") or check.state == "skipped":
            continue
        label = check.detail.partition(",")[0] if check.name == "tests" and check.state == "passed" else check.name
        if check.name != "parse" or check.state == "failed":
            parts.append(f"{label} {SIGNS[check.state]}")
    if isinstance(verdict, Unverified):
        parts.append(f"unverified: {verdict.reason}")
    return " ".join(parts) or "parse ✓"


def completion_json(completion: Completion, snapshot: Snapshot) -> dict[str, Any]:
    """The answer of `assay complete --json` for a place in `snapshot`, as docs/protocol.md has it."""
    return {
        "schema": 1,
        "traceId": completion.trace_id,
        "suggestions": [
            {
                "id": s.id,
                "text": s.text,
                "replace": {"start": s.replace.start, "end": s.replace.end},
                "edits": [_edit_json(imports.edit(snapshot, s.imports))] if s.imports else [],
                "verdict": verdict_json(s.verdict),
                "origin": {
                    "engine": s.origin.engine,
                    "model": s.origin.model,
                    "promptId": s.origin.prompt_id,
                    "sources": list(s.origin.sources),
                    "sampling": dict(s.origin.sampling),
                    "confidence": s.origin.confidence,
                },
            }
            for s in completion.suggestions
        ],
        "dropped": [{"text": d.text, "stage": d.stage, "reason": d.reason} for d in completion.dropped],
        "why": completion.why,
    }


def _edit_json(edit: Edit) -> dict[str, Any]:
    return {"start": edit.span.start, "end": edit.span.end, "text": edit.text}
