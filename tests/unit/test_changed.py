"""Which pieces of code a change changes."""

from __future__ import annotations

import pytest

from analyzers import syntax
from analyzers.changed import Changed, Piece, always_runs, changed, hunks

CODE = """\
def f(x):
    total = 0
    if x:
        total = 1
    return total


def g():
    return 1
"""


def of(before: str, after: str) -> Changed:
    tree = syntax.module(after)
    assert tree is not None
    return changed(tree, after, hunks(before, after), syntax.module(before))


def edited(*pairs: tuple[str, str]) -> Changed:
    after = CODE
    for old, new in pairs:
        assert old in after
        after = after.replace(old, new, 1)
    return of(CODE, after)


def test_each_hunk_counts_by_itself() -> None:
    found = edited(("total = 0", "total = 2"), ("return 1", "return 3"))
    assert [piece.changed for piece in found.pieces] == [(2,), (9,)]
    assert set(found.functions) == {"f", "g"}


def test_a_comment_above_a_header_does_not_change_the_header() -> None:
    found = edited(("    if x", "    # now\n    if x"), ("total = 1", "total = 2"))
    assert [piece.lines for piece in found.pieces] == [(5,)]
    assert edited(("    if x", "    # now\n    if x")).pieces == ()


def test_a_comment_below_a_header_does_not_change_the_header() -> None:
    found = edited(("        total = 1", "        # now\n        total = 2"))
    assert [piece.lines for piece in found.pieces] == [(5,)]


def test_a_docstring_a_declaration_and_an_annotation_are_never_executed() -> None:
    found = edited(("    total = 0", '    """Doc."""\n    global y\n    z: int\n    total = 0'))
    assert found.pieces == ()


def test_both_ways_of_a_conditional_expression_are_told_apart() -> None:
    found = edited(("return total", "return total if x else 0"))
    assert [piece.at for piece in found.pieces] == [(5, 11, 5, 16), (5, 27, 5, 28)]


def test_a_suite_on_its_headers_line_is_told_apart_from_it() -> None:
    found = edited(("if x:\n        total = 1", "if x: total = 1"))
    assert [piece.at for piece in found.pieces] == [(3, 7, 3, 8), (3, 10, 3, 19)]


def test_the_body_of_a_lambda_is_told_apart_from_making_it() -> None:
    found = edited(("total = 0", "total = lambda: x"))
    assert [piece.at for piece in found.pieces] == [(2, 4, 2, 21), (2, 20, 2, 21)]


def test_one_statement_over_several_lines_needs_no_columns() -> None:
    found = edited(("total = 0", "total = max(\n        0,\n        1,\n    )"))
    assert [(piece.lines, piece.at) for piece in found.pieces] == [((2, 3, 4, 5), None)]


def test_what_lost_lines_is_changed_where_its_function_goes_on() -> None:
    assert [piece.lines for piece in edited(("    return total\n", "")).pieces] == [(4,)]
    assert [piece.lines for piece in edited(("    total = 0\n", "")).pieces] == [(2,)]


def test_a_keyword_alone_is_what_stands_in_it() -> None:
    found = edited(("    return total", "    else:\n        total = 3\n    return total"))
    assert found.pieces == (Piece((6,), (5, 6)),)
    before = "def f(x):\n    if x:\n        return 1\n    elif x is None:\n        return 2\n"
    assert of(before, before.replace("elif x is None", "else")).pieces == (Piece((5,), (4,)),)


@pytest.mark.parametrize(
    ("line", "names", "owner"),
    [
        ("import os.path as p, sys", ("p", "sys"), ""),
        ("LIMIT: int = 3", ("LIMIT",), ""),
        ("A, (B, *C) = value", ("A", "B", "C"), ""),
        ("TABLE['a'] = 3", ("TABLE",), ""),
        ("app.register(f)", ("app",), ""),
        ("print(1)", (), ""),
        ("class Box(f):\n    pass", ("Box",), "Box"),
        ("@f\ndef h(a=1): return a", ("h",), "h"),
        ("for i in LIST:\n    last = i", ("i", "last"), ""),
    ],
)
def test_at_module_level_a_change_is_used_by_what_names_it(line: str, names: tuple[str, ...], owner: str) -> None:
    first = of(CODE, f"{CODE}{line}\n").pieces[0]
    assert (first.names, first.owner, first.is_top) == (names, owner, True)


def test_members_of_a_new_class_count_with_it_and_others_by_their_names() -> None:
    text = f"{CODE}\n\nclass A:\n    x = 1\n\n    def m(self):\n        return self.x\n"
    found = of(CODE, text)
    assert [(piece.names, piece.owner) for piece in found.pieces] == [(("A",), "A"), (("m",), "A.m"), ((), "")]
    found = of(text, text.replace("    x = 1\n", "    x = 1\n    y = 2\n"))
    assert [(piece.names, piece.owner, piece.scope) for piece in found.pieces] == [(("y",), "", "A")]


def test_what_is_lost_from_a_class_or_module_is_seen_where_its_names_are_used() -> None:
    text = f"LIMIT = 1\n{CODE}\n\nclass A:\n    x = 1\n\n    def m(self):\n        return self.x\n"
    for lost, names, scope in (
        ("    x = 1\n", ("x",), "A"),
        ("    def m(self):\n        return self.x\n", ("m",), "A"),
        ("LIMIT = 1\n", ("LIMIT",), ""),
    ):
        (piece,) = of(text, text.replace(lost, "")).pieces
        assert (piece.names, piece.scope, piece.is_top) == (names, scope, True)


def test_a_body_on_its_handlers_line_is_told_apart_from_it() -> None:
    before = "def f(x):\n    try:\n        return x[0]\n    except KeyError: return 0\n"
    (piece,) = of(before, before.replace("return 0", "return 99")).pieces
    assert piece.at == (4, 21, 4, 30)


def test_ways_on_lines_that_did_not_change_are_none() -> None:
    before = "def f():\n    return {\n        'a': lambda: 1,\n        'b': lambda: 2,\n    }\n"
    found = of(before, before.replace("2", "3"))
    assert [piece.at for piece in found.pieces] == [(2, 4, 5, 5), (4, 21, 4, 22)]


@pytest.mark.parametrize(
    ("code", "runs"),
    [
        ("return x or name", False), ("return name or x", True), ("return x if c else name", False), ("return 1 if name else 2", True),
        ("return [name for _ in x]", False), ("f = lambda: name", False), ("return a < b < name", False), ("return f(name)", True),
    ],
)  # fmt: skip
def test_what_is_executed_whenever_its_statement_is(code: str, runs: bool) -> None:
    text = f"def f():\n    {code}\n"
    tree = syntax.module(text)
    assert tree is not None
    assert always_runs(tree, 2, text.split("\n")[1].index("name")) is runs
    module = syntax.module(code.replace("return ", ""))
    assert module is not None
    assert not always_runs(module, 1, code.replace("return ", "").index("name"))


def test_many_changed_lines_are_one_hunk() -> None:
    before, after = "\n".join("a" * 3000), "\n".join("b" * 3000)
    assert len(hunks(before, after)) == 1
