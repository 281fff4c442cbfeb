"""Where a container engine may be: a project's files do not leave the machine unless the user wants it, and never offline."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from assay import compose
from assay.assistant import settings as table
from assay.folders import folders
from sandbox import engine
from sandbox.api import Job, Project, SandboxUnavailable, Step
from sandbox.pool import Pool

FAR = "tcp://build.example:2375"


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("unix:///var/run/docker.sock", True), ("npipe:////./pipe/docker_engine", True), ("tcp://127.0.0.1:2375", True), ("tcp://[::1]:2375", True),
        ("http://localhost:2375", True), (FAR, False), ("ssh://me@build.example", False), ("https://10.0.0.7:2376", False),
        ("tcp://localhost.example", False), ("tcp://[broken", False), ("build.example:2375", False), ("", False),
    ],
)  # fmt: skip
def test_what_stays_on_this_machine(url: str, here: bool) -> None:
    assert engine.is_here(url) is here


async def refusal(editor: dict[str, object], root: Path | None = None) -> str:
    settings, _ = table.load(Path("/nowhere"), roots=[root] if root else [], editor=editor)
    sandbox = compose.sandbox(settings, folders())
    try:
        with pytest.raises(SandboxUnavailable) as caught:
            await sandbox.run(Job(Project("p", b"secret archive"), (Step("script", 1.0),)))
        return str(caught.value)
    finally:
        await sandbox.close()


async def test_an_engine_elsewhere_is_not_asked() -> None:
    said = await refusal({"sandbox.engine_url": FAR})
    assert said == (
        "Sandbox off: the container engine tcp://build.example:2375 is on another machine, and your project's files would go there. "
        "Set `sandbox.remote = true` in your own settings if you want that, or use an engine on this machine."
    )


async def test_an_unexpected_error_is_a_broken_sandbox_that_can_be_closed() -> None:
    def connect() -> NoReturn:
        raise ValueError("nobody thought of this")

    pool = Pool(connect, "image", size=1)
    for _ in range(2):
        with pytest.raises(SandboxUnavailable, match=r"an unexpected error \(ValueError\)"):
            await pool.run(Job(Project("p", b""), (Step("script", 1.0),)))
    assert pool.health().state == "broken"
    await pool.close()


async def test_docker_host_is_no_way_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://me:secret@build.example")
    said = await refusal({})
    assert "ssh://build.example is on another machine" in said
    assert "secret@" not in said


async def test_offline_refuses_it_whatever_else_is_set() -> None:
    said = await refusal({"sandbox.engine_url": FAR, "sandbox.remote": True, "offline": True})
    assert said.endswith("`offline` is on: use an engine on this machine.")


async def test_a_project_cannot_allow_it(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.assay.sandbox]\nremote = true\n")
    assert "is on another machine" in await refusal({"sandbox.engine_url": FAR}, tmp_path)


async def test_whoever_wants_it_has_it_tried() -> None:
    said = await refusal({"sandbox.engine_url": "tcp://no-such-host.invalid:2375", "sandbox.remote": True})
    assert "cannot reach a container engine: tcp://no-such-host.invalid:2375" in said
