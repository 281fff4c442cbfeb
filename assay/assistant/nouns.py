"""The nouns: data that travels through the assistant, frozen. No services and no I/O, so every part may know them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from analyzers.changed import Piece
from analyzers.names import Unknown
from analyzers.text import Span
from analyzers.unfinished import Left
from assay.engine.api import EngineState

from .evidence import Evidence

CheckName = Literal["parse", "ruff", "conventions", "names", "risks", "tests", "style"]
CheckState = Literal["passed", "failed", "skipped", "unverified"]
Reason = Literal[
    "no-tests",
    "static-policy",
    "deadline",
    "no-sandbox",
    "baseline-red",
    "breaks-tests",
    "tests-left",
    "partly-executed",
    "unparsable-elsewhere",
    "touches-harness",
]
Trigger = Literal["automatic", "invoked"]
Chosen = Literal["map", "imports"]
Baseline = Literal["run", "pending", "unparsable"]  # what is known of the run without a change


@dataclass(frozen=True, slots=True)
class Covered:
    """Of a file, `executed` of `changed` lines (or ways, where a line has several)."""

    name: str
    executed: int
    changed: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What tests executed: `executed` of `changed` lines (or ways, where a line has several), by `run` of `reaching` tests, `chosen` by the coverage
    map or by imports; and the same of each file. `harness` says what ran them."""

    executed: int
    changed: int
    run: int
    reaching: int
    chosen: Chosen = "imports"
    files: tuple[Covered, ...] = ()
    harness: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what it saw in `detail` (one line), and how long it took in ms; of the tests `counts`, and what became of each of them."""

    name: CheckName
    state: CheckState
    detail: str = ""
    ms: float = 0.0
    counts: Counts | None = None
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Passed:
    """No check failed, and at least one test that executes a changed line passed."""

    checks: tuple[Check, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A check failed; `why` names it. `undefined` and `unknown` are the names that it failed for, for a repair."""

    checks: tuple[Check, ...]
    why: str
    undefined: tuple[str, ...] = ()
    unknown: tuple[Unknown, ...] = ()

    @property
    def stage(self) -> CheckName:
        """The first check that failed."""
        return next((check.name for check in self.checks if check.state == "failed"), "tests")


@dataclass(frozen=True, slots=True)
class Unverified:
    """Nothing failed and nothing was proved, for `reason`. `green` tests that execute the change passed all the same, where others are left. `unknown` are names that nobody knows of, where tests that may show them are not done."""

    checks: tuple[Check, ...]
    reason: Reason
    why: str
    green: int = 0
    unknown: tuple[Unknown, ...] = ()


Verdict = Passed | Failed | Unverified


def risk(checks: tuple[Check, ...]) -> str:
    """What a change reaches for that somebody should look at before it runs; "" for nothing."""
    return next((check.detail for check in checks if check.name == "risks"), "")


TellVerdict = Callable[[str, Verdict], None]  # is told a suggestion's id and the verdict that came after it
Tell = Callable[[str, int, int], None]  # is told what is done, and how much of how much


@dataclass(frozen=True, slots=True)
class Run:
    """What the tests that reach a change showed, with it and without it, and what ruff said under the project's own rules. Of `reaching` tests
    `left` were not run. `pieces` are those of the change with their files, by number in the evidence; `leaves` says what a change that
    is offered to somebody who writes leaves to write, None of another change; with a
    `suspicion` that it reaches for the test harness nothing green counts. Of files that are `uncounted` nobody asks whether their lines were executed."""

    evidence: Evidence
    baseline: Baseline
    ms: float
    style: Check | None = None
    reaching: int = 0
    left: int = 0
    pieces: tuple[tuple[str, Piece], ...] = ()
    suspicion: str = ""
    chosen: Chosen = "imports"
    leaves: Left | None = None
    uncounted: frozenset[str] = frozenset()

    @property
    def counts(self) -> Counts:
        """In figures."""
        files: dict[str, tuple[int, int]] = {}
        for number, (name, piece) in enumerate(self.pieces):
            if name in self.uncounted:
                continue
            weight, (done, of) = 1 if piece.at else len(piece.changed), files.get(name, (0, 0))
            files[name] = done + (weight if number in self.evidence.executed else 0), of + weight
        executed, changed = (sum(one[n] for one in files.values()) for n in (0, 1))
        covered = tuple(Covered(name, *found) for name, found in files.items())
        ran = self.reaching - self.left - len(self.evidence.uncollected)
        return Counts(executed, changed, max(ran, 0), self.reaching, self.chosen, covered, self.evidence.harness)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a suggestion came from. `confidence` is the forecast that all of it is kept; None where nobody knows."""

    engine: str
    model: str
    prompt_id: str
    sources: tuple[str, ...]
    sampling: Mapping[str, Any]
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Text, verdict and origin: the only thing a client may see. `imports` are statements that go to the top of the
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
    """What one request came to. `why` says in one sentence why there is nothing; empty when there is something. `engine` is what the
    request learnt of the engine; None where it did not ask it, or did not wait."""

    trace_id: str
    suggestions: tuple[Suggestion, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    why: str = ""
    engine: EngineState | None = None
