"""How made tests are told to scripts: the JSON of docs/protocol.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .way import RUNS, Made


def made_json(name: str, made: Sequence[Made]) -> dict[str, Any]:
    """The answer of `assay test --json` about functions of one file, without its schema number."""
    last = next((one.written for one in reversed(made) if one.written is not None), None)
    return {
        "file": name,
        "test": None if last is None else {"file": last.name, "text": last.text},
        "functions": [_function(one) for one in made],
    }


def _function(one: Made) -> dict[str, Any]:
    return {
        "name": one.subject.name,
        "line": one.subject.lines[0],
        "tests": list(one.written.tests) if one.written is not None else [],
        "why": one.why or None,
        "calls": [
            {
                "call": row.call,
                "kind": row.answer.kind,
                "expected": row.answer.kinds[0] if row.answer.kind == "raised" else row.answer.gives,
                "documented": row.is_documented,
            }
            for row in one.rows
        ],
        "questions": [{"call": two.call, "documented": two.documented, "found": two.found} for two in one.questions],
        "mutants": one.mutants,
        "before": one.before,
        "survivors": [{"line": two.line, "told": two.told} for two in one.survivors],
        "tried": one.tried,
        "runs": {"passed": one.runs, "of": RUNS},
        "seconds": round(one.took_s, 1),
    }
