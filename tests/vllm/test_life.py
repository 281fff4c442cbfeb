"""The life of vLLM: one for all windows, ended when idle, started again when it was killed, and nothing of it left."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from assay.engine import processes
from assay.engine.api import EngineUnavailable, Request
from assay.engine.launch import Beside, Launch, memory_of
from assay.engine.local import Local
from assay.engine.vllm_backend import place
from assay.team.gate.answers import Gate
from assay.team.gate.nodes import Nodes
from assay.team.gate.upstream import Here
from assay.team.identity.access import Keys
from assay.team.serving import application
from tests.vllm.conftest import end, up
from tests.vllm.test_answers import PREFIX, text_of

ALICE, BOB = "alice-" + "a" * 30, "bob-" + "b" * 30


@pytest.fixture
def short(model: Path, found: place.Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Launch]:
    """Of a process of this test alone, which ends when it is idle for five seconds."""
    monkeypatch.delenv("ASSAY_HOME")
    with tempfile.TemporaryDirectory(prefix="av", ignore_cleanup_errors=True) as folder:
        made = processes.launch_for(
            model, Path(folder, "r"), 5, "vllm", "auto", Beside(str(found.python), found.version)
        )
        yield made
        end(made)


def group_of(launch: Launch) -> list[int]:
    """The processes of the session that its minder leads."""
    pid = int((launch.folder / "engine.lock").read_text())
    found = []
    for one in Path("/proc").glob("[0-9]*"):
        try:
            told = (one / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(told[3]) == pid and told[0] != "Z":
            found.append(int(one.name))
    return found


def command_of(pid: int) -> str:
    """As it was started, in one line."""
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def is_alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def until(holds: Callable[[], bool], limit_s: float = 15.0) -> None:
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_two_windows_share_one_which_returns_when_killed_and_ends_when_idle(short: Launch) -> None:
    one, other = Local(short), Local(short)
    with pytest.raises(EngineUnavailable, match="The engine is") as starting:
        await text_of(one, Request(PREFIX, max_tokens=2))
    assert starting.value.state == (await other.health()).state == "starting"
    await asyncio.gather(up(one), up(other))
    texts = await asyncio.gather(*(text_of(e, Request(PREFIX, max_tokens=4)) for e in (one, other)))
    assert all(text.startswith(" a + b") for text in texts)
    await until(lambda: "serving " in (short.folder / "engine.log").read_text("utf-8"))
    assert (short.folder / "engine.log").read_text("utf-8").count("serving ") == 1
    assert oct(short.socket.stat().st_mode & 0o077) == "0o0"
    before = group_of(short)
    assert len(before) >= 3
    memory = memory_of(short)
    assert memory is not None and memory > 1 << 29

    minder = processes.spawned[-1]
    os.kill(
        next(pid for pid in before if command_of(pid).startswith(f"{short.beside.program} -P -m vllm")), signal.SIGKILL
    )
    await until(lambda: not any(map(is_alive, before)))
    minder.wait(5)
    assert "Engine off: vLLM ended" in (short.folder / "engine.log").read_text("utf-8")
    assert await text_of(await up(one), Request(PREFIX, max_tokens=4))
    await until(lambda: not processes.is_locked(short), 40)
    assert not short.socket.exists(), "nobody asked for five seconds"


async def test_it_is_shared_by_keys_and_its_other_addresses_are_not(engine: Local) -> None:
    made = Gate(Nodes([Here(engine, 8)]), Keys({ALICE: "alice", BOB: "bob"}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application(made)), base_url="http://s") as http:
        key = {"authorization": f"Bearer {ALICE}"}
        model = await engine.model()
        body = {"prompt": PREFIX, "max_tokens": 4, "temperature": 0, "model": model}
        assert (await http.post("/v1/completions", json=body)).status_code == 401
        assert (
            await http.post("/v1/completions", json=body, headers={"authorization": "Bearer nope"})
        ).status_code == 401
        assert (
            (await http.post("/v1/completions", json=body, headers=key))
            .json()["choices"][0]["text"]
            .startswith(" a + b")
        )
        for path in ("/invocations", "/metrics", "/docs", "/pooling", "/v1/load_lora_adapter"):
            assert (await http.get(path, headers=key)).status_code == 404
            assert (await http.post(path, json=body, headers=key)).status_code in (404, 405)
        assert (await http.get("/v1/models", headers=key)).json()["assay"] == {
            "priorities": True, "cancels": True, "rows": 7, "guided": "steered",
        }  # fmt: skip

        async def kept(who: str) -> int:
            asked = {"prompt": "# a secret that alice alone has asked\n" * 40, "max_tokens": 1, "model": model}
            told = await http.post("/v1/completions", json=asked, headers={"authorization": f"Bearer {who}"})
            return int((told.json()["usage"].get("prompt_tokens_details") or {}).get("cached_tokens") or 0)

        assert await kept(ALICE) == 0
        assert await kept(BOB) == 0, "what alice asked is nothing that bob can find out"
        assert await kept(ALICE) > 100
