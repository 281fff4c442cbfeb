"""What a sandbox is asked and what it answers. Nothing here touches a container engine.

A broken snippet, a timeout and a failing test are answers. `SandboxUnavailable` means that nothing was learned about
the code: a dead container never looks like a wrong program.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

StepKind = Literal["pytest", "script", "ruff"]
State = Literal["ready", "starting", "absent", "broken", "off"]


class SandboxUnavailable(Exception):
    """Nothing could be run. `what` was tried and seen, `mend` is the sentence that mends it; the message is both."""

    def __init__(self, what: str, mend: str = "") -> None:
        super().__init__(f"{what} {mend}".strip())
        self.what = what
        self.mend = mend


class ProjectUnavailable(SandboxUnavailable):
    """Nothing of one project could be run; others are not concerned."""


@dataclass(frozen=True, slots=True)
class Step:
    """One forked run inside the container.

    `files` (relative POSIX path → text, None to remove) is written just before the step and stays for later steps.
    It is ended after `timeout_s`, and where nothing was heard of a test for `quiet_s` (0: only then): that test hangs.
    `tests` are pytest node ids without parameters; `target` is the changed file whose `body_lines` (or, where there
    are none, `module_lines`; 1-based) a test must execute for its result to say anything about the change.
    """

    kind: StepKind
    timeout_s: float
    files: tuple[tuple[str, str | None], ...] = ()
    tests: tuple[str, ...] = ()
    doctests: bool = False
    target: str = ""
    body_lines: tuple[int, ...] = ()
    module_lines: tuple[int, ...] = ()
    path: str = ""
    quiet_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Project:
    """What is loaded into a container before any job: an archive and its digest; where dependencies are mounted from,
    or the image that holds them ("" for the sandbox's own). Without an archive it stands for a project whose files are still looked
    through: a container can be started for it, and be given them later."""

    digest: str
    archive: bytes
    site_packages: Path | None = None
    image: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """Steps for one single-use container that holds `project`."""

    project: Project
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test item. `outcome` is pytest's word, "missing" when nothing was reported of it, or "left" when the time was up before."""

    __test__ = False  # for pytest's collection, which goes by the name

    id: str
    outcome: str
    hit: bool = False
    detail: str = ""

    @property
    def is_green(self) -> bool:
        """Passed, and not by being skipped or expected to fail."""
        return self.outcome == "passed"


@dataclass(frozen=True, slots=True)
class TestReport:
    """What came over the report channel of a pytest step.

    `finished` is the end mark with this run's nonce; `control` is the outcome of the test that must fail.
    """

    __test__ = False

    tests: tuple[TestResult, ...] = ()
    collect_errors: tuple[str, ...] = ()
    control: str = ""
    finished: bool = False
    import_hit: bool = False


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """How a step ended; `hung` says that it was ended because a test did not. Times in ms; streams are capped at 64 KiB each and decoded with
    replacement."""

    exit: int
    signal: int
    timed_out: bool
    oom: bool
    stdout: str
    stderr: str
    truncated: bool
    ms: float
    touched: tuple[str, ...] = ()
    hung: bool = False
    tests: TestReport = field(default_factory=TestReport)


@dataclass(frozen=True, slots=True)
class Progress:
    """Called in the event loop: `started` when a container is in hand, so that waiting for one can be told from
    running, and `outcome` with each step's number and outcome as it comes."""

    started: Callable[[], None] = lambda: None
    outcome: Callable[[int, StepOutcome], None] = lambda number, outcome: None


NO_PROGRESS = Progress()


@dataclass(frozen=True, slots=True)
class Health:
    """`why` is one sentence for a person: what is missing and what mends it. Empty when ready."""

    state: State
    image: str = ""
    why: str = ""


class Sandbox(Protocol):
    """Two kinds exist: `pool.Pool` on a container engine, and `absent.Absent`."""

    async def run(self, job: Job, progress: Progress = NO_PROGRESS) -> tuple[StepOutcome, ...]:
        """Run the steps in order in a fresh container. Cancelling kills the container within a second.

        Raises SandboxUnavailable when nothing can be said about the code.
        """
        ...

    async def warm(self, project: Project) -> None:
        """Prepare containers that already hold `project`, in the background of later calls."""
        ...

    def health(self) -> Health:
        """The last known state, without asking anybody."""
        ...

    async def close(self) -> None:
        """Remove every container of this sandbox."""
        ...
