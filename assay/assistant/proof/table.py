"""What tests say of a change: the decisions of a verdict in three tables, each read from the top to the first row that fits.

SAYS: what one test says, by how it ended without the change and with it, and whether it executed it. AGAINST: what of that speaks against a change, by what it leaves to write. MEANS: what all of it comes to.
docs/verdicts.md tells people the same, docs/decisions/0002 and 0007 why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from analyzers.unfinished import Left

from ..evidence import Evidence
from ..nouns import Baseline, Run

Before = Literal["green", "red", "none", "left"]
After = Literal["green", "fails as before", "fails otherwise", "missing as before", "missing otherwise", "wanting", "skipped", "left", "taken out"]  # fmt: skip
Executed = Literal["yes", "no", "set-up"]  # of the change, by the test; "set-up": before it failed in a fixture
Says = Literal["turned", "kept", "broken", "stuck", "same", "barring", "beside", "left", "wanting", "nothing"]
Writing = Literal["done", "open", "header", "end"]
ANY = "any"


@dataclass(frozen=True, slots=True)
class Row:
    """What a test says that ended so; "any" fits everything, several words are divided by " | "."""

    before: str
    after: str
    executed: str
    says: Says

    def fits(self, before: Before, after: After, executed: Executed) -> bool:
        """Whether it is about such a test."""
        pairs = (self.before, before), (self.after, after), (self.executed, executed)
        return all(wanted == ANY or seen in wanted.split(" | ") for wanted, seen in pairs)


# before            after                                                    executed   says
SAYS = (
    Row(ANY, "left", ANY, "left"),  # the time was up
    Row(ANY, "taken out", ANY, "nothing"),  # by the change itself
    Row("red | none | left", "skipped", ANY, "nothing"),
    Row("green", "wanting", ANY, "wanting"),  # for what no container has
    Row(ANY, "wanting", "no", "beside"),
    Row(ANY, "wanting", ANY, "same"),
    Row("red | none", "green", "yes", "turned"),
    Row("green | left", "green", "yes", "kept"),
    Row(ANY, "green", ANY, "beside"),
    Row("green", ANY, ANY, "broken"),
    Row(ANY, "fails as before | fails otherwise", "no", "beside"),
    Row(ANY, "fails otherwise | missing otherwise", ANY, "stuck"),
    Row(ANY, "fails as before | missing as before", "yes", "barring"),
    Row(ANY, "fails as before | missing as before", ANY, "same"),
)


def says(before: Before, after: After, executed: Executed) -> Says:
    """What a test says that ended so."""
    return next(row.says for row in SAYS if row.fits(before, after, executed))


@dataclass(frozen=True, slots=True)
class Against:
    """Tests that speak against a change: a group of `Evidence`, where what it leaves to write and what ran without it are such; `only_alone`: and no test proves it."""

    group: Literal["broken", "contrary", "raised", "unmoved"]
    writing: tuple[Writing, ...]
    baseline: tuple[Baseline, ...]
    only_alone: bool = False


EVER: tuple[Baseline, ...] = ("run", "pending", "unparsable")
AGAINST = (
    Against("broken", ("done", "open", "header", "end"), EVER),
    Against("contrary", ("header", "end"), ("run",)),
    Against("raised", ("header", "end"), ("pending", "unparsable")),
    Against("unmoved", ("header",), EVER, only_alone=True),
)


def writing(leaves: Left | None) -> Writing:
    """What a change leaves to somebody who writes; "done" where nobody does."""
    match leaves:
        case None:
            return "done"
        case "open" | "header":
            return leaves
        case _:
            return "end"


def against(found: Evidence, leaves: Left | None, baseline: Baseline) -> tuple[str, ...]:
    """The tests that speak against a change: those that it breaks, and the first of the other groups that counts here."""
    is_proved = bool(found.turned or found.kept)
    counting = (
        tuple(getattr(found, row.group))
        for row in AGAINST[1:]
        if writing(leaves) in row.writing and baseline in row.baseline and not (row.only_alone and is_proved)
    )
    return found.broken + next((tests for tests in counting if tests), ())


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the runs come to where `holds`: the change is passed, failed, or unverified for a reason; `name` is that of its sentence in `verdict`."""

    name: str
    verdict: Literal["passed", "failed", "touches-harness", "breaks-tests", "no-tests", "baseline-red", "tests-left", "partly-executed"]  # fmt: skip
    holds: Callable[[Run], bool]


def _against(run: Run) -> tuple[str, ...]:
    return against(run.evidence, run.leaves, run.baseline)


MEANS = (
    Meaning("tampering", "touches-harness", lambda run: bool(run.evidence.tampering)),
    # A line that worked is edited, and nothing but its own tests minds.
    Meaning("edited", "breaks-tests", lambda run: bool(run.evidence.edited) and set(_against(run)) <= set(run.evidence.edited)),
    Meaning("broken", "failed", lambda run: bool(run.evidence.broken)),
    Meaning("suspicion", "touches-harness", lambda run: bool(run.suspicion)),
    Meaning("unseen", "no-tests", lambda run: bool(run.evidence.unseen)),
    Meaning("wanting", "no-tests", lambda run: bool(run.evidence.wanting)),
    Meaning("contradicted", "failed", lambda run: bool(_against(run))),
    Meaning("stuck", "baseline-red", lambda run: bool(run.evidence.red)),
    Meaning("left", "tests-left", lambda run: run.left > 0),
    Meaning("not executed", "no-tests", lambda run: not run.evidence.proving),
    Meaning("partly", "partly-executed", lambda run: 2 * run.counts.executed <= run.counts.changed),
    Meaning("passed", "passed", lambda run: True),
)  # fmt: skip


def means(run: Run) -> Meaning:
    """What the runs of the tests come to."""
    return next(one for one in MEANS if one.holds(run))
