"""Text of an answer as its tokens come: whole characters, and nothing of what stops it."""

from __future__ import annotations

import pytest

from assay.engine.torch_backend.text import Pieces

BYTES = list("übung".encode())


def decode(ids: list[int]) -> str:
    """A tokenizer whose tokens are bytes."""
    return bytes(ids).decode("utf-8", "replace")


def told(text: bytes, *stop: str, prompt: bytes = b"x") -> tuple[str, bool]:
    pieces = Pieces(decode, list(prompt), stop)
    found = ""
    for token in text:
        found += pieces.push(token)[1]
        if pieces.stopped:
            break
    return found + pieces.finish(), pieces.stopped


@pytest.mark.parametrize("text", ["abc", "übung", "😀 yes 😀", "a" * 200 + "ß" * 40, ""])
def test_all_of_it_is_told(text: str) -> None:
    assert told(text.encode()) == (text, False)


def test_bytes_that_are_no_text_are_told_as_such() -> None:
    found, _ = told(b"ab\xff\xff\xff\xffcd")
    assert found.startswith("ab\ufffd") and found.endswith("cd")
    assert told(b"ab\xf0\x9f")[0].startswith("ab")


@pytest.mark.parametrize(
    ("text", "stop", "expected"),
    [
        ("one\n\ntwo", ("\n\n",), ("one", True)),
        ("one\ntwo", ("\n\n",), ("one\ntwo", False)),
        ("aab", ("ab",), ("a", True)),
        ("xyz", ("z", "yz"), ("x", True)),
        ("one\n", ("\n\n",), ("one\n", False)),
        ("übung ü", ("ü",), ("", True)),
    ],
)
def test_a_stop_string_is_left_out_and_its_beginning_held_back(
    text: str, stop: tuple[str, ...], expected: tuple[str, bool]
) -> None:
    assert told(text.encode(), *stop) == expected


def test_nothing_that_may_begin_a_stop_string_is_told_early() -> None:
    pieces = Pieces(decode, [], ("STOP",))
    assert [pieces.push(token)[1] for token in b"aSTo"] == ["a", "", "", "STo"]
