"""Tests of a document's functions over LSP: written as an edit, with progress that can be ended; and what no test notices, shown where it stands until a test notices it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.lsp.client import Client
from tests.lsp.conftest import Start

GRADE = '''def grade(points: int) -> str:
    """A letter."""
    if points >= 90:
        return "A"
    return "F"


def double(n: int) -> int:
    return n * 2
'''
TEST = "from marks import double\n\n\ndef test_double() -> None:\n    assert double(3) == 6\n"
CAN = {
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {"documentChanges": True, "resourceOperations": ["create"]},
        "codeLens": {"refreshSupport": False},
    },
    "window": {"workDoneProgress": True, "showDocument": {"support": True}},
}
RUNS = {"ASSAY_SANDBOX_ENABLED": "true", "ASSAY_TESTS_LENS": "true"}


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    root = tmp_path / "p"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
    (root / "marks.py").write_text(GRADE)
    (root / "test_marks.py").write_text(TEST)
    return root


async def command(client: Client, which: str, **argument: Any) -> dict[str, Any]:
    params = {"command": which, "arguments": [argument]}
    return await client.ask("workspace/executeCommand", params, timeout_s=120)


def asked(client: Client, method: str) -> list[dict[str, Any]]:
    return [one["params"] for one in client.seen if one.get("method") == method]


def written(edit: dict[str, Any], before: str) -> str:
    """The text of a file with the edits of one document."""
    lines = before.splitlines(keepends=True)
    starts = [sum(map(len, lines[:n])) for n in range(len(lines) + 1)]
    for one in reversed(edit["edits"]):
        start, end = (starts[at["line"]] + at["character"] for at in (one["range"]["start"], one["range"]["end"]))
        before = before[:start] + one["newText"] + before[end:]
    return before


async def actions(client: Client, uri: str, line: int) -> dict[str, dict[str, Any]]:
    at = {"line": line, "character": 4}
    params = {"textDocument": {"uri": uri}, "range": {"start": at, "end": at}, "context": {"diagnostics": [], "triggerKind": 1}}  # fmt: skip
    return {one["title"]: one for one in await client.call("textDocument/codeAction", params) or []}


async def test_tests_of_a_function_are_an_edit_and_what_they_notice_is_said(
    marks: Path, start: Start, docker_url: str
) -> None:
    client = await start(marks, env=RUNS, **CAN)
    uri = client.open(marks / "marks.py")
    action = (await actions(client, uri, 0))["Write tests of `grade`"]
    params = {"command": action["command"]["command"], "arguments": action["command"]["arguments"]}
    found = await client.call("workspace/executeCommand", params, timeout_s=120)
    assert found["applied"] and found["uri"] == (marks / "test_marks.py").as_uri()
    (function,) = found["files"][0]["functions"]
    assert function["name"] == "grade" and function["tests"] and function["runs"]["passed"] == function["runs"]["of"]
    (asked_for,) = asked(client, "workspace/applyEdit")
    (change,) = asked_for["edit"]["documentChanges"]
    text = written(change, TEST)
    assert text == found["files"][0]["test"]["text"]
    assert text.startswith("import pytest\n") or "from marks import double, grade" in text
    assert "def test_double() -> None:\n    assert double(3) == 6\n" in text, "what was there stays"
    assert asked(client, "window/showDocument")[0]["uri"] == found["uri"]
    assert any("tests of grade notice" in one["message"] for one in asked(client, "window/showMessage"))
    told = [one["value"] for one in asked(client, "$/progress")]
    begun = [one for one in told if one.get("cancellable")]
    assert begun and "tests of grade" in begun[0]["title"]
    assert any("running the new tests" in one.get("message", "") for one in told)


async def test_who_does_not_agree_has_nothing_written(marks: Path, start: Start, docker_url: str) -> None:
    client = await start(marks, env=RUNS, **CAN)
    client.agrees = False
    uri = client.open(marks / "marks.py")
    found = (await command(client, "assay.test", uri=uri, position={"line": 3, "character": 0}))["result"]
    assert found["applied"] is False and found["files"][0]["functions"][0]["name"] == "grade"
    assert not asked(client, "window/showDocument")


async def test_what_no_test_notices_is_shown_until_a_test_notices_it(
    marks: Path, start: Start, docker_url: str
) -> None:
    client = await start(marks, env=RUNS, **CAN)
    uri = client.open(marks / "marks.py")

    def shown(message: dict[str, Any]) -> list[int]:
        of = message["params"] if message.get("method") == "textDocument/publishDiagnostics" else {}
        if of.get("uri") != uri:
            return []
        return [one["range"]["start"]["line"] for one in of["diagnostics"] if one["code"] == "suspected/unnoticed"]

    found = (await command(client, "assay.mutants", uri=uri, name="double"))["result"]
    assert found["noticed"] < found["mutants"] or not found["survivors"]
    found = (await command(client, "assay.mutants", uri=uri))["result"]
    assert found["tests"] == 1 and {one["line"] for one in found["survivors"]} >= {3, 4, 5}
    assert not any(one["reached"] for one in found["survivors"] if one["line"] in (3, 4, 5))
    await client.until(lambda m: {2, 3, 4} <= set(shown(m)))
    (action,) = [
        one for title, one in (await actions(client, uri, 2)).items() if title == "Write a test that notices it"
    ]
    params = {"command": action["command"]["command"], "arguments": action["command"]["arguments"]}
    made = await client.call("workspace/executeCommand", params, timeout_s=120)
    assert made["applied"]
    count = len(client.seen)
    await client.until(lambda m: client.seen.index(m) > count - 20 and shown(m) and 2 not in shown(m))


async def test_it_can_be_ended_and_leaves_nothing(marks: Path, start: Start, docker_url: str) -> None:
    client = await start(marks, env=RUNS, **CAN)
    uri = client.open(marks / "marks.py")
    params = {"command": "assay.test", "arguments": [{"uri": uri}]}
    _, answer = client.begin("workspace/executeCommand", params)
    begun = await client.until(
        lambda m: m.get("method") == "$/progress" and m["params"]["value"].get("cancellable"), timeout_s=30
    )
    client.notify("window/workDoneProgress/cancel", {"token": begun["params"]["token"]})
    assert (await asyncio.wait_for(answer, 10))["result"] is None
    assert not asked(client, "workspace/applyEdit")
    ended = [one for one in asked(client, "$/progress") if one["value"]["kind"] == "end"]
    assert [one["token"] for one in ended if one["token"] == begun["params"]["token"]]
    client.seen.clear()
    number, answer = client.begin("workspace/executeCommand", params)
    await client.until(
        lambda m: m.get("method") == "$/progress" and m["params"]["value"]["kind"] == "report", timeout_s=60
    )
    client.notify("$/cancelRequest", {"id": number})
    assert (await asyncio.wait_for(answer, 10))["error"]["code"] == -32800
    await client.until(lambda m: m.get("method") == "$/progress" and m["params"]["value"]["kind"] == "end")
    assert not any("new tests" in one["value"].get("message", "") for one in asked(client, "$/progress"))


async def test_lenses_offer_both_where_they_are_asked_for(marks: Path, start: Start, docker_url: str) -> None:
    client = await start(marks, env=RUNS, **CAN)
    uri = client.open(marks / "marks.py")
    found = await client.call("textDocument/codeLens", {"textDocument": {"uri": uri}})
    told = [(one["range"]["start"]["line"], one["command"]["command"]) for one in found]
    assert told == [(0, "assay.test"), (0, "assay.mutants"), (7, "assay.test"), (7, "assay.mutants")]
    tests = client.open(marks / "test_marks.py")
    assert await client.call("textDocument/codeLens", {"textDocument": {"uri": tests}}) == []


async def test_what_cannot_be_done_is_one_sentence(marks: Path, start: Start) -> None:
    client = await start(marks, **CAN)  # no sandbox
    uri = client.open(marks / "marks.py")
    assert "nothing is run here" in (await command(client, "assay.test", uri=uri))["error"]["message"]
    assert "Write tests of `grade`" not in await actions(client, uri, 0)
    assert (await command(client, "assay.mutants", uri=(marks / "other.py").as_uri()))["result"] is None
    for wrong in ({}, {"uri": 3}, {"uri": uri, "name": "grade", "line": 2}, {"uri": uri, "more": 1}):
        assert (await command(client, "assay.test", **wrong))["error"]["code"] == -32602


async def test_a_place_without_a_function_is_said(marks: Path, start: Start, docker_url: str) -> None:
    client = await start(marks, env=RUNS, **CAN)
    uri = client.open(marks / "marks.py")
    message = (await command(client, "assay.test", uri=uri, name="nobody"))["error"]["message"]
    assert "no function or class" in message and "grade, double" in message
    tests = client.open(marks / "test_marks.py")
    assert "has tests itself" in (await command(client, "assay.test", uri=tests))["error"]["message"]


LAST = "def last(xs):\n    return xs[len(xs)]\n"


async def test_a_fix_of_a_hint_comes_with_a_test_that_fails_without_it(
    marks: Path, start: Start, docker_url: str
) -> None:
    (marks / "ends.py").write_text(LAST)
    client = await start(marks, env=RUNS, **CAN)
    uri = client.open(marks / "ends.py")
    found = await actions(client, uri, 1)
    (title,) = [one for one in found if one.endswith(", and write a test that fails without it")]
    (argument,) = found[title]["command"]["arguments"]
    assert argument == {"uri": uri, "line": 1, "code": "suspected/off-by-one"}
    told = (await command(client, "assay.fixWithTest", **argument))["result"]
    assert told["applied"] and told["uri"] == (marks / "test_ends.py").as_uri()
    (call, *_) = told["files"][0]["functions"][0]["calls"]
    assert call["source"] == "changed" and call["call"].startswith("last([")
    fix, test = (one["edit"] for one in asked(client, "workspace/applyEdit"))
    assert "return xs[-1]" in written(fix["documentChanges"][0], LAST)
    assert "Without the change `last` gives something else." in test["documentChanges"][1]["edits"][0]["newText"]
    refused = await command(client, "assay.fixWithTest", **argument | {"code": "suspected/no-such"})
    assert "no hint suspected/no-such with a fix" in refused["error"]["message"]
    refused = await command(client, "assay.fixWithTest", uri=uri)
    assert refused["error"]["code"] == -32602
