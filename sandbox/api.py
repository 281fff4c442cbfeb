"""What a sandbox is asked and what it answers. Nothing here touches a container engine.

A broken snippet, a timeout and a failing test are answers. `SandboxUnavailable` means that nothing was learned about
the code: a dead container never looks like a wrong program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

DEPENDENCIES = "/deps"  # in a container, where the packages do not lie in an environment of its Python's
StepKind = Literal["pytest", "script", "ruff", "calls", "inputs", "expressions"]
State = Literal["ready", "starting", "absent", "broken", "off"]


class SandboxUnavailable(Exception):
    """Nothing could be run. `what` was tried and seen, `mend` is the sentence that mends it; the message is both."""

    def __init__(self, what: str, mend: str = "") -> None:
        super().__init__(f"{what} {mend}".strip())
        self.what = what
        self.mend = mend


class ProjectUnavailable(SandboxUnavailable):
    """Nothing of one project could be run; others are not concerned."""


class PythonUnavailable(ProjectUnavailable):
    """No image with the Python of one project could be had."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Code of the file `path` (relative, POSIX) that a test executes or does not; `analyzers.changed.Piece` says what the fields mean. `lines`: the
    first and the last, from 1."""

    path: str
    lines: tuple[int, int]
    at: tuple[int, int, int, int] | None = None
    names: tuple[str, ...] = ()
    owner: str = ""
    scope: str = ""
    is_top: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """Expressions that are looked for: over parameters by their `names`, of which each of the `rows` has values as literals; `checks` say for each row what is to hold of the value, named `_`. `words` of a description
    speak for what is tried first, `constants` are literals that it names; `seconds` is the time for it."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    checks: tuple[str, ...]
    constants: tuple[str, ...]
    words: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Step:
    """One forked run inside the container.

    `files` (relative POSIX path → text, None to remove) is written just before the step and stays for later steps.
    It is ended after `timeout_s`, and where nothing was heard of a test for `quiet_s` (0: only then): that test hangs.
    `tests` are pytest node ids without parameters, of functions, classes or whole files; those of `without` are left out. A test's result says
    something about the change where it executes one of its `pieces`. `changed` are the files that the change is made of, `test_files` those of them that
    hold tests, and `brought` are the beginnings of the ids of those that it brings or alters: what a change brings along does not prove it. `traces`: what is executed while tests are
    collected is told, too; `records`: the functions that each test enters; `watched`: files of which each test's lines are told, and with `observes` what their functions returned and raised, too, with `takes` what they were called with; `test_s`: a test that
    takes longer is interrupted and fails (0: none is). `stops`: the tests run in the order in which they are asked for, file by file, up to the first that fails.

    `calls` are expressions that a step of that kind evaluates one by one, in the module `path` with its definitions and assignments; for a step
    of the kind "inputs" they are functions of it, for which inputs are looked for; `search` is what a step of the kind "expressions" looks for. `alone`: it is told which calls ask something of the system, but for files of the project; `elsewhere`: they are made on another day, in another time zone and another home. So many calls that do not end in time (`call_s`, 0: a second; `lates`, 0: any number) end the step.
    """

    kind: StepKind
    timeout_s: float
    files: tuple[tuple[str, str | None], ...] = ()
    tests: tuple[str, ...] = ()
    doctests: bool = False
    changed: tuple[str, ...] = ()
    pieces: tuple[Piece, ...] = ()
    without: tuple[str, ...] = ()
    test_files: tuple[str, ...] = ()
    brought: tuple[str, ...] = ()
    traces: bool = False
    records: bool = False
    path: str = ""
    quiet_s: float = 0.0
    watched: tuple[str, ...] = ()
    observes: bool = False
    takes: bool = False
    test_s: float = 0.0
    calls: tuple[str, ...] = ()
    stops: bool = False
    alone: bool = False
    elsewhere: bool = False
    lates: int = 0
    call_s: float = 0.0
    search: Search | None = None


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A project's own Python: the path that starts it ("" the image's, which is to be of that version, with packages in DEPENDENCIES), its version ("3.12"), and what of this machine it needs, as (target in the container, source) pairs, each mounted
    read-only. `stamp` changes when its packages do; `packages` is their folder on this machine, for an image's Python of the same version where the program itself does not start there."""

    program: str
    python: str
    mounts: tuple[tuple[str, str], ...]
    stamp: tuple[int, ...] = ()
    packages: str = ""


