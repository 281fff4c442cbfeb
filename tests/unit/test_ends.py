"""Where a generated text ends, by case files: what stands around the cursor, what the model wrote, and the pieces of it, best first."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzers.text import Snapshot
from assay.assistant.complete import ends, filters
from assay.assistant.complete.filters import Draft
from assay.assistant.nouns import Ask
from tests.conftest import Case, cases, cursor
from tests.unit.test_filters import draft_of


@pytest.mark.parametrize("case", cases("ends"))
def test_ends_case(case: Case, update: bool) -> None:
    text, offset = cursor(case.sections["text"])
    draft, _ = filters.apply(draft_of(case))
    assert isinstance(draft, Draft)
    found = ends.pieces(Ask(Snapshot("file:///x.py", "/x.py", 0, text), offset, Path("/")), draft)
    case.golden(("pieces",), {"pieces": "\n---\n".join(one.text for one in found)}, update=update)
