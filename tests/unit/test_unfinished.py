"""What is still to be written: the end of a function, the statement under way, and the text without it."""

from __future__ import annotations

import ast

import pytest

from analyzers import syntax, unfinished
from analyzers.text import Span


def lines_of(text: str) -> tuple[str, int, int]:
    """The text without its marks, and the lines (from 1) between them."""
    first = text[: text.index("«")].count("\n") + 1
    last = text[: text.index("»")].count("\n") + 1
    return text.replace("«", "").replace("»", ""), first, last


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("def f(x):\n    «y = x»\n    return y\n", "inner"),
        ("def f(x):\n    «y = x»\n\n\ndef g():\n    pass\n", "open"),
        ("def f(x):\n    y = x\n    «return y»\n", "whole"),
        ("def f(x):\n    if x:\n        «return x»\n", "open"),
        ("def f(x):\n    if x:\n        return 1\n    else:\n        «return 2»\n", "whole"),
        ("def f(x):\n    for y in x:\n        «y += 1»\n    return y\n", "inner"),
        ("def f(x):\n    «if x:»\n        y = 1\n    return y\n", "header"),
        ("def f(x):\n    if x:\n        y = 1\n    «elif y:»\n        y = 2\n    return y\n", "header"),
        ("def f(x):\n    try:\n        y = 1\n    «except ValueError:»\n        y = 2\n    return y\n", "header"),
        ("def f(x):\n    «y = 1\n    for z in x:»\n        y = 2\n    return y\n", "header"),
        ("def f(x):\n    match x:\n        case 1:\n            pass\n    «return x»\n", "open"),
        ("def f(x):\n    " + "if x:\n        return 1\n    el" * 1100 + "if x:\n        «return 2»\n", "open"),
        ("def f(x):\n    «if x:\n        y = 1»\n    return y\n", "inner"),
        ("def f(x):\n    def g(y):\n        return y\n    for y in x:\n        «z = y»\n    return z\n", "inner"),
        ("def f(x):\n    «def g(y):\n        return y»\n", "open"),
        ("class A:\n    def f(self):\n        «self.x = 1»\n\n    def g(self):\n        pass\n", "open"),
        ("class A:\n    def __init__(self):\n        «self.x = 1»\n", "whole"),
        ('def f(x) -> None:\n    """Say it."""\n    «print(x)»\n', "whole"),
        ("def f(x) -> None:\n    y = x\n    «print(y)»\n", "open"),
        ("def f(x):\n    y = ...\n    if x:\n        ...\n    «return y»\n", "open"),
        ("def f(x):\n    if x:\n        pass\n    «return x»\n", "open"),
        ("def f(x):\n    try:\n        g()\n    except ValueError:\n        pass\n    «return x»\n", "whole"),
        ("def f(x):\n    if x:\n        raise NotImplementedError('later')\n    «return x»\n", "open"),
        ("def f(x):\n    «with x:\n        return 1»\n", "whole"),
        ("def f(x):\n    «while True:\n        x()»\n", "whole"),
        ("def f(x):\n    «while True:\n        break»\n", "open"),
        ("def f(x):\n    «try:\n        return 1\n    except ValueError:\n        x()»\n", "open"),
        ("def f(x):\n    «try:\n        return 1\n    except ValueError:\n        raise»\n", "whole"),
        ("def f(x):\n    «match x:\n        case 1:\n            return 1\n        case _:\n            return 2»\n", "whole"),
        ("def f(x):\n    «match x:\n        case 1:\n            return 1»\n", "open"),
        ("«x = 1»\ny = 2\n", "open"),
    ],
)  # fmt: skip
def test_what_a_text_leaves_to_write(text: str, left: str) -> None:
    whole, first, last = lines_of(text)
    assert unfinished.left(ast.parse(whole), first, last) == left


@pytest.mark.parametrize(
    ("text", "begun"),
    [
        ("def f(x):\n    y = ‸\n    return y\n", "    y = "),
        (
            "def f(x):\n    y = g(\n        1,\n        ‸\n    )\n    return y\n",
            "    y = g(\n        1,\n        \n    )",
        ),
        ("def f(x):\n    y = g(1,‸\n    return y\n", "    y = g(1,"),
        ("def f(x):\n    y = [‸\n        1,\n    ]\n", "    y = [\n        1,\n    ]"),
        ("y = 1 + \\\n    ‸\nz = 2\n", "y = 1 + \\\n    "),
        ("match x:\n    case 1:\n        pass\n    case ‸\n", "    case "),
        ("def f(x):\n    ‸", "    "),
        ("y = x  # path C:\\\nz = ‸\n", "z = "),
        ("y = (\n    a\n    @ b\n    + ‸\n)\n", "y = (\n    a\n    @ b\n    + \n)"),
        ("y = 1 + \\\r\n    ‸\r\n", "y = 1 + \\\r\n    \r"),
        ('def f(x):\n    """It is ( not\n\n    closed."""\n    y = ‸\n', "    y = "),
    ],
)
def test_the_statement_under_way(text: str, begun: str) -> None:
    before, after = text.split("‸")
    span = unfinished.begun(before + after, len(before))
    assert (before + after)[span.start : span.end] == begun


@pytest.mark.parametrize(
    ("text", "lead", "made"),
    [
        ("def f(x):\n«    y = »\n    return 1\n", "    ", ["def f(x):\n\n    return 1\n"]),
        ("def f(x):\n«»\n", "    ", ["def f(x):\n    pass\n"]),
        ("def f(x):«»\n", "    ", ["def f(x):\n    pass\n"]),
        ("def f(x):\n    y = 1«»\n", "    ", ["def f(x):\n    y = 1\n"]),
        (
            "def f(x):\n    z = 1\n«»\n        y = 1\n",
            "    ",
            [f"def f(x):\n    z = 1\n    if {n}:\n        y = 1\n" for n in (True, False)],
        ),
        ("«»\n    continue\n", "", [f"for _ in ({n}):\n    continue\n" for n in ("0,", "")]),
        ("def f(x):\n    try:\n        g()\n«»\n        h()\n", "    ", []),
        ("def f(x):\n«    y = »\n)\n", "    ", []),
    ],
)
def test_a_text_without_its_statement_runs(text: str, lead: str, made: list[str]) -> None:
    span = Span(text.index("«"), text.index("»") - 1)
    assert unfinished.without(text.replace("«", "").replace("»", ""), span, lead) == tuple(made)


@pytest.mark.parametrize(
    ("body", "is_unwritten"),
    [
        ('"""Later."""', True),
        ("...", True),
        ("pass", True),
        ("raise NotImplementedError", True),
        ("return None", False),
    ],
)
def test_a_function_that_nobody_has_written(body: str, *, is_unwritten: bool) -> None:
    text = f"class A:\n    def f(self):\n        {body}\n"
    assert unfinished.unwritten(text) == (("A.f",) if is_unwritten else ())
    assert unfinished.unwritten(f"{text}(\n") == ()


def test_a_break_outside_a_loop_does_not_run() -> None:
    assert not syntax.compiles("if True:\n    break\n")
    assert not syntax.compiles("x = (")
    assert syntax.compiles("for _ in (0,):\n    break\n")
