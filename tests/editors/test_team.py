"""A real editor at a team's server: logged in by the command, typing, and what became of it in the record."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.editors.test_neovim import Open
from tests.team.engine import Engine
from tests.team.running import Running, run, serving


@pytest.fixture
def engine() -> Iterator[Engine]:
    """In a thread of its own: the editor's tests wait without a loop."""
    made, loop, is_up = Engine(text="a + b"), asyncio.new_event_loop(), threading.Event()

    def serve() -> None:
        loop.run_until_complete(made.start())
        is_up.set()
        loop.run_forever()
        loop.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert is_up.wait(10)
    yield made
    loop.call_soon_threadsafe(made.kill)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


@pytest.fixture
def server(engine: Engine, tmp_path: Path) -> Iterator[Running]:
    with serving(tmp_path / "server", engine.url) as made:
        made.add("alice", "admin")
        made.add("bob")
        yield made


def test_neovim_logged_in_completes_and_the_record_knows_what_became_of_it(neovim: Open, sums: Path, server: Running, engine: Engine, assay_home: Path) -> None:  # fmt: skip
    mine = {"ASSAY_HOME": str(assay_home)}
    said = run("login", server.url, "--ca", str(server.ca), "--token-file", "-", given=server.tokens["bob"], env=mine)
    assert "You are bob" in said
    try:
        editor = neovim(sums, "sums.py")
        editor.until_attached()
        editor.keys("3GA")
        editor.keys("return ")
        editor.until_screen("return a + b")
        editor.keys("<Tab>")
        editor.until(lambda: editor.text()[2] == "    return a + b")
        deadline, fates = time.monotonic() + 40, list[str]()
        while "accepted" not in fates:
            assert time.monotonic() < deadline
            rows = run("audit", "export", "--person", "bob", "--folder", str(server.folder)).splitlines()
            fates = [json.loads(row)["plain"].get("fate", "") for row in rows]
        assert not any("a + b" in row for row in rows)
        assert engine.prompts, "the model was asked"
    finally:
        run("logout", env=mine)
