"""Mutants of a line: what is tried first to mend it, by texts; each of them parses."""

from __future__ import annotations

import ast

import pytest

from analyzers.mutants import Mutants

TEXT = """\
class Box:
    def __init__(self, items, size=10):
        self.items = list(items)
        self.size = size

    def add(self, item, count):
        if len(self.items) < self.size and item not in self.items:
            self.items.append(item)
            return True
        return False

    def share(self, part, whole):
        total = part / whole * 100
        for number in range(len(self.items)):
            if not number:
                continue
            total += self.items[number]
        return total
"""


def forms(text: str, line: int) -> list[str]:
    """The line in all its mutants, the likeliest first."""
    found = []
    for one in Mutants(text).of_line(line):
        edit = one.edit
        after = text[: edit.span.start] + edit.text + text[edit.span.end :]
        ast.parse(after)
        found.append(after.split("\n")[line - 1].strip())
    return found


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (7, "if len(self.items) <= self.size and item not in self.items:"),
        (7, "if len(self.items) < self.size or item not in self.items:"),
        (7, "if len(self.items) < self.size and item in self.items:"),
        (8, "self.items.extend(item)"),
        (9, "return False"),
        (12, "def share(self, part, whole):"),
        (13, "total = whole / part * 100"),
        (13, "total = part / whole * 10"),
        (14, "for number in range(1, len(self.items)):"),
        (14, "for number in range(len(self.items) - 1):"),
        (15, "if number:"),
        (15, "if number is None:"),
        (16, "break"),
        (17, "total -= self.items[number]"),
        (17, "total += self.items[number - 1]"),
        (3, "self.items = items"),
    ],
)
def test_what_a_developer_may_have_meant_is_among_them(line: int, wanted: str) -> None:
    found = forms(TEXT, line)
    assert (wanted in found) is (line != 12), found[:20]


def test_the_likeliest_comes_first() -> None:
    found = forms("def f(a, b):\n    return a < b\n", 2)
    assert found[0] == "return a <= b"


def test_each_text_comes_once() -> None:
    for line in range(1, TEXT.count("\n") + 1):
        found = [(one.edit.span, one.edit.text) for one in Mutants(TEXT).of_line(line)]
        assert len(found) == len(set(found))


def test_what_is_done_with_a_name_elsewhere_may_be_missing_here() -> None:
    text = "class D:\n    def get(self, key):\n        return self.d[key.lower()]\n\n    def has(self, key):\n        return key in self.d\n"
    assert "return key.lower() in self.d" in forms(text, 6)


@pytest.mark.parametrize(
    ("text", "line", "wanted"),
    [
        ("def f(xs, depth):\n    return [f(x) for x in xs]\n", 2, "return [f(x, depth) for x in xs]"),
        ("def f(xs, key):\n    return sorted(xs)\n", 2, "return sorted(xs, key=key)"),
        ("def f(x):\n    g(x)\n", 2, "return g(x)"),
        ("def f(t):\n    t.strip()\n    return t\n", 2, "t = t.strip()"),
        ("def f(d):\n    d.items()\n    return sorted(d.items)\n", 3, "return sorted(d.items())"),
        ("def f(a, b):\n    return a == b\n", 2, "return a in b"),
        ("def f(a):\n    return 1 if a is None else 2\n", 2, "return 1 if not a else 2"),
        ("def f(n, size):\n    return n // size\n", 2, "return -(-n // size)"),
        ("def f(a=None):\n    return a or 1\n", 2, "return 1 if a is None else a"),
        ("def f(n):\n    return []\n", 2, "return [n]"),
    ],
)
def test_what_is_often_forgotten_is_among_them(text: str, line: int, wanted: str) -> None:
    assert wanted in forms(text, line)


def test_a_statement_is_moved_out_of_its_loop() -> None:
    text = "def f(xs):\n    for x in xs:\n        y = x\n        return y\n"
    mutants = Mutants(text).of_line(4)
    texts = [text[: m.edit.span.start] + m.edit.text + text[m.edit.span.end :] for m in mutants]
    assert "def f(xs):\n    for x in xs:\n        y = x\n    return y\n" in texts


def test_brackets_around_an_operand_are_kept() -> None:
    assert "return c * (a + b)" not in forms("def f(a, b, c):\n    return (a - b) * c\n", 2)
    assert "return a - b * c" in forms("def f(a, b, c):\n    return (a - b) * c\n", 2)


@pytest.mark.parametrize("text", ["", "x = (", "\n\n", "# nothing\n"])
def test_where_there_is_no_statement_there_is_no_mutant(text: str) -> None:
    assert Mutants(text).of_line(1) == []


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("sorted(a, key=b)", ["sorted(a, key=b, reverse=True)", "sorted(a)"]),
        ("max(a)", ["max(a, default=0)", "min(a)", "max(a, default=None)"]),
        ("a.get(b)", ["a.get(b, 0)", "a.get(b, '')", "a.setdefault(b)"]),
        ("a.popitem()", ["a.popitem(last=False)"]),
        ("next(a)", ["next(a, None)"]),
        ("enumerate(a)", ["enumerate(a, 1)"]),
        ("a.split(b)", ["a.split()", "a.split(b, 1)", "a.rsplit(b)"]),
        ("a.replace('x', b)", ["a.replace('x', b, 1)", "a.replace(b, 'x')"]),
        ("round(a)", ["round(a, 2)"]),
        ("a.strip(b)", ["a.strip()", "a.lstrip(b)"]),
        ("range(a, b)", ["range(a, b + 1)", "range(b)", "range(a + 1, b)"]),
        ("range(a, b, 2)", ["range(a, b + 1, 2)", "range(a - 1, b, 2)"]),
        ("range(a)", ["range(1, a)", "range(a - 1, -1, -1)"]),
        ("isinstance(a, int)", ["isinstance(a, (int, float))"]),
        ("isinstance(a, list)", ["isinstance(a, (list, tuple))"]),
        ("''.join(a)", ["''.join(map(str, a))"]),
        ("len(a)", ["len(set(a))", "len(a[0])"]),
        ("f(a)", ["f(b)", "f(*a)", "f(a - 1)", "f(a, b)"]),
        ("g(a, c=b)", ["g(a)"]),
        ("a[0]", ["a[-1]", "a[1]"]),
        ("a[-1]", ["a[0]"]),
        ("a[b]", ["a.get(b)", "a.get(b, 0)", "a[b - 1]"]),
        ("a[b:]", ["a[:b]", "a[b:-1]", "a[b + 1:]", "a"]),
        ("a[:b]", ["a[b:]", "a[1:b]", "a[:b - 1]"]),
        ("a[::2]", ["a[1::2]", "a"]),
    ],
)
def test_calls_and_subscripts_have_the_forms_that_are_taken_for_them(line: str, wanted: list[str]) -> None:
    found = {one.removeprefix("return ") for one in forms(f"def f(a, b):\n    return {line}\n", 2)}
    assert set(wanted) <= found, sorted(found)
