"""A window with several folders: each file is under the settings of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay import compose
from assay.engine.by_url import Server
from assay.engine.missing import Missing
from assay.folders import folders
from assay.services import Services
from tests.lsp.conftest import Start

TEXT = "x = 1\ny = \n"


def folder(at: Path, settings: str) -> Path:
    at.mkdir()
    (at / "pyproject.toml").write_text(f"[project]\nname = '{at.name}'\n[tool.assay]\n{settings}\n")
    (at / "m.py").write_text(TEXT)
    return at


async def test_each_folder_has_its_own_settings_and_a_saved_one_holds_at_once(
    tmp_path: Path, start: Start, script
) -> None:
    free, strict = folder(tmp_path / "free", ""), folder(tmp_path / "strict", 'verify.policy = "strict"')
    client = await start(free, env=script("x + 1"), workspace={"workspaceFolders": True})
    added = {"event": {"added": [{"uri": strict.as_uri(), "name": "strict"}], "removed": []}}
    client.notify("workspace/didChangeWorkspaceFolders", added)
    here, there = client.open(free / "m.py"), client.open(strict / "m.py")
    assert [one["insertText"] for one in await client.inline(here, 1, 4, invoked=True)] == ["x + 1"]
    assert await client.inline(there, 1, 4, invoked=True) == []
    (strict / "pyproject.toml").write_text("[project]\nname = 'strict'\n")
    client.notify("textDocument/didSave", {"textDocument": {"uri": (strict / "pyproject.toml").as_uri()}})
    assert [one["insertText"] for one in await client.inline(there, 1, 4, invoked=True)] == ["x + 1"]


async def test_a_package_in_a_folder_may_tighten_more_and_never_less(tmp_path: Path, start: Start, script) -> None:
    whole = folder(tmp_path / "whole", "complete.enabled = false")
    inner = folder(whole / "inner", "complete.enabled = true")
    client = await start(whole, env=script("x + 1"))
    assert await client.inline(client.open(inner / "m.py"), 1, 4, invoked=True) == []
    status = await client.call("workspace/executeCommand", {"command": "assay.status", "arguments": []})
    assert any("complete.enabled can only be tightened" in text for text in status["settings"])


@pytest.mark.parametrize("is_first", [True, False])
def test_an_engine_elsewhere_is_asked_for_no_folder_that_is_offline(tmp_path: Path, *, is_first: bool) -> None:
    editor = {"engine": {"url": "https://models.example.org/v1", "backend": "remote"}}
    free, offline = folder(tmp_path / "free", ""), folder(tmp_path / "offline", "offline = true")
    composition = compose.Composition(folders())
    first, second = (offline, free) if is_first else (free, offline)
    bench = composition.bench(*composition.settings([first], editor))
    other = composition.tightened(bench, *composition.settings([second], editor))
    by_folder = {first: bench, second: other}
    assert isinstance(by_folder[free].engine, Server)
    assert isinstance(by_folder[offline].engine, Missing)
    assert by_folder[free].sandbox is not by_folder[offline].sandbox
    assert by_folder[free].names is by_folder[offline].names


async def test_a_folder_that_comes_holds_for_projects_that_were_looked_at_before(
    tmp_path: Path, start: Start, script
) -> None:
    free, strict = folder(tmp_path / "free", ""), folder(tmp_path / "strict", 'verify.policy = "strict"')
    inner = folder(strict / "inner", "")
    client = await start(free, env=script("x + 1"), workspace={"workspaceFolders": True})
    uri = client.open(inner / "m.py")
    assert [one["insertText"] for one in await client.inline(uri, 1, 4, invoked=True)] == ["x + 1"]
    added = {"event": {"added": [{"uri": strict.as_uri(), "name": "strict"}], "removed": []}}
    client.notify("workspace/didChangeWorkspaceFolders", added)
    assert await client.inline(uri, 1, 4, invoked=True) == []


async def test_services_that_nothing_changed_for_stay(tmp_path: Path) -> None:
    """A project file that is saved ends no container and no engine of a folder that is offline."""
    free, offline = folder(tmp_path / "free", ""), folder(tmp_path / "offline", "offline = true")
    services = Services(compose.Composition(folders()), lambda: [free, offline], lambda text: None)
    first, other = services.of(free), services.of(offline)
    old, is_other = services.renew()
    assert not is_other
    assert services.of(offline).sandbox is other.sandbox is not first.sandbox
    await services.ended(old)
    (offline / "pyproject.toml").write_text("[project]\nname = 'offline'\n")
    old, is_other = services.renew()
    assert is_other
    assert services.of(offline).sandbox is first.sandbox
    await services.ended(old)
    await services.close()
