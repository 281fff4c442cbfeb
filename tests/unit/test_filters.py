"""The filters, by case files: what stands around the cursor, what the model wrote, what is left."""

from __future__ import annotations

import pytest

from analyzers import site
from analyzers.text import Snapshot
from assay.assistant.drafting import filters
from assay.assistant.drafting.filters import Draft, Drop
from tests.conftest import Case, cases, cursor


def draft_of(case: Case) -> Draft:
    text, offset = cursor(case.sections["text"])
    found = site.at(Snapshot("file:///x.py", "/x.py", 0, text), offset)
    return Draft(case.sections["model"], text[:offset], text[offset:], found)


@pytest.mark.parametrize("case", cases("filters"))
def test_filter_case(case: Case, update: bool) -> None:
    result, changed = filters.apply(draft_of(case))
    came_out = {"dropped": f"{changed[-1]}: {result.reason}"} if isinstance(result, Drop) else {"result": result.text}
    case.golden(("dropped", "result"), came_out, update=update)


@pytest.mark.parametrize("case", cases("filters"))
def test_filters_are_done_after_one_pass(case: Case) -> None:
    draft = draft_of(case)
    once, _ = filters.apply(draft)
    if isinstance(once, Drop) or once.text.endswith("\n"):
        return
    again, changed = filters.apply(once)
    assert again == once, changed
