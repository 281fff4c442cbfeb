"""The conversation itself: life cycle, error codes, odd input, and every message against the protocol's schema."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from tests.lsp.client import Client, inline_params
from tests.lsp.meta import MetaModel

POSITION = {"line": 0, "character": 0}


async def test_requests_before_initialize_are_refused(start) -> None:
    client = await start(initialize=False)
    answer = await client.ask("textDocument/completion", inline_params("file:///x.py", 0, 0))
    assert answer["error"]["code"] == -32002


async def test_requests_after_shutdown_are_refused_and_exit_is_clean(start, tmp_path: Path) -> None:
    client = await start(tmp_path)
    await client.call("shutdown")
    answer = await client.ask("textDocument/completion", inline_params("file:///x.py", 0, 0))
    assert answer["error"]["code"] == -32600
    client.notify("exit")
    assert await asyncio.wait_for(client.process.wait(), 5) == 0


async def test_exit_without_shutdown_is_status_one(start, tmp_path: Path) -> None:
    client = await start(tmp_path)
    client.notify("exit")
    assert await asyncio.wait_for(client.process.wait(), 5) == 1


async def test_the_server_ends_when_its_input_does(start, tmp_path: Path) -> None:
    client = await start(tmp_path)
    client.process.stdin.close()
    assert await asyncio.wait_for(client.process.wait(), 2) == 1


async def test_a_client_with_one_kind_of_number_is_understood(start, tmp_path: Path, script) -> None:
    client = await start(initialize=False, env=script("return a + b"))
    told = {"processId": None, "rootUri": tmp_path.as_uri(), "capabilities": {"textDocument": {"inlineCompletion": {}}}}
    await client.call("initialize", told | {"clientInfo": {"name": "odd", "version": 3}})
    client.notify("initialized", {})
    uri = client.open(tmp_path / "a.py", "def add(a, b):\n    \n")
    params = {"textDocument": {"uri": uri}, "position": {"line": 1.0, "character": 4.0}, "context": {"triggerKind": 1}}
    assert len((await client.call("textDocument/inlineCompletion", params))["items"]) == 1


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("no/such/method", {}, -32601),
        ("$/unknown", {}, -32601),
        ("textDocument/completion", {}, -32602),
        ("textDocument/completion", None, -32602),
        ("textDocument/completion", [], -32602),
        ("textDocument/completion", {"textDocument": {"uri": 3}, "position": "top"}, -32602),
        ("textDocument/completion", {"textDocument": {"uri": 3}, "position": {"line": 0, "character": 0}}, -32602),
        ("textDocument/completion", {"textDocument": {"uri": None}, "position": {"line": 0, "character": 0}}, -32602),
        ("textDocument/completion", {"textDocument": {"uri": "x"}, "position": {"line": "0", "character": 0}}, -32602),
        ("workspace/executeCommand", {"command": 7}, -32602),
        (
            "textDocument/inlineCompletion",
            {"textDocument": {"uri": "x"}, "position": {"line": -1, "character": 0}},
            -32602,
        ),
        ("workspace/executeCommand", {"command": "no.such.command"}, -32602),
        ("workspace/executeCommand", {"command": "assay.accepted", "arguments": [{}]}, -32602),
        ("initialize", {"capabilities": {}, "processId": None, "rootUri": None}, -32600),
    ],
)
async def test_every_bad_request_gets_its_code(start, tmp_path: Path, method: str, params: object, code: int) -> None:
    client = await start(tmp_path)
    answer = await client.ask(method, params)
    assert answer["error"]["code"] == code
    assert "Traceback" not in json.dumps(answer)
    assert await client.stop() == 0


async def test_an_argument_with_a_key_jsonrpc_is_an_argument(start, tmp_path: Path) -> None:
    client = await start(tmp_path)
    argument = {"suggestionId": "x", "traceId": "y", "jsonrpc": "2.0", "id": 7}
    assert await client.call("workspace/executeCommand", {"command": "assay.accepted", "arguments": [argument]}) is None


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"jsonrpc":"2.0"}', b'{"id":1}', b"[" * 50_000]
)
async def test_broken_messages_are_survived(start, tmp_path: Path, body: bytes) -> None:
    client = await start(tmp_path)
    client.send_raw(body)
    assert await client.stop() == 0


async def test_headers_are_read_leniently(start, tmp_path: Path) -> None:
    client = await start(tmp_path)
    body = json.dumps({"jsonrpc": "2.0", "id": "low", "method": "no/such"}).encode()
    client.send_raw(body, b"Garbage: yes\r\n\r\ncontent-length:  %d\r\nX-Other: 1\r\n\r\n")
    found = await client.until(lambda m: m.get("id") == "low")
    assert found["error"]["code"] == -32601


async def test_an_oversized_message_is_refused_and_the_next_one_served(start, tmp_path: Path) -> None:
    client = await start(tmp_path)
    client.send_raw(b"x" * ((64 << 20) + 1))
    assert await client.stop() == 0
    assert any(m.get("error", {}).get("code") == -32600 for m in client.seen)


NOTEBOOK = "file:///n.ipynb"


async def test_every_message_of_a_session_that_touches_every_method_fits_the_schema(
    start, tmp_path: Path, data: Path, script, docker_url: str
) -> None:
    """Which methods there are is asked of the server's own registry, so that a new one without a call here fails."""
    (tmp_path / "a.py").write_text("import os\n\n\ndef f(x):\n    return os.\n")
    (tmp_path / "pyproject.toml").write_text("")
    client: Client = await start(
        tmp_path,
        env={
            **script("path", **{"return math.": "sqrt(x)"}),
            "ASSAY_SANDBOX_ENABLED": "true",
            "ASSAY_SANDBOX_POOL": "1",
        },
        workspace={"configuration": True, "workspaceFolders": True, "applyEdit": True},
        window={"workDoneProgress": True},
        notebookDocument={"synchronization": {}},
    )
    model = MetaModel(data / "metaModel-3.18.json")
    uri = client.open(tmp_path / "a.py")
    document, position = {"uri": uri}, {"line": 4, "character": 14}
    cell = {
        "uri": "vscode-notebook-cell:/n.ipynb#1",
        "languageId": "python",
        "version": 1,
        "text": "import math\nmath.",
    }
    notebook = {
        "uri": NOTEBOOK,
        "notebookType": "jupyter-notebook",
        "version": 1,
        "cells": [{"kind": 2, "document": cell["uri"]}],
    }
    edit = {"range": {"start": position, "end": position}, "text": "pa"}
    text_edit = {"document": {"uri": cell["uri"], "version": 2}, "changes": [{"text": "x = 1\n"}]}
    closed = {"notebookDocument": {"uri": NOTEBOOK}, "cellTextDocuments": [{"uri": cell["uri"]}]}
    folders = {"event": {"added": [{"uri": (tmp_path / "b").as_uri(), "name": "b"}], "removed": []}}
    notifications = [
        ("notebookDocument/didOpen", {"notebookDocument": notebook, "cellTextDocuments": [cell]}),
        ("notebookDocument/didChange", {"notebookDocument": {"uri": NOTEBOOK, "version": 2}, "change": {"cells": {"textContent": [text_edit]}}}),
        ("notebookDocument/didSave", {"notebookDocument": {"uri": NOTEBOOK}}),
        ("textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [edit]}),
        ("textDocument/didSave", {"textDocument": document}),
        ("workspace/didChangeConfiguration", {"settings": None}),
        ("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri, "type": 2}]}),
        ("workspace/didChangeWorkspaceFolders", folders),
        ("$/setTrace", {"value": "verbose"}),
        ("$/cancelRequest", {"id": 12345}),
        ("window/workDoneProgress/cancel", {"token": "none"}),
        ("assay/cursor", {"textDocument": document, "position": position}),
    ]  # fmt: skip
    half = client.open(tmp_path / "half.py", HALF)
    requests = [
        ("textDocument/inlineCompletion", inline_params(uri, 4, 14)),
        ("textDocument/inlineCompletion", inline_params(cell["uri"], 0, 5)),
        ("textDocument/signatureHelp", {"textDocument": document, "position": position}),
        ("completionItem/resolve", {"label": "x", "data": ["/nowhere", 1]}),
        ("codeAction/resolve", {"title": "x", "data": {"uri": "file:///nowhere.py", "version": 1}}),
        ("textDocument/completion", {"textDocument": document, "position": position}),
        ("textDocument/hover", {"textDocument": document, "position": position}),
        ("textDocument/codeLens", {"textDocument": document}),
        ("textDocument/codeAction", {"textDocument": document, "range": {"start": {"line": 0, "character": 0}, "end": position}, "context": {"diagnostics": []}}),
        *(("workspace/executeCommand", {"command": f"assay.{name}", "arguments": arguments})
          for name, arguments in (("status", []), ("summarize", [{"uri": uri, "position": position}]), ("why", []), ("accepted", [{"suggestionId": "x"}]), ("rejected", [{"suggestionId": "x"}]))),
    ]  # fmt: skip
    wrong: list[str] = []
    for method, params in notifications:
        client.notify(method, params)
    for method, params in requests:
        wrong += model.check_result(method, await client.call(method, params))
    client.configuration = {"complete": {"samples": 1}}
    client.notify("workspace/didChangeConfiguration", {"settings": None})
    taken = (await client.inline(half, 1, 16))[0]["command"]
    await client.call("workspace/executeCommand", {"command": taken["command"], "arguments": taken["arguments"]})
    await client.until(lambda m: m.get("method") == "workspace/applyEdit")
    for method, params in (
        ("notebookDocument/didClose", closed),
        ("textDocument/didClose", {"textDocument": document}),
    ):
        client.notify(method, params)
    assert await client.stop() == 0

    first = next(m for m in client.seen if m.get("id") == 1)
    wrong += model.check_result("initialize", first["result"])
    for message in client.seen:
        message.pop("_at")
        assert message["jsonrpc"] == "2.0"
        wrong += model.check_call(message) if "method" in message else []
    assert wrong == []
    sent = {method for method, _ in [*notifications, *requests]} | {
        "notebookDocument/didClose",
        "textDocument/didClose",
    }
    assert _served() <= sent | {"initialize", "initialized", "shutdown", "exit", "textDocument/didOpen"}
    asked = {m["method"] for m in client.seen if "method" in m}
    assert {"workspace/configuration", "workspace/applyEdit"} <= asked


HALF = "def root(x):\n    return math.\n"


def _served() -> set[str]:
    """Every method that the server handles, by itself or by the library under it."""
    from lsp_server import offers
    from lsp_server.protocol import Protocol
    from lsp_server.server import AssayServer

    server = AssayServer("assay", "0", protocol_cls=Protocol)
    offers.register(server)
    manager = server.protocol.fm
    return {*manager.features, *manager.builtin_features}


async def test_positions_mean_the_same_in_every_encoding(start, tmp_path: Path, script) -> None:
    text = 'x = "😀é"; y = \n'
    for encoding, character in (("utf-8", 17), ("utf-16", 14), ("utf-32", 13)):
        client = await start(tmp_path, env=script("x"), general={"positionEncodings": [encoding]})
        uri = client.open(tmp_path / "a.py", text)
        items = await client.inline(uri, 0, character, invoked=True)
        assert [i["insertText"] for i in items] == ["x"], encoding
        assert items[0]["range"]["start"] == {"line": 0, "character": character}


async def test_cells_of_a_notebook_see_the_cells_before(start, tmp_path: Path, script) -> None:
    sync = {"synchronization": {}}
    client = await start(tmp_path, env=script("total + 1"), notebookDocument=sync)
    cells = [{"kind": 2, "document": f"cell:{n}"} for n in (1, 2)]
    items = [
        {"uri": f"cell:{n}", "languageId": "python", "version": 1, "text": text}
        for n, text in ((1, "total = 1\n"), (2, "y = \n"))
    ]
    notebook = {
        "uri": (tmp_path / "n.ipynb").as_uri(),
        "notebookType": "jupyter-notebook",
        "version": 1,
        "cells": cells,
    }
    client.notify("notebookDocument/didOpen", {"notebookDocument": notebook, "cellTextDocuments": items})
    assert [i["insertText"] for i in await client.inline("cell:2", 0, 4)] == ["total + 1"]


ODD = {
    "empty": "",
    "byte-order mark": "\ufeffx = 1\n",
    "mixed line ends": "a = 1\r\nb = 2\rc = 3\nd = \r\n",
    "astral": "s = '𝒳😀' + \n" * 50,
    "open brackets": "(" * 3000,
    "nested lists": "x = " + "[" * 3000 + "]" * 3000,
    "operators": "x = " + "-" * 5000 + "1\n",
    "sum": "x = " + "1+" * 20000 + "1\n",
    "NULs": "x = 1\0\0\ny = \n",
    "long line": "x = '" + "a" * 200_000 + "'\n",
    "long code line": "x = [" + "1, " * 60_000 + "]\n",
    "form feed and separators": "x = 1\f\ny\u2028 = 2\x0b\n",
    "lone surrogates": "x = '\ud800'\n",
    "only spaces": " " * 10_000,
    "tabs and spaces": "if x:\n\ty = 1\n        z = \n",
    "unclosed string": 'x = """never\n' * 20,
}


@pytest.mark.parametrize("name", ODD)
async def test_odd_documents_are_answered_in_time(start, tmp_path: Path, script, name: str) -> None:
    client = await start(tmp_path, env=script("value"))
    text = ODD[name]
    uri = (tmp_path / "odd.py").as_uri()
    item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
    client.notify("textDocument/didOpen", {"textDocument": item})
    last = text.count("\n")
    for line, character in ((0, 0), (0, 5), (last, 0), (last, 10**6), (2**31 - 1, 2**31 - 1), (0, 199_000)):
        for method in ("textDocument/inlineCompletion", "textDocument/completion"):
            began = time.monotonic()
            answer = await client.ask(method, inline_params(uri, line, character))
            assert "error" not in answer, (method, line, character)
            assert time.monotonic() - began < 20  # against hanging; how fast it is, evals measure
    assert await client.stop() == 0


async def test_files_cut_anywhere_are_answered(start, tmp_path: Path, script) -> None:
    source = Path(__file__).with_name("client.py").read_text()
    client = await start(tmp_path, env=script("value"))
    for number, cut in enumerate(range(1, len(source), len(source) // 25)):
        uri = (tmp_path / f"cut{number}.py").as_uri()
        item = {"uri": uri, "languageId": "python", "version": 1, "text": source[:cut]}
        client.notify("textDocument/didOpen", {"textDocument": item})
        lines = source[:cut].split("\n")
        answer = await client.ask("textDocument/inlineCompletion", inline_params(uri, len(lines) - 1, len(lines[-1])))
        assert "error" not in answer
    assert await client.stop() == 0


async def test_edits_are_applied_where_the_editor_means_them(start, tmp_path: Path, script) -> None:
    client = await start(tmp_path, env=script("b"))
    uri = client.open(tmp_path / "a.py", "x\u2028 = 1\r\ny = \r\n")
    edit = {"range": {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 1}}, "text": "zz"}
    client.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [edit]})
    whole = {"text": "b = 1\nc = \n"}
    client.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": 3}, "contentChanges": [whole]})
    items = await client.inline(uri, 1, 4)
    assert [i["insertText"] for i in items] == ["b"]


async def test_magics_in_a_notebook_are_no_syntax_errors(start, tmp_path: Path, script) -> None:
    client = await start(tmp_path, env=script("total + 1"), notebookDocument={"synchronization": {}})
    cells = [{"kind": 2, "document": f"cell:{n}"} for n in (1, 2)]
    texts = ((1, "%matplotlib inline\n!pip install x\ntotal = 1\n"), (2, "%time\ny = \n"))
    items = [{"uri": f"cell:{n}", "languageId": "python", "version": 1, "text": text} for n, text in texts]
    notebook = {
        "uri": (tmp_path / "n.ipynb").as_uri(),
        "notebookType": "jupyter-notebook",
        "version": 1,
        "cells": cells,
    }
    client.notify("notebookDocument/didOpen", {"notebookDocument": notebook, "cellTextDocuments": items})
    assert [i["insertText"] for i in await client.inline("cell:2", 1, 4)] == ["total + 1"]


async def test_a_name_too_long_for_a_disk_is_answered(start, tmp_path: Path, script) -> None:
    client = await start(tmp_path, env=script("b"))
    uri = (tmp_path / ("x" * 300) / "a.py").as_uri()
    client.notify(
        "textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "python", "version": 1, "text": "a = \n"}}
    )
    assert "error" not in await client.ask("textDocument/inlineCompletion", inline_params(uri, 0, 4))
