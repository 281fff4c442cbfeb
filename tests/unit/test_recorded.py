"""What functions were called with, as somebody would write it; and source texts that are odd."""

from __future__ import annotations

import pytest

from analyzers import inputs, subjects, tryouts
from assay.assistant.rendering import joining
from assay.assistant.test import recorded
from sandbox.api import Taken

TEXT = "def f(a, b=2, *more, sep=',', end=None, **named): ...\n"


@pytest.mark.parametrize(
    ("call", "written"),
    [
        (Taken(("'x'", "2"), "()", {"sep": "','", "end": "None"}, "{}"), "'x'"),
        (Taken(("'x'", "3"), "()", {"sep": "';'", "end": "None"}, "{}"), "'x', 3, sep=';'"),
        (Taken(("'x'", "2"), "(5, 6)", {"sep": "';'", "end": "None"}, "{}"), "'x', 2, 5, 6, sep=';'"),
        (Taken(("'x'", "2"), "()", {"sep": "','", "end": "None"}, "{'k': 1}"), "'x', k=1"),
        (Taken(("'x'", "2"), "()", {"sep": "','", "end": "None"}, "{'class': 1}"), None),
        (Taken((None, "2"), "()", {"sep": "','", "end": "None"}, "{}"), None),
        (Taken(("'x'", None), "()", {"sep": "','", "end": "None"}, "{}"), None),
    ],
)
def test_calls_are_written_as_they_were_made(call: Taken, written: str | None) -> None:
    (subject,) = subjects.of_text(TEXT)
    found = recorded.seen(subject, {1: (call,)})
    assert found.seen == (() if written is None else (written,))
    assert inputs.variants([f"f({one})" for one in found.seen]) is not None


def test_odd_calls_in_a_text_cost_no_others() -> None:
    number = f"0x{'f' * 5000}"
    assert inputs.examples("f", [f"f({number})\nf(1)\n"]) == ("f(1)",)
    assert inputs.variants(["f(1, class=2)"]) == ("f(1, class=2)",)


def test_classes_that_hold_one_another_are_made_without_end_in_no_time() -> None:
    text = "from dataclasses import dataclass\n\n\n" + "".join(
        f"@dataclass\nclass A{n}:\n    one: A{n + 1}\n    more: list[A{n + 2}]\n    back: A0\n\n\n" for n in range(12)
    )
    text += "@dataclass\nclass A12:\n    n: int\n\n\n@dataclass\nclass A13:\n    n: int\n\n\ndef f(a: A0) -> int:\n    return 1\n"
    found = next(one for one in subjects.of_text(text) if one.name == "f")
    assert all(len(one) <= tryouts.LENGTH for one in tryouts.many(found, ("own:A0",), 20, 0))
    text = "class B:\n    def __init__(self, n: int): self.n = n\n\n\nclass A:\n    def __init__(self, b: B): self.b = b\n\n\ndef f(a: A): ...\n"
    found = next(one for one in subjects.of_text(text) if one.name == "f")
    calls = tryouts.many(found, ("own:A",), 20, 0)
    assert len(calls) == 20 and all(one.startswith("f(A(B(") for one in calls)


def test_lines_of_a_test_file_are_those_that_python_counts() -> None:
    before = '"""Doc."""\n\x0c\nimport os\nfrom m import f\n\nx = "a\u2028b"\n'
    after = joining.joined(before, "m", ["f", "g"], "def test_g():\n    assert g() == 1\n")
    assert "import os\nfrom m import f, g\n" in after and after.count("from m import") == 1
