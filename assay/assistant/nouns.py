"""The nouns: data that travels through the assistant, frozen. No services and no I/O, so every part may know them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from analyzers.changed import Piece
from analyzers.names import Unknown
from analyzers.text import Snapshot, Span
from analyzers.unfinished import Left
from assay.engine.api import EngineState

from .evidence import Evidence

CheckName = Literal["parse", "ruff", "names", "tests", "style"]
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
FileKind = Literal["edited", "new", "gone"]
Trigger = Literal["automatic", "invoked"]
Chosen = Literal["map", "imports"]
Baseline = Literal["run", "pending", "unparsable"]  # what is known of the run without a change


@dataclass(frozen=True, slots=True)
class Edited:
    """One file of a change: the document before (empty for a new file), its whole text after, and the changed span in that text. `name` is its path
    relative to the project's root, POSIX, "" for a document outside it. Of a file that is new the text before is empty, of one that is gone the one after."""

    before: Snapshot
    after: str
    span: Span
    name: str
    kind: FileKind = "edited"

    @property
    def lines(self) -> tuple[int, int]:
        """First and last changed line of the new text, from 1."""
        first = self.after.count("\n", 0, self.span.start) + 1
        text = self.after[self.span.start : self.span.end].rstrip()
        lead = len(text) - len(text.lstrip("\n"))
        return first + lead, first + text.count("\n")

    @property
    def is_gone(self) -> bool:
        """Whether the change takes the file away."""
        return self.kind == "gone"

    @property
    def is_python(self) -> bool:
        """Whether it is to be read as Python; a document without a path, and a cell of a notebook, are."""
        path = self.before.path
        return not path or bool(self.before.preamble) or path.endswith((".py", ".pyi"))


@dataclass(frozen=True, slots=True)
class Change:
    """Files of a project that get new texts together: one verdict is about all of them.

    `overlay` holds the editor's other open documents: relative POSIX path → text. Where `is_whole` is False, the span is the
    beginning of something that goes on, and what follows it in `after` only makes the text whole enough to be looked at.
    `begun` is there where the change is offered to somebody who writes: the statement under way in the text before, without which the project is run
    to compare. Both are of changes of one file.
    """

    root: Path
    files: tuple[Edited, ...]
    overlay: Mapping[str, str] = field(default_factory=dict)
    is_whole: bool = True
    begun: Span | None = None

    @property
    def first(self) -> Edited:
        """The file, where there is but one."""
        return self.files[0]

    @property
    def texts(self) -> dict[str, str]:
        """The project's documents that are not as on disk: the other open ones, and the change's own files as it leaves them."""
        gone = {one.name for one in self.files if one.is_gone}
        own = {one.name: one.after for one in self.files if one.name and not one.is_gone}
        return {name: text for name, text in {**self.overlay, **own}.items() if name not in gone}


def edited(root: Path, before: Snapshot, after: str, span: Span, *, kind: FileKind = "edited") -> Edited:
    """A file of a change in the project at `root`."""
    path = Path(before.path)
    name = path.relative_to(root).as_posix() if before.path and path.is_relative_to(root) else ""
    return Edited(before, after, span, name, kind)


def one_file(
    before: Snapshot, after: str, span: Span, root: Path, overlay: Mapping[str, str] = MappingProxyType({})
) -> Change:
    """A change of one file, among the other open documents `overlay`."""
    return Change(root, (edited(root, before, after, span),), overlay)


@dataclass(frozen=True, slots=True)
class Covered:
    """Of a file, `executed` of `changed` lines (or ways, where a line has several)."""

    name: str
    executed: int
    changed: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What tests executed: `executed` of `changed` lines (or ways, where a line has several), by `run` of `reaching` tests, `chosen` by the coverage
    map or by imports; and the same of each file."""

    executed: int
    changed: int
    run: int
    reaching: int
    chosen: Chosen = "imports"
    files: tuple[Covered, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what it saw in `detail` (one line), and how long it took in ms; `counts` of the tests."""

    name: CheckName
    state: CheckState
    detail: str = ""
    ms: float = 0.0
    counts: Counts | None = None


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
    """Nothing failed and nothing was proved, for `reason`. `green` tests that execute the change passed all the same, where others are left."""

    checks: tuple[Check, ...]
    reason: Reason
    why: str
    green: int = 0


Verdict = Passed | Failed | Unverified
Tell = Callable[[str, Verdict], None]  # is told a suggestion's id and the verdict that came after it


@dataclass(frozen=True, slots=True)
class Run:
    """What the tests that reach a change showed, with it and without it, and what ruff said under the project's own rules. Of `reaching` tests
    `left` were not run. `pieces` are those of the change with their files, by number in the evidence; `leaves` says what a change that
    is offered to somebody who writes leaves to write, None of another change; with a
    `suspicion` that it reaches for the test harness nothing green counts."""

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

    @property
    def counts(self) -> Counts:
        """In figures."""
        files: dict[str, tuple[int, int]] = {}
        for number, (name, piece) in enumerate(self.pieces):
            weight, (done, of) = 1 if piece.at else len(piece.changed), files.get(name, (0, 0))
            files[name] = done + (weight if number in self.evidence.executed else 0), of + weight
        executed, changed = (sum(one[n] for one in files.values()) for n in (0, 1))
        covered = tuple(Covered(name, *found) for name, found in files.items())
        return Counts(executed, changed, self.reaching - self.left, self.reaching, self.chosen, covered)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request for suggestions. `tell` hears of a verdict that changes after the answer. `overlay`: open documents by
    relative path.

    `trigger`: "automatic" while somebody types, who waits for one or two candidates at most; "invoked" by somebody who asked.
    `can_import`: whether the client writes imports at the top of the file when a suggestion that needs them is taken. `names`: those that may
    stand behind the dot before the cursor, with what is typed of them; empty where nobody knows.
    """

    snapshot: Snapshot
    offset: int
    root: Path
    overlay: Mapping[str, str] = field(default_factory=dict)
    tell: Tell | None = None
    can_import: bool = True
    trigger: Trigger = "invoked"
    names: tuple[str, ...] = ()

    @property
    def before(self) -> str:
        """The document's text up to the cursor."""
        return self.snapshot.text[: self.offset]

    @property
    def after(self) -> str:
        """The document's text from the cursor on."""
        return self.snapshot.text[self.offset :]

    @property
    def where(self) -> str:
        """Path and position from 1, for people."""
        line = self.snapshot.line_of(self.offset)
        column = self.offset - self.snapshot.line_span(line).start + 1
        return f"{self.snapshot.path or self.snapshot.uri}:{line + 1}:{column}"


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
