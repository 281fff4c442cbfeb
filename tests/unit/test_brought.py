"""Which tests a change brings, and which stand as they were."""

from __future__ import annotations

import pytest

from analyzers import brought

BEFORE = """import pytest
from shop import price

RATE = 2


@pytest.fixture
def cart():
    return []


def helper():
    return 1


def test_one(cart):
    assert price(1) == RATE


class TestMore:
    size = 3

    def setup_method(self):
        self.x = 1

    def test_two(self):
        assert self.x

    def test_three(self):
        assert self.size
"""
WHOLE = ("t.py",)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("== RATE", "== 3", ("t.py::test_one",)),
        ("assert self.x\n", "assert self.x > 0\n", ("t.py::TestMore::test_two",)),
        ("def test_one(cart):", "def test_zero():\n    assert price(0) == 0\n\n\ndef test_one(cart):", ("t.py::test_zero",)),
        ("import pytest\n", "import os\nimport pytest\n", ()),
        ("RATE = 2\n", "RATE = 2\nOTHER = 3\n", ()),
        ("def helper():\n    return 1\n", "def helper():\n    return 1\n\n\ndef other():\n    return 2\n", ()),
        ("size = 3", "size = 4", ("t.py::TestMore",)),
        ("self.x = 1", "self.x = 2", ("t.py::TestMore",)),
        ("class TestMore:", "@pytest.mark.slow\nclass TestMore:", ("t.py::TestMore",)),
        ("RATE = 2", "RATE = 3", WHOLE),
        ("    return []", "    return [1]", WHOLE),
        ("    return 1", "    return 2", WHOLE),
        ("from shop import price", "from shop import cost as price", WHOLE),
        ("RATE = 2", "RATE = 2\npytestmark = pytest.mark.x", WHOLE),
        ("RATE = 2", "RATE = 2\nprint(RATE)", WHOLE),
        ("def helper():", "@pytest.fixture(autouse=True)\ndef each():\n    pass\n\n\ndef helper():", WHOLE),
        ("def helper():", "def cart():\n    return [2]\n\n\ndef helper():", WHOLE),
        ("def test_one(cart):", "def test_one(cart):\n    pass\n\n\ndef test_one(cart):", WHOLE),
        ("import pytest", "import pytest (", WHOLE),
        ("RATE = 2", "RATE = 2\nNEW = price.__dict__.update(x=1)", WHOLE),
        ("RATE = 2", "RATE = 2\n\n\ndef len(x):\n    return 2", WHOLE),
        ("from shop import price", "from shop import *", WHOLE),
        ("    size = 3", "    size = 3\n    x = 1", ("t.py::TestMore",)),
    ],
)  # fmt: skip
def test_what_a_change_brings(old: str, new: str, expected: tuple[str, ...]) -> None:
    assert BEFORE.count(old) == 1
    assert brought.of_file("t.py", BEFORE, BEFORE.replace(old, new)) == expected


def test_what_other_tests_rest_on_is_no_test_of_its_own() -> None:
    base = "class BaseTest:\n    def check(self, x):\n        assert x == 2\n\n\nclass TestA(BaseTest):\n    def test_a(self):\n        self.check(2)\n"
    assert brought.of_file("t.py", base, base.replace("assert x == 2", "pass")) == WHOLE
    used = "def test_value():\n    return 1\n\n\ndef test_a():\n    assert test_value() == 1\n"
    assert brought.of_file("t.py", used, used.replace("return 1", "return 2")) == WHOLE
    fixture = "def test_a(db):\n    assert db\n"
    assert (
        brought.of_file("t.py", fixture, f"import pytest\n\n\n@pytest.fixture\ndef db():\n    return 1\n\n\n{fixture}")
        == WHOLE
    )
    deep = "def test_a(x):\n    if x == 0:\n        pass\n" + "".join(
        f"    elif x == {n}:\n        pass\n" for n in range(1, 400)
    )
    assert brought.of_file("t.py", deep, deep.replace("x == 0", "x == -1")) in (WHOLE, ("t.py::test_a",))


def test_a_new_file_is_brought_whole() -> None:
    assert brought.of_file("t.py", None, BEFORE) == WHOLE
    assert brought.of_file("t.py", BEFORE, f"{BEFORE}\n# a comment\n") == ()
