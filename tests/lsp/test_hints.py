"""Hints over LSP: published or asked for, never for an older text; fixes that were checked; dismissed hints stay away."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lsp.client import Client
from tests.lsp.conftest import Start
from tests.lsp.meta import MetaModel

TEXT = "def last(xs):\n    return xs[len(xs)]\n"
REFRESH = {"diagnostics": {"refreshSupport": True}}
PULLS = {"textDocument": {"inlineCompletion": {}, "diagnostic": {}}, "workspace": REFRESH}
EDITS = {
    "workspace": {
        **REFRESH,
        "workspaceEdit": {"documentChanges": True, "resourceOperations": ["create"], "changeAnnotationSupport": {}},
    }
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "p"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "p"\nversion = "1"\n[tool.ruff.lint]\nselect = ["F"]\n')
    (folder / "m.py").write_text(TEXT)
    return folder


def published(uri: str, version: int | None = None) -> Callable[[dict[str, Any]], bool]:
    def match(message: dict[str, Any]) -> bool:
        params = message.get("params", {})
        is_it = message.get("method") == "textDocument/publishDiagnostics" and params.get("uri") == uri
        return is_it and (version is None or params.get("version") == version)

    return match


def change(client: Client, uri: str, version: int, text: str) -> None:
    client.notify(
        "textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": text}]}
    )


async def pulled(client: Client, uri: str, previous: str | None = None) -> dict[str, Any]:
    params = {"textDocument": {"uri": uri}} | ({"previousResultId": previous} if previous else {})
    result: dict[str, Any] = await client.call("textDocument/diagnostic", params)
    return result


async def actions(client: Client, uri: str, line: int, **context: Any) -> list[dict[str, Any]]:
    at = {"start": {"line": line, "character": 0}, "end": {"line": line, "character": 99}}
    params = {"textDocument": {"uri": uri}, "range": at, "context": {"diagnostics": [], **context}}
    return await client.call("textDocument/codeAction", params) or []


async def test_a_client_that_does_not_ask_is_told(root: Path, start: Start) -> None:
    client = await start(root)
    uri = client.open(root / "m.py", "import os\n" + TEXT)
    found = (await client.until(published(uri, 1)))["params"]["diagnostics"]
    assert [(one["code"], one["severity"], one["source"]) for one in found] == [
        ("F401", 2, "Assay"),
        ("suspected/off-by-one", 3, "Assay"),
    ]
    assert found[1]["range"] == {"start": {"line": 2, "character": 11}, "end": {"line": 2, "character": 22}}
    assert found[0]["tags"] == [1]
    assert found[0]["codeDescription"]["href"].startswith("https://docs.astral.sh/ruff")


async def test_nothing_is_published_for_an_older_text(root: Path, start: Start) -> None:
    client = await start(root)
    uri = client.open(root / "m.py")
    await client.until(published(uri, 1))
    for version in range(2, 40):
        change(
            client,
            uri,
            version,
            TEXT.replace("len(xs)", "len(xs) - 1" if version % 2 else "len(xs)") + f"\nx{version} = 1\n",
        )
    await client.until(published(uri, 39))
    versions = [m["params"]["version"] for m in client.seen if published(uri)(m)]
    assert versions == sorted(versions)
    last = [m for m in client.seen if published(uri)(m)][-1]["params"]
    assert (last["version"], last["diagnostics"]) == (39, [])


async def test_hints_go_with_their_document(root: Path, start: Start) -> None:
    client = await start(root)
    uri = client.open(root / "m.py")
    await client.until(published(uri, 1))
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    await client.until(lambda m: published(uri)(m) and m["params"]["diagnostics"] == [])


async def test_a_client_that_asks_is_answered_and_not_told(root: Path, start: Start) -> None:
    client = await start(root, **PULLS)
    uri = client.open(root / "m.py")
    first = await pulled(client, uri)
    assert [one["code"] for one in first["items"]] == ["suspected/off-by-one"]
    assert (await pulled(client, uri, first["resultId"]))["kind"] == "unchanged"
    change(client, uri, 2, "x = 1\n")
    assert (await pulled(client, uri, first["resultId"]))["items"] == []
    assert not any(published(uri)(message) for message in client.seen)
    assert (await pulled(client, (root / "other.py").as_uri()))["items"] == []


async def test_answers_fit_the_schema(root: Path, start: Start, data: Path) -> None:
    model = MetaModel(data / "metaModel-3.18.json")
    client = await start(root, **{**PULLS, **EDITS})
    uri = client.open(root / "m.py", "import os\n" + TEXT)
    full = await pulled(client, uri)
    wrong = model.check_result("textDocument/diagnostic", full)
    wrong += model.check_result("textDocument/diagnostic", await pulled(client, uri, full["resultId"]))
    wrong += model.check_result("textDocument/codeAction", await actions(client, uri, 2))
    assert wrong == []


async def test_a_client_that_asks_and_cannot_be_told_to_ask_anew_is_told(root: Path, start: Start) -> None:
    client = await start(root, textDocument={"diagnostic": {}})
    uri = client.open(root / "m.py")
    assert (await client.until(published(uri, 1)))["params"]["diagnostics"]
    assert "diagnosticProvider" not in client.capabilities


async def test_settings_switch_hints_off_while_it_runs(root: Path, start: Start) -> None:
    client = await start(root)
    uri = client.open(root / "m.py")
    await client.until(published(uri, 1))
    client.notify("workspace/didChangeConfiguration", {"settings": {"assay": {"hints": {"suspected": False}}}})
    await client.until(lambda m: published(uri)(m) and m["params"]["diagnostics"] == [])


WHOLE = {"assay": {"hints": {"workspace": True}}}


def codes(message: dict[str, Any]) -> list[str]:
    return [one["code"] for one in message["params"]["diagnostics"]]


@pytest.mark.parametrize("capabilities", [{}, PULLS])
async def test_files_that_are_not_open_are_told_on_request(
    capabilities: dict[str, Any], root: Path, start: Start
) -> None:
    other = root / "other.py"
    other.write_text("import os\n")
    (root / "fine.py").write_text("x = 1\n")
    client = await start(root, options=WHOLE, **capabilities)
    uri = client.open(root / "m.py")
    assert codes(await client.until(published(other.as_uri()))) == ["F401"]
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    await client.until(
        lambda m: published(uri)(m) and codes(m) == ["suspected/off-by-one"] and not m["params"].get("version")
    )
    client.open(other)
    await client.until(lambda m: published(other.as_uri())(m) and codes(m) == [])  # its own requests tell of it now
    assert not any(published((root / "fine.py").as_uri())(message) for message in client.seen)


async def test_what_changed_on_disk_is_told_anew(root: Path, start: Start) -> None:
    client = await start(root, options=WHOLE, **PULLS)
    uri, one = (root / "m.py").as_uri(), root / "one.py"
    one.write_text("x = 1\n")
    client.open(one)
    await client.until(published(uri))
    (root / "m.py").write_text("x = 1\n")
    client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
    await client.until(lambda m: published(uri)(m) and codes(m) == [])
    assert len([m for m in client.seen if published(uri)(m)]) == 2  # nothing is told twice


async def test_only_open_files_are_told_unless_the_settings_say_otherwise(root: Path, start: Start) -> None:
    client = await start(root, **PULLS)
    (root / "one.py").write_text("x = 1\n")
    client.open(root / "one.py")
    uri = (root / "m.py").as_uri()
    await asyncio.sleep(1.5)
    assert not any(published(uri)(message) for message in client.seen)
    client.notify("workspace/didChangeConfiguration", {"settings": WHOLE})
    assert codes(await client.until(published(uri))) == ["suspected/off-by-one"]
    client.notify("workspace/didChangeConfiguration", {"settings": {"assay": {"hints": {"workspace": False}}}})
    await client.until(lambda m: published(uri)(m) and codes(m) == [])


async def test_a_dismissed_hint_of_a_closed_file_goes(root: Path, start: Start) -> None:
    client = await start(root, options=WHOLE, **PULLS)
    (root / "one.py").write_text("x = 1\n")
    client.open(root / "one.py")
    uri = (root / "m.py").as_uri()
    await client.until(published(uri))
    (root / "assay.toml").write_text('[[ignore]]\ncode = "suspected/off-by-one"\n')
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": (root / "assay.toml").as_uri(), "type": 1}]})
    await client.until(lambda m: published(uri)(m) and codes(m) == [])


async def test_a_fix_is_offered_with_what_the_checks_say(root: Path, start: Start) -> None:
    client = await start(root, **{**PULLS, **EDITS})
    uri = client.open(root / "m.py", "import os\n" + TEXT)
    (first, *_) = await actions(client, uri, 0)
    assert first["title"].startswith("Remove unused import")
    assert "unverified" in first["title"]
    assert first["kind"] == "quickfix"
    (document,) = first["edit"]["documentChanges"]
    assert document["textDocument"] == {"uri": uri, "version": 1}
    assert document["edits"][0]["newText"] == ""
    assert document["edits"][0]["annotationId"] in first["edit"]["changeAnnotations"]
    (other, *_) = await actions(client, uri, 2)
    assert other["title"].startswith("Write `xs[-1]`")
    assert await actions(client, uri, 2, only=["refactor"]) == []


LIGHTBULB = {"textDocument": {"codeAction": {"dataSupport": True, "resolveSupport": {"properties": ["edit"]}}}}
AUTOMATIC = 2


async def test_a_lightbulb_runs_nothing_and_its_fix_is_checked_when_it_is_chosen(root: Path, start: Start) -> None:
    client = await start(root, **EDITS, **LIGHTBULB)
    uri = client.open(root / "m.py")
    (fix, *_) = await actions(client, uri, 1, triggerKind=AUTOMATIC)
    assert fix["title"] == "Write `xs[-1]` (checked when chosen)"
    assert "edit" not in fix
    chosen = await client.call("codeAction/resolve", fix)
    (document,) = chosen["edit"]["documentChanges"]
    assert document["textDocument"] == {"uri": uri, "version": 1}
    assert document["edits"][0]["newText"] == "xs[-1]"
    change(client, uri, 2, "\n" + TEXT)
    late = await client.call("codeAction/resolve", fix)
    assert "edit" not in late
    shown = await client.until(lambda m: m.get("method") == "window/showMessage")
    assert "the document has changed" in shown["params"]["message"]


async def test_a_lightbulb_of_a_client_that_asks_for_no_edits_later_has_no_unchecked_fix(
    root: Path, start: Start
) -> None:
    client = await start(root, **EDITS)
    uri = client.open(root / "m.py")
    titles = [action["title"] for action in await actions(client, uri, 1, triggerKind=AUTOMATIC)]
    assert titles
    assert not any(title.startswith("Write") for title in titles)


async def test_an_action_that_is_whole_is_resolved_as_it_is(root: Path, start: Start) -> None:
    """Neovim has every action resolved that has no command."""
    client = await start(root, **EDITS, **LIGHTBULB)
    uri = client.open(root / "m.py")
    (fix, *_) = await actions(client, uri, 1)
    assert (await client.call("codeAction/resolve", fix))["edit"] == fix["edit"]
    await client.call(
        "textDocument/codeAction",
        {"textDocument": {"uri": uri}, "range": fix["diagnostics"][0]["range"], "context": {"diagnostics": []}},
    )
    assert not any(message.get("method") == "window/showMessage" for message in client.seen)


@pytest.mark.parametrize("data", [None, 3, {}, {"uri": "file:///nowhere.py", "version": 1}])
async def test_an_action_that_nobody_offered_gets_no_edit(data: Any, root: Path, start: Start) -> None:
    client = await start(root, **EDITS, **LIGHTBULB)
    assert "edit" not in await client.call("codeAction/resolve", {"title": "x", "data": data})


async def test_a_docstring_is_for_one_version_of_the_document(root: Path, start: Start) -> None:
    client = await start(root, **EDITS)
    uri = client.open(root / "m.py", "def check(value):\n    return value\n")
    (one,) = await actions(client, uri, 0, only=["refactor"])
    (document,) = one["edit"]["documentChanges"]
    assert document["textDocument"] == {"uri": uri, "version": 1}


async def test_a_docstring_is_written_in_the_style_of_the_project_and_brought_up_to_date(
    root: Path, start: Start
) -> None:
    (root / "other.py").write_text(
        'def f(a):\n    """Do.\n\n    Parameters\n    ----------\n    a : int\n        It.\n    """\n'
    )
    client = await start(root, **PULLS)
    uri = client.open(root / "m.py", "def check(value):\n    if not value:\n        raise KeyError(value)\n")
    (one,) = await actions(client, uri, 0, only=["refactor"])
    assert (one["title"], one["kind"]) == ("Write the docstring of `check`", "refactor.rewrite")
    (edit,) = one["edit"]["changes"][uri]
    assert edit["range"]["start"] == {"line": 1, "character": 0}
    assert (
        "    Parameters\n    ----------\n    value\n        The value.\n\n    Raises\n    ------\n    KeyError\n"
        in edit["newText"]
    )
    stale = client.open(root / "stale.py", (root / "other.py").read_text().replace("f(a)", "f(a, b)"))
    (one,) = await actions(client, stale, 0, only=["refactor.rewrite"])
    assert one["title"] == "Bring the docstring of `f` up to date"
    assert "    b\n        The b.\n" in one["edit"]["changes"][stale][0]["newText"]


async def test_where_a_docstring_and_the_code_disagree_is_a_hint(root: Path, start: Start) -> None:
    client = await start(root, **PULLS)
    text = 'def f(a):\n    """Do.\n\n    Args:\n        a: It.\n        gone: What was there.\n    """\n    return a\n'
    uri = client.open(root / "m.py", text)
    (one,) = (await pulled(client, uri))["items"]
    assert (one["code"], one["severity"], one["range"]["start"]) == (
        "docstring-parameter",
        2,
        {"line": 5, "character": 8},
    )
    client.notify("workspace/didChangeConfiguration", {"settings": {"assay": {"hints": {"docstrings": False}}}})
    while (await pulled(client, uri))["items"]:
        pass


async def test_a_client_without_versions_gets_plain_edits(root: Path, start: Start) -> None:
    client = await start(root)
    uri = client.open(root / "m.py")
    assert list((await actions(client, uri, 1))[0]["edit"]["changes"]) == [uri]


async def test_a_dismissed_hint_stays_away_and_is_written_for_people(root: Path, start: Start) -> None:
    client = await start(root, **PULLS)
    uri = client.open(root / "m.py", TEXT + "\n\ndef first(ys):\n    return ys[len(ys)]\n")
    assert len((await pulled(client, uri))["items"]) == 2
    one = next(a for a in await actions(client, uri, 1) if a["title"].startswith("Dismiss this hint"))
    await client.call(
        "workspace/executeCommand", {"command": one["command"]["command"], "arguments": one["command"]["arguments"]}
    )
    assert [item["range"]["start"]["line"] for item in (await pulled(client, uri))["items"]] == [5]
    assert 'line = "return xs[len(xs)]"' in (root / "assay.toml").read_text()
    every = next(a for a in await actions(client, uri, 5) if a["title"].startswith("Dismiss all"))
    await client.call(
        "workspace/executeCommand", {"command": every["command"]["command"], "arguments": every["command"]["arguments"]}
    )
    assert (await pulled(client, uri))["items"] == []


@pytest.mark.parametrize("arguments", [[], [3], [{"uri": 3}], [{"uri": "x", "code": "c", "line": 0, "scope": "both"}]])
async def test_odd_arguments_of_a_dismissal_are_refused(arguments: list[Any], root: Path, start: Start) -> None:
    client = await start(root)
    answer = await client.ask("workspace/executeCommand", {"command": "assay.dismissHint", "arguments": arguments})
    assert answer["error"]["code"] == -32602


async def test_a_failing_test_is_proved_after_a_save_and_gone_when_its_function_is_written_in(
    tmp_path: Path, start: Start, docker_url: str
) -> None:
    root = tmp_path / "shop"
    shutil.copytree(
        Path(__file__).parents[2] / "examples" / "shop", root, ignore=shutil.ignore_patterns("__pycache__", ".*")
    )
    (root / "shop" / "sums.py").write_text(
        "def total(amounts):\n    return sum(amounts) - 1\n\n\ndef more(a):\n    return a\n"
    )
    (root / "tests" / "test_sums.py").write_text(
        "from shop.sums import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n"
    )
    client = await start(root, env={"ASSAY_SANDBOX_ENABLED": "true"})
    uri = client.open(root / "shop" / "sums.py")

    def proved(message: dict[str, Any]) -> bool:
        return published(uri)(message) and any(
            d["code"] == "proved/failing-test" for d in message["params"]["diagnostics"]
        )

    (found, *_) = (await client.until(proved, timeout_s=60))["params"]["diagnostics"]
    assert found["severity"] == 1
    assert "test_total" in found["message"]
    assert found["range"]["start"]["line"] == 1
    text = (root / "shop" / "sums.py").read_text()
    change(client, uri, 2, "import os\n\n" + text)
    moved = (await client.until(lambda m: published(uri, 2)(m)))["params"]["diagnostics"]
    assert [d["range"]["start"]["line"] for d in moved if d["code"] == "proved/failing-test"] == [3]
    (fix, *_) = await actions(client, uri, 3)
    assert "1 test" in fix["title"]
    assert fix["isPreferred"]
    change(client, uri, 3, "import os\n\n" + text.replace("- 1", "- 2"))
    gone = (await client.until(lambda m: published(uri, 3)(m)))["params"]["diagnostics"]
    assert not any(d["code"] == "proved/failing-test" for d in gone)
    await asyncio.sleep(0)


async def test_a_call_that_raises_is_added_as_a_test(tmp_path: Path, start: Start, docker_url: str) -> None:
    root = tmp_path / "p"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
    (root / "m.py").write_text("def divide(a, b):\n    return a / b\n\n\nresult = divide(10, 0)\n")
    client = await start(root, env={"ASSAY_SANDBOX_ENABLED": "true"}, **EDITS)
    uri = client.open(root / "m.py")
    await client.until(lambda m: published(uri)(m) and m["params"]["diagnostics"], timeout_s=60)
    (action,) = [a for a in await actions(client, uri, 4) if a["title"].startswith("Add `divide(10, 0)` as a test")]
    create, edit = action["edit"]["documentChanges"]
    assert (create["kind"], create["uri"]) == ("create", (root / "test_m.py").as_uri())
    assert "divide(10, 0)  # ZeroDivisionError: division by zero" in edit["edits"][0]["newText"]


async def test_a_text_is_explained(tmp_path: Path, start: Start, docker_url: str) -> None:
    root = tmp_path / "p"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
    (root / "m.py").write_text("def add(a, b):\n    return a - b\n")
    (root / "test_m.py").write_text("from m import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n")
    client = await start(root, env={"ASSAY_SANDBOX_ENABLED": "true"})

    async def explained(*arguments: Any) -> dict[str, Any]:
        return await client.ask(
            "workspace/executeCommand", {"command": "assay.explain", "arguments": list(arguments)}, timeout_s=60
        )

    found = (await explained("FAILED test_m.py::test_add - assert -1 == 5\n"))["result"]
    assert (found["uri"], found["line"]) == ((root / "m.py").as_uri(), 2)
    (edit,) = found["edit"]["changes"][found["uri"]]
    assert (edit["range"]["start"], edit["newText"]) == ({"line": 1, "character": 13}, "+")
    nothing = (await explained("hello"))["result"]
    assert (nothing["uri"], nothing["line"], nothing["edit"]) == (None, None, None)
    assert (await explained(3))["error"]["code"] == -32602


REFUTED = "class Ring:\n    def __getitem__(self, at):\n        return at\n\n    def __len__(self):\n        return 3\n\n\ndef past(xs):\n    return xs[len(xs)]\n\n\ndef other(a):\n    return a\n"
RING = "from ring import Ring, past\n\n\ndef test_past():\n    assert past(Ring()) == 3\n"


async def test_a_suspicion_that_tests_refute_goes_and_stays_away(tmp_path: Path, start: Start, docker_url: str) -> None:
    """In the file that is open, while something else is written in it, and among the files that are not open any more."""
    root = tmp_path / "p"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
    (root / "ring.py").write_text(REFUTED)
    (root / "test_ring.py").write_text(RING)
    (root / "one.py").write_text("def last(xs):\n    return xs[len(xs)]\n")
    client = await start(root, options=WHOLE, env={"ASSAY_SANDBOX_ENABLED": "true"})
    uri = client.open(root / "ring.py")
    first = await client.until(published(uri), timeout_s=60)
    assert codes(first) == ["suspected/off-by-one"]
    await client.until(lambda m: published(uri)(m) and codes(m) == [], timeout_s=60)
    change(client, uri, 2, REFUTED.replace("return a\n", "return a + 1\n"))
    assert codes(await client.until(published(uri, 2))) == []
    change(client, uri, 3, REFUTED.replace("[len(xs)]", "[len(xs) ]"))
    assert codes(await client.until(published(uri, 3))) == ["suspected/off-by-one"], "its own function was written in"
    change(client, uri, 4, REFUTED)
    await client.until(published(uri, 4))
    client.seen.clear()
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    client.open(root / "one.py")
    client.notify("textDocument/didSave", {"textDocument": {"uri": (root / "one.py").as_uri()}})
    await client.until(published((root / "one.py").as_uri()))
    await asyncio.sleep(2.5)  # the files that are not open are looked through
    assert [codes(m) for m in client.seen if published(uri)(m)] in ([[]], [[], []])
