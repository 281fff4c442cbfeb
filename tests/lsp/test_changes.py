"""Changes of several files over LSP, with documents that are not saved: one verdict about all of them."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import pytest
from dulwich.repo import Repo

from tests.containers.test_changes import FILES, NEW_TEST, renamed
from tests.lsp.client import Client
from tests.lsp.conftest import Start


@pytest.fixture
async def client(tmp_path: Path, start: Start, docker_url: str) -> Client:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return await start(tmp_path, env={"ASSAY_SANDBOX_ENABLED": "true"})


async def verify(client: Client, root: Path, **what: Any) -> dict[str, Any]:
    asked = {"command": "assay.verify", "arguments": [{"folder": root.as_uri(), **what}]}
    return await client.ask("workspace/executeCommand", asked, timeout_s=90)


def diff_of(texts: dict[str, str]) -> str:
    pairs = ((name, FILES.get(name, ""), text) for name, text in texts.items())
    return "".join(
        line
        for name, before, after in pairs
        for line in difflib.unified_diff(
            before.splitlines(True), after.splitlines(True), f"a/{name}" if before else "/dev/null", f"b/{name}"
        )
    )


async def test_unsaved_documents_are_one_change_and_a_forgotten_caller_is_named(client: Client, tmp_path: Path) -> None:
    whole = renamed("calc.py", "shop.py", "bill.py") | {"test_twice.py": NEW_TEST}
    for name, text in whole.items():
        client.open(tmp_path / name, text)
    told = (await verify(client, tmp_path))["result"]
    assert told["verdict"]["state"] == "passed", told
    by_file = {one["file"]: (one["kind"], one["executed"], one["changed"]) for one in told["files"]}
    assert by_file["bill.py"] == ("edited", 1, 1)
    assert by_file["shop.py"][0] == "edited" and by_file["test_twice.py"][0] == "new"
    client.notify("textDocument/didClose", {"textDocument": {"uri": (tmp_path / "bill.py").as_uri()}})
    forgotten = (await verify(client, tmp_path))["result"]["verdict"]
    assert forgotten["state"] == "failed", forgotten
    assert "test_bill.py::test_total" in forgotten["why"] and "double" in forgotten["why"]


async def test_a_diff_and_what_is_staged_are_verified_among_the_open_documents(client: Client, tmp_path: Path) -> None:
    client.open(tmp_path / "bill.py", renamed("bill.py")["bill.py"])  # not saved
    diff = diff_of(renamed("calc.py", "shop.py"))
    told = (await verify(client, tmp_path, diff=diff))["result"]
    assert told["verdict"]["state"] == "passed", told
    assert [one["file"] for one in told["files"]] == ["calc.py", "shop.py"]
    repository = Repo.init(str(tmp_path))
    repository.get_worktree().stage(list(FILES))
    repository.get_worktree().commit(message=b"first", committer=b"a <a@b>", author=b"a <a@b>")
    for name, text in renamed("calc.py", "shop.py").items():
        (tmp_path / name).write_text(text)
    repository.get_worktree().stage(["calc.py", "shop.py"])
    staged = (await verify(client, tmp_path, staged=True))["result"]
    assert staged["verdict"]["state"] == "passed", staged
    against = (await verify(client, tmp_path, against="HEAD"))["result"]
    assert sorted(one["file"] for one in against["files"]) == ["bill.py", "calc.py", "shop.py"], (
        "the open one differs, too"
    )
    assert against["verdict"]["state"] == "passed", against


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ({}, "has unsaved changes"),
        ({"diff": "nothing"}, "changes no file"),
        ({"diff": "--- a/gone.py\n+++ b/gone.py\n@@ -1 +1 @@\n-x\n+y\n"}, "cannot be read"),
        ({"diff": "--- a/../x.py\n+++ b/../x.py\n@@ -1 +1 @@\n-x\n+y\n"}, "outside the project"),
        ({"staged": True}, "is in no git repository"),
        ({"against": "HEAD"}, "is in no git repository"),
        ({"staged": "yes"}, "takes"),
        ({"diff": 3}, "takes"),
    ],
)
async def test_what_cannot_be_verified_is_said(what: dict[str, Any], says: str, tmp_path: Path, start: Start) -> None:
    (tmp_path / "m.py").write_text("x = 1\n")
    client = await start(tmp_path)
    client.open(tmp_path / "m.py")
    assert says in (await verify(client, tmp_path, **what))["error"]["message"]
