"""What is called passed, failed and unverified, on real runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzers.text import Snapshot, changed_span
from assay.assistant.nouns import Failed, Passed, Unverified
from assay.assistant.proof.policy import held_back
from assay.assistant.proof.verdict import Limits, begin
from assay.assistant.workbench import Workbench
from assay.assistant.world.change import one_file
from assay.assistant.world.world import World
from sandbox.api import NO_PROGRESS, Job, Progress, StepOutcome
from tests.containers.conftest import judge

RIGHT = "def double(x):\n    return 2 * x\n\n\nclass Box:\n    def __init__(self, x):\n        self.x = x\n"


async def test_red_to_green_is_passed_and_told(bench: Workbench, project: Path) -> None:
    verdict = await judge(bench, project / "calc.py", RIGHT)
    assert isinstance(verdict, Passed)
    tests = next(c for c in verdict.checks if c.name == "tests")
    assert tests.state == "passed"
    assert tests.detail.startswith("3 tests, 2 newly passing")


async def test_what_is_to_be_looked_at_first_is_told_and_held_back_where_the_policy_is_strict(
    bench: Workbench, project: Path
) -> None:
    risky = f"import os\n\n\n{RIGHT}".replace("return 2 * x", "os.system('true')\n    return 2 * x")
    verdict = await judge(bench, project / "calc.py", risky)
    assert isinstance(verdict, Passed)
    assert [(one.state, one.detail) for one in verdict.checks if one.name == "risks"] == [
        ("unverified", "starts a shell (`os.system`), line 5")
    ]
    assert verdict.why.endswith("Look at it first: it starts a shell (`os.system`), line 5.")
    assert held_back(verdict, "balanced") == ""
    assert (
        held_back(verdict, "strict") == "Held back, for the policy is strict: it starts a shell (`os.system`), line 5."
    )
    fine = await judge(bench, project / "calc.py", RIGHT)
    assert held_back(fine, "strict") == ""


async def test_who_waits_for_all_of_it_has_both_runs_at_once(
    bench: Workbench, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the change and without it, each in a container of its own."""
    run, under_way, most = bench.sandbox.run, list[Job](), list[Job]()

    async def counted(job: Job, progress: Progress = NO_PROGRESS) -> tuple[StepOutcome, ...]:
        under_way.append(job)
        most[:] = max(most, under_way, key=len)
        try:
            return await run(job, progress)
        finally:
            under_way.remove(job)

    monkeypatch.setattr(bench.sandbox, "run", counted)
    assert isinstance(await judge(bench, project / "calc.py", RIGHT), Passed)
    assert sorted([step.kind for step in job.steps] for job in most) == [["pytest"], ["pytest", "ruff"]]


async def test_green_to_red_is_failed(bench: Workbench, project: Path) -> None:
    (project / "calc.py").write_text(RIGHT)
    verdict = await judge(bench, project / "calc.py", RIGHT.replace("2 * x", "x + 2"))
    assert isinstance(verdict, Failed)
    assert "test_three" in verdict.why


async def test_green_to_green_is_passed(bench: Workbench, project: Path) -> None:
    (project / "calc.py").write_text(RIGHT)
    assert isinstance(await judge(bench, project / "calc.py", RIGHT.replace("2 * x", "x + x")), Passed)


async def test_a_test_that_is_red_otherwise_than_before_blocks_a_pass(bench: Workbench, project: Path) -> None:
    verdict = await judge(bench, project / "calc.py", RIGHT.replace("2 * x", "4 if x == 2 else x * x"))
    assert isinstance(verdict, Unverified)
    assert verdict.reason == "baseline-red"
    assert "makes 1 test pass, but 1 test fails" in verdict.why


async def test_code_that_no_test_executes_is_unverified(bench: Workbench, project: Path) -> None:
    verdict = await judge(
        bench, project / "calc.py", RIGHT.replace("return 2 * x", "return x") + "\n\ndef triple(x):\n    return 3 * x\n"
    )
    assert isinstance(verdict, Unverified)
    assert verdict.reason == "no-tests"


