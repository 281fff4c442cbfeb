"""What somebody who writes is offered, and what not, where tests that execute it fail: on real runs, from a cursor on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from analyzers.text import Snapshot
from assay import compose
from assay.assistant.complete.path import complete
from assay.assistant.complete.way import Typing
from assay.assistant.drafting.ask import Ask
from assay.assistant.nouns import Completion, Passed, Trigger, Unverified
from assay.assistant.workbench import Workbench
from assay.assistant.world.world import World
from assay.engine.scripted import Answer, Scripted
from assay.folders import folders
from tests.conftest import cursor

PATIENT = {"deadline_ms": {"line": 30_000, "block": 30_000, "function": 30_000}}
HEAD = '"""One module."""\n\n\n'


@pytest.fixture
async def bench(docker_url: str) -> AsyncIterator[Workbench]:
    """A Workbench with one warm container, whose checks nobody is in a hurry for."""
    where = folders()
    settings, _ = compose.load_settings(where, editor={"sandbox": {"pool": 1}, "verify": PATIENT})
    made = compose.workbench(settings, where)
    yield made
    await compose.close(made)


async def written(
    bench: Workbench,
    root: Path,
    marked: str,
    model: str | tuple[str, ...],
    test: str,
    *,
    trigger: Trigger = "invoked",
    logprob: float | None = None,
) -> Completion:
    """What is offered at the cursor in `marked`, where the model writes `model` and `test` is the body of a test of the module."""
    text, offset = cursor(marked)
    (root / "pyproject.toml").write_text("")
    (root / "module.py").write_text(text)
    (root / "test_module.py").write_text(f"from module import *\n\n\ndef test_it():\n    {test}\n")
    answers = (model,) if isinstance(model, str) else model
    engine = Scripted([Answer("", answers, logprob)] if model else [])
    path = root / "module.py"
    ask = Ask(Snapshot(path.as_uri(), str(path), 0, text), offset, World(root), trigger=trigger)
    typing = Typing()
    found = await complete(replace(bench, engine=engine), typing, ask)
    typing.close()
    return found


def reason(found: Completion) -> str:
    """In one word what became of it."""
    if not found.suggestions:
        return "contradicted" if any(one.stage == "tests" for one in found.dropped) else "nothing"
    verdict = found.suggestions[0].verdict
    return verdict.reason if isinstance(verdict, Unverified) else "passed" if isinstance(verdict, Passed) else "failed"


CASES = {
    # (a): it was green without.
    "a line that breaks what worked": (
        "def f(x):\n    ‸\n    return x\n", "x += 1", "assert f(1) == 1", "contradicted",
    ),
    "a line of a function with more to come that breaks what worked": (
        "def f(x):\n    ‸\n", "return x.y", "assert f(1) is None", "contradicted",
    ),
    # (c): it leaves nothing to write, and the test fails otherwise than without it.
    "a whole body": ("def f(x):\n    ‸\n", "return x - 1", "assert f(1) == 2", "contradicted"),
    "a line with code below": ("def f(x):\n    y = 1\n    ‸\n    return y\n", "y = x", "assert f(1) == 2 and f(3) == 6", "baseline-red"),
    "a line with code below, otherwise": ("def f(x):\n    y = 1\n    ‸\n    return y\n", "y = 3", "assert f(1) == 2", "contradicted"),
    "a closing return in a branch": (
        "def f(x):\n    if x:\n        return 2\n    else:\n        ‸\n", "return 3", "assert f(0) == 1", "contradicted",
    ),
    "the header of a block below": (
        "def f(x):\n    ‸\n        return 1\n    return 2\n", "if x > 1:", "assert f(1) == 1", "contradicted",
    ),
    "the header of a loop below": (
        "def f(x):\n    y = 0\n    ‸\n        if n > 7:\n            break\n        y += n\n    return y\n", "for n in range(x):", "assert f(3) == 6",
        "contradicted",
    ),
    # The header of a block that leaves the test failing as it did has filled its gap and moved nothing.
    "a header that moves nothing": (
        "def f(x):\n    ‸\n        return 1\n    return 2\n", "if x > 1 and x < 1:", "assert f(1) == 1", "contradicted",
    ),
    "a header that moves nothing, whose test waits for another": (
        "def g(x):\n    ...\n\n\ndef f(x):\n    ‸\n        return g(x)\n    return g(x + 1)\n", "if x:", "assert f(1) == 1", "baseline-red",
    ),
    "a body that moves nothing": ("def f(x) -> None:\n    ‸\n", "if x is None:\n        return", "x = []\n    f(x)\n    assert x == [1]", "baseline-red"),
    # What is still to be written elsewhere excuses a red test.
    "a body whose test goes on to what is unwritten": (
        "def g(x):\n    raise NotImplementedError\n\n\ndef f(x):\n    ‸\n", "return x + 1", "assert f(1) == 2\n    assert g(1) == 2", "baseline-red",
    ),
    "a body whose test goes on to what gives nothing yet": (
        'def g(x):\n    """Later."""\n\n\ndef f(x):\n    ‸\n', "return x + 1", "assert f(1) == 2\n    assert g(1).real == 2", "baseline-red",
    ),
    "the first method of a class": (
        "class Stack:\n    def __init__(self):\n        ‸\n", "self.items = []", "s = Stack()\n    s.push(1)\n    assert s.pop() == 1", "baseline-red",
    ),
    "a method that gives itself": (
        "class Stack:\n    def push(self, x):\n        ‸\n", "return self", "assert Stack().push(1).pop() == 1", "baseline-red",
    ),
    # Still being written: red tests say nothing.
    "the first line of a body": ("def f(x):\n    ‸\n", "y = x.upper()", "assert f(1) == 2", "baseline-red"),
    "a line under which nothing stands yet": ("def f(x):\n    y = x\n    ‸\n", "z = y - 1", "assert f(1) == 2", "baseline-red"),
    "a return in a branch alone": ("def f(x):\n    if x:\n        ‸\n", "return 3", "assert f(1) == 2 and f(0) == 1", "baseline-red"),
    "a body with a gap above": ("def f(x):\n    if x:\n        ...\n    ‸\n", "return x - 1", "assert f(1) == 2", "baseline-red"),
    # Nothing runs without it: only what its own lines raise by themselves counts.
    "what it raises itself, where nothing runs without it": (
        "def f(x):\n    try:\n        x()\n    ‸\n        return x + 1\n", "except x:", "assert f(1) == 2", "contradicted",
    ),
    # A line that worked is edited.
    "a line that worked": ("def f(x):\n    return x + 1‸\n", " + 1", "assert f(1) == 2", "breaks-tests"),
    "a line that worked, where another test turns green": (
        "def f(x):\n    return x‸\n", " * (x > 1) or None", "assert f(2) == 2\n\n\ndef test_other():\n    assert f(1) == 1", "breaks-tests",
    ),
    "a line before code on its line": ("def f(x):\n    ‸return x\n", "x += 1", "assert f(1) == 1", "contradicted"),
    "a line that did not work yet": ("def f(x):\n    return x‸\n", " + 3", "assert f(1) == 2", "contradicted"),
    "a line that works now": ("def f(x):\n    return x‸\n", " + 1", "assert f(1) == 2", "passed"),
    # And what is right is passed.
    "a right body": ("def f(x):\n    ‸\n", "return x + 1", "assert f(1) == 2", "passed"),
    "a right header": ("def f(x):\n    ‸\n        return 1\n    return 2\n", "if x == 1:", "assert f(1) == 1 and f(2) == 2", "passed"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
async def test_what_its_tests_contradict_is_not_offered(bench: Workbench, tmp_path: Path, name: str) -> None:
    marked, model, test, wanted = CASES[name]
    found = await written(bench, tmp_path, HEAD + marked, model, test)
    assert reason(found) == wanted, found


async def test_the_reason_is_told(bench: Workbench, tmp_path: Path) -> None:
    found = await written(bench, tmp_path, "def f(x):\n    ‸\n", "return x - 1", "assert f(1) == 2")
    assert found.why == "1 test that reaches it fails with it: test_module.py::test_it: assert 0 == 2"


async def test_editing_a_line_that_worked_says_so(bench: Workbench, tmp_path: Path) -> None:
    found = await written(bench, tmp_path, "def f(x):\n    return x + 1‸\n", " + 1", "assert f(1) == 2")
    told = "1 test that passed with the line as it stands fails: test_module.py::test_it: assert 3 == 2"
    assert found.suggestions[0].verdict.why == told


async def test_an_exception_that_is_meant_speaks_against_nothing_that_never_ran(
    bench: Workbench, tmp_path: Path
) -> None:
    """Without the line nothing runs; with it a test sees the exception that the author may want."""
    marked = "def f(x):\n    try:\n        return x()\n    ‸\n"
    model = "except TypeError:\n        raise ValueError(x) from None"
    assert reason(await written(bench, tmp_path, marked, model, "assert f(1) == 2")) == "baseline-red"


async def test_the_code_nearby_is_proved_too(bench: Workbench, tmp_path: Path) -> None:
    """Without a model the code nearby makes a line likely; it is whole, so its tests run."""
    some = "".join(
        f"def f{n}(value, other):\n    value = value.strip()\n    return value + other\n\n\n" for n in range(6)
    )
    marked = f"{some}def g(value, other):\n    value = value.strip()\n    return ‸\n"
    tests = {"passed": "assert g('a', 'b') == 'ab'", "contradicted": "assert g('a', 'b') == 'b'"}
    for wanted, test in tests.items():
        (tmp_path / wanted).mkdir()
        found = await written(bench, tmp_path / wanted, marked, "", test, trigger="automatic")
        assert [one.text for one in found.suggestions] == (["value + other"] if wanted == "passed" else [])
        assert reason(found) == wanted


async def test_the_longest_piece_is_taken_and_a_shorter_one_where_its_tests_contradict_it(
    bench: Workbench, tmp_path: Path
) -> None:
    marked = "def f(x):\n    ‸\n    return y\n"
    right = await written(bench, tmp_path, marked, "y = x\n    y += 1", "assert f(1) == 2")
    assert (reason(right), right.suggestions[0].text) == ("passed", "y = x\n    y += 1")
    shorter = await written(bench, tmp_path, marked, "y = x + 1\n    y += 1", "assert f(1) == 2")
    assert (reason(shorter), shorter.suggestions[0].text) == ("passed", "y = x + 1")
    assert shorter.dropped[0].text == "y = x + 1\n    y += 1"


async def test_a_second_form_that_hangs_moves_nothing(bench: Workbench, tmp_path: Path) -> None:
    """Never entered, the block's loop does not end, and the test has no result; that is no other way to fail."""
    marked = "def g(x):\n    raise ValueError(x)\n\n\ndef f(x):\n    while True:\n        ‸\n            return g(x)\n"
    found = await written(bench, tmp_path, marked, "if x:", "assert f(1) == 1")
    assert reason(found) == "baseline-red"


async def test_somebody_who_types_is_offered_a_statement_where_no_test_speaks_for_more(
    bench: Workbench, tmp_path: Path
) -> None:
    """An engine that does not say how likely its text is: while typing, lines beyond the first statement need a proof."""
    settings, _ = compose.load_settings(folders(), editor={"complete": {"eagerness": 5}, "verify": PATIENT})
    bench = replace(bench, settings=settings)  # nothing nearby is that likely
    marked, model = "def f(x):\n    ‸\n    return z\n", "z = x\n    z += 1"
    for wanted, test in {"z = x": "pass", model: "assert f(1) == 2"}.items():
        folder = tmp_path / str(len(wanted))
        folder.mkdir()
        found = await written(bench, folder, marked, model, test, trigger="automatic")
        assert [one.text for one in found.suggestions] == [wanted]
