"""What a place in a file asks for."""

from __future__ import annotations

import pytest

from analyzers.text import Snapshot
from assay.assistant.suggest import asked


@pytest.mark.parametrize(
    ("marked", "description"),
    [
        ("# TODO: parse an ISO date|\n", "parse an ISO date"),
        ("x = 1\n# parse a date\n# of the ISO kind|\n", "parse a date of the ISO kind"),
        ("x = 1  # not this\ny = 2  # twice the number|\n", "twice the number"),
        ("x = '#a'  # sort by date|\n", "sort by date"),
        ("#|\n", ""),
        ("total = parse_iso_date|(text)\n", "parse iso date"),
        ("total = sumOfPri|ces(text)\n", "sum of prices"),
        ("def parse_date(x): ...\ntotal = parse_date|(text)\n", "total parse date text"),
        ("for price in open_orders|:\n", "open orders"),
        ("    return |\n", ""),
        ("|", ""),
    ],
)
def test_a_place_says_what_is_wanted(marked: str, description: str) -> None:
    snapshot = Snapshot("file:///m.py", "/m.py", 1, marked.replace("|", ""))
    assert asked.description(snapshot, marked.index("|")) == description
