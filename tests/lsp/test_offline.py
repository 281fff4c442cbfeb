"""With `offline` on, everything works in a network namespace that has loopback only, and no other socket is opened."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lsp.client import Client

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
