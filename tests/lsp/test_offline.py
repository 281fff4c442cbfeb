"""With `offline` on, everything works in a network namespace that has loopback only, and no other socket is opened."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.lsp.client import Client, inline_params

WATCH = """
import os, runpy, socket, sys
log = os.environ["SOCKETS"]
def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.bind", "socket.getaddrinfo"):
        with open(log, "a") as file:
            file.write(f"{event} {arguments[1:] if event != 'socket.getaddrinfo' else arguments}\\n")
sys.addaudithook(watch)
sys.argv = ["assay", *sys.argv[1:]]
runpy.run_module("assay", run_name="__main__", alter_sys=True)
"""


def can_unshare() -> bool:
    program = shutil.which("unshare")
    return (
        program is not None
        and subprocess.run([program, "-n", "true"], capture_output=True, check=False).returncode == 0
    )


async def test_it_works_with_loopback_only(tmp_path: Path, script) -> None:
    if not can_unshare():
        pytest.skip("no network namespace can be made here (it needs root)")
    log = tmp_path / "sockets"
    environment = {"SOCKETS": str(log), "ASSAY_OFFLINE": "true", **script("return a + b")}
    inside = f'ip link set lo up 2>/dev/null; exec {sys.executable} -I -c "$WATCH" lsp'
    client = await Client.start(env={**environment, "WATCH": WATCH}, command=["unshare", "-n", "sh", "-c", inside])
    try:
        await client.initialize(tmp_path)
        uri = client.open(tmp_path / "a.py", "def add(a, b):\n    \n")
        assert [i["insertText"] for i in await client.inline(uri, 1, 4)] == ["return a + b"]
        await client.call(
            "textDocument/completion", {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 3}}
        )
        assert await client.stop() == 0
    finally:
        await client.kill()
    for line in log.read_text().splitlines() if log.exists() else []:
        assert ".sock" in line or "127.0.0.1" in line or "localhost" in line or "::1" in line, line


async def test_the_real_model_and_containers_work_with_loopback_only(
    tmp_path: Path, home: Path, model: Path, docker_url: str
) -> None:
    """The engine process and everything else of the server lie in the namespace, whose own tables tell every socket."""
    if not can_unshare():
        pytest.skip("no network namespace can be made here (it needs root)")
    (home / "cache" / "models").mkdir(parents=True)
    (home / "cache" / "models" / model.name).symlink_to(model)
    shutil.copytree(ROOT / "examples" / "shop", tmp_path / "shop")
    path = tmp_path / "shop" / "shop" / "stats.py"
    inside = f"ip link set lo up 2>/dev/null; exec {sys.executable} -I -m assay lsp"
    environment = {"ASSAY_OFFLINE": "true", "ASSAY_ENGINE_IDLE_S": "2", "ASSAY_SANDBOX_POOL": "1"}
    client = await Client.start(env=environment, command=["unshare", "-n", "sh", "-c", inside])
    try:
        await client.initialize(tmp_path / "shop")
        uri = client.open(path)
        line = path.read_text().split("\n").index('    """Return the smallest amount."""') + 1
        end = time.monotonic() + 60  # on a busy machine the first answers come before the engine is there, without it
        while True:
            await client.call("textDocument/inlineCompletion", inline_params(uri, line, 4, invoked=True), timeout_s=60)
            status = await client.call("workspace/executeCommand", {"command": "assay.status"})
            if status["engine"]["state"] == "ready" or time.monotonic() > end:
                break
            await asyncio.sleep(0.5)
        trace = await client.call("workspace/executeCommand", {"command": "assay.why"})
        assert (status["engine"]["state"], status["sandbox"]["state"]) == ("ready", "ready")
        assert {"candidate", "verdict"} <= {event["stage"] for event in trace["events"]}
        for table in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
            sockets = Path(f"/proc/{client.process.pid}/net/{table}").read_text().splitlines()[1:]
            assert [row for row in sockets if not _is_loopback(row.split()[1])] == []
        assert await client.stop() == 0
        engine = next((home / "run").glob("*/engine.lock")).read_text()
        await _ended(int(engine))
    finally:
        await client.kill()


def _is_loopback(address: str) -> bool:
    host = address.partition(":")[0]
    return host.endswith("7F") if len(host) == 8 else host == "00000000000000000000000001000000"


async def _ended(pid: int) -> None:
    """The engine, which outlives its window, ends by itself after its idle time."""
    end = time.monotonic() + 15
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < end, "the engine did not end when idle"
        await asyncio.sleep(0.1)


def test_an_engine_elsewhere_is_left_out_when_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from assay.assistant import settings

    monkeypatch.setenv("ASSAY_ENGINE_URL", "https://models.example.org/v1")
    monkeypatch.setenv("ASSAY_OFFLINE", "true")
    merged, complaints = settings.load(tmp_path / "none.toml")
    assert merged.text("engine.url") == ""
    assert any("offline" in text for text in complaints)


def test_the_server_loads_nothing_heavy() -> None:
    program = (
        "import sys\nfrom lsp_server import serve\nfrom assay import compose\n"
        "heavy = {'torch', 'transformers', 'docker', 'xllamacpp', 'jedi', 'httpx', 'numpy'} & set(sys.modules)\nassert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-I", "-c", program], check=True)
