"""The server for agents as clients start it: a process of its own, driven by the official SDK's client."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp_types import ListRootsResult, Root

from evals import handed_in

Connect = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project on disk."""
    return handed_in.written("shop", tmp_path / "work" / "shop")


@pytest.fixture
def connect(tmp_path: Path, shop: Path) -> Connect:
    """A client of a new server, with the project as its root; `roots` are others, None for a client that has none."""

    def made(roots: list[Path] | None = [shop], env: dict[str, str] | None = None, here: Path = tmp_path) -> Any:  # noqa: B006  never changed
        async def told(_: Any) -> ListRootsResult:
            return ListRootsResult(roots=[Root(uri=one.as_uri()) for one in roots or []])

        home = {"ASSAY_HOME": str(tmp_path / "home"), **(env or {})}
        server = StdioServerParameters(
            command=sys.executable, args=["-m", "assay", "mcp"], cwd=str(here), env={**os.environ, **home}
        )
        return Client(server, list_roots_callback=told if roots is not None else None)

    return made
