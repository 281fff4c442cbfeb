"""Python's own tree of long texts, and where the statements of a text begin and end by tree-sitter's."""

from __future__ import annotations

import ast
import json.decoder
import textwrap
import typing
from pathlib import Path
from types import ModuleType

import pytest

from analyzers import syntax


@pytest.mark.parametrize("source", [ast, json.decoder, textwrap, typing], ids=lambda module: module.__name__)
def test_a_long_text_that_is_parsed_by_pieces_has_the_same_tree(
    source: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syntax, "PIECE_ROWS", 20)
    text = Path(source.__file__ or "").read_text("utf-8")
    found = syntax._by_pieces(text)
    assert found is not None
    assert ast.dump(found, include_attributes=True) == ast.dump(ast.parse(text), include_attributes=True)


@pytest.mark.parametrize("odd", ["x = (\n", "x = '''\n", "print 'x'\n", "x = 1\ry = 2\n"])
def test_a_text_whose_pieces_may_mean_something_else_is_parsed_whole(odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syntax, "PIECE_ROWS", 2)
    assert syntax._by_pieces("x = 1\n" * 9 + odd + "y = 2\n" * 9) is None


MEMBERS = '''\
x = 1


class Box:
    """A box."""

    size = 1

    @property
    def volume(self):
        return 1

    class Lid:
        def turn(self):
            return 2
    # of the lid

    def shut(self): return 3


class One: size = 1
def last():
    return 4
'''


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        (0, 0, None),
        (3, 3, None),
        (6, 6, (6, 8)),
        (8, 8, (8, 12)),
        (10, 10, (8, 12)),
        (12, 12, (12, 17)),
        (14, 14, (13, 17)),
        (6, 10, None),
        (17, 17, (17, 20)),
        (20, 20, None),
        (22, 22, None),
    ],
)
def test_the_member_of_a_class_that_rows_are_in(first: int, last: int, found: tuple[int, int] | None) -> None:
    assert syntax.member(syntax.parse(MEMBERS), first, last) == found
