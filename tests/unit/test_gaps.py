"""Places of a text where somebody may have been writing."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from analyzers import gaps, syntax

TEXT = '''"""A module."""

import os


def total(items, rate=0.2):
    """What all of it costs."""
    # a remark
    found = [one.price for one in items if one.is_kept]
    if not found:
        return 0
    return round(sum(found) * (1 + rate), 2)


class Cart:
    """Several lines: é, ü."""

    size = 3

    def first(self):
        return self.items.first(self.size, key=os.sep)
'''


def of(kind: str, text: str = TEXT) -> list[str]:
    return [text[one.start : one.end] for one in gaps.found(text) if one.kind == kind]


def test_lines_are_code_without_its_indentation() -> None:
    assert "return round(sum(found) * (1 + rate), 2)" in of("line")
    assert "size = 3" in of("line")
    assert not [one for one in of("line") if one.startswith(("#", '"'))]


def test_clauses_are_lines_of_their_own() -> None:
    text = "if a:\n    b = 1\nelif not a:\n    b = 2\nelse:\n    b = 3\ntry:\n    c = 1\nexcept OSError:\n    c = 2\nfinally:\n    c = 3\n"
    assert {"if a:", "elif not a:", "else:", "try:", "except OSError:", "finally:"} <= set(of("line", text))
    assert of("line", text).count("else:") == 1


def test_each_kind_is_found_where_it_stands() -> None:
    assert "round(sum(found) * (1 + rate), 2)" in of("expression")
    assert {"sum(found) * (1 + rate), 2", "self.size, key=os.sep", "key=os.sep"} <= set(of("argument"))
    assert "first(self.size, key=os.sep)" in of("attribute")
    assert of("block") == ["return 0"]
    assert [one.partition("\n")[0] for one in of("body")] == [
        "found = [one.price for one in items if one.is_kept]",
        "return self.items.first(self.size, key=os.sep)",
    ]


def test_offsets_are_code_points() -> None:
    text = 'x = "é" + call(one, "ü", three)\n'
    assert 'one, "ü", three' in of("argument", text)


@pytest.mark.parametrize("text", ["", "\n", "def f(:\n", "x = (\n", "\t\n"])
def test_what_does_not_parse_has_none(text: str) -> None:
    assert gaps.found(text) == []


@pytest.mark.parametrize("name", ["argparse", "dataclasses", "textwrap", "sched"])
def test_a_text_stays_whole_with_a_gap_filled_again(name: str) -> None:
    """Of real modules: no gap begins or ends inside a token, so what stands there is itself code or the rest of a line."""
    text = (Path(sysconfig.get_path("stdlib")) / f"{name}.py").read_text("utf-8")
    found = gaps.found(text)
    assert len(found) > 100
    for one in found[:: max(1, len(found) // 60)]:
        filled = text[: one.start] + ("0" if one.kind == "expression" else text[one.start : one.end]) + text[one.end :]
        assert syntax.module(filled) is not None, text[one.start : one.end]
