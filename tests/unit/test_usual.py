"""The usual mutants: what is changed, what is left alone, and that each is a program."""

from __future__ import annotations

import ast

from analyzers.mutants import usual
from analyzers.text import applied

TEXT = '''def f(a: int = 3, *, c="x") -> "str":
    """Doc with 1."""
    if not a:
        raise ValueError("bad %d" % 3)
    total = 0
    for i in range(len(a)):
        if a[i] < b and i%2 == 0 or a[i]is None:
            total += a[i] * 2
            print(total)
            continue
        break
    assert total, "no 4"
    return total if total > 10 else -total


def other():
    return 1
'''


def test_each_is_one_small_change_of_the_functions_code() -> None:
    made = usual.of_lines(TEXT, 1, 13)
    told = {(one.line, one.told) for one in made}
    assert {
        (1, "`3` were `4`"), (3, "`not` were not there"), (7, "`<` were `<=`"), (7, "`%` were `*`"), (7, "`and` were `or`"), (7, "`is` were `is not`"),
        (8, "`+=` were `-=`"), (9, "`print(total)` were not there"), (10, "`continue` were `break`"), (11, "`break` were `continue`"), (13, "it returned None"),
        (13, "`-` were not there"), (5, "`0` were `1`"),
    } <= told  # fmt: skip
    texts = {applied(TEXT, (one.edit,)) for one in made}
    assert len(texts) == len(made)
    for text in texts:
        ast.parse(text)
        assert (
            '"""Doc with 1."""' in text
            and ('"bad %d" % 3' in text) is ("raise" in text)
            and '"no 4"' in text
            and '-> "str"' in text
        )
        assert text.endswith("def other():\n    return 1\n")


def test_calls_and_operands_less_and_siblings_of_methods() -> None:
    text = (
        "def f(a, b, c=None):\n    word = a.strip().lower()\n    if c is not None or b is None:\n        return sorted(list(b), key=len)[len(a) - 1]\n"
        "    return word.split(',', 1) + a.split(',') + [max(b) % 3 - 1, all(b), b.find('x'), tuple(n for n in b)]\n"
    )
    made = {
        (one.told, applied(text, (one.edit,)).splitlines()[one.line - 1].strip()) for one in usual.of_lines(text, 1, 5)
    }
    whole = "return word.split(',', 1) + a.split(',') + [max(b) % 3 - 1, all(b), b.find('x'), tuple(n for n in b)]"
    assert {
        ("`a.strip().lower()` were `a.strip()`", "word = a.strip()"),
        ("`a.strip()` were `a`", "word = a.lower()"),
        ("`lower` were `upper`", "word = a.strip().upper()"),
        ("`strip` were `lstrip`", "word = a.lstrip().lower()"),
        ("`c is not None` were `c`", "if (c) or b is None:"),
        ("`b is None` were `not b`", "if c is not None or (not (b)):"),
        ("`list(b)` were `b`", "return sorted(b, key=len)[len(a) - 1]"),
        ("`len(a) - 1` were `1 - len(a)`", "return sorted(list(b), key=len)[1 - len(a)]"),
        ("`len(a) - 1` were `len(a)`", "return sorted(list(b), key=len)[len(a)]"),
        ("`max` were `min`", whole.replace("max(", "min(")),
        ("`all` were `any`", whole.replace("all(", "any(")),
        ("`find` were `rfind`", whole.replace("b.find", "b.rfind")),
        ("`split` were `rsplit`", whole.replace("word.split", "word.rsplit")),
    } <= made
    assert not any("a.rsplit" in line for _, line in made), "without a bound it is the same"
    for _, line in made:
        ast.parse(line + ("\n    pass" if line.endswith(":") else ""))


def test_a_long_function_has_as_many_as_can_be_tried() -> None:
    text = "def f(x):\n" + "".join(f"    x = x + {n} * 2 - 1\n" for n in range(80)) + "    return x\n"
    made = usual.of_lines(text, 1, 82)
    assert len(made) == usual.MOST and {one.line for one in made} >= {2, 40, 80}


def test_a_text_that_does_not_parse_has_none() -> None:
    assert usual.of_lines("def f(:\n", 1, 1) == ()


def test_what_changes_nothing_is_no_mutant() -> None:
    text = "def f(a, b, x):\n    if x and not (a or b):\n        return 1e18\n    return (a  # a < b?\n        < b)\n"
    made = {applied(text, (one.edit,)) for one in usual.of_lines(text, 1, 5)}
    assert text.replace("not (a or b)", "(a or b)") in made and text.replace("< b)", "<= b)") in made
    assert not any("1e+18" in one or "<= b?" in one for one in made)


def test_what_only_speaks_to_people_is_left_alone() -> None:
    text = '"""A module."""\n\nRATE = 3\n\n\nclass C:\n    """A class."""\n\n    size = 2\n'
    assert {one.line for one in usual.of_lines(text, 1, 9)} == {3, 9}


def test_what_speaks_to_people_alone_is_left_as_it_is() -> None:
    text = '__version__ = "1.2"\nLIMIT = 3\n\n\ndef f(x):\n    return t.cast("list[int]", x)\n'
    assert {one.line for one in usual.of_lines(text, 1, 6)} == {2, 6}
    assert not any("list[int]" in one.told for one in usual.of_lines(text, 6, 6))
