"""A function from what somebody says, on real containers: candidates run, the one with evidence offered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from assay.assistant.nouns import Passed
from assay.assistant.workbench import Workbench
from assay.assistant.write import asked, model, small, way
from assay.assistant.write.candidate import Target
from assay.assistant.write.way import Written
from assay.engine.missing import Missing
from assay.engine.scripted import Answer, Scripted

STUB = '''"""A module."""


def middle(values: list[int]) -> int:
    """Return the middle one of an odd number of values, by size.

    >>> middle([3, 1, 2])
    2
    """


def other():
    return 1
'''


def silent(stage: str, done: int, of: int) -> None:
    pass


async def write(
    bench: Workbench, root: Path, text: str, name: str, answers: Sequence[str] = (), *, alone: bool = False
) -> Written:
    (root / "mod.py").write_text(text)
    engine = Scripted([Answer("", tuple(answers))]) if answers else Missing("No model.")
    bench = replace(bench, engine=engine)
    bench.projects.open_folder(root)
    state = await bench.projects.state(root)
    wanted = asked.named(text, name)
    at = Target(state, "mod.py", text, wanted.span)
    sources = (model.candidates,) if alone else (small.candidates, model.candidates)
    return await way.written(bench, bench.projects.world(root), at, wanted.wish, sources, silent)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
    return tmp_path


async def test_the_candidate_that_holds_the_examples_and_agrees_is_offered(bench: Workbench, root: Path) -> None:
    right = "return sorted(values)[len(values) // 2]"
    answers = ["return values[0]", right, "return max(values)", "return sorted(values)[1]", "values = sorted(values)\n    return values[len(values) // 2]"]  # fmt: skip
    found = await write(bench, root, STUB, "middle", answers)
    assert found.best is not None
    assert found.best.candidate.body in (right, answers[4].replace("\n    ", "\n"))
    assert isinstance(found.verdict, Passed), found.verdict
    assert found.offered.startswith(STUB.partition("def middle")[0])
    assert found.offered.endswith("def other():\n    return 1\n")
    assert found.chosen.split is not None
    broken = {one.candidate.body: one.broken for one in found.judged}
    assert broken["return values[0]"] == ("`middle([3, 1, 2])` is to give 2, and gives 3.",)


async def test_without_a_model_small_expressions_are_found(bench: Workbench, root: Path) -> None:
    text = 'def shout(text: str) -> str:\n    """Return the text in upper case.\n\n    >>> shout("ab")\n    \'AB\'\n    """\n'
    found = await write(bench, root, text, "shout")
    assert found.best is not None
    assert (found.best.candidate.body, found.best.candidate.source) == ("return text.upper()", "enumeration")
    assert isinstance(found.verdict, Passed)


async def test_what_breaks_an_example_is_not_offered_and_the_model_hears_why(bench: Workbench, root: Path) -> None:
    found = await write(
        bench, root, STUB, "middle", ["return values[0]", "return None", "raise KeyError(1)"], alone=True
    )
    assert (found.best, found.offered) == (None, "")
    assert "None of 3 candidates holds what is asked." in found.why
    assert {"`middle([3, 1, 2])` is to give 2, and raises KeyError: 1."} == {one.broken[0] for one in found.judged if "Key" in one.candidate.body}  # fmt: skip


async def test_a_demand_is_never_violated(bench: Workbench, root: Path) -> None:
    text = STUB.replace("by size.", "by size. Must not use sorted.")
    loop = "rest = list(values)\n    while len(rest) > 1:\n        rest.remove(max(rest))\n        rest.remove(min(rest))\n    return rest[0]"
    found = await write(bench, root, text, "middle", ["return sorted(values)[len(values) // 2]", loop])
    assert found.best is not None
    assert "sorted" not in found.best.candidate.body
    assert any("It uses sort" in told for one in found.judged for told in one.broken)


async def test_demands_that_cannot_hold_together_are_told_before_anything_runs(bench: Workbench, root: Path) -> None:
    text = STUB.replace("by size.", "by size, using recursion. No recursion.")
    found = await write(bench, root, text, "middle", ["return 1"])
    assert found.why.startswith("What is asked cannot be done:")
    assert found.judged == ()


async def test_nobody_with_anything_to_say_is_a_reason(bench: Workbench, root: Path) -> None:
    found = await write(bench, root, "def f(x):\n    pass\n", "f")
    assert (found.best, found.why) == (None, "Nobody had anything to say.")
