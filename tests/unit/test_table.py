"""The tables of a verdict's decisions: a test for each row, and that no row is without one."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import get_args

import pytest

from analyzers.changed import Piece
from analyzers.unfinished import Left
from assay.assistant.evidence import Evidence
from assay.assistant.nouns import Baseline, Run
from assay.assistant.proof import table, verdict
from assay.assistant.proof.table import After, Before, Executed

# before, after, executed, what it says; by the number of its row
SAID: list[tuple[int, Before, After, Executed, table.Says]] = [
    (0, "green", "left", "no", "left"),
    (0, "red", "left", "yes", "left"),
    (1, "green", "taken out", "no", "nothing"),
    (2, "red", "skipped", "no", "nothing"),
    (2, "none", "skipped", "no", "nothing"),
    (3, "green", "wanting", "yes", "wanting"),
    (3, "green", "wanting", "no", "wanting"),
    (4, "red", "wanting", "no", "beside"),
    (5, "red", "wanting", "yes", "same"),
    (5, "none", "wanting", "yes", "same"),
    (6, "red", "green", "yes", "turned"),
    (6, "none", "green", "yes", "turned"),
    (7, "green", "green", "yes", "kept"),
    (7, "left", "green", "yes", "kept"),
    (8, "green", "green", "no", "beside"),
    (8, "red", "green", "no", "beside"),
    (9, "green", "fails otherwise", "yes", "broken"),
    (9, "green", "fails otherwise", "no", "broken"),
    (9, "green", "skipped", "no", "broken"),
    (9, "green", "missing otherwise", "no", "broken"),
    (10, "red", "fails as before", "no", "beside"),
    (10, "none", "fails otherwise", "no", "beside"),
    (11, "red", "fails otherwise", "yes", "stuck"),
    (11, "none", "missing otherwise", "no", "stuck"),
    (12, "red", "fails as before", "yes", "barring"),
    (13, "red", "fails as before", "set-up", "same"),
    (13, "red", "missing as before", "no", "same"),
]


@pytest.mark.parametrize(("row", "before", "after", "executed", "says"), SAID)
def test_what_one_test_says(row: int, before: Before, after: After, executed: Executed, says: table.Says) -> None:
    assert table.says(before, after, executed) == says
    assert next(n for n, one in enumerate(table.SAYS) if one.fits(before, after, executed)) == row


def test_every_row_has_its_test_and_every_ending_a_row() -> None:
    assert {row for row, *_ in SAID} == set(range(len(table.SAYS)))
    for ending in product(get_args(Before), get_args(After), get_args(Executed)):
        table.says(*ending)


RED = Evidence(broken=("b",), contrary=("c",), raised=("r",), unmoved=("u",), stuck=("c", "r"))


@pytest.mark.parametrize(
    ("found", "leaves", "baseline", "speak"),
    [
        (RED, None, "run", ("b",)),
        (RED, "open", "run", ("b",)),
        (RED, "whole", "run", ("b", "c")),
        (RED, "inner", "run", ("b", "c")),
        (RED, "header", "run", ("b", "c")),
        (RED, "whole", "unparsable", ("b", "r")),
        (RED, "header", "pending", ("b", "r")),
        (Evidence(unmoved=("u",)), "header", "run", ("u",)),
        (Evidence(unmoved=("u",)), "whole", "run", ()),
        (Evidence(unmoved=("u",), kept=("k",)), "header", "run", ()),
    ],
)
def test_what_speaks_against_a_change(
    found: Evidence, leaves: Left | None, baseline: Baseline, speak: tuple[str, ...]
) -> None:
    assert table.against(found, leaves, baseline) == speak


PIECES = tuple(("m.py", Piece((n,), (n,))) for n in range(4))
ALL = frozenset(range(4))


def run(evidence: Evidence, **more: object) -> Run:
    return replace(Run(evidence, "run", 1.0, reaching=3, pieces=PIECES), **more)  # type: ignore[arg-type]


MEANT = [
    ("tampering", run(Evidence(tampering="x", broken=("b",)))),
    ("edited", run(Evidence(broken=("b",), edited=("b",)))),
    ("broken", run(Evidence(broken=("a", "b"), edited=("b",)))),
    ("broken", run(Evidence(broken=("b",)), suspicion="it imports gc")),
    ("suspicion", run(Evidence(turned=("t",), executed=ALL), suspicion="it imports gc")),
    ("unseen", run(Evidence(unseen=("u",), kept=("k",), executed=ALL))),
    ("wanting", run(Evidence(wanting=("w",), kept=("k",), executed=ALL, withheld=("a.db: git ignores it",)))),
    ("contradicted", run(Evidence(stuck=("s",), contrary=("s",)), leaves="whole")),
    ("stuck", run(Evidence(stuck=("s",), contrary=("s",)), leaves="open")),
    ("stuck", run(Evidence(barring=("s",), kept=("k",), executed=ALL))),
    ("left", run(Evidence(kept=("k",), executed=ALL), left=2)),
    ("not executed", run(Evidence(beside=("k",)))),
    ("partly", run(Evidence(kept=("k",), executed=frozenset({0, 1})))),
    ("passed", run(Evidence(kept=("k",), executed=frozenset({0, 1, 2})))),
    ("passed", run(Evidence(turned=("k",), barring=("s",), executed=ALL))),
]


@pytest.mark.parametrize(("name", "seen"), MEANT)
def test_what_all_of_it_comes_to(name: str, seen: Run) -> None:
    meaning = table.means(seen)
    assert meaning.name == name
    told = verdict.of_tests(seen)
    kind = {"passed": "Passed", "failed": "Failed"}.get(meaning.verdict, "Unverified")
    assert (type(told).__name__, getattr(told, "reason", meaning.verdict)) == (kind, meaning.verdict)


def test_every_meaning_has_its_test_and_its_sentence() -> None:
    assert {name for name, _ in MEANT} == {one.name for one in table.MEANS}
