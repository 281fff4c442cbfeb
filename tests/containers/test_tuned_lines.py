"""Whether what a tuned model wrote at a held-out place passes the project's tests, in real containers."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.assistant.workbench import Workbench
from assay.tune.gate import proved
from assay.tune.material.prepare import Material
from assay.tune.material.samples import Row
from assay.tune.material.sources import Text

CALC = "def most(items):\n    found = 0\n    for one in items:\n        if one > found:\n            found = one\n    return found\n\n\ndef alone(x):\n    return x - 1\n"
TESTS = "from calc import most\n\n\ndef test_most():\n    assert most([1, 5, 2]) == 5\n    assert most([]) == 0\n"


def row(answer: str, kind: str = "line") -> Row:
    start = CALC.index(answer)
    return Row(0, kind, start, start + len(answer), answer)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        ("        if one > found:", "        if one < found:"),  # from its first column on, with its block below
        ("found = one\n".rstrip(), "found = found"),
        ("return found", "return other(found)"),
        ("items:", "items[1"),
    ],
)
async def test_the_true_line_passes_and_a_wrong_one_does_not(
    bench: Workbench, tmp_path: Path, answer: str, wrong: str
) -> None:
    root = tmp_path / "shop"
    root.mkdir()
    (root / "pyproject.toml").write_text("")
    (root / "calc.py").write_text(CALC)
    (root / "test_calc.py").write_text(TESTS)
    material = Material(tmp_path, {0: Text("shop", "calc.py", CALC, "own")}, (), (), {})
    passes = proved.Tests(material, {"shop": root}, lambda: bench, lambda _: _nothing())
    assert await passes(row(answer), answer) is True
    assert await passes(row(answer), wrong) is not True
    assert await passes(row("return x - 1"), "return x - 1") is None, "no test reaches it"
    assert await passes(row(answer, "edit"), answer) is None, "a file of another day"
    (root / "calc.py").write_text(CALC + "\n")
    assert await passes(row(answer), answer) is None, "the file is another one now"


async def _nothing() -> None:
    """The bench is the fixture's."""
