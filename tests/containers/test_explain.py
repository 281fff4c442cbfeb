"""From a traceback or pytest's output to the cause, on real runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzers.text import applied
from assay.assistant.hints.explain import Explanation, explain
from assay.assistant.nouns import Passed
from assay.assistant.workbench import Workbench
from evals import bugs_found

DIVIDE = "def divide(a, b):\n    return a / b\n\n\nresult = divide(10, 0)\n"


async def explained(bench: Workbench, root: Path, texts: dict[str, str], output: str) -> Explanation:
    (root / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
    for name, text in texts.items():
        (root / name).write_text(text)
    return await explain(bench, root, output, lambda what, done, of: None)


def traceback(*frames: tuple[str, int, str], error: str) -> str:
    rows = "".join(f'  File "{path}", line {line}, in {function}\n    ...\n' for path, line, function in frames)
    return f"Traceback (most recent call last):\n{rows}{error}\n"


async def test_a_call_in_the_file_is_made_again_and_the_line_that_raises_is_named(
    bench: Workbench, tmp_path: Path
) -> None:
    output = traceback(
        ("/elsewhere/p/m.py", 5, "<module>"),
        ("/elsewhere/p/m.py", 2, "divide"),
        error="ZeroDivisionError: division by zero",
    )
    found = await explained(bench, tmp_path, {"m.py": DIVIDE}, output)
    assert (found.name, found.line) == ("m.py", 2)
    assert "`divide(10, 0)` raises ZeroDivisionError: division by zero" in found.cause
    assert "`b` is 0 there" in found.cause


async def test_a_failed_test_is_run_again_and_its_cause_is_mended(bench: Workbench, tmp_path: Path) -> None:
    one = next(p for p in bugs_found.programs() if p.name == "intervals")
    output = "test_module.py:13: AssertionError\nFAILED test_module.py::test_touching - assert [] == [(1, 3)]\n"
    found = await explained(bench, tmp_path, {"module.py": one.broken, "test_module.py": one.tests}, output)
    assert (found.name, found.line) == ("module.py", one.line)
    assert found.fix is not None
    assert isinstance(found.fix.verdict, Passed)
    assert applied(one.broken, found.fix.edits) == one.module


async def test_what_cannot_be_made_again_is_told_from_the_text(bench: Workbench, tmp_path: Path) -> None:
    text = "def total(cart):\n    return cart.sum / cart.count\n"
    output = traceback(
        (f"{tmp_path}/m.py", 2, "total"), error="AttributeError: 'NoneType' object has no attribute 'sum'"
    )
    found = await explained(bench, tmp_path, {"m.py": text}, output)
    assert (found.name, found.line, found.fix) == ("m.py", 2, None)
    assert "AttributeError" in found.cause


async def test_a_suspicion_on_the_line_is_the_fix(bench: Workbench, tmp_path: Path) -> None:
    text = "def last(xs):\n    return xs[len(xs)]\n"
    tests = "from m import last\n\n\ndef check():\n    assert last([1, 2]) == 2\n"
    output = traceback(("m.py", 2, "last"), error="IndexError: list index out of range")
    found = await explained(bench, tmp_path, {"m.py": text, "helper.py": tests}, output)
    assert found.line == 2
    assert found.fix is not None
    assert applied(text, found.fix.edits) == text.replace("len(xs)", "-1")


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("hello", "no traceback"),
        (
            traceback(("/usr/lib/python3.11/json/decoder.py", 355, "decode"), error="ValueError: no"),
            "None of its places",
        ),
        (traceback(("../../etc/passwd", 1, "f"), error="ValueError: no"), "None of its places"),
        (traceback(("m.py", 99999, "f"), error="ValueError: no"), "None of its places"),
    ],
)
async def test_what_is_not_of_the_project_is_said(bench: Workbench, tmp_path: Path, output: str, said: str) -> None:
    found = await explained(bench, tmp_path, {"m.py": DIVIDE}, output)
    assert said in found.cause
    assert (found.name, found.line) == ("", 0)
