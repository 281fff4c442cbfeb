"""How hints are told to scripts: the JSON of docs/protocol.md, and SARIF 2.1.0 for code hosts. Lines and columns count from 1, in code points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from analyzers.text import Snapshot, Span

from ..shapes import verdict_json
from .check import Report
from .explain import Explanation
from .hint import Fix, Hint

STAGES: dict[str, str] = {  # what is done, for whoever waits
    "rules": "checking the rules of ruff",
    "patterns": "looking for patterns of bugs",
    "doubts": "asking the model what it doubts",
    "project": "reading the project",
    "tests": "running the tests",
    "lines": "finding what the failing tests execute",
    "fixes": "looking for a fix",
    "calls": "making the calls that stand in the files",
    "inputs": "looking for inputs that make functions raise",
    "suspicions": "putting suspicions to the test",
}
LEVELS = {"proved": "error", "rule": "warning", "suspected": "note"}


def report_json(report: Report, texts: Mapping[str, str]) -> dict[str, Any]:
    """The answer of `assay check --json`, without its schema number."""
    told = []
    for name in sorted(report.hints):
        text = document(texts, name)
        told += [hint_json(hint, text) for hint in report.hints[name]]
    return {"hints": told, "notes": list(report.notes)}


def hint_json(hint: Hint, text: Snapshot) -> dict[str, Any]:
    """One hint."""
    return {
        "file": hint.name,
        **place(text, hint.span),
        "class": hint.kind,
        "code": hint.code,
        "message": hint.message,
        "confidence": round(hint.confidence, 2),
        "evidence": {
            "kind": hint.evidence.source,
            "detail": hint.evidence.detail,
            "tests": list(hint.evidence.tests),
            "input": hint.evidence.input or None,
        },
        "fix": None if hint.fix is None else fix_json(hint.fix, text),
    }


def explanation_json(explanation: Explanation, texts: Mapping[str, str]) -> dict[str, Any]:
    """The answer of `assay explain --json`, without its schema number."""
    fix = explanation.fix
    text = document(texts, explanation.name)
    return {
        "cause": explanation.cause,
        "file": explanation.name or None,
        "line": explanation.line or None,
        "fix": fix_json(fix, text) if fix is not None and fix.verdict is not None else None,
    }


def fix_json(fix: Fix, document: Snapshot) -> dict[str, Any]:
    """A fix: its edits by lines and columns, and what the checks say of it."""
    return {
        "title": fix.title,
        "edits": [place(document, edit.span) | {"text": edit.text} for edit in fix.edits],
        "verdict": None if fix.verdict is None else verdict_json(fix.verdict),
        "note": fix.note or None,
    }


def place(document: Snapshot, span: Span) -> dict[str, int]:
    """A span by lines and columns from 1."""
    first, last = document.line_of(span.start), document.line_of(span.end)
    return {
        "line": first + 1,
        "column": span.start - document.line_starts[first] + 1,
        "endLine": last + 1,
        "endColumn": span.end - document.line_starts[last] + 1,
    }


def sarif(report: Report, texts: Mapping[str, str], version: str) -> dict[str, Any]:
    """The hints as one SARIF run."""
    hints = report.all
    codes = {code: number for number, code in enumerate(dict.fromkeys(_rule_id(hint) for hint in hints))}
    helps = {_rule_id(hint): hint.url for hint in hints if hint.url}
    driver = {
        "name": "Assay",
        "semanticVersion": version,
        "rules": [{"id": code, **({"helpUri": helps[code]} if code in helps else {})} for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(hint, text, codes)
            for name in sorted(report.hints)
            for text in (document(texts, name),)
            for hint in report.hints[name]
        ],
    }
    if report.notes:
        run["invocations"] = [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [{"level": "note", "message": {"text": note}} for note in report.notes],
            }
        ]
    return {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}


def _result(hint: Hint, document: Snapshot, codes: Mapping[str, int]) -> dict[str, Any]:
    artifact = {"uri": quote(hint.name)}
    result: dict[str, Any] = {
        "ruleId": _rule_id(hint),
        "ruleIndex": codes[_rule_id(hint)],
        "level": LEVELS[hint.kind],
        "message": {"text": hint.message},
        "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": _region(document, hint.span)}}],
        "properties": {"class": hint.kind, "confidence": round(hint.confidence, 2), "tests": list(hint.evidence.tests)},
    }
    if hint.fix is not None:
        replacements = [
            {"deletedRegion": _region(document, edit.span), "insertedContent": {"text": edit.text}}
            for edit in hint.fix.edits
        ]
        changes = [{"artifactLocation": artifact, "replacements": replacements}]
        result["fixes"] = [{"description": {"text": hint.fix.title}, "artifactChanges": changes}]
    return result


def _region(document: Snapshot, span: Span) -> dict[str, int]:
    at = place(document, span)
    return {
        "startLine": at["line"],
        "startColumn": at["column"],
        "endLine": at["endLine"],
        "endColumn": at["endColumn"],
    }


def _rule_id(hint: Hint) -> str:
    return hint.code if hint.kind == "rule" else f"{hint.kind}/{hint.code}"


def document(texts: Mapping[str, str], name: str) -> Snapshot:
    """A file's text by its lines."""
    return Snapshot("", "", 0, texts.get(name, ""))


def counted(hints: Iterable[Hint]) -> str:
    """How many there are of each class, in words."""
    kinds = [hint.kind for hint in hints]
    parts = [
        f"{kinds.count(kind)} {word}"
        for kind, word in (("proved", "proved"), ("rule", "by rule"), ("suspected", "suspected"))
        if kind in kinds
    ]
    return ", ".join(parts)
