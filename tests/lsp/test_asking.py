"""A pair over LSP: an answer with places, a change that is proposed and written as an edit, and what was said forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evals import handed_in
from tests.lsp.client import Client
from tests.lsp.conftest import Start
from tests.lsp.test_tests import CAN, asked, command, written


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return handed_in.written("shop", tmp_path / "shop")


async def ask(client: Client, text: str, **more: Any) -> dict[str, Any]:
    return (await command(client, "assay.ask", text=text, **more))["result"]


async def test_an_answer_has_places_as_links_and_follows_this_and_it(shop: Path, start: Start) -> None:
    client = await start(shop, **CAN)
    uri = client.open(shop / "src/shop/prices.py")
    here = {"start": {"line": 7, "character": 4}, "end": {"line": 7, "character": 4}}
    found = await ask(client, "who calls this function?", uri=uri, range=here)
    assert found["about"][0] == "with_tax"
    assert found["lines"][0]["places"][0] == {"file": "src/shop/report.py", "line": 12}
    assert f"]({(shop / 'src/shop/report.py').as_uri()}#L12)" in found["markdown"]
    again = await ask(client, "what does it raise?")
    assert "`with_tax`" in again["lines"][0]["text"], "without a document the first folder is meant"
    assert (await command(client, "assay.forget"))["result"] == {"forgotten": 2}


async def test_a_proposed_change_is_written_as_an_edit(shop: Path, start: Start) -> None:
    client = await start(shop, **CAN)
    uri = client.open(shop / "src/shop/cart.py")
    found = await ask(client, "rename Cart.net_total to net", uri=uri)
    assert found["change"]["files"] and found["change"]["state"] == "unverified"
    done = await command(client, "assay.applyChange", id=found["changeId"])
    assert done["result"]["applied"]
    (edit,) = asked(client, "workspace/applyEdit")
    by_uri = {one["textDocument"]["uri"]: one for one in edit["edit"]["documentChanges"]}
    after = written(by_uri[uri], (shop / "src/shop/cart.py").read_text())
    assert "def net(self)" in after and "self.net()" in after
    late = await command(client, "assay.applyChange", id="none")
    assert "not to be had" in late["error"]["message"]


async def test_a_question_without_words_is_refused(shop: Path, start: Start) -> None:
    client = await start(shop, **CAN)
    refused = await command(client, "assay.ask", text="  ")
    assert "assay.ask takes" in refused["error"]["message"]
