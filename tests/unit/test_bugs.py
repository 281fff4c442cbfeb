"""What patterns suspect, by case files: a text, and the places in it that are suspected, with what was probably meant."""

from __future__ import annotations

import time

import pytest

from analyzers import bugs
from analyzers.text import Snapshot
from tests.conftest import Case, cases


def snapshot(text: str) -> Snapshot:
    return Snapshot("file:///x.py", "/x.py", 0, text)


@pytest.mark.parametrize("case", cases("bugs"))
def test_bugs_case(case: Case, update: bool) -> None:
    document = snapshot(case.sections["text"])
    lines = []
    for one in bugs.found(document):
        line = document.line_of(one.span.start)
        column = one.span.start - document.line_starts[line]
        quoted = document.text[one.span.start : one.span.end].replace("\n", "⏎")
        lines.append(f"{line + 1}:{column + 1} {one.code} `{quoted}` {one.message}")
        if one.edit is not None:
            lines.append(f"    instead: {one.edit.text}")
    case.golden(("hints",), {"hints": "\n".join(lines)}, update=update)


def test_a_place_behind_letters_of_several_bytes_is_where_it_is_read() -> None:
    document = snapshot('größe = "ü"\n\n\ndef f(xs):\n    ä = "öö"; return xs[len(xs)]\n')
    (one,) = bugs.found(document)
    assert document.text[one.span.start : one.span.end] == "xs[len(xs)]"


def test_signatures_come_from_the_whole_module() -> None:
    above = "def go(width, height, more):\n    return more * scale(height, width)\n"
    (one,) = bugs.found(snapshot(f"{above}\n\ndef scale(width, height):\n    return width\n"))
    assert one.code == "swapped-arguments"
    assert bugs.found(snapshot(f"{above}\n\ndef scale(height, width):\n    return width\n")) == ()


@pytest.mark.parametrize(
    "text",
    ["", "\n", "# a comment\n", "x = (" * 150, "\0", "x = " + "-" * 5000 + "1\n", "x = " + "+".join("1" * 20_000)],
)
def test_odd_texts_are_survived(text: str) -> None:
    started = time.monotonic()
    assert bugs.found(snapshot(text)) == ()
    assert time.monotonic() - started < 60  # it ends at all
