"""Changes of several files: one verdict about all of them, by the tests that reach any."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzers.text import Snapshot, changed_span
from assay.assistant.nouns import Failed, Passed, Unverified, Verdict
from assay.assistant.proof.verdict import begin, patient
from assay.assistant.workbench import Workbench
from assay.assistant.world.change import Change, edited
from assay.assistant.world.world import World

FILES = {
    "pyproject.toml": "[project]\nname = 'p'\nversion = '1'\n",
    "calc.py": "def double(x):\n    return 2 * x\n",
    "shop.py": "from calc import double\n\n\ndef price(n):\n    return double(n)\n",
    "bill.py": "import calc\n\n\ndef total(ns):\n    return sum(calc.double(n) for n in ns)\n",
    "test_shop.py": "from shop import price\n\n\ndef test_price():\n    assert price(2) == 4\n",
    "test_bill.py": "from bill import total\n\n\ndef test_total():\n    assert total([1, 2]) == 6\n",
}
NEW_TEST = "from calc import twice\n\n\ndef test_twice():\n    assert twice(4) == 8\n"
GONE = ""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    for name, text in FILES.items():
        (root / name).write_text(text)
    return root


def renamed(*names: str) -> dict[str, str]:
    """The files with `double` called `twice`."""
    return {name: FILES[name].replace("double", "twice") for name in names}


async def judge(bench: Workbench, root: Path, texts: dict[str, str], overlay: dict[str, str] | None = None) -> Verdict:
    """The verdict on new texts; an empty one takes its file away."""
    files, world = [], World(root, overlay or {})
    for name, after in texts.items():
        path = root / name
        before = path.read_text() if path.exists() else ""
        snapshot = Snapshot(path.as_uri(), str(path), 0, before)
        files.append(
            edited(
                world,
                snapshot,
                after,
                changed_span(before, after)[1],
                kind="gone" if after == GONE else "edited" if path.exists() else "new",
            )
        )
    return (await begin(bench, Change(world, tuple(files)), patient(bench.settings))).now


async def test_a_function_renamed_with_its_callers_and_a_new_test_is_one_verdict(bench: Workbench, shop: Path) -> None:
    change = renamed("calc.py", "shop.py", "bill.py") | {"test_twice.py": NEW_TEST}
    found = await judge(bench, shop, change)
    assert isinstance(found, Passed), found
    (tests,) = [check for check in found.checks if check.name == "tests"]
    assert tests.counts is not None
    assert (tests.counts.executed, tests.counts.run) == (tests.counts.changed, 3)
    assert "test_twice.py" not in {one.name for one in tests.counts.files}, "the new test's own lines are no question"
    assert "test_bill.py::test_total" in tests.detail and "test_shop.py::test_price" in tests.detail
    assert "test_twice" not in tests.detail


async def test_a_caller_that_was_forgotten_is_named(bench: Workbench, shop: Path) -> None:
    found = await judge(bench, shop, renamed("calc.py", "shop.py"))
    assert isinstance(found, Failed)
    assert "test_bill.py::test_total" in found.why and "double" in found.why
    other = await judge(bench, shop, renamed("calc.py", "bill.py"))
    assert isinstance(other, Failed)
    assert "test_shop.py" in other.why


async def test_a_new_test_does_not_hide_what_the_others_say(bench: Workbench, shop: Path) -> None:
    """Without the change its file is not there, and pytest runs nothing where it is asked for one that is not."""
    change = renamed("calc.py", "shop.py") | {"test_twice.py": NEW_TEST}
    found = await judge(bench, shop, change)
    assert isinstance(found, Failed), found
    assert "test_bill.py::test_total" in found.why
    alone = await judge(bench, shop, {"test_new.py": NEW_TEST.replace("twice", "double")})
    assert isinstance(alone, Unverified)
    assert alone.reason == "no-tests"


async def test_an_example_in_prose_that_comes_with_a_change_does_not_prove_it(bench: Workbench, shop: Path) -> None:
    (shop / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '--doctest-glob=*.rst'\n")
    (shop / "lonely.py").write_text("def half(x):\n    return x // 2\n")
    prose = "Half of it::\n\n    >>> from lonely import half\n    >>> half(5)\n    {}\n"
    (shop / "lonely.rst").write_text(prose.format(2))
    wrong = {"lonely.py": "def half(x):\n    return x * 2\n", "lonely.rst": prose.format(10)}
    found = await judge(bench, shop, wrong)
    assert isinstance(found, Unverified), found
    alone = await judge(bench, shop, {"lonely.py": "def half(x):\n    return int(x / 2)\n"})
    assert isinstance(alone, Passed), alone


async def test_callers_that_are_open_and_not_saved_belong_to_the_project(bench: Workbench, shop: Path) -> None:
    found = await judge(bench, shop, renamed("calc.py", "shop.py"), overlay=renamed("bill.py"))
    assert isinstance(found, Passed), found


async def test_a_name_that_no_file_of_the_change_has_is_named_with_its_file(bench: Workbench, shop: Path) -> None:
    change = renamed("calc.py", "shop.py", "bill.py") | {"shop.py": FILES["shop.py"].replace("double", "twicee")}
    found = await judge(bench, shop, change)
    assert isinstance(found, Failed)
    assert "shop.py: calc has no twicee" in found.why


async def test_a_file_that_is_taken_away(bench: Workbench, shop: Path) -> None:
    broken = await judge(bench, shop, {"calc.py": GONE})
    assert isinstance(broken, Failed)
    assert "calc" in broken.why
    inlined = {name: FILES[name].replace("from calc import double\n", "double = (2).__mul__\n") for name in ["shop.py"]}
    inlined["bill.py"] = "def total(ns):\n    return sum(2 * n for n in ns)\n"
    assert isinstance(await judge(bench, shop, inlined | {"calc.py": GONE}), Passed)


async def test_what_breaks_one_of_two_files_fails_both(bench: Workbench, shop: Path) -> None:
    right, wrong = FILES["calc.py"].replace("2 * x", "x + x"), FILES["bill.py"].replace("sum(", "max(")
    assert isinstance(await judge(bench, shop, {"calc.py": right}), Passed)
    found = await judge(bench, shop, {"calc.py": right, "bill.py": wrong})
    assert isinstance(found, Failed)
    assert "test_total" in found.why


async def test_a_change_of_tests_alone_proves_nothing(bench: Workbench, shop: Path) -> None:
    found = await judge(
        bench,
        shop,
        {
            "test_shop.py": FILES["test_shop.py"] + "\n\ndef test_more():\n    assert price(1) == 2\n",
            "test_new.py": "def test_one():\n    assert True\n",
        },
    )
    assert isinstance(found, Unverified)
    assert found.reason == "no-tests"
