"""The Workbench: the services a feature may use, made once by the composition root, and the nouns that travel."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analyzers.names import Names
from analyzers.text import Span
from assay.engine.api import Engine
from sandbox.api import Sandbox

from .ledger import Ledger
from .settings import Settings
from .trace import Traces
from .verdict import Verdict, to_json
from .workspace import Workspace


@dataclass(frozen=True, slots=True)
class Candidate:
    """Generated text and the span it replaces; not yet offered. `tokens_logprob` is the mean per token, or None."""

    text: str
    replace: Span
    tokens_logprob: float | None = None
    note: str = ""  # what a repair did, for the trace


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a suggestion came from."""

    engine: str
    model: str
    prompt_id: str
    sources: tuple[str, ...]
    sampling: dict[str, Any]
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Candidate, verdict and origin: the only thing a client may see."""

    id: str
    text: str
    replace: Span
    verdict: Verdict
    origin: Origin


@dataclass(frozen=True, slots=True)
class Dropped:
    """A candidate that was not offered, at which stage, and why."""

    text: str
    stage: str
    reason: str


@dataclass(frozen=True, slots=True)
class Completion:
    """What one request came to. `why` says in one sentence why there is nothing; empty when there is something."""

    trace_id: str
    suggestions: tuple[Suggestion, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Workbench:
    """Passed first to everything that does the work. `cache` is a folder that is safe to delete."""

    settings: Settings
    engine: Engine
    sandbox: Sandbox
    names: Names
    workspace: Workspace
    traces: Traces
    ledger: Ledger
    cache: Path
    complaints: tuple[str, ...] = field(default=())


def completion_json(completion: Completion) -> dict[str, Any]:
    """The answer of `assay complete --json`, as docs/protocol.md has it."""
    return {
        "schema": 1,
        "traceId": completion.trace_id,
        "suggestions": [
            {
                "id": s.id,
                "text": s.text,
                "replace": {"start": s.replace.start, "end": s.replace.end},
                "verdict": to_json(s.verdict),
                "origin": {
                    "engine": s.origin.engine,
                    "model": s.origin.model,
                    "promptId": s.origin.prompt_id,
                    "sources": list(s.origin.sources),
                    "sampling": s.origin.sampling,
                    "confidence": s.origin.confidence,
                },
            }
            for s in completion.suggestions
        ],
        "dropped": [{"text": d.text, "stage": d.stage, "reason": d.reason} for d in completion.dropped],
        "why": completion.why,
    }
