"""The Workbench: the services a feature may use, made once by the composition root, and the nouns that travel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from analyzers import imports
from analyzers.names import Names
from analyzers.text import Edit, Snapshot, Span
from assay.engine.api import Engine
from sandbox.api import Sandbox, StepOutcome

from .definitions import Known
from .flights import Flights
from .ledger import Ledger
from .pacing import Pace
from .recent import Recent
from .settings import Settings
from .shown import Shown
from .trace import Traces
from .verdict import Tested, Verdict, to_json
from .workspace import Workspace

Trigger = Literal["automatic", "invoked"]
LaterVerdict = Callable[[str, Verdict], None]


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `later` is told when a verdict changes after the answer. `overlay`: open documents by relative path.

    `trigger`: "automatic" while somebody types, who waits for one or two candidates at most; "invoked" by somebody who asked.
    `can_import`: whether the client writes imports at the top of the file when a suggestion that needs them is taken.
    """

    snapshot: Snapshot
    offset: int
    root: Path
    overlay: Mapping[str, str] = field(default_factory=dict)
    later: LaterVerdict | None = None
    can_import: bool = True
    trigger: Trigger = "invoked"

    @property
    def where(self) -> str:
        """Path and position from 1, for people."""
        line = self.snapshot.line_of(self.offset)
        column = self.offset - self.snapshot.line_span(line).start + 1
        return f"{self.snapshot.path or self.snapshot.uri}:{line + 1}:{column}"


@dataclass(frozen=True, slots=True)
class Change:
    """A document before, its whole text after, the changed span in that text, and the project around it.

    `overlay` holds the editor's other open documents: relative POSIX path → text.
    """

    before: Snapshot
    after: str
    span: Span
    root: Path
    overlay: Mapping[str, str]

    @property
    def name(self) -> str:
        """Path relative to the root, POSIX; "" for a document outside it."""
        path = Path(self.before.path)
        return path.relative_to(self.root).as_posix() if self.before.path and path.is_relative_to(self.root) else ""

    @property
    def lines(self) -> tuple[int, int]:
        """First and last changed line of the new text, from 1."""
        first = self.after.count("\n", 0, self.span.start) + 1
        text = self.after[self.span.start : self.span.end].rstrip()
        lead = len(text) - len(text.lstrip("\n"))
        return first + lead, first + text.count("\n")


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
    """Candidate, verdict and origin: the only thing a client may see. `imports` are statements that go to the top of the
    file with it (`analyzers.imports.edit` says where); the verdict holds for both together."""

    id: str
    text: str
    replace: Span
    verdict: Verdict
    origin: Origin
    imports: tuple[str, ...] = ()


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
    """Passed first to everything that does the work. `cache` is a folder that is safe to delete. `proofs` and `baselines`
    remember, by content, what containers found with a change and without it; what is unverified is never in them. `fruitless`
    are batches of unlikely tests that did not execute the functions at hand: not worth another run while somebody types.
    `shown`, `flights` and `pace` are what one window's typing leaves behind: offers, generations under way, its rhythm."""

    settings: Settings
    engine: Engine
    sandbox: Sandbox
    names: Names
    workspace: Workspace
    traces: Traces
    ledger: Ledger
    cache: Path
    complaints: tuple[str, ...] = field(default=())
    proofs: Recent[Tested] = field(default_factory=Recent)
    baselines: Recent[StepOutcome] = field(default_factory=Recent)
    fruitless: Recent[bool] = field(default_factory=Recent)
    shown: Shown = field(default_factory=Shown)
    flights: Flights = field(default_factory=Flights)
    pace: Pace = field(default_factory=Pace)
    definitions: dict[str, Known] = field(default_factory=dict)


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


def _edit_json(edit: Edit) -> dict[str, Any]:
    return {"start": edit.span.start, "end": edit.span.end, "text": edit.text}
