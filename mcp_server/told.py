"""What the tools answer: the shapes of their structured output, and the same in at most forty lines of text."""

from __future__ import annotations

from collections.abc import Iterable

from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

LINES = 40
WIDTH = 400  # characters of a line


class Finding(TypedDict):
    """What makes a change look better than it is. `line` is one of the old text where `gone` is true."""

    kind: str
    file: str
    line: int
    gone: bool
    told: str


class OwnNotice(TypedDict):
    """Of so many mutants of the changed lines the tests noticed some."""

    mutants: int
    noticed: int


class Tests(TypedDict):
    """Tests by their names, ten of each kind at most. `own` came with the change and are counted apart."""

    reaching: int
    run: int
    passing: int
    newlyPassing: list[str]
    newlyFailing: list[str]
    own: list[str]
    ownNotice: OwnNotice
    left: int
    firstFailing: str | None


class Executed(TypedDict):
    """A file of a change: how many of its changed lines tests executed; null where nothing of it ran."""

    file: str
    kind: str
    executed: int | None
    changed: int | None


class Judged(TypedDict):
    """`state` is passed, failed or unverified (then `reason` is one word for why); nothing that did not run is passed. `tree` is the SHA-256 of the texts that were judged."""

    state: str
    reason: str | None
    why: str
    findings: list[Finding]
    tests: Tests
    files: list[Executed]
    unchecked: list[str]
    tree: str
    traceId: str


class Hint(TypedDict):
    """A hint on a changed line; `class` is proved, rule or suspected."""

    file: str
    line: int
    kind: str
    code: str
    message: str
    evidence: str


class Checked(TypedDict):
    """Hints on the changed lines of the texts as they are now, and what could not be looked at."""

    hints: list[Hint]
    notes: list[str]


class Explained(TypedDict):
    """The cause, its place, and a fix that was checked, as a diff."""

    cause: str
    file: str | None
    line: int | None
    fix: str | None
    verdict: str | None


class Place(TypedDict):
    """Something that is there, with what is known of it, each in one line."""

    name: str
    file: str
    line: int
    facts: list[str]


class Found(TypedDict):
    """Definitions of a name with their facts and callers, or what is there for a description with a ready call."""

    places: list[Place]
    there: list[str]


class Written(TypedDict):
    """A diff of what was written, "" where nothing is offered and `why` says why; `applied`: it stands in the files, and `undo` takes it back."""

    diff: str
    why: str
    verdict: str | None
    applied: bool


class Undone(TypedDict):
    """What was taken back."""

    title: str
    files: list[str]


def text(lines: Iterable[str]) -> str:
    """Lines for an agent: forty at most, and none that is endless."""
    found = [line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…" for one in lines for line in one.split("\n")]
    if len(found) > LINES:
        found = [*found[: LINES - 1], f"… and {len(found) - LINES + 1} lines more"]
    return "\n".join(found)
