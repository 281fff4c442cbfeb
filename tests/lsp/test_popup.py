"""The popup: names that exist, in the order of what is likely, soon."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from tests.lsp.stub import Stub


def at(uri: str, line: int, character: int) -> dict[str, Any]:
    """Parameters of a request at a position."""
    return {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}


async def whole(client, params) -> dict[str, Any]:
    """The list once it says that it is whole: a first one may be empty, for jedi is still loading."""
    until = time.monotonic() + 20
    while (result := await client.call("textDocument/completion", params))["isIncomplete"]:
        assert time.monotonic() < until
    return result


async def test_names_that_exist_are_completed(start, tmp_path: Path) -> None:
    client = await start(tmp_path)
    uri = client.open(tmp_path / "a.py", "import os\nos.path.isabs\n")
    params = {"textDocument": {"uri": uri}, "position": {"line": 1, "character": 12}}
    assert "isabs" in [item["label"] for item in (await whole(client, params))["items"]]


async def test_names_without_a_dot_are_those_in_scope_the_nearest_first(start, tmp_path: Path) -> None:
    text = "from json import dumps\n\n\ndef first(alpha):\n    return alpha\n\n\ndef second(beta):\n    total = beta\n    \n"
    client = await start(tmp_path)
    uri = client.open(tmp_path / "a.py", text)
    items = list((await listed(client, at(uri, 9, 4), "dumps")).values())
    names = [item["label"] for item in sorted(items, key=lambda one: one["sortText"])]
    assert {"dumps", "first", "len", "return"} <= set(names)
    assert "alpha" not in names
    assert (await client.call("textDocument/completion", at(uri, 9, 4)))["isIncomplete"], (
        "names with their imports come with the first letter"
    )
    assert max(map(names.index, ("total", "beta", "second"))) < names.index("len")
    assert {item["label"]: item.get("kind") for item in items}["dumps"] == 3, "a function, though it is imported"


async def test_a_list_is_whole_unless_a_suggestion_may_be_in_it(start, tmp_path: Path, script) -> None:
    (tmp_path / "m.py").write_text("text = ''\ntext.\n")
    client = await start(tmp_path)
    uri = client.open(tmp_path / "m.py")
    assert (await whole(client, at(uri, 1, 5)))["isIncomplete"] is False
    other = await start(tmp_path, env=script("upper()"), textDocument={})
    uri = other.open(tmp_path / "m.py")
    for _ in range(2):
        assert (await other.call("textDocument/completion", at(uri, 1, 5)))["isIncomplete"] is True


async def test_what_is_typed_next_was_asked_of_jedi_before(start, tmp_path: Path) -> None:
    """After a word that is a name, the names behind its dot are looked for before the dot is typed. A busy machine has jedi late: it gets more time then, in another file."""
    client = await start(tmp_path)
    for count in range(4):
        uri = client.open(tmp_path / f"m{count}.py", "text = ''\ntex\n")
        await whole(client, at(uri, 1, 3))
        for version, key in ((2, "t"), (3, ".")):
            where = {"line": 1, "character": version + 1}
            edit = {"range": {"start": where, "end": where}, "text": key}
            client.notify(
                "textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": [edit]}
            )
            await asyncio.sleep(0.5 * 2**count)  # for the measure of what is asked ahead, not of how long it takes
        first = await client.call("textDocument/completion", at(uri, 1, 5))
        if not first["isIncomplete"]:
            break
    assert first["isIncomplete"] is False
    assert "upper" in [item["label"] for item in first["items"]]


async def labels(client, uri: str, line: int, character: int) -> list[tuple[str, bool]]:
    """The popup's names in its order, each with whether it is one that exists."""
    where = {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}
    items = (await client.call("textDocument/completion", where))["items"]
    ordered = sorted(items, key=lambda one: one["sortText"])
    return [(one["label"], "seen after a dot" not in one.get("detail", "")) for one in ordered]


async def test_names_after_a_dot_are_ranked_by_what_stands_nearby(start, tmp_path: Path) -> None:
    text = (
        "import os.path\n\nos.path.isfile('a')\nos.path.isfile('b')\nos.path.\n# it is os.path.\nthing.push()\nthing.\n"
    )
    client = await start(tmp_path, textDocument={"inlineCompletion": {}})
    uri = client.open(tmp_path / "m.py", text)
    found: list[tuple[str, bool]] = []
    until = time.monotonic() + 20
    while len(found) < 10 and time.monotonic() < until:  # until jedi is loaded
        found = await labels(client, uri, 4, 8)
    assert found[0] == ("isfile", True)
    assert ("abspath", True) in found
    assert await labels(client, uri, 5, 16) == []
    assert (await labels(client, uri, 7, 6))[0] == ("push", False)
    client.notify("workspace/didChangeConfiguration", {"settings": {"assay": {"complete": {"popup": "all"}}}})
    found = await labels(client, uri, 4, 8)
    assert found[0] == ("abspath", True)
    client.notify("workspace/didChangeConfiguration", {"settings": {"assay": {"complete": {"popup": "off"}}}})
    assert await labels(client, uri, 4, 8) == []


