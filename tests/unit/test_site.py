"""What may be completed where, by case files."""

from __future__ import annotations

import pytest

from analyzers import site
from analyzers.text import Snapshot
from tests.conftest import Case, cases, cursor


@pytest.mark.parametrize("case", cases("site"))
def test_site_case(case: Case) -> None:
    text, offset = cursor(case.sections["text"])
    found = site.at(Snapshot("file:///x.py", "/x.py", 0, text), offset)
    assert found.kind == case.sections["kind"]
    assert bool(found.why) == (found.kind == "none")


def test_scope_names_classes_and_functions_outermost_first() -> None:
    text, offset = cursor("class A:\n    def f(self):\n        x = ‸\n")
    assert site.at(Snapshot("", "", 0, text), offset).scope == ("A", "f")
