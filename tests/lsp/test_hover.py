"""Facts in a hover: at a definition, at a use in another file, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lsp.client import Client
from tests.lsp.conftest import Start
from tests.lsp.meta import MetaModel

TEXT = "def check(value):\n    if not value:\n        raise ValueError(value)\n    return value\n\n\nclass Box:\n    def put(self, value):\n        self.value = check(value)\n"
USER = "from m import check\n\n\ndef run():\n    text = 1\n    return check(text)\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
    (tmp_path / "m.py").write_text(TEXT)
    (tmp_path / "user.py").write_text(USER)
    return tmp_path


async def hover(client: Client, uri: str, line: int, character: int) -> Any:
    at = {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}
    return await client.call("textDocument/hover", at)


async def test_facts_stand_at_a_definition_as_the_editor_has_it(root: Path, start: Start, data: Path) -> None:
    client = await start(root)
    uri = client.open(root / "m.py", TEXT.replace("ValueError", "KeyError"))
    found = await hover(client, uri, 0, 5)
    assert found["range"] == {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 9}}
    told = found["contents"]["value"]
    assert told.startswith("Check the `value`")
    assert "- Raises `KeyError` where `not value`." in told
    assert "- Called by `m.py::Box.put`, `user.py::run`." in told
    assert "Sets `self.value`" in (await hover(client, uri, 7, 10))["contents"]["value"]
    assert MetaModel(data / "metaModel-3.18.json").check_result("textDocument/hover", found) == []


async def test_facts_stand_at_a_use_in_another_file(root: Path, start: Start) -> None:
    client = await start(root)
    uri = client.open(root / "user.py")
    found = None
    for _ in range(20):  # until jedi is loaded
        found = found or await hover(client, uri, 5, 13)
    assert "Raises `ValueError`" in found["contents"]["value"]


@pytest.mark.parametrize(("line", "character"), [(4, 6), (1, 0), (99, 0), (5, 6)])
async def test_there_is_no_hover_at_what_is_no_function_of_the_project(
    line: int, character: int, root: Path, start: Start
) -> None:
    client = await start(root)
    assert await hover(client, client.open(root / "user.py"), line, character) is None


async def test_the_hover_can_be_switched_off(root: Path, start: Start) -> None:
    client = await start(root, options={"assay": {"summaries": {"hover": False}}})
    assert await hover(client, client.open(root / "m.py"), 0, 5) is None


async def test_a_hover_leads_to_the_model_and_shows_what_it_said(start, tmp_path: Path, script) -> None:
    (tmp_path / "m.py").write_text("def twice(number):\n    return number * 2\n")
    env = script(**{"in one sentence:\n#": " Return twice the number that is given."})
    client = await start(tmp_path, env=env, experimental={"assay": {"describe": True}})
    uri = client.open(tmp_path / "m.py")
    where = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 5}}
    before = (await client.call("textDocument/hover", where))["contents"]["value"]
    assert "[Ask the model](command:assay.describe?" in before
    place = {"uri": uri, "position": where["position"]}
    told = await client.call("workspace/executeCommand", {"command": "assay.summarize", "arguments": [place]})
    assert (told["name"], told["source"], told["why"]) == ("twice", "model", "")
    after = (await client.call("textDocument/hover", where))["contents"]["value"]
    assert after.startswith("Return twice the number that is given. _(the model)_")
    assert "Ask the model" not in after
    elsewhere = {"uri": uri, "position": {"line": 1, "character": 0}}
    assert (
        await client.call("workspace/executeCommand", {"command": "assay.summarize", "arguments": [elsewhere]}) is None
    )
    refused = await client.ask("workspace/executeCommand", {"command": "assay.summarize", "arguments": [3]})
    assert refused["error"]["code"] == -32602


async def test_without_a_model_the_command_says_so_and_other_clients_get_no_link(start, tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text("def twice(number):\n    return number * 2\n")
    client = await start(tmp_path, env={"ASSAY_ENGINE_URL": "http://127.0.0.1:9"})
    uri = client.open(tmp_path / "m.py")
    where = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 5}}
    assert "Ask the model" not in (await client.call("textDocument/hover", where))["contents"]["value"]
    place = {"uri": uri, "position": where["position"]}
    refused = await client.ask("workspace/executeCommand", {"command": "assay.summarize", "arguments": [place]})
    assert refused["error"]["message"]


async def test_a_lens_stands_above_what_is_called(start, tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text("def twice(number):\n    return number * 2\n\n\ndef four():\n    return twice(2)\n")
    client = await start(tmp_path, workspace={"codeLens": {"refreshSupport": True}})
    uri = client.open(tmp_path / "m.py")
    params = {"textDocument": {"uri": uri}}
    assert await client.call("textDocument/codeLens", params) == []
    client.notify("workspace/didChangeConfiguration", {"settings": {"assay": {"summaries": {"lens": True}}}})
    await client.until(lambda m: m.get("method") == "workspace/codeLens/refresh")
    (one,) = await client.call("textDocument/codeLens", params)
    assert (one["range"]["start"]["line"], one["command"]["title"]) == (0, "1 caller")


async def test_nothing_of_an_ignored_file_is_sent_to_a_model(start, tmp_path: Path, script) -> None:
    (tmp_path / ".gitignore").write_text("hidden.py\n")
    (tmp_path / "hidden.py").write_text("def twice(number):\n    return number * 2\n")
    env = script(**{"in one sentence:\n#": " Return twice the number that is given."})
    client = await start(tmp_path, env=env, experimental={"assay": {"describe": True}})
    uri = client.open(tmp_path / "hidden.py")
    place = {"uri": uri, "position": {"line": 0, "character": 5}}
    found = await client.call("textDocument/hover", {"textDocument": {"uri": uri}, "position": place["position"]})
    assert found is None or "Ask the model" not in found["contents"]["value"]
    refused = await client.ask("workspace/executeCommand", {"command": "assay.summarize", "arguments": [place]})
    assert "nothing of it is sent to a model" in refused["error"]["message"]
