"""A running server for a test, ended afterwards whatever happened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lsp.client import Client

Start = Callable[..., Awaitable[Client]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start servers; `env` as keyword, static policy and no sandbox unless the test says otherwise."""
    clients: list[Client] = []

    async def one(
        root: Path | None = None, *, env: dict[str, str] | None = None, initialize: bool = True, **more: Any
    ) -> Client:
        client = await Client.start(env={"ASSAY_SANDBOX_ENABLED": "false", **(env or {})}, cwd=more.pop("cwd", None))
        clients.append(client)
        if initialize:
            await client.initialize(root, **more)
        return client

    yield one
    for client in clients:
        await client.end()


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """The environment for the scripted engine; `default` answers every prompt."""
    import json

    def write(default: str | list[str] | None = None, **after: str) -> dict[str, str]:
        path = tmp_path / "script.json"
        answers = [{"after": key, "text": text} for key, text in after.items()]
        path.write_text(json.dumps({"answers": answers} | ({"default": default} if default is not None else {})))
        return {"ASSAY_ENGINE_SCRIPT": str(path), "ASSAY_COMPLETE_PACE_MS": "0"}

    return write
