"""How clients find the server, and the way over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from typer.testing import CliRunner

from assay.cli.commands import app
from assay.compose import Composition
from assay.folders import folders
from mcp_server import over_http


@pytest.fixture
async def served(tmp_path: Path, shop: Path) -> AsyncIterator[tuple[str, str]]:
    """The address of a server on HTTP, and its key."""
    env = {**os.environ, "ASSAY_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "assay", "mcp", "--http", "0", "--root", str(shop)]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE, env=env)
    assert process.stderr is not None
    try:
        line = ""
        while "serving on" not in line:
            line = (await asyncio.wait_for(process.stderr.readline(), 60)).decode()
        address = line.partition("serving on ")[2].partition(";")[0]
        file = tmp_path / "home/state/mcp.key"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        yield address, file.read_text()
    finally:
        process.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 20)


async def test_over_http_a_key_is_needed_and_tools_answer(served: tuple[str, str]) -> None:
    address, key = served
    assert address.startswith("http://127.0.0.1:")
    async with httpx.AsyncClient() as plain:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            assert (await plain.post(address, json={}, headers=headers)).status_code == 401
        odd = {
            "Authorization": f"Bearer {key}",
            "Host": "evil.example",
            "Accept": "application/json, text/event-stream",
        }
        assert (await plain.post(address, json={}, headers=odd)).status_code in (403, 421)
    http = create_mcp_http_client(headers={"Authorization": f"Bearer {key}"})
    async with http, Client(streamable_http_client(address, http_client=http)) as client:
        found = await client.call_tool("find", {"query": "with_tax"})
    assert found.structured_content is not None
    assert [one["file"] for one in found.structured_content["places"]] == ["src/shop/prices.py"]


async def test_whoever_hears_of_it_is_let_in(shop: Path, home: Path) -> None:
    """It listens before it says where: what connects at once waits until it serves."""
    tried = asyncio.Event()

    def ready(port: int) -> None:
        with socket.create_connection((over_http.HOST, port), 5):
            tried.set()

    served = asyncio.create_task(over_http.on_http(Composition(folders()), shop, 0, "key", ready))
    try:
        await asyncio.wait({served, asyncio.create_task(tried.wait())}, return_when=asyncio.FIRST_COMPLETED)
        assert tried.is_set()
    finally:
        served.cancel()
        await asyncio.gather(served, return_exceptions=True)


@pytest.mark.parametrize(
    ("client", "file", "path"),
    [
        ("claude", ".mcp.json", ("mcpServers",)),
        ("cursor", ".cursor/mcp.json", ("mcpServers",)),
        ("vscode", ".vscode/mcp.json", ("servers",)),
        ("zed", ".zed/settings.json", ("context_servers",)),
    ],
)
def test_a_client_is_told_where_the_server_is(tmp_path: Path, client: str, file: str, path: tuple[str, ...]) -> None:
    target = tmp_path / file
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps({"kept": 1, path[0]: {"other": {}}}))
    shown = CliRunner().invoke(app, ["mcp", "--install", client, "--root", str(tmp_path)])
    assert shown.exit_code == 0 and '"mcp"' in shown.output
    assert json.loads(target.read_text()) == {"kept": 1, path[0]: {"other": {}}}, "nothing is written unasked"
    CliRunner().invoke(app, ["mcp", "--install", client, "--root", str(tmp_path), "--yes"])
    made = json.loads(target.read_text())
    assert (made["kept"], set(made[path[0]])) == (1, {"other", "assay"})
    assert made[path[0]]["assay"]["args"] == ["mcp"]
    target.write_text("// a comment\n{}")
    refused = CliRunner().invoke(app, ["mcp", "--install", client, "--root", str(tmp_path), "--yes"])
    assert refused.exit_code == 2 and target.read_text() == "// a comment\n{}"
