"""Where a generated text ends, by case files: what stands around the cursor, what the model wrote, and the pieces of it, best first."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzers import site
from analyzers.text import Snapshot
from assay.assistant.complete import ends
from assay.assistant.drafting import filters
from assay.assistant.drafting.ask import Ask
from assay.assistant.drafting.filters import Draft
from assay.assistant.world.world import World
from tests.conftest import Case, cases, cursor
from tests.unit.test_filters import draft_of


@pytest.mark.parametrize("case", cases("ends"))
def test_ends_case(case: Case, update: bool) -> None:
    text, offset = cursor(case.sections["text"])
    draft, _ = filters.apply(draft_of(case))
    assert isinstance(draft, Draft)
    found = ends.pieces(Ask(Snapshot("file:///x.py", "/x.py", 0, text), offset, World(Path("/"))), draft)
    case.golden(("pieces",), {"pieces": "\n---\n".join(one.text for one in found)}, update=update)


def test_in_a_long_class_the_good_lines_are_found_among_the_others() -> None:
    methods = "".join(f"    def m{n}(self, x):\n        return x + {n}\n\n" for n in range(1500))
    text, offset = cursor(
        f"class A:\n{methods}    def last(self, x):\n        ‸\n\n    def more(self):\n        pass\n"
    )
    snapshot = Snapshot("file:///x.py", "/x.py", 0, text)
    junk = "\n".join(f"        lorem ipsum {n}" for n in range(9))
    draft = Draft(f"y = x\n        return y\n{junk}", text[:offset], text[offset:], site.at(snapshot, offset))
    found = ends.pieces(Ask(snapshot, offset, World(Path("/"))), draft)
    assert [one.text for one in found] == ["y = x\n        return y", "y = x"]
