"""The model reads the place where somebody is before anything is asked of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lsp.client import Client
from tests.lsp.stub import Stub

TEXT = "".join(f"def function_{n}(value):\n    return value + {n}\n\n\n" for n in range(200))
PLACE = {"line": 401, "character": 21}  # in the body of function_100


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)


async def cursor(client: Client, uri: str) -> None:
    client.notify("assay/cursor", {"textDocument": {"uri": uri}, "position": PLACE})


async def code_action(client: Client, uri: str) -> None:
    asked = {"textDocument": {"uri": uri}, "range": {"start": PLACE, "end": PLACE}}
    await client.ask("textDocument/codeAction", asked | {"context": {"diagnostics": [], "triggerKind": 2}})


async def nothing(client: Client, uri: str) -> None:
    """An editor that tells of no cursor."""


async def key(client: Client, uri: str) -> None:
    change = {"range": {"start": PLACE, "end": PLACE}, "text": "0"}
    client.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [change]})


@pytest.mark.parametrize(("tells", "place"), [(cursor, 100), (code_action, 100), (key, 100), (nothing, 199)])
async def test_the_place_where_somebody_is_is_read_ahead(start: Any, tmp_path: Path, tells: Any, place: int) -> None:
    async with Stub(lambda body: "1", delay_s=0.2) as stub:
        client = await start(tmp_path, options={"engine": {"url": stub.url}})
        uri = client.open(tmp_path / "module.py", TEXT)
        await tells(client, uri)
        await until(lambda: any(len(one["prompt"]) > 1500 for one in stub.requests))
    read = max((one["prompt"] for one in stub.requests), key=len)
    names = [int(number) for number in re.findall(r"function_(\d+)\(", read)]
    assert place - 70 < min(names) < max(names) <= place
    assert {one["max_tokens"] for one in stub.requests} == {1}


@pytest.mark.parametrize(
    "params",
    [
        None,
        [],
        {"textDocument": {}},
        {"textDocument": {"uri": 3}, "position": {}},
        {"textDocument": {"uri": "file:///no"}, "position": {"line": -1, "character": 1e9}},
    ],
)
async def test_a_cursor_that_is_none_is_not_looked_at(start: Any, tmp_path: Path, params: Any) -> None:
    client = await start(tmp_path)
    client.notify("assay/cursor", params)
    assert (await client.call("workspace/executeCommand", {"command": "assay.status"}))["settings"] == []


async def test_a_document_that_was_closed_is_not_read(start: Any, tmp_path: Path) -> None:
    async with Stub(lambda body: "1") as stub:
        client = await start(tmp_path, options={"engine": {"url": stub.url}})
        client.notify("textDocument/didClose", {"textDocument": {"uri": client.open(tmp_path / "a.py", TEXT)}})
        other = client.open(tmp_path / "b.py", TEXT.replace("value", "number"))
        await cursor(client, other)
        await until(lambda: bool(stub.requests))
    assert not any("value" in one["prompt"] for one in stub.requests)
