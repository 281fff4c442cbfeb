"""A function over LSP: from a comment, a head or a sentence to an edit of the document, with the choice between two left to whoever asked."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.lsp.client import Client
from tests.lsp.conftest import Start
from tests.lsp.test_tests import CAN, actions, asked, command, written

STUB = (
    'def pick(values: list[int]) -> int:\n    """Return one of the values.\n\n    >>> pick([3, 1, 2])\n    2\n    """\n'
)
FIRST, SECOND = "return sorted(values)[len(values) // 2]", "return sorted(values)[1]"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "p"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
    (root / "mod.py").write_text(STUB)
    return root


@pytest.fixture
def runs(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"default": [SECOND, FIRST]}))
    return {"ASSAY_SANDBOX_ENABLED": "true", "ASSAY_ENGINE_SCRIPT": str(path)}


def text_of(client: Client, before: str) -> str:
    (edit,) = asked(client, "workspace/applyEdit")
    (change,) = edit["edit"]["documentChanges"]
    return written(change, before)


async def test_a_head_is_written_and_who_asked_chooses_by_what_they_give(
    project: Path, runs: dict[str, str], start: Start, docker_url: str
) -> None:
    client = await start(project, env=runs, **CAN)
    uri = client.open(project / "mod.py")
    action = (await actions(client, uri, 0))["Write `pick`"]
    ready: dict[str, Any] = {"command": action["command"]["command"], "arguments": action["command"]["arguments"]}
    client.takes = 1
    found = await client.call("workspace/executeCommand", ready, timeout_s=120)
    assert found["applied"] and found["uri"] == uri
    (question,) = asked(client, "window/showMessageRequest")
    ways = [one["title"] for one in question["actions"]]
    assert len(ways) == 2 and ways[0] != ways[1]
    assert found["split"]["call"] in question["message"]
    chosen = text_of(client, STUB)
    assert chosen == found["offered"]["text"]
    assert f">>> {found['split']['call']}\n" in chosen, "the input is an example from then on"
    assert found["verdict"]["state"] == "passed"


async def test_a_comment_is_written_in_its_place_and_progress_is_told(
    project: Path, start: Start, docker_url: str
) -> None:
    text = "import os\n\n# shout(text: str) -> str: return it in upper case, as in shout('a') == 'A'\n"
    (project / "mod.py").write_text(text)
    client = await start(project, env={"ASSAY_SANDBOX_ENABLED": "true"}, **CAN)
    uri = client.open(project / "mod.py")
    found = (await command(client, "assay.write", uri=uri, position={"line": 2, "character": 4}))["result"]
    assert found["offered"]["body"] == "return text.upper()", found
    made = text_of(client, text)
    assert "# shout" not in made and "def shout(text: str) -> str:" in made
    told = [one["value"] for one in asked(client, "$/progress")]
    assert any("writing shout" in one.get("title", "") and one.get("cancellable") for one in told)


async def test_a_sentence_is_written_behind_a_function(project: Path, start: Start, docker_url: str) -> None:
    client = await start(project, env={"ASSAY_SANDBOX_ENABLED": "true"}, **CAN)
    uri = client.open(project / "mod.py")
    said = "half(n: int) -> int: half of it, half(8) == 4, half(10) == 5"
    found = (await command(client, "assay.write", uri=uri, text=said, after="pick"))["result"]
    assert found["wish"]["name"] == "half"
    assert found["offered"] is not None, found
    assert text_of(client, STUB).startswith(STUB)


async def test_who_does_not_agree_has_nothing_written(
    project: Path, runs: dict[str, str], start: Start, docker_url: str
) -> None:
    client = await start(project, env=runs, **CAN)
    client.agrees = False
    uri = client.open(project / "mod.py")
    found = (await command(client, "assay.write", uri=uri, name="pick"))["result"]
    assert (found["applied"], found["offered"] is None) == (False, False)
    assert (project / "mod.py").read_text() == STUB


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ({"name": "nobody"}, "No function nobody"),
        ({"position": {"line": 99, "character": 0}}, "Nothing at this place"),
        ({"text": " "}, "The description is empty"),
        ({"what": 1}, "assay.write takes"),
        ({}, "assay.write takes"),
    ],
)
async def test_what_nobody_can_write_is_one_sentence(
    project: Path, start: Start, argument: dict[str, Any], told: str
) -> None:
    client = await start(project, env={"ASSAY_SANDBOX_ENABLED": "true"}, **CAN)
    uri = client.open(project / "mod.py")
    answer = await command(client, "assay.write", uri=uri, **argument)
    assert told in answer["error"]["message"]


async def test_it_can_be_ended(project: Path, runs: dict[str, str], start: Start, docker_url: str) -> None:
    client = await start(project, env=runs, **CAN)
    uri = client.open(project / "mod.py")
    params = {"command": "assay.write", "arguments": [{"uri": uri, "name": "pick"}]}
    number, answer = client.begin("workspace/executeCommand", params)
    await asyncio.sleep(0)
    client.notify("$/cancelRequest", {"id": number})
    assert "error" in await asyncio.wait_for(answer, 20)
    assert asked(client, "workspace/applyEdit") == []


def change_to(client: Client, uri: str, text: str) -> None:
    document = {"uri": uri, "version": 2}
    client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})


async def test_what_was_written_is_taken_back_with_later_edits_left(
    project: Path, start: Start, docker_url: str
) -> None:
    text = "import os\n\n# shout(text: str) -> str: return it in upper case, as in shout('a') == 'A'\n"
    (project / "mod.py").write_text(text)
    client = await start(project, env={"ASSAY_SANDBOX_ENABLED": "true"}, **CAN)
    uri = client.open(project / "mod.py")
    await command(client, "assay.write", uri=uri, position={"line": 2, "character": 4})
    made = text_of(client, text)
    (project / "mod.py").write_text(made)
    change_to(client, uri, f"import sys\n{made}")
    found = (await command(client, "assay.undo", uri=uri))["result"]
    assert (found["title"], found["files"], found["applied"]) == ("write shout", ["mod.py"], True)
    edit = asked(client, "workspace/applyEdit")[-1]
    (change,) = edit["edit"]["documentChanges"]
    assert written(change, f"import sys\n{made}") == f"import sys\n{text}"
    again = await command(client, "assay.undo", uri=uri)
    assert again["error"]["message"] == "There is nothing to take back in this project."


STEPS = "# tidy(text: str) -> list: first strip_ends(' a ') == 'a', then split_words('b a') == ['b', 'a']\n"


async def test_a_plan_is_shown_and_can_be_changed_before_anything_is_written(
    project: Path, start: Start, docker_url: str
) -> None:
    (project / "mod.py").write_text(STEPS)
    client = await start(project, env={"ASSAY_SANDBOX_ENABLED": "true"}, **CAN)
    uri = client.open(project / "mod.py")
    client.takes = 1
    found = (await command(client, "assay.write", uri=uri, position={"line": 0, "character": 4}))["result"]
    assert found["planned"] and found["applied"]
    (question,) = asked(client, "window/showMessageRequest")
    assert "strip_ends" in question["message"] and "split_words" in question["message"]
    made = text_of(client, STEPS)
    assert (
        made == "# tidy(text: str) -> list:\n# 1. strip_ends(' a ') == 'a'\n# 2. split_words('b a') == ['b', 'a']\n\n"
    )
    change_to(client, uri, made)
    client.takes = 0
    again = (await command(client, "assay.write", uri=uri, position={"line": 1, "character": 4}))["result"]
    assert [one["wish"]["name"] for one in again["steps"]] == ["strip_ends", "split_words"]
    assert again["whole"]["offered"]["body"] == "return split_words(strip_ends(text))"


async def test_a_changed_plan_is_taken_back_and_that_of_a_begun_function_stays_in_its_docstring(
    project: Path, start: Start, docker_url: str
) -> None:
    (project / "mod.py").write_text(STEPS)
    client = await start(project, env={"ASSAY_SANDBOX_ENABLED": "true"}, **CAN)
    uri = client.open(project / "mod.py")
    client.takes = 1
    await command(client, "assay.write", uri=uri, position={"line": 0, "character": 4})
    made = text_of(client, STEPS)
    change_to(client, uri, made)
    back = (await command(client, "assay.undo", uri=uri))["result"]
    assert (back["title"], back["applied"]) == ("plan of tidy", True)
    change_to(client, uri, STEPS)
    again = await command(client, "assay.undo", uri=uri)
    assert "nothing to take back" in again["error"]["message"]
    begun = 'def tidy(text: str) -> list:\n    """First strip_ends(text), then split_words(text)."""\n'
    change_to(client, uri, begun)
    found = (await command(client, "assay.write", uri=uri, position={"line": 0, "character": 6}))["result"]
    assert (found["planned"], found["applied"]) == (True, False)
    assert "docstring of tidy" in found["glance"]


async def test_tests_come_with_it_in_one_edit_of_two_files(project: Path, start: Start, docker_url: str) -> None:
    (project / "tests").mkdir()
    (project / "tests" / "test_other.py").write_text("def test_one():\n    assert True\n")
    client = await start(project, env={"ASSAY_SANDBOX_ENABLED": "true"}, **CAN)
    uri = client.open(project / "mod.py")
    said = "half(n: int) -> int: half of it, half(8) == 4, half(10) == 5"
    found = (await command(client, "assay.write", uri=uri, text=said))["result"]
    assert [one["file"] for one in found["files"]] == ["mod.py", "tests/test_mod.py"]
    (edit,) = asked(client, "workspace/applyEdit")
    kinds = [one.get("kind", one.get("textDocument", {}).get("uri", "")[-11:]) for one in edit["edit"]["documentChanges"]]  # fmt: skip
    assert kinds[1] == "create" and kinds[2].endswith("test_mod.py")
