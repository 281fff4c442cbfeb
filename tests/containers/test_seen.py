"""What a run shows of functions, in a real container, and on the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assay.assistant.summarize import seen
from assay.assistant.workbench import Workbench
from assay.assistant.world.world import World

MODULE = """\
def half(x):
    if x % 2:
        raise ValueError("odd")
    return x / 2


def untested():
    return 1
"""
TESTS = """\
import pytest
from m import half


@pytest.mark.parametrize("x", [2, 4])
def test_even(x):
    assert half(x) * 2 == x


def test_odd():
    with pytest.raises(ValueError):
        half(3)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project with a function that its tests enter."""
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
    (tmp_path / "m.py").write_text(MODULE)
    (tmp_path / "test_m.py").write_text(TESTS)
    return tmp_path


def _unheard(what: str, done: int, of: int) -> None:
    """Nobody looks."""


async def test_what_the_tests_of_a_file_show(bench: Workbench, shop: Path) -> None:
    found = await seen.of_file(bench, World(shop), "m.py", MODULE, _unheard)
    assert set(found) == {1}
    assert found[1].returned == {"float": ("test_m.py::test_even[2]", "test_m.py::test_even[4]")}
    assert found[1].raised == {"ValueError": ("test_m.py::test_odd",)}
    # The text as the editor has it runs, not what is saved.
    other = await seen.of_file(bench, World(shop), "m.py", MODULE.replace("x / 2", "x // 2"), _unheard)
    assert set(other[1].returned) == {"int"}


async def test_without_tests_nothing_runs(bench: Workbench, shop: Path) -> None:
    (shop / "test_m.py").unlink()
    assert await seen.of_file(bench, World(shop), "m.py", MODULE, _unheard) == {}


def summarize(*words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """`assay summarize` as a person calls it."""
    command = [sys.executable, "-I", "-m", "assay", "summarize", *words]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(env or {})}, check=False)


def test_the_command_tells_which_test_showed_it(docker_url: str, shop: Path) -> None:
    done = summarize(f"{shop / 'm.py'}::half", "--run")
    assert "Raises `ValueError` where `x % 2`: seen in `test_odd`." in done.stdout
    assert "In its tests it returned a `float`." in done.stdout
    (one,) = json.loads(summarize(f"{shop / 'm.py'}::half", "--run", "--json").stdout)["symbols"]
    assert one["facts"]["raises"][0]["seenIn"] == ["test_m.py::test_odd"]


def test_without_a_sandbox_the_command_says_so(shop: Path) -> None:
    done = summarize(str(shop / "m.py"), "--run", "--json", env={"ASSAY_SANDBOX_ENABLED": "false"})
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["code"] == "no-sandbox"
