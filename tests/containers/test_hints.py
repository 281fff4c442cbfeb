"""Hints that a run proves, on real runs: failing tests and examples, calls in the file; and silence where the code is right."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analyzers.text import applied
from assay.assistant.hints import check
from assay.assistant.hints.check import Report, Scope
from assay.assistant.nouns import Passed
from assay.assistant.settings import Settings
from assay.assistant.workbench import Workbench
from evals import bugs_found
from tests.containers.test_proofs import Counting
from tests.unit.test_doubt import Prefers

WRONG_STATS = '''\
def smallest(amounts):
    """Return the smallest amount.

    >>> smallest([3, 1])
    1
    """
    return max(amounts)
'''
DIVIDE = "def divide(a, b):\n    return a / b\n\n\nresult = divide(10, 0)\n"


async def checked(
    bench: Workbench, root: Path, texts: dict[str, str], *, fix_s: float = 30.0, told: str = ""
) -> Report:
    """The proved hints about files of a project that holds them."""
    for name, text in {"pyproject.toml": "[project]\nname = 'p'\nversion = '1'\n", **texts}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    own = {name: text for name, text in texts.items() if name.endswith(".py") and not name.startswith("test_")}
    report = await check.of_files(bench, Scope(root, own, root.parent / "cache", fix_s), lambda what, done, of: None)
    assert [told in note for note in report.notes] == ([True] if told else [])
    return report


async def test_a_second_look_at_a_part_runs_nothing(bench: Workbench, tmp_path: Path) -> None:
    texts = {
        "a.py": WRONG_STATS,
        "b.py": DIVIDE,
        "test_a.py": "from a import smallest\n\n\ndef test_a():\n    assert smallest([3, 1]) == 1\n",
    }
    first = await checked(bench, tmp_path, texts)
    assert {one.name for one in first.all if one.kind == "proved"} == {"a.py", "b.py"}
    counting = Counting(bench.sandbox)
    scope = Scope(tmp_path, {"b.py": DIVIDE}, tmp_path.parent / "cache", 30.0)
    second = await check.of_files(replace(bench, sandbox=counting), scope, lambda what, done, of: None)
    assert counting.steps == []
    assert second.hints == {"b.py": first.hints["b.py"]}


async def test_the_same_error_in_all_tests_out_of_one_function_is_a_bug(bench: Workbench, tmp_path: Path) -> None:
    """13 of 14 tests are red, which elsewhere means that something is missing in the sandbox."""
    wrong = "def depth(tree):\n    if not tree:\n        return 0\n    return 1 + max(depth(tree), 0)\n"
    tests = "from m import depth\n\n\ndef test_none():\n    assert depth([]) == 0\n\n\n"
    tests += "\n\n".join(f"def test_{n}():\n    assert depth([{n}]) == 1\n" for n in range(13))
    report = await checked(bench, tmp_path, {"m.py": wrong, "test_m.py": tests}, fix_s=0)
    first = max(report.all, key=lambda one: one.confidence)
    assert "RecursionError" in first.message
    assert wrong[first.span.start : first.span.end] == "return 1 + max(depth(tree), 0)"


async def test_one_error_out_of_a_conftest_is_no_bug_of_the_project(bench: Workbench, tmp_path: Path) -> None:
    conftest = "import pytest\n\n\nclass Lost(Exception):\n    pass\n\n\n@pytest.fixture\ndef ask():\n    def asked():\n        raise Lost('no database')\n    return asked\n"
    tests = "import m\n\n\n" + "\n\n".join(f"def test_{n}(ask):\n    assert m.name(ask)\n" for n in range(14))
    texts = {"conftest.py": conftest, "test_m.py": tests, "m.py": "def name(ask):\n    return ask()\n"}
    found = await checked(bench, tmp_path, texts, fix_s=0, told="too many to be bugs")
    assert [one for one in found.all if one.kind == "proved"] == []


async def test_a_key_that_is_missing_is_a_bug_whatever_it_looks_like(bench: Workbench, tmp_path: Path) -> None:
    text = "RATES = {'EUR': 1}\n\n\ndef rate(name):\n    return RATES[name]\n"
    tests = "from m import rate\n\n\ndef test_eur():\n    assert rate('EUR') == 1\n\n\ndef test_usd():\n    assert rate('USD')\n"
    assert (await checked(bench, tmp_path, {"m.py": text, "test_m.py": tests}, fix_s=0)).all


async def test_a_variable_of_the_environment_that_all_tests_lack_is_none(bench: Workbench, tmp_path: Path) -> None:
    text = "import os\n\n\ndef name():\n    return os.environ['SHOP_NAME']\n"
    tests = "from m import name\n\n\n" + "\n\n".join(f"def test_{n}():\n    assert name()\n" for n in range(14))
    told = "14 tests fail for what a container lacks"
    assert (await checked(bench, tmp_path, {"m.py": text, "test_m.py": tests}, fix_s=0, told=told)).all == []


async def test_a_call_in_the_file_that_raises_is_proved_at_the_call_and_at_the_line(
    bench: Workbench, tmp_path: Path
) -> None:
    report = await checked(bench, tmp_path, {"m.py": DIVIDE})
    at = {DIVIDE[one.span.start : one.span.end]: one for one in report.all}
    assert set(at) == {"divide(10, 0)", "a / b"}
    assert all(one.kind == "proved" and "ZeroDivisionError: division by zero" in one.message for one in report.all)
    assert at["a / b"].evidence.input == "divide(10, 0)"
    assert at["a / b"].function == "divide"


@pytest.mark.parametrize(
    "text",
    [
        "def divide(a, b):\n    if b == 0:\n        return None\n    return a / b\n\n\nresult = divide(10, 0)\n",
        "def divide(a, b):\n    if b == 0:\n        raise ValueError('b')\n    return a / b\n\n\nresult = divide(10, 0)\n",
        "def divide(a, b):\n    assert b\n    return a / b\n\n\nresult = divide(10, 0)\n",
        'def divide(a, b):\n    """Raises ZeroDivisionError where b is 0."""\n    return a / b\n\n\nresult = divide(10, 0)\n',
        "def divide(a, b):\n    return a / b\n\n\ntry:\n    divide(10, 0)\nexcept ZeroDivisionError:\n    pass\n",
        "def read(path):\n    return open(path).read()\n\n\ntext = read('/nowhere')\n",
        "def ask(what):\n    return input(what)\n\n\nask('Name? ')\n",
        "def half(a):\n    raise NotImplementedError\n\n\nhalf(1)\n",
        "def wait(s):\n    while True:\n        pass\n\n\nwait(1)\n",
        "import nothing_like_it\n\n\ndef use(a):\n    return nothing_like_it.f(a)\n\n\nuse(1)\n",
    ],
    ids=[
        "guarded",
        "raises",
        "asserts",
        "documented",
        "tried",
        "no file",
        "no terminal",
        "not written",
        "endless",
        "not installed",
    ],
)
async def test_an_exception_that_is_meant_or_the_machines_is_no_bug(
    bench: Workbench, tmp_path: Path, text: str
) -> None:
    found = await checked(bench, tmp_path, {"m.py": text})
    assert [one.code for one in found.all if one.kind != "rule"] == []


async def test_a_failing_test_leads_to_its_line_and_a_fix_that_the_proof_passes(
    bench: Workbench, tmp_path: Path
) -> None:
    tests = "from m import smallest\n\n\ndef test_smallest():\n    assert smallest([3, 1, 2]) == 1\n\n\ndef test_one():\n    assert smallest([5]) == 5\n"
    text = WRONG_STATS.replace(">>> ", "... ")
    report = await checked(bench, tmp_path, {"m.py": text, "test_m.py": tests})
    first = report.all[0]
    assert text[first.span.start : first.span.end] == "return max(amounts)"
    assert (first.kind, first.code, first.evidence.tests) == ("proved", "failing-test", ("test_m.py::test_smallest",))
    assert "test_smallest" in first.message
    assert first.fix is not None
    assert isinstance(first.fix.verdict, Passed)
    assert applied(text, first.fix.edits) == text.replace("max", "min")
    assert "Of " in first.fix.note
    assert "`smallest([" in first.fix.note


STALE = 'def smallest(amounts):\n    """Return the smallest.\n\n    >>> smallest([3, 1])\n    Amount(1)\n    """\n    return min(amounts)\n'
COVERS = "from m import smallest\n\n\ndef test_smallest():\n    assert smallest([2, 1]) == 1\n"


@pytest.mark.parametrize(
    ("more", "count"),
    [
        ({"test_m.py": COVERS}, 0),
        ({"test_m.py": COVERS, "pytest.ini": "[pytest]\naddopts = --doctest-modules\n"}, 1),
        (
            {"test_m.py": COVERS, "test_examples.py": "import doctest\n\nimport m\n\n\ndef test_it():\n    assert m\n"},
            1,
        ),
        ({"test_m.py": "def test_it():\n    import m\n"}, 1),
    ],
    ids=["green tests enter it", "the project runs examples", "by a test", "no test enters it"],
)
async def test_an_example_that_green_tests_deny_is_no_proof_where_nobody_runs_examples(
    bench: Workbench, tmp_path: Path, more: dict[str, str], count: int
) -> None:
    report = await checked(bench, tmp_path, {"m.py": STALE, **more}, fix_s=0)
    assert [one.code for one in report.all] == ["failing-example"] * count


async def test_an_exception_in_an_example_may_stand_by_its_name_alone(bench: Workbench, tmp_path: Path) -> None:
    text = 'class Gone(Exception):\n    pass\n\n\ndef find(x):\n    """Find it.\n\n    >>> find(0)\n    Traceback (most recent call last):\n    ...\n    Gone: 0\n    """\n    raise Gone(x)\n'
    assert (await checked(bench, tmp_path / "a", {"m.py": text})).all == []
    other = text.replace("Gone: 0", "Gone: 1")
    assert [one.code for one in (await checked(bench, tmp_path / "b", {"m.py": other}, fix_s=0)).all][:1] == [
        "failing-example"
    ]


async def test_a_failing_example_is_a_proof(bench: Workbench, tmp_path: Path) -> None:
    report = await checked(bench, tmp_path, {"m.py": WRONG_STATS})
    first = report.all[0]
    assert (first.kind, first.code) == ("proved", "failing-example")
    assert "expected 1, got 3" in first.message
    assert first.fix is not None
    assert applied(WRONG_STATS, first.fix.edits) == WRONG_STATS.replace("max", "min")


async def test_a_right_program_has_no_hint(bench: Workbench, tmp_path: Path) -> None:
    one = next(p for p in bugs_found.programs() if p.name == "intervals")
    assert (await checked(bench, tmp_path, {"module.py": one.module, "test_module.py": one.tests})).all == []


@pytest.mark.parametrize("name", ["intervals", "case_insensitive", "listeners"])
async def test_a_bug_is_found_and_mended(bench: Workbench, tmp_path: Path, name: str) -> None:
    one = next(p for p in bugs_found.programs() if p.name == name)
    report = await checked(bench, tmp_path, {"module.py": one.broken, "test_module.py": one.tests})
    first = report.all[0]
    assert one.broken[: first.span.start].count("\n") + 1 == one.line
    assert first.fix is not None
    assert applied(one.broken, first.fix.edits) == one.module


async def test_a_test_that_fails_for_what_the_sandbox_lacks_says_nothing(bench: Workbench, tmp_path: Path) -> None:
    tests = "from m import smallest\n\n\ndef test_smallest():\n    import nothing_like_it\n    assert smallest([1]) == 1\n\n\ndef test_file():\n    smallest([1])\n    open('/nowhere')\n"
    text = WRONG_STATS.replace(">>> ", "... ")
    told = "1 test fails for what a container lacks, and nothing is said for that (test_m.py::test_smallest: ModuleNotFoundError: No module named 'nothing_like_it')."
    assert (await checked(bench, tmp_path, {"m.py": text, "test_m.py": tests}, told=told)).all == []


async def test_a_suspicion_that_tests_contradict_is_withdrawn_and_stays_so(bench: Workbench, tmp_path: Path) -> None:
    text = "def scale(width, height):\n    return 2 * width + height\n\n\ndef turned(width, height, more):\n    return more * scale(height, width)\n"
    tests = "from m import turned\n\n\ndef test_turned():\n    assert turned(1, 10, 1) == 21\n"
    for name, more, wanted in (
        ("a", {}, ["swapped-arguments"]),
        ("b", {"test_m.py": tests}, []),
        ("b", {"test_m.py": tests}, []),
    ):
        root = tmp_path / name
        root.mkdir(exist_ok=True)
        assert [one.code for one in (await checked(bench, root, {"m.py": text, **more})).all] == wanted


async def test_a_second_look_at_unchanged_files_runs_nothing(bench: Workbench, tmp_path: Path) -> None:
    root = tmp_path / "p"
    root.mkdir()
    first = await checked(bench, root, {"m.py": DIVIDE})
    await bench.sandbox.close()  # a run would raise from here on
    assert (await checked(bench, root, {"m.py": DIVIDE})).hints == first.hints


HOSTILE = '''\
"""What is executed as it is imported, printed, compared or thrown away."""
import pathlib
import sys

pathlib.Path("{mark}").write_text("ran")
sys.setrecursionlimit(10**9)
BIG = 10**10**8


class Meta(type):
    def __call__(cls, *args):
        raise SystemExit(3)

    def __instancecheck__(cls, other):
        raise KeyboardInterrupt


class Odd(metaclass=Meta):
    def __init__(self, a):
        pass

    def __del__(self):
        pathlib.Path("{mark}").write_text("ran")
        raise BaseException


class Loud(Exception):
    def __str__(self):
        raise Loud

    __repr__ = __str__


def endless(function):
    return endless(function)


@endless
def decorated(a):
    return a


def loud(a):
    raise Loud


def deep(a):
    return deep(a)


Odd(1)
decorated(1)
loud(1)
deep(1)
xs = [1]
xs[len(xs)]
'''


async def test_a_hostile_file_is_looked_at_without_running_it_here(bench: Workbench, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    root = tmp_path / "p"
    root.mkdir()
    text = HOSTILE.replace("{mark}", str(mark))
    found = await checked(bench, root, {"m.py": text, "deep.py": "x = " + "[" * 150 + "]" * 150 + "\n"})
    assert not mark.exists()
    assert any(one.code == "off-by-one" for one in found.all)


async def test_a_loop_that_does_not_end_is_found_and_mended(bench: Workbench, tmp_path: Path) -> None:
    text = "def count(n):\n    found = 0\n    while n:\n        n ^= n - 1\n        found += 1\n    return found\n"
    tests = "from m import count\n\n\ndef test_count():\n    assert count(7) == 3\n\n\ndef test_none():\n    assert count(0) == 0\n"
    first = (await checked(bench, tmp_path, {"m.py": text, "test_m.py": tests})).all[0]
    assert text[first.span.start : first.span.end] == "n ^= n - 1"
    assert "did not end within" in first.evidence.detail
    assert first.fix is not None
    assert applied(text, first.fix.edits) == text.replace("^=", "&=")


async def test_a_test_that_takes_its_time_itself_is_no_bug_of_the_code(bench: Workbench, tmp_path: Path) -> None:
    text = WRONG_STATS.replace("max", "min").replace(">>> ", "... ")
    tests = "from m import smallest\n\n\ndef test_slow():\n    smallest([1])\n    total = 0\n    while total < 10**10:\n        total += 1\n"
    assert (await checked(bench, tmp_path, {"m.py": text, "test_m.py": tests})).all == []


async def test_where_most_tests_fail_a_note_says_why_nothing_is_proved(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
    (tmp_path / "m.py").write_text("def one():\n    return 1\n")
    tests = "".join(f"def test_{n}():\n    assert one() == {n}\n\n\n" for n in range(40))
    (tmp_path / "test_m.py").write_text(f"from m import one\n\n\n{tests}")
    scope = Scope(tmp_path, {"m.py": (tmp_path / "m.py").read_text()}, tmp_path.parent / "cache", 1.0)
    report = await check.of_files(bench, scope, lambda what, done, of: None)
    assert report.all == []
    assert "39 of 40 tests fail in the sandbox" in report.notes[0]


TYPED = """\
def share(part: int, whole: int) -> float:
    return part / whole


