"""A function from what somebody says, on real containers: candidates run, the one with evidence offered."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assay.assistant.nouns import Passed
from assay.assistant.workbench import Workbench
from assay.assistant.write import asked, model, plan, small, sources, way
from assay.assistant.write.candidate import Target
from assay.assistant.write.plan import Built
from assay.assistant.write.way import Written
from assay.engine.api import Chunk, Request
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


PLAN = '''def tidy(text: str) -> list[str]:
    """First strip the ends: strip_ends("  a b ") == "a b". Then split_words("b a") == ["b", "a"]. Finally sort_words(["b", "a"]) == ["a", "b"].

    >>> tidy(" b a ")
    ['a', 'b']
    """
'''
BODIES = ("return value.strip()", "return value.split()", "return sorted(value)")


async def built(bench: Workbench, root: Path, bodies: Sequence[str]) -> Built:
    (root / "mod.py").write_text(PLAN)
    heads = ("strip_ends", "split_words", "sort_words")
    engine = ByHead(dict(zip(heads, bodies, strict=True)))
    bench = replace(bench, engine=engine)
    bench.projects.open_folder(root)
    state = await bench.projects.state(root)
    wanted = asked.named(PLAN, "tidy")
    steps = plan.planned(wanted.wish)
    assert steps is not None
    at = Target(state, "mod.py", PLAN, wanted.span)
    return await plan.built(bench, bench.projects.world(root), at, steps, (model.candidates,), silent)


class ByHead(Scripted):
    """Writes a body by the last head of the prompt."""

    def __init__(self, bodies: Mapping[str, str]) -> None:
        super().__init__([])
        self._bodies = bodies

    async def generate(self, request: Request) -> AsyncGenerator[Chunk, None]:
        head = re.findall(r"def (\w+)\((\w*)", request.prompt)[-1]
        body = self._bodies.get(head[0], "return None").replace("value", head[1] or "value")
        yield Chunk(0, body, finish="stop")


async def test_steps_are_functions_of_their_own_and_the_whole_is_made_of_them(bench: Workbench, root: Path) -> None:
    found = await built(bench, root, BODIES)
    assert [one.wish.name for one in found.steps] == ["strip_ends", "split_words", "sort_words"]
    assert found.missing == ()
    assert found.whole is not None and found.whole.best is not None
    assert found.whole.best.candidate.body == "return sort_words(split_words(strip_ends(text)))"
    assert isinstance(found.whole.verdict, Passed)
    compile(found.offered, "mod.py", "exec")


@pytest.mark.parametrize("wrong", range(3))
async def test_a_step_that_is_wrong_is_named_by_its_test_and_the_others_stand(
    bench: Workbench, root: Path, wrong: int
) -> None:
    bodies = [*BODIES]
    bodies[wrong] = "return None"
    found = await built(bench, root, bodies)
    (missing,) = found.missing
    assert missing is found.steps[wrong]
    assert f"`{missing.wish.examples[0].call}` is to give" in missing.why
    assert found.whole is None
    spaces: dict[str, Any] = {}
    exec(compile(found.offered, "mod.py", "exec"), spaces)
    for number, step in enumerate(found.steps):
        if number != wrong:
            assert eval(f"{step.wish.examples[0].call} == {step.wish.examples[0].gives}", spaces)
    with pytest.raises(NotImplementedError):
        eval(missing.wish.examples[0].call, spaces)


async def test_an_answer_of_an_example_is_no_function(bench: Workbench, root: Path) -> None:
    text = 'def cut(text: str) -> str:\n    """Cut it.\n\n    >>> cut("hello world")\n    \'hello...\'\n    """\n'
    found = await write(bench, root, text, "cut", ["return text and 'hello...'"], alone=True)
    assert found.best is None and "It has the answer of an example in it: 'hello...'" in found.why


async def test_nothing_is_offered_where_nothing_is_shown_and_nobody_agrees(bench: Workbench, root: Path) -> None:
    text = 'def pick(values: list[int], at: int) -> int:\n    """Pick one."""\n'
    bodies = ["return values[at]", "return max(values) + at", "return sum(values) * at", "return at"]
    found = await write(bench, root, text, "pick", bodies, alone=True)
    assert found.best is None and "Say what one call gives, as in `pick(values, at) == ...`" in found.why
    assert any("It does not use its parameter values." in one.broken for one in found.judged)


async def test_a_whole_without_an_example_is_put_together_of_its_steps(bench: Workbench, root: Path) -> None:
    (root / "tests").mkdir()
    (root / "tests" / "test_other.py").write_text("def test_one():\n    assert True\n")
    said = "tidy(text: str) -> list: first strip_ends(' a ') == 'a', then split_words('b a') == ['b', 'a']"
    wanted = asked.described("", said)
    (root / "mod.py").write_text("")
    bench.projects.open_folder(root)
    at = Target(await bench.projects.state(root), "mod.py", "", wanted.span)
    found = await plan.carried_out(
        bench, bench.projects.world(root), at, wanted.wish, sources.every(root), lambda *_: None
    )
    assert isinstance(found, plan.Built) and found.whole is not None and found.whole.best is not None
    assert found.whole.best.candidate.body == "return split_words(strip_ends(text))"
    assert set(found.files) == {"mod.py", "tests/test_mod.py"}
    assert all(f"def test_{name}" in found.files["tests/test_mod.py"] for name in ("strip_ends", "split_words"))


async def test_nobody_with_anything_to_say_is_a_reason(bench: Workbench, root: Path) -> None:
    found = await write(bench, root, "def f(x):\n    pass\n", "f")
    assert (found.best, found.why) == (None, "Nobody had anything to say.")


async def test_what_grows_faster_than_is_asked_for_is_not_offered(bench: Workbench, root: Path) -> None:
    text = 'def seen_twice(values: list[int]) -> bool:\n    """Whether one of them is there twice, in O(n).\n\n    >>> seen_twice([1, 2, 1])\n    True\n    >>> seen_twice([1, 2])\n    False\n    """\n'
    slow = "return any(values.count(one) > 1 for one in values)"
    fast = "return len(set(values)) < len(values)"
    found = await write(bench, root, text, "seen_twice", [slow, fast], alone=True)
    assert found.best is not None
    assert found.best.candidate.body == fast
    (told,) = next(one.broken for one in found.judged if one.candidate.body == slow)
    assert "Its time grows as about n^" in told or "does not come to an end" in told


async def test_what_turns_the_projects_tests_green_is_offered_first(bench: Workbench, root: Path) -> None:
    (root / "test_mod.py").write_text(
        "from mod import middle\n\n\ndef test_five():\n    assert middle([5, 1, 4, 2, 3]) == 3\n"
    )
    found = await write(bench, root, STUB, "middle", ["return sorted(values)[1]"], alone=True)
    assert (found.best, found.files) == (None, {}), "a test of the project that fails with it holds it back"
    assert "own tests are against" in found.why and "test_five" in found.why
    right = "return sorted(values)[len(values) // 2]"
    found = await write(bench, root, STUB, "middle", ["return sorted(values)[1]", right], alone=True)
    assert found.best is not None, found.why
    assert found.best.candidate.body == right
    assert isinstance(found.verdict, Passed)


async def test_of_an_ignored_file_nothing_goes_to_a_model_or_into_a_container(bench: Workbench, root: Path) -> None:
    (root / ".assayignore").write_text("mod.py\n")
    found = await write(bench, root, STUB, "middle", ["return 1"])
    assert found.why == "mod.py is ignored or secret, so nothing of it goes to a model or into a container."
    assert (found.judged, found.offered) == ((), "")
