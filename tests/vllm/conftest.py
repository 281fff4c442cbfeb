"""One vLLM for the whole run, with the fallback model in 16 bits. Run by `make test-vllm`."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest

from assay.engine import processes
from assay.engine.api import EngineUnavailable
from assay.engine.launch import Beside, Launch
from assay.engine.local import Local
from assay.engine.vllm_backend import place

START_S = 240.0


@pytest.fixture(scope="session")
def cache() -> Path:
    """This user's own: vLLM is there, and the model as it reads it."""
    return Path(platformdirs.user_cache_dir("assay"))


@pytest.fixture(scope="session")
def found(cache: Path) -> place.Place:
    """Where vLLM is."""
    here = place.find(os.environ.get("ASSAY_TEST_VLLM", ""), cache)
    if here is None:
        pytest.skip("vLLM is not here: run `make test-vllm`")
    return here


@pytest.fixture(scope="session")
def launch(model: Path, found: place.Place) -> Iterator[Launch]:
    """Of a process that is there until the last test."""
    with tempfile.TemporaryDirectory(prefix="av", ignore_cleanup_errors=True) as short:  # a socket's path has a limit
        made = processes.launch_for(
            model, Path(short, "r"), 0, "vllm", "auto", Beside(str(found.python), found.version)
        )
        yield made
        end(made)


@pytest.fixture
async def engine(launch: Launch, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Local:
    """Up and answering. The process has this user's cache, and not a folder of the test's."""
    monkeypatch.delenv("ASSAY_HOME")
    return await up(Local(launch))


async def up(engine: Local) -> Local:
    """Wait for its start, as a window does: by asking again."""
    deadline = time.monotonic() + START_S
    while True:
        try:
            await engine.running(again=True)
            return engine
        except EngineUnavailable as error:
            assert error.state == "starting" and time.monotonic() < deadline, error
            await asyncio.sleep(0.5)


def end(launch: Launch) -> None:
    """End the process that minds it, and reap it."""
    if not processes.is_locked(launch):
        return
    pid = int((launch.folder / "engine.lock").read_text())
    os.kill(pid, signal.SIGTERM)
    for one in processes.spawned:
        if one.pid == pid:
            one.wait(20)