async def test_an_item_tells_its_signature_and_docstring_when_it_is_looked_at(start, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        'def price(item, *, tax=0.2):\n    """What [it](command:x) costs."""\n    return item\n'
    )
    client = await start(tmp_path)
    assert client.capabilities["completionProvider"]["resolveProvider"] is True
    uri = client.open(tmp_path / "m.py", "import shop\nshop.pr\nthing.push\nthing.\n")
    items = {one["label"]: one for one in (await whole(client, at(uri, 1, 7)))["items"]}
    assert "documentation" not in items["price"]
    found = await client.call("completionItem/resolve", items["price"])
    assert found["detail"] == "price(item, *, tax=0.2)"
    assert found["documentation"] == {"kind": "plaintext", "value": "What [it](command:x) costs.\n\nshop"}
    # As VS Code hands it back, with what it filled in; and a number that nobody knows stays one.
    for more in ({"insertTextFormat": 1, "insertTextMode": 1, "tags": [1]}, {"kind": 99}):
        again = await client.call("completionItem/resolve", items["price"] | more)
        assert again["detail"] == found["detail"]
        assert {name: again[name] for name in more} == more
    for strange in (
        {"label": "price"},
        {"label": "price", "data": ["/nowhere", 999]},
        {"label": "nothing", "data": items["price"]["data"]},
    ):
        assert "documentation" not in await client.call("completionItem/resolve", strange)


async def test_a_call_shows_which_parameter_is_written(start, tmp_path: Path) -> None:
    text = 'def price(item, tax=0.2):\n    """What it costs."""\n\n\nprice(1, \nprice\n'
    client = await start(tmp_path)
    uri = client.open(tmp_path / "m.py", text)
    found = None
    until = time.monotonic() + 20
    while found is None and time.monotonic() < until:  # until jedi is loaded
        found = await client.call("textDocument/signatureHelp", at(uri, 4, 9))
    assert found is not None
    (one,) = found["signatures"]
    assert (one["label"], found["activeParameter"]) == ("price(item, tax=0.2)", 1)
    assert [given["label"] for given in one["parameters"]] == ["item", "tax=0.2"]
    assert one["documentation"]["value"].endswith("What it costs.")
    assert await client.call("textDocument/signatureHelp", at(uri, 3, 0)) is None
    client.notify("workspace/didChangeConfiguration", {"settings": {"assay": {"complete": {"popup": "off"}}}})
    assert await client.call("textDocument/signatureHelp", at(uri, 4, 9)) is None


SHOP = "def net_price(item, rate, *, tax):\n    return item\n\n\nclass Till:\n    def ring_up(self, item): ...\n"


async def listed(client, params, wanted: str) -> dict[str, dict[str, Any]]:
    """The items by label, once `wanted` is among them: what the project has is counted in the background."""
    until = time.monotonic() + 20
    while wanted not in (
        found := {one["label"]: one for one in (await client.call("textDocument/completion", params))["items"]}
    ):
        assert time.monotonic() < until, sorted(found)
        await asyncio.sleep(0.05)
    return found


