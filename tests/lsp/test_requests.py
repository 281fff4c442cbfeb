"""Suggestions over the wire: cancelled, superseded, stale, and the loop that is never held."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.lsp.client import inline_params
from tests.lsp.stub import Stub

TEXT = "def add(a, b):\n    \n"


async def test_a_storm_of_cancelled_requests_costs_nothing(start, tmp_path: Path) -> None:
    async with Stub(lambda body: "return a + b", delay_s=2.0) as stub:
        client = await start(tmp_path, env={"ASSAY_ENGINE_URL": stub.url})
        uri = client.open(tmp_path / "a.py", TEXT)
        futures = []
        for _ in range(40):
            number, future = client.begin("textDocument/inlineCompletion", inline_params(uri, 1, 4))
            futures.append(future)
            await asyncio.sleep(0.02)
            client.notify("$/cancelRequest", {"id": number})
        answers = await asyncio.wait_for(asyncio.gather(*futures), 30)
        ended = [a for a in answers if a.get("error", {}).get("code") == -32800 or a.get("result") is None]
        assert len(ended) >= 38
        assert stub.finished <= 3
        ids = [m["id"] for m in client.seen if "id" in m and "method" not in m]
        assert len(ids) == len(set(ids))
        assert await client.stop() == 0


async def test_a_cancelled_request_leaves_the_model_at_once(start, tmp_path: Path) -> None:
    async with Stub(lambda body: "return a + b", delay_s=30.0) as stub:
        client = await start(tmp_path, env={"ASSAY_ENGINE_URL": stub.url, "ASSAY_COMPLETE_PACE_MS": "0"})
        uri = client.open(tmp_path / "a.py", TEXT)
        number, future = client.begin("textDocument/inlineCompletion", inline_params(uri, 1, 4))
        await _until(lambda: len(stub.requests) == 1)
        client.notify("$/cancelRequest", {"id": number})
        assert (await asyncio.wait_for(future, 2))["error"]["code"] == -32800
        assert stub.finished == 0


async def test_a_newer_request_takes_the_olders_place(start, tmp_path: Path) -> None:
    async with Stub(lambda body: "return a + b", delay_s=0.5) as stub:
        client = await start(tmp_path, env={"ASSAY_ENGINE_URL": stub.url, "ASSAY_COMPLETE_PACE_MS": "0"})
        uri = client.open(tmp_path / "a.py", TEXT)
        _, older = client.begin("textDocument/inlineCompletion", inline_params(uri, 1, 4))
        await _until(lambda: len(stub.requests) == 1)
        newer = await client.inline(uri, 1, 4)
        assert (await older)["result"] is None
        assert [item["insertText"] for item in newer] == ["return a + b"]


async def test_a_stale_version_is_never_offered(start, tmp_path: Path) -> None:
    async with Stub(lambda body: "return a + b", delay_s=0.3) as stub:
        client = await start(tmp_path, env={"ASSAY_ENGINE_URL": stub.url, "ASSAY_COMPLETE_PACE_MS": "0"})
        uri = client.open(tmp_path / "a.py", TEXT)
        _, future = client.begin("textDocument/inlineCompletion", inline_params(uri, 1, 4))
        await _until(lambda: len(stub.requests) == 1)
        change = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": TEXT + "\n"}]}
        client.notify("textDocument/didChange", change)
        assert (await future)["result"] is None


async def test_the_loop_answers_while_a_model_thinks(start, tmp_path: Path) -> None:
    async with Stub(lambda body: "return a + b", delay_s=1.0) as stub:
        client = await start(tmp_path, env={"ASSAY_ENGINE_URL": stub.url, "ASSAY_COMPLETE_PACE_MS": "0"})
        uri = client.open(tmp_path / "a.py", TEXT)
        _, slow = client.begin("textDocument/inlineCompletion", inline_params(uri, 1, 4))
        await _until(lambda: len(stub.requests) == 1)
        for _ in range(20):
            await client.ask("no/such/method")
        assert not slow.done()
        assert (await slow)["result"]["items"]


async def test_an_engine_that_is_away_is_said_once(start, tmp_path: Path) -> None:
    client = await start(tmp_path, env={"ASSAY_ENGINE_URL": "http://127.0.0.1:9", "ASSAY_COMPLETE_PACE_MS": "0"})
    uri = client.open(tmp_path / "a.py", TEXT)
    for _ in range(3):
        assert await client.inline(uri, 1, 4) == []
    await client.stop()
    shown = [m for m in client.seen if m.get("method") == "window/showMessage"]
    assert len(shown) == 1
    assert "Engine off" in shown[0]["params"]["message"]


async def test_an_engine_that_comes_back_is_used_again(start, tmp_path: Path) -> None:
    async with Stub(lambda body: "return a + b") as stub:
        port = stub.url
    client = await start(tmp_path, env={"ASSAY_ENGINE_URL": port, "ASSAY_COMPLETE_PACE_MS": "0"})
    uri = client.open(tmp_path / "a.py", TEXT)
    assert await client.inline(uri, 1, 4) == []
    again = Stub(lambda body: "return a + b")
    again._server = await asyncio.start_server(again._serve, "127.0.0.1", int(port.rpartition(":")[2]))
    assert [i["insertText"] for i in await client.inline(uri, 1, 4)] == ["return a + b"]
    again._server.close()


async def test_the_accepted_command_carries_the_verdict(start, tmp_path: Path, script) -> None:
    client = await start(tmp_path, env=script("return a + b"))
    uri = client.open(tmp_path / "a.py", TEXT)
    command = (await client.inline(uri, 1, 4))[0]["command"]
    assert command["command"] == "assay.accepted"
    (argument,) = command["arguments"]
    assert set(argument) == {"suggestionId", "traceId", "verdict"}
    assert argument["verdict"]["state"] == "unverified"
    assert argument["verdict"]["reason"] in ("no-tests", "no-sandbox")
    await client.call("workspace/executeCommand", {"command": "assay.accepted", "arguments": command["arguments"]})
    trace = await client.call("workspace/executeCommand", {"command": "assay.why", "arguments": [argument["traceId"]]})
    assert trace["id"] == argument["traceId"]


async def test_an_editor_without_ghost_text_gets_the_suggestion_in_its_list(start, tmp_path: Path, script) -> None:
    client = await start(tmp_path, env=script("return a + b"), textDocument={})
    uri = client.open(tmp_path / "a.py", TEXT)
    result = await client.call(
        "textDocument/completion", {"textDocument": {"uri": uri}, "position": {"line": 1, "character": 4}}
    )
    assert result["items"][0]["textEdit"]["newText"] == "return a + b"
    assert "unverified" in result["items"][0]["detail"]


@pytest.mark.parametrize(("trigger", "samples"), [(2, 1), (1, 3)], ids=["typing", "asked for"])
async def test_somebody_who_types_is_not_kept_for_further_samples(start, tmp_path: Path, trigger, samples) -> None:
    wrong = iter("abc")
    async with Stub(lambda body: f"return {next(wrong)})", delay_s=1.0) as stub:  # over twice the deadline of a line
        client = await start(tmp_path, env={"ASSAY_ENGINE_URL": stub.url, "ASSAY_COMPLETE_PACE_MS": "0"})
        uri = client.open(tmp_path / "a.py", "x = 1\n")
        params = inline_params(uri, 1, 0) | {"context": {"triggerKind": trigger}}
        assert await client.call("textDocument/inlineCompletion", params) is None
        assert len(stub.requests) == samples


HALF = "def root(x):\n    return math.\n"


async def test_a_missing_import_is_written_at_the_top_when_its_line_is_taken(start, tmp_path: Path, script) -> None:
    client = await start(tmp_path, env=script("sqrt(x)"), workspace={"applyEdit": True})
    uri = client.open(tmp_path / "a.py", HALF)
    (item,) = await client.inline(uri, 1, 16)
    assert item["insertText"] == "sqrt(x)"
    await client.call("workspace/executeCommand", {k: item["command"][k] for k in ("command", "arguments")})
    asked = await client.until(lambda m: m.get("method") == "workspace/applyEdit")
    (change,) = asked["params"]["edit"]["changes"][uri]
    assert change["newText"] == "import math\n\n"
    assert change["range"]["start"] == {"line": 0, "character": 0}


async def test_without_edits_elsewhere_a_line_that_needs_them_is_not_offered(start, tmp_path: Path, script) -> None:
    client = await start(tmp_path, env=script("sqrt(x)"))
    uri = client.open(tmp_path / "a.py", HALF)
    assert await client.inline(uri, 1, 16) == []


async def test_an_item_of_the_list_brings_its_imports(start, tmp_path: Path, script) -> None:
    client = await start(tmp_path, env=script("sqrt(x)"), textDocument={})
    uri = client.open(tmp_path / "a.py", HALF)
    where = {"textDocument": {"uri": uri}, "position": {"line": 1, "character": 16}}
    first = (await client.call("textDocument/completion", where))["items"][0]
    assert [edit["newText"] for edit in first["additionalTextEdits"]] == ["import math\n\n"]


async def test_what_was_dismissed_is_not_offered_again(start, tmp_path: Path, script) -> None:
    client = await start(tmp_path, env=script("return a + b"))
    uri = client.open(tmp_path / "a.py", TEXT)
    (item,) = await client.inline(uri, 1, 4, invoked=True)
    arguments = item["command"]["arguments"]
    await client.call("workspace/executeCommand", {"command": "assay.rejected", "arguments": arguments})
    assert await client.inline(uri, 1, 4, invoked=True) == []
    assert await client.inline(uri, 1, 4) == []
    place = {"line": 1, "character": 4}
    change = {"range": {"start": place, "end": place}, "text": "r"}
    document = {"uri": uri, "version": 2}
    client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
    assert await client.inline(uri, 1, 5, invoked=True) == []
    trace = await client.call("workspace/executeCommand", {"command": "assay.why", "arguments": []})
    assert "dismissed" in trace["outcome"]


async def test_an_import_that_the_list_brought_is_not_written_again(start, tmp_path: Path, script) -> None:
    client = await start(tmp_path, env=script("math.sqrt(x)"), textDocument={}, workspace={"applyEdit": True})
    text = "import os\r\n\r\n\r\ndef f(x):\r\n    y = \r\n"
    uri = client.open(tmp_path / "a.py", text)
    params = {"textDocument": {"uri": uri}, "position": {"line": 4, "character": 8}}
    first = (await client.call("textDocument/completion", params))["items"][0]
    assert [edit["newText"] for edit in first["additionalTextEdits"]] == ["\r\nimport math"]
    arguments = {"command": "assay.accepted", "arguments": first["command"]["arguments"]}
    await client.call("workspace/executeCommand", arguments)
    await client.call("workspace/executeCommand", {"command": "assay.status", "arguments": []})
    assert not [m for m in client.seen if m.get("method") == "workspace/applyEdit"]


async def test_the_engines_state_is_told_once_and_only_by_those_who_asked_it(start, tmp_path: Path) -> None:
    client = await start(tmp_path, env={"ASSAY_ENGINE_MODEL": "/nowhere/model.gguf"})
    uri = client.open(tmp_path / "a.py", "# a comment\nx = \n")
    for _ in range(3):
        await client.inline(uri, 1, 4, invoked=True)
        await client.inline(uri, 0, 5)
    told = [m["params"] for m in client.seen if m.get("method") == "assay/status" and m["params"]["part"] == "engine"]
    assert [one["state"] for one in told] == ["absent"]


async def test_settings_come_from_the_editor(start, tmp_path: Path, script) -> None:
    client = await start(tmp_path, env=script("return a + b"), options={"assay": {"complete": {"enabled": False}}})
    uri = client.open(tmp_path / "a.py", TEXT)
    assert await client.inline(uri, 1, 4) == []
    client.notify("workspace/didChangeConfiguration", {"settings": {"assay": {"complete": {"enabled": True}}}})
    assert len(await client.inline(uri, 1, 4)) == 1


async def test_a_setting_that_cannot_be_used_is_told_once_each_time_it_comes(start, tmp_path: Path) -> None:
    client = await start(tmp_path)
    bad = {"settings": {"assay": {"complete": {"samples": "many"}}}}
    for settings in (bad, bad, {"settings": {"assay": {}}}, bad):
        client.notify("workspace/didChangeConfiguration", settings)
    await client.ask("no/such/method")
    told = [m["params"]["message"] for m in client.seen if m.get("method") == "window/logMessage"]
    assert [message for message in told if "complete.samples" in message] == [
        'Assay: editor: complete.samples is "many", and must be a number.'
    ] * 2


async def _until(holds, timeout_s: float = 10.0) -> None:
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


async def test_why_reads_as_a_story_and_stays_in_its_window(start, tmp_path: Path, script) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
        (folder / "m.py").write_text("def f(x):\n    \n")
    first = await start(here, env=script("return x"))
    second = await start(there, env=script("return x"))
    for client, folder in ((first, here), (second, there)):
        assert await client.inline(client.open(folder / "m.py"), 1, 4)
    told = await first.call("workspace/executeCommand", {"command": "assay.why"})
    assert told["text"][0].startswith(f"{here}/m.py:2")
    assert any("candidate" in line for line in told["text"])


async def test_a_missing_part_is_no_message_where_the_client_shows_it_itself(start, tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text("def f(x):\n    \n")
    env = {"ASSAY_ENGINE_URL": "http://127.0.0.1:9"}
    for is_told, capabilities in ((False, {"experimental": {"assay": {"status": True}}}), (True, {})):
        client = await start(tmp_path, env=env, **capabilities)
        await client.inline(client.open(tmp_path / "m.py"), 1, 4)
        await client.until(lambda m: m.get("method") == "assay/status" and m["params"]["part"] == "engine")
        await client.call("workspace/executeCommand", {"command": "assay.status"})
        assert any(m.get("method") == "window/showMessage" for m in client.seen) is is_told


async def test_verify_takes_the_uri_of_an_open_document(start, tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text("def f(x):\n    return x\n")
    client = await start(tmp_path)
    uri = client.open(tmp_path / "m.py", "def f(x):\n    return y\n")
    told = await client.call("workspace/executeCommand", {"command": "assay.verify", "arguments": [uri]})
    assert told["verdict"]["state"] == "failed"
    assert "y" in told["verdict"]["why"]
    trace = await client.call("workspace/executeCommand", {"command": "assay.why", "arguments": [told["traceId"]]})
    assert trace["outcome"] == "verify: failed"
    gone = {"command": "assay.verify", "arguments": ["file:///nowhere.py"]}
    assert await client.call("workspace/executeCommand", gone) is None
    refused = await client.ask("workspace/executeCommand", {"command": "assay.verify", "arguments": [3]})
    assert refused["error"]["code"] == -32602


async def test_an_item_of_the_list_replaces_the_word_that_was_begun_and_is_plain_text(
    start, tmp_path: Path, script
) -> None:
    """Editors compare an item with the word before the cursor, some replace that word, and some expand what is called a snippet."""
    source = "def f(alpha):\n    value = al"
    (tmp_path / "m.py").write_text(source)
    client = await start(tmp_path, env=script(**{"value =": " alpha + 1"}), textDocument={})
    uri = client.open(tmp_path / "m.py")
    params = {"textDocument": {"uri": uri}, "position": {"line": 1, "character": 14}}
    item = (await client.call("textDocument/completion", params))["items"][0]
    assert item["detail"].startswith("Assay:")
    assert item["label"].startswith("alpha")
    assert item["filterText"].startswith("alpha")
    assert item["textEdit"]["newText"].startswith("alpha")
    assert item["textEdit"]["range"]["start"] == {"line": 1, "character": 12}
    assert (item["kind"], item["insertTextFormat"]) == (1, 1)


async def test_what_somebody_says_of_a_suggestion_is_told_or_said_why_not(
    start, script, tmp_path: Path, home: Path
) -> None:
    client = await start(tmp_path, env=script("1"))
    said = await client.call("workspace/executeCommand", {"command": "assay.feedback", "arguments": [{"thumb": "up"}]})
    assert said["told"] is False and "assay login" in said["why"]
    for odd in ({}, {"thumb": "left"}, {"thumb": "up", "word": 3}, {"thumb": "up", "more": ""}):
        answer = await client.ask("workspace/executeCommand", {"command": "assay.feedback", "arguments": [odd]})
        assert "takes an object" in answer["error"]["message"]
    told = script("1") | {"ASSAY_TEAM_RECORD": "true", "ASSAY_ENGINE_URL": "http://127.0.0.1:9"}
    client = await start(tmp_path, env=told)
    said = await client.call("workspace/executeCommand", {"command": "assay.feedback", "arguments": [{"thumb": "up"}]})
    assert said == {"told": False, "why": "No suggestion was shown yet."}
    (tmp_path / "a.py").write_text("value = ")
    uri = client.open(tmp_path / "a.py")
    assert await client.inline(uri, 0, 8, invoked=True)
    said = await client.call(
        "workspace/executeCommand", {"command": "assay.feedback", "arguments": [{"thumb": "down", "word": "wrong"}]}
    )
    assert said == {"told": True, "why": ""}
    assert '"thumb": "down"' in (home / "state" / "team" / "events.jsonl").read_text()
