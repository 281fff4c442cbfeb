"""Hints as the protocol's diagnostics."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from lsprotocol import types

from analyzers.text import Snapshot
from assay.assistant.hints.dismissed import full_code
from assay.assistant.hints.hint import Hint

from .capabilities import Encoding
from .convert import range_of

TESTS_TOLD = 3  # of a hint's tests by name in its message
_TAGS = {"unnecessary": types.DiagnosticTag.Unnecessary, "deprecated": types.DiagnosticTag.Deprecated}


def diagnostic(snapshot: Snapshot, encoding: Encoding, hint: Hint) -> types.Diagnostic:
    """One hint: its class is in the code and the severity, its evidence in the message."""
    return types.Diagnostic(
        range=range_of(snapshot, hint.span, encoding),
        message=_message(hint),
        severity=_severity(hint),
        code=full_code(hint),
        code_description=types.CodeDescription(hint.url) if hint.url else None,
        source="Assay",
        tags=[_TAGS[tag] for tag in hint.tags] or None,
    )


def result_id(items: Sequence[types.Diagnostic]) -> str:
    """What tells whether the same hints were sent before."""
    return hashlib.sha256(repr(list(items)).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _message(hint: Hint) -> str:
    tests = hint.evidence.tests
    told = [hint.message]
    if tests:
        more = f" and {len(tests) - TESTS_TOLD} more" if len(tests) > TESTS_TOLD else ""
        told.append(f"Failing: {', '.join(tests[:TESTS_TOLD])}{more}")
    if hint.fix is not None and hint.fix.verdict is not None:
        told.append(f"{hint.fix.title}: {hint.fix.why}")
    return "\n".join(told)


def _severity(hint: Hint) -> types.DiagnosticSeverity:
    if hint.kind == "suspected":
        return types.DiagnosticSeverity.Information
    if hint.kind == "rule":
        return types.DiagnosticSeverity.Error if hint.is_error else types.DiagnosticSeverity.Warning
    # The second and third line of a cause are places to look at, no more.
    return types.DiagnosticSeverity.Error if hint.confidence >= 0.5 else types.DiagnosticSeverity.Hint