async def test_a_name_of_the_project_comes_with_its_import(start, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    client = await start(tmp_path)
    uri = client.open(tmp_path / "m.py", '"""Doc."""\n\nimport os\n\nnet\n')
    item = (await listed(client, at(uri, 4, 3), "net_price"))["net_price"]
    assert item["detail"] == "from shop import net_price"
    (edit,) = item["additionalTextEdits"]
    assert edit["newText"] == "\nfrom shop import net_price"
    assert edit["range"]["start"] == {"line": 2, "character": 9}
    # Where it is imported already, it is a name like others; in an import there is nothing to bring along.
    uri = client.open(tmp_path / "n.py", "from shop import net_price\nnet\nimport net\n")
    items = (await whole(client, at(uri, 1, 3)))["items"]
    assert [one.get("detail") for one in items if one["label"] == "net_price"] == [None]
    items = (await client.call("textDocument/completion", at(uri, 2, 10)))["items"]
    assert not any(one.get("additionalTextEdits") for one in items)


async def test_a_whole_call_is_offered_where_its_arguments_are_at_hand(start, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    text = "from shop import Till, net_price\n\n\ndef f(item, tax):\n    rate = 2\n    net\n\n\ndef g(till: Till, item):\n    till.\n    net\n"
    client = await start(tmp_path)
    uri = client.open(tmp_path / "m.py", text)
    whole_call = "net_price(item, rate, tax=tax)"
    item = (await listed(client, at(uri, 5, 7), whole_call))[whole_call]
    assert (item["insertText"], item["filterText"], item["detail"]) == (whole_call, "net_price", "the whole call")
    assert "ring_up(item)" in await listed(client, at(uri, 9, 9), "ring_up(item)")
    found = await listed(client, at(uri, 10, 7), "net_price")
    assert not any(label.startswith("net_price(") for label in found), "rate is not at hand"


async def test_a_name_that_callers_tell_of_is_described(start, tmp_path: Path) -> None:
    client = await start(tmp_path)
    uri = client.open(tmp_path / "m.py", "def f(x):\n    x.\n\n\nf('')\n")
    items = await listed(client, at(uri, 1, 6), "upper")
    assert (await client.call("completionItem/resolve", items["upper"]))["documentation"]["value"]


async def test_in_a_file_that_is_too_long_nothing_is_looked_for(start, tmp_path: Path) -> None:
    client = await start(tmp_path)
    uri = client.open(tmp_path / "m.py", "value = 1\n" * 110_000 + "val")
    assert await client.call("textDocument/completion", at(uri, 110_000, 3)) == {"isIncomplete": False, "items": []}
    assert await client.call("textDocument/signatureHelp", at(uri, 110_000, 3)) is None


async def test_what_another_file_has_now_is_listed(start, tmp_path: Path) -> None:
    (tmp_path / "b.py").write_text("def one(): ...\n")
    client = await start(tmp_path)
    uri = client.open(tmp_path / "m.py", "import b\nb.\n")
    await listed(client, at(uri, 1, 2), "one")
    (tmp_path / "b.py").write_text("def one(): ...\n\n\ndef two(): ...\n")
    client.notify("textDocument/didSave", {"textDocument": {"uri": (tmp_path / "b.py").as_uri()}})
    await listed(client, at(uri, 1, 2), "two")


async def test_what_only_an_open_document_has_is_known_everywhere(start, tmp_path: Path) -> None:
    """An unsaved `newer`: in the popup of another file, in a verdict on it, and gone with it."""
    (tmp_path / "b.py").write_text("def older(n):\n    return n\n")
    (tmp_path / "a.py").write_text("import b\n\n\ndef f(n):\n    return n\n")
    client = await start(tmp_path, env={"ASSAY_VERIFY_POLICY": "static"})
    client.open(tmp_path / "b.py", "def newer(n):\n    return n\n")
    uri = client.open(tmp_path / "a.py", "import b\n\n\ndef f(n):\n    return b.newer(n)\n")
    found = await listed(client, at(uri, 4, 13), "newer")
    assert "older" not in found
    asked = {"command": "assay.verify", "arguments": [uri]}
    told = (await client.call("workspace/executeCommand", asked))["verdict"]
    assert (told["state"], told["reason"]) == ("unverified", "static-policy"), told
    other = (tmp_path / "b.py").as_uri()
    client.notify("textDocument/didClose", {"textDocument": {"uri": other}})
    until = time.monotonic() + 20
    while (told := (await client.call("workspace/executeCommand", asked))["verdict"])["state"] != "failed":
        assert time.monotonic() < until
    assert "b has no newer" in told["why"] or "(module b) has no newer" in told["why"]


async def test_what_jedi_knows_behind_a_dot_guides_the_model(start, tmp_path: Path) -> None:
    """As soon as it is known, and no sooner: typing does not wait for it."""
    async with Stub(lambda body: "isfile('a')", owner="vllm") as stub:
        client = await start(tmp_path, env={"ASSAY_ENGINE_URL": stub.url, "ASSAY_VERIFY_POLICY": "static"})
        uri = client.open(tmp_path / "m.py", "import os.path\nx = os.path.\n")
        place = at(uri, 1, 12) | {"context": {"triggerKind": 1}}
        until = time.monotonic() + 20
        while not any("structured_outputs" in one for one in stub.requests) and time.monotonic() < until:
            await client.call("textDocument/inlineCompletion", place)
        asked = next(one for one in stub.requests if "structured_outputs" in one)
        assert "|isfile|" in asked["structured_outputs"]["regex"]
        client.notify("workspace/didChangeConfiguration", {"settings": {"assay": {"complete": {"guided": False}}}})
        await client.call("textDocument/inlineCompletion", place)
        assert "structured_outputs" not in stub.requests[-1]