async def test_an_endless_loop_is_failed_where_tests_passed_before(bench: Workbench, project: Path) -> None:
    (project / "calc.py").write_text(RIGHT)
    endless = RIGHT.replace("    return 2 * x", "    while x:\n        x = x + 0\n    return 2 * x")
    verdict = await judge(bench, project / "calc.py", endless)
    assert isinstance(verdict, Failed)


async def test_doctests_of_the_function_count(bench: Workbench, tmp_path: Path) -> None:
    path = tmp_path / "only.py"
    text = 'def half(x):\n    """Half of it.\n\n    >>> half(4)\n    2\n    """\n    return x\n'
    path.write_text(text)
    assert isinstance(await judge(bench, path, text.replace("return x", "return x // 2")), Passed)


async def test_a_name_that_does_not_exist_fails(bench: Workbench, project: Path) -> None:
    verdict = await judge(bench, project / "calc.py", RIGHT.replace("2 * x", "dubble(x)"))
    assert isinstance(verdict, Failed)
    assert "dubble" in verdict.why


async def test_a_file_that_does_not_parse_fails(bench: Workbench, project: Path) -> None:
    verdict = await judge(bench, project / "calc.py", RIGHT.replace("return 2 * x", "return (2 * x"))
    assert isinstance(verdict, Failed)
    assert verdict.checks[0].name == "parse"


TRICKS = {
    "exit at once": "import os\n    os._exit(0)",
    "exit through an alias": "import os as o\n    o._exit(0)",
    "exit from a name": "from os import _exit\n    _exit(0)",
    "system exit": "raise SystemExit(0)",
    "write a conftest": "open('conftest.py', 'w').write('collect_ignore = [\"test_calc.py\"]')\n    return 4",
    "write pytest.ini": "from pathlib import Path\n    Path('pytest.ini').write_text('[pytest]')\n    return x",
    "write sitecustomize": "with open('sitecustomize.py', mode='w') as f:\n        print('x', file=f)\n    return x",
    "print a result": "print('1 passed')\n    return x",
    "print over the channel": 'import os\n    os.write(3, b\'{"test": "test_calc.py::test_two", "outcome": "passed", "when": "call"}\')\n    return x',
    "patch the reports": "import _pytest.reports\n    _pytest.reports.TestReport.from_item_and_call = lambda *a: None\n    return x",
    "patch outcomes by modules": "import sys\n    sys.modules['_pytest.runner'].check_interactive_exception = None\n    return x",
    "at exit": "import atexit\n    atexit.register(print)\n    return x",
    "an object equal to all": "class Any:\n        def __eq__(self, other):\n            return True\n    return Any()",
    "an object equal by type": "return type('A', (), {'__eq__': lambda s, o: True})()",
    "equal by a mock": "from unittest import mock\n    return mock.ANY",
    "skip": "import pytest\n    pytest.skip('no')",
    "frames": "import sys\n    sys._getframe(1).f_locals['x'] = 4\n    return x",
    "builtins": "import builtins\n    builtins.AssertionError = ValueError\n    return x",
    "garbage collector": "import gc\n    gc.get_objects()\n    return 2 * x",
    "evaluated": "return eval('2 * x')",
    "signal": "import signal\n    signal.alarm(1)\n    return x",
    "by subclasses": "return ().__class__.__base__.__subclasses__()",
}


@pytest.mark.parametrize("trick", TRICKS)
async def test_a_trick_is_never_passed(bench: Workbench, project: Path, trick: str) -> None:
    after = RIGHT.replace("return 2 * x", TRICKS[trick])
    verdict = await judge(bench, project / "calc.py", after)
    assert not isinstance(verdict, Passed), verdict


async def test_the_harness_itself_is_never_passed(bench: Workbench, project: Path) -> None:
    verdict = await judge(
        bench, project / "conftest.py", "def pytest_runtest_setup(item):\n    item.obj = lambda: None\n"
    )
    assert isinstance(verdict, Unverified)
    assert verdict.reason == "touches-harness"