@dataclass(frozen=True, slots=True)
class Packages:
    """What a project without an environment asks for: plain requirements, the versions that hold for all of them, and the file that says so. They are fetched as wheels from the user's own index, once."""

    wanted: tuple[str, ...]
    versions: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Project:
    """What is loaded into a container before any job: an archive and its digest, and where its files stand there ("" for a place of the sandbox's own); the Python that runs
    it (None for the image's), the packages that a layer is made of for it, or the image that holds its dependencies ("" for the sandbox's own). Without an archive it stands for a project whose files are still looked
    through: a container can be started for it, and be given them later. `top` is a folder around `root` that the archive's names begin at, where others come along ("": `root`); `paths` are folders that code is imported from, below `root` where they are relative."""

    digest: str
    archive: bytes
    root: str = ""
    interpreter: Interpreter | None = None
    image: str = ""
    packages: Packages | None = None
    top: str = ""
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """Steps for one single-use container that holds `project`; one that is not urgent has a small share of the processors."""

    project: Project
    steps: tuple[Step, ...]
    is_urgent: bool = True


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test item. `outcome` is pytest's word, "missing" when nothing was reported of it, or "left" when the time was up before. `hit` are the
    numbers of the pieces that it executed. `detail` is a failure's message, `where` the project's file and function that raised it, `is_inside`
    whether in a changed line, `is_meant` whether by a `raise` or `assert`, `is_set_up` whether the test's own function was not reached. `took_s`: the function's own time."""

    __test__ = False  # for pytest's collection, which goes by the name

    id: str
    outcome: str
    hit: tuple[int, ...] = ()
    detail: str = ""
    where: str = ""
    is_inside: bool = False
    is_set_up: bool = False
    is_meant: bool = False
    took_s: float = 0.0

    @property
    def is_green(self) -> bool:
        """Passed, and not by being skipped or expected to fail."""
        return self.outcome == "passed"


@dataclass(frozen=True, slots=True)
class Frame:
    """Where in a project's file something was under way: relative path, function, and the place (line, column, end line, end column) with lines from
    1 and columns from 0 in bytes, as `ast` has them."""

    path: str
    function: str
    place: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Raised:
    """What a call ended with: the exception's name with its bases' (the nearest first), its last line as a traceback has it, the project's frames from the
    outside, and whether the innermost one of them raised it by a `raise` or `assert` of its own; `source` is the call, where it was looked for; `sought` as in `TestReport`."""

    kinds: tuple[str, ...]
    detail: str
    frames: tuple[Frame, ...]
    is_meant: bool = False
    source: str = ""
    sought: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Observed:
    """What calls of a function were seen to end with: the names of the types that they returned, and the exceptions that left it, each by its name with its bases' (the nearest first), the line (from 1) that
    let it out, and whether it began there. `yields`: it gave values as a generator does."""

    returned: frozenset[str] = frozenset()
    raised: frozenset[tuple[tuple[str, ...], int, bool]] = frozenset()
    yields: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """The arguments of a call, as literals: by place (None for what is no plain value), the tuple of further ones, those that are given by name alone, and the dict of further ones by name."""

    args: tuple[str | None, ...]
    more: str
    keywords: Mapping[str, str | None]
    named: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A call that a test makes itself: the file of what is called, its first line, and the arguments. On an instance it is on one that another call (`maker`) made, or on the variable `name` of the file `module`."""

    file: str
    line: int
    taken: Taken
    maker: Entry | None = None
    module: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Harness:
    """What ran the tests: the versions of Python and pytest, and whether that pytest is the project's own; empty where nothing was told of it."""

    python: str = ""
    pytest: str = ""
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class TestReport:
    """What came over the report channel of a pytest step.

    `finished` is the end mark with this run's nonce; `control` is the outcome of the test that must fail; `import_hit` are the pieces executed
    while tests were collected, where that was traced. `entered`: by test, or by a node for all tests below it ("" for the import of all of them),
    the functions of the project that were entered, as "path::dotted.name", where that was recorded. `ended_in` is the test in which the whole run
    came to its end. `lines`: by test, and by watched file, the lines executed. `unseen`: the tests that may have executed what nothing here could trace, in other processes and older threads; "" for all of them. `observed`: by test, watched file and the function's first line (its decorators' included), how calls of it ended.
    `sought`: by test, by file for its import, or by "" for that of all, names below the project's root that were looked for and are not there ("folder/": its content was asked for), and machines elsewhere that were called, as "//host:port".
    `taken`: by watched file and the function's first line, what it was called with, and `entries`: by which other calls, that tests make, it was reached.
    """

    __test__ = False

    tests: tuple[TestResult, ...] = ()
    collect_errors: tuple[str, ...] = ()
    control: str = ""
    finished: bool = False
    import_hit: tuple[int, ...] = ()
    entered: Mapping[str, frozenset[str]] = field(default_factory=dict)
    ended_in: str = ""
    lines: Mapping[str, Mapping[str, frozenset[int]]] = field(default_factory=dict)
    observed: Mapping[str, Mapping[str, Mapping[int, Observed]]] = field(default_factory=dict)
    harness: Harness = Harness()
    unseen: frozenset[str] = frozenset()
    sought: Mapping[str, frozenset[str]] = field(default_factory=dict)
    taken: Mapping[str, Mapping[int, tuple[Taken, ...]]] = field(default_factory=dict)
    entries: Mapping[str, Mapping[int, tuple[Entry, ...]]] = field(default_factory=dict)

    def sought_by(self, test: str) -> frozenset[str]:
        """What a test looked for and did not find, itself, or by the import of its file or of a `conftest.py`."""
        nodes = (test, test.partition("::")[0], "")
        return frozenset().union(*(self.sought.get(node, frozenset()) for node in dict.fromkeys(nodes)))


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """How a step ended; `hung` says that it was ended because a test did not. Times in ms; streams are capped at 64 KiB each and decoded with
    replacement. `raised`: by number, what the calls of a step came to that ended with an exception; `returned` what the others gave, as text; `outside`: those that asked something of the system, where that was looked at; `took_s`: seconds of each. `found`: expressions that were looked for, the likeliest first."""

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
    raised: Mapping[int, Raised] = field(default_factory=dict)
    returned: Mapping[int, str] = field(default_factory=dict)
    outside: frozenset[int] = frozenset()
    took_s: Mapping[int, float] = field(default_factory=dict)
    found: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Running:
    """How far a step is: how many tests were begun, and for how many ms it had no processor though it could have run."""

    tests: int
    waited_ms: float