def first(values: list[int]) -> int:
    return values[0]


def guarded(values: list[int]) -> int:
    return values[0] if values else 0


def refused(values: list[int]) -> int:
    if not values:
        raise ValueError("no values")
    return values[0]


def documented(values: list[int]) -> int:
    \'\'\'Raises IndexError for no values.\'\'\'
    return values[0]


def untyped(values):
    return values[0]
"""


async def test_inputs_are_looked_for_on_request_alone(bench: Workbench, tmp_path: Path) -> None:
    assert (await checked(bench, tmp_path, {"m.py": TYPED})).all == []
    scope = Scope(tmp_path, {"m.py": TYPED}, tmp_path.parent / "cache", seeks_inputs=True)
    found = (await check.of_files(bench, scope, lambda what, done, of: None)).all
    assert {(one.code, one.function, one.evidence.input) for one in found} == {
        ("failing-input", "share", "share(part=0, whole=0)"),
        ("failing-input", "first", "first(values=[])"),
    }


async def test_a_doubt_of_the_model_that_tests_contradict_is_withdrawn(bench: Workbench, tmp_path: Path) -> None:
    text = "def total(prices):\n    found = 0\n    for price in prices:\n        found -= price\n    return found\n"
    scope = Scope(tmp_path, {"m.py": text}, tmp_path.parent / "cache")
    doubting = replace(bench, engine=Prefers("found += price", 40.0), settings=with_doubt(bench.settings))
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
    (tmp_path / "m.py").write_text(text)
    (one,) = (await check.of_files(doubting, scope, lambda what, done, of: None)).all
    assert one.code == "doubt"  # no test reaches it: nothing contradicts
    (tmp_path / "test_m.py").write_text("from m import total\n\n\ndef test_total():\n    assert total([1, 2]) == -3\n")
    doubting.projects.forget(tmp_path)
    assert (await check.of_files(doubting, scope, lambda what, done, of: None)).all == []


def with_doubt(settings: Settings) -> Settings:
    return replace(settings, values={**settings.values, "hints.doubt": True})
