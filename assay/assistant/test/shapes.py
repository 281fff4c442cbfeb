"""How made tests are told to scripts: the JSON of docs/protocol.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .asking import RUNS
from .way import Made


def made_json(made: Mapping[str, Sequence[Made]]) -> dict[str, Any]:
    """The answer of `assay test --json` about functions by their files, without its schema number."""
    return {"files": [_file(name, of) for name, of in made.items()]}


def _file(name: str, made: Sequence[Made]) -> dict[str, Any]:
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
                "source": row.source,
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
