"""What a model says of a function is held against its facts."""

from __future__ import annotations

import pytest

from analyzers import claims, facts

TEXT = """\
def size(path, limit):
    if limit < 0:
        raise ValueError("no")
    found = open(path)
    return len(found.read())


def keep(items, one):
    items.append(one)


def plain(x):
    return x + 1


def many(x):
    yield x


class Till:
    def ring(self, item): ...
"""


def source(name: str) -> tuple[facts.Facts, str]:
    found = next(one for one in facts.of_text(TEXT) or () if one.path == name)
    return found, "\n".join(TEXT.split("\n")[found.line - 1 : found.end])


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("size", "Return the number of characters in a file."),
        ("size", "Return the length of `path` as an integer, or raise ValueError if `limit` is negative."),
        ("size", "Raises a ValueError for a negative limit."),
        ("keep", "Append an item to the list, and return nothing."),
        ("keep", "Add `one` to `items` in place."),
        ("plain", "Return x plus one without raising anything."),
        ("plain", "It doesn't raise an exception."),
        ("many", "Yield the value."),
        ("Till", "A till that rings up items."),
    ],
)
def test_what_the_facts_bear_is_kept(name: str, sentence: str) -> None:
    assert claims.denied(sentence, *source(name)) == ""


@pytest.mark.parametrize(
    ("name", "sentence", "why"),
    [
        ("size", "Return the size of `folder`.", "`folder`"),
        ("size", "Return what os.stat gives.", "`os`"),
        ("size", "Calls read_all() on it.", "`read_all`"),
        ("size", "Raise KeyError where it is missing.", "KeyError"),
        ("plain", "Return x plus one and raise for a negative one.", "raises"),
        ("size", "Return the size and never raise.", "does not raise"),
        ("size", "It doesn't raise an exception.", "does not raise"),
        ("size", "Raises NotFound if it is missing.", "`NotFound`"),
        ("size", "Return an HttpResponse.", "`HttpResponse`"),
        ("size", "Return a string with the size.", "returns a str"),
        ("size", "Return True if the file is small.", "returns a bool"),
        ("keep", "Return the list with the item appended.", "returns something"),
        ("plain", "Yields x plus one.", "yields"),
        ("plain", "A generator of numbers.", "yields"),
        ("plain", "Update the counter by one.", "changes"),
        ("plain", "Print the number and add one.", "print"),
        ("keep", "Write the item to a file.", "file"),
    ],
)
def test_what_the_facts_deny_is_not(name: str, sentence: str, why: str) -> None:
    assert why in claims.denied(sentence, *source(name))
