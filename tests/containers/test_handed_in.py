"""Changes as agents hand them in, judged: what is passed, and what is named."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from assay.assistant.changes import gathered
from assay.assistant.nouns import Passed, Unverified
from assay.assistant.review import handed, shapes
from assay.assistant.review.handed import HandedIn
from assay.assistant.workbench import Workbench
from evals import handed_in, handing_in


async def judged(bench: Workbench, root: Path, title: str) -> HandedIn:
    (one,) = [each for each in handed_in.every() if title in each.title]
    for name, text in one.before.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    bench.projects.open_folder(root)
    return await handed.judged(bench, gathered.of_diff(root, root, handing_in.diff_of(one), {}))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "p"
    made.mkdir()
    return made


async def test_tests_beside_a_changed_one_prove_a_change(bench: Workbench, root: Path) -> None:
    found = await judged(bench, root, "net_total is renamed to total, everywhere")
    assert isinstance(found.verdict, Passed), shapes.title(found)
    assert found.tests.passing and not found.findings
    assert set(found.tests.own) >= {"tests/test_cart.py::test_total"}


async def test_a_test_that_comes_along_counts_by_what_it_notices(bench: Workbench, root: Path) -> None:
    found = await judged(bench, root, "count() counts pieces")
    assert isinstance(found.verdict, Passed), shapes.title(found)
    assert "1 test that it brings executes it" in found.verdict.why
    assert (found.noticed.noticed, bool(found.tests.passing)) == (found.noticed.mutants, False)


async def test_a_test_that_minds_nothing_counts_for_nothing(bench: Workbench, root: Path) -> None:
    found = await judged(bench, root, "a test comes along, and minds nothing")
    assert isinstance(found.verdict, Unverified)
    assert found.noticed.mutants and not found.noticed.is_enough
    assert f"{found.noticed.noticed} of {found.noticed.mutants} mutants" in "\n".join(shapes.lines(found))


async def test_tests_as_they_were_are_run_on_the_changed_code(bench: Workbench, root: Path) -> None:
    found = await judged(bench, root, "the rounding is broken")
    told = [one.told for one in found.findings]
    assert any("expects another answer" in one for one in told)
    assert any("as it was fails on the changed code: assert 499 == 500" in one for one in told)
    text = (root / "src/shop/prices.py").read_text()
    assert text == handed_in.files("shop")["src/shop/prices.py"], "nothing is written"
    told_json = shapes.handed_json(found)
    assert len(json.dumps(told_json, indent=1).splitlines()) < 80
    assert len(list(shapes.lines(found))) <= 40


async def test_configuration_that_leaves_a_test_out_is_found_out(bench: Workbench, root: Path) -> None:
    found = await judged(bench, root, "the configuration leaves a test out")
    assert not isinstance(found.verdict, Passed)
    assert {one.kind for one in found.findings} == {"weakened-test"}
    assert any("`test_low` as it was fails" in one.told for one in found.findings)


async def test_what_the_change_takes_away_excuses_its_tests(bench: Workbench, root: Path) -> None:
    found = await judged(bench, root, "an entry point still has the old name")
    assert [one.kind for one in found.findings] == ["half-rename"]


def test_a_hook_is_one_paragraph_and_an_exit_code(root: Path, docker_url: str) -> None:
    (one,) = [each for each in handed_in.every() if "a special case for what the test asks" in each.title]
    for name, text in one.before.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    command = [sys.executable, "-m", "assay", "verify", "--diff", "-", "--hook"]
    done = subprocess.run(
        command, input=handing_in.diff_of(one), capture_output=True, text=True, cwd=root, timeout=120, check=False
    )
    assert done.returncode == 1, done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert "`discounted` answers `500`" in done.stdout