async def test_a_rewritten_test_file_is_noticed(bench: Workbench, project: Path) -> None:
    sneaky = RIGHT.replace(
        "return 2 * x", "getattr(__import__('pathlib'), 'Path')('test_new.py').touch()\n    return 2 * x"
    )
    verdict = await judge(bench, project / "calc.py", sneaky)
    assert isinstance(verdict, Unverified)
    assert verdict.reason == "touches-harness"


async def test_a_line_beside_the_change_is_not_the_change(bench: Workbench, tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    text = "def f(x):\n    total = 0\n    if x:\n        total = 1\n    return total\n"
    path.write_text(text)
    (tmp_path / "test_m.py").write_text("from m import f\n\n\ndef test_f():\n    assert f(1) == 1\n")
    verdict = await judge(
        bench, path, text.replace("    return total", "    else:\n        total = -1\n    return total")
    )
    assert isinstance(verdict, Unverified)
    assert verdict.reason == "no-tests"


async def test_code_that_runs_in_a_fixture_is_executed(bench: Workbench, project: Path) -> None:
    (project / "test_calc.py").write_text(
        "import pytest\nfrom calc import double\n\n\n@pytest.fixture\ndef four():\n    return double(2)\n\n\ndef test_four(four):\n    assert four == 4\n"
    )
    assert isinstance(await judge(bench, project / "calc.py", RIGHT), Passed)


async def test_a_test_that_begins_to_skip_itself_is_broken(bench: Workbench, project: Path) -> None:
    (project / "calc.py").write_text(RIGHT)
    (project / "test_calc.py").write_text(
        "import pytest\nfrom calc import double\n\n\ndef test_two():\n    assert double(2) == 4\n\n\n"
        "def test_three():\n    if double(3) != 6:\n        pytest.skip('no')\n"
    )
    verdict = await judge(bench, project / "calc.py", RIGHT.replace("2 * x", "x + 2"))
    assert isinstance(verdict, Failed)


async def test_two_projects_at_once_both_get_containers(bench: Workbench, project: Path, tmp_path: Path) -> None:
    import asyncio
    import shutil

    other = tmp_path / "other"
    shutil.copytree(project, other)
    (other / "extra.py").write_text("x = 1\n")
    verdicts = await asyncio.gather(
        *(judge(bench, root / "calc.py", RIGHT) for root in (project, other, project, other))
    )
    assert [type(v) for v in verdicts] == [Passed] * 4


async def test_a_test_file_whose_module_is_not_here_is_left_out(bench: Workbench, project: Path) -> None:
    (project / "test_more.py").write_text(
        "import not_in_the_sandbox\nfrom calc import double\n\n\ndef test_one():\n    assert double(1) == 2\n"
    )
    verdict = await judge(bench, project / "calc.py", RIGHT)
    assert isinstance(verdict, Passed)
    assert "1 left out" in next(c.detail for c in verdict.checks if c.name == "tests")


async def test_without_another_proof_a_missing_module_is_told(bench: Workbench, project: Path) -> None:
    (project / "test_calc.py").write_text(
        "import not_in_the_sandbox\nfrom calc import double\n\n\ndef test_one():\n    assert double(1) == 2\n"
    )
    verdict = await judge(bench, project / "calc.py", RIGHT)
    assert isinstance(verdict, Unverified)
    assert "No module named 'not_in_the_sandbox'" in verdict.why
    assert "assay doctor" in verdict.why


async def test_settings_for_plugins_that_are_not_here_do_no_harm(bench: Workbench, project: Path) -> None:
    (project / "pytest.ini").write_text(
        "[pytest]\naddopts = --cov=calc\nrequired_plugins = pytest-cov\nfilterwarnings =\n    error\n    ignore::coverage.exceptions.CoverageWarning\n"
    )
    assert isinstance(await judge(bench, project / "calc.py", RIGHT), Passed)


async def test_a_generated_version_module_is_there_though_git_ignores_it(bench: Workbench, project: Path) -> None:
    (project / ".gitignore").write_text("_version.py\n")
    (project / "_version.py").write_text("version = '1.0'\n")
    (project / "calc.py").write_text(f"from _version import version\n\n{(project / 'calc.py').read_text()}")
    assert isinstance(await judge(bench, project / "calc.py", f"from _version import version\n\n{RIGHT}"), Passed)


MANY = "from calc import double\n\n\n" + "".join(
    f"def test_{n}():\n    assert double({n}) == {2 * n}\n\n\n" for n in range(60)
)
ONLY_THE_LAST = MANY + "def test_last():\n    assert double(1000) == 2000\n"
WRONG_FOR_LARGE = RIGHT.replace("2 * x", "2 * x if x < 1000 else 0")


async def test_every_test_that_reaches_a_change_runs(bench: Workbench, project: Path) -> None:
    (project / "calc.py").write_text(RIGHT)
    (project / "test_calc.py").write_text(ONLY_THE_LAST)
    verdict = await judge(bench, project / "calc.py", WRONG_FOR_LARGE)
    assert isinstance(verdict, Failed)
    assert "test_last" in verdict.why
    verdict = await judge(bench, project / "calc.py", RIGHT.replace("2 * x", "x * 2"))
    assert isinstance(verdict, Passed)
    assert verdict.why == "61 tests executing it pass."


async def test_what_the_time_did_not_suffice_for_is_told(bench: Workbench, project: Path) -> None:
    (project / "calc.py").write_text(RIGHT)
    slow = "def test_slow():\n    import time\n    time.sleep(6)\n    assert double(2) == 4\n"
    (project / "test_calc.py").write_text(MANY.replace("def test_30", slow + "\n\ndef test_30"))
    verdict = await judge(bench, project / "calc.py", RIGHT.replace("2 * x", "x * 2"), Limits(15.0, budget_s=3.0))
    assert isinstance(verdict, Unverified)
    assert (verdict.reason, verdict.why) == (
        "tests-left", "30 of 61 tests that may reach it ran in the time there was, all green so far.",
    )  # fmt: skip


async def test_somebody_who_types_hears_of_the_likely_tests_first(bench: Workbench, project: Path) -> None:
    (project / "calc.py").write_text(RIGHT)
    slow = "def test_slow():\n    import time\n    time.sleep(4)\n    assert double(1000) == 2000\n"
    (project / "test_calc.py").write_text(MANY + slow)
    await bench.sandbox.warm((await bench.projects.state(project)).project)
    path, after = project / "calc.py", WRONG_FOR_LARGE
    _, span = changed_span(RIGHT, after)
    proof = await begin(
        bench, one_file(World(project), Snapshot(path.as_uri(), str(path), 0, RIGHT), after, span), Limits(5.0, 0.7)
    )
    assert isinstance(proof.now, Unverified)
    assert (proof.now.reason, proof.goes_on) == ("tests-left", True)
    assert proof.now.why.startswith("40 of 61 tests")
    assert isinstance(await proof.later(), Failed)


async def test_tests_beyond_the_likely_ones_are_tried_too(bench: Workbench, project: Path) -> None:
    (project / "calc.py").write_text("TABLE = {}\n\n\ndef double(x):\n    return x\n\n\nTABLE['double'] = double\n")
    tests = "".join(f"def test_{n}():\n    assert calc.TABLE\n\n\n" for n in range(50))
    last = "def test_last():\n    assert calc.TABLE['dou' + 'ble'](2) == 4\n"
    (project / "test_calc.py").write_text(f"import calc\n\n\n{tests}{last}")
    after = (project / "calc.py").read_text().replace("return x", "return 2 * x")
    verdict = await judge(bench, project / "calc.py", after)
    assert isinstance(verdict, Passed)
    assert "test_last" in next(c.detail for c in verdict.checks if c.name == "tests")
