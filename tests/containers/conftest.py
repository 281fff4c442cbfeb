"""A real sandbox for a test, closed afterwards; and a project to check things in."""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from analyzers import encodings
from analyzers.text import Snapshot, changed_span
from assay import compose
from assay.assistant.nouns import Verdict
from assay.assistant.proof.verdict import Limits, begin, patient
from assay.assistant.workbench import Workbench
from assay.assistant.world.change import one_file
from assay.assistant.world.world import World
from assay.folders import folders
from sandbox.api import Sandbox


@pytest.fixture(autouse=True)
def usual_modes() -> Iterator[None]:
    """A server that was served in this process has narrowed what it makes; an environment that nobody else may read does not run in a container."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def alone_with_images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Images are counted, made and removed by one test at a time, in whichever process it runs."""
    with (tmp_path_factory.getbasetemp().parent / "images.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture
async def bench(docker_url: str) -> AsyncIterator[Workbench]:
    """A Workbench with one warm container and no model."""
    where = folders()
    settings, _ = compose.load_settings(where, editor={"sandbox": {"pool": 1}})
    made = compose.workbench(settings, where, is_brief=True)
    yield made
    await compose.close(made)


@pytest.fixture
def sandbox(bench: Workbench) -> Sandbox:
    """The sandbox alone."""
    return bench.sandbox


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A module with a function, and tests that tell a right one from a wrong one."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
    (root / "calc.py").write_text(
        "def double(x):\n    return x\n\n\nclass Box:\n    def __init__(self, x):\n        self.x = x\n"
    )
    (root / "test_calc.py").write_text(
        "from calc import Box, double\n\n\ndef test_two():\n    assert double(2) == 4\n\n\ndef test_three():\n    assert double(3) == 6\n\n\n"
        "def test_zero():\n    assert double(0) == 0\n\n\ndef test_box():\n    assert Box(1).x == 1\n"
    )
    return root


async def judge(
    bench: Workbench, path: Path, after: str, limits: Limits | None = None, *, root: Path | None = None
) -> Verdict:
    """The verdict on a whole new text of a file, with all of its tests or within the limits; `root` is the project's, else the file's folder."""
    text = encodings.decoded(path.read_bytes()) if path.exists() else ""
    before = Snapshot(path.as_uri(), str(path), 0, text)
    _, span = changed_span(text, after)
    return (
        await begin(bench, one_file(World(root or path.parent), before, after, span), limits or patient(bench.settings))
    ).now
