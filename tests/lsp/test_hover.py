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