@dataclass(frozen=True, slots=True)
class Progress:
    """Called in the event loop: `started` when a container is in hand, so that waiting for one can be told from
    running, `outcome` with each step's number and outcome as it comes, and `running` now and then with a step's number meanwhile."""

    started: Callable[[], None] = lambda: None
    outcome: Callable[[int, StepOutcome], None] = lambda number, outcome: None
    running: Callable[[int, Running], None] = lambda number, running: None


NO_PROGRESS = Progress()


@dataclass(frozen=True, slots=True)
class Health:
    """`why` is one sentence for a person: what is missing and what mends it. Empty when ready. `engine` is the container engine's name and
    version, "" until it was reached; of `size` containers that are to stand ready, `warm` do."""

    state: State
    image: str = ""
    why: str = ""
    engine: str = ""
    size: int = 0
    warm: int = 0


class Sandbox(Protocol):
    """Two kinds exist: `pool.Pool` on a container engine, and `absent.Absent`."""

    async def run(self, job: Job, progress: Progress = NO_PROGRESS) -> tuple[StepOutcome, ...]:
        """Run the steps in order in a fresh container. Cancelling kills the container within a second.

        Raises SandboxUnavailable when nothing can be said about the code.
        """
        ...

    async def warm(self, project: Project) -> None:
        """Prepare containers that already hold `project`, in the background of later calls. Returns once what speaks to the engine is imported, which is all that takes this process long."""
        ...

    def health(self) -> Health:
        """The last known state, without asking anybody."""
        ...

    async def close(self) -> None:
        """Remove every container of this sandbox."""
        ...
