"""What a pair does by running: a rename with its verdict, whether something is safe to change, why a test fails, tests for what somebody names."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.assistant.chat import shapes, way
from assay.assistant.chat.reply import Reply
from assay.assistant.chat.way import Asking
from assay.assistant.nouns import Failed, Passed
from assay.assistant.workbench import Workbench
from evals import handed_in


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return handed_in.written("shop", tmp_path / "shop")


async def asked(bench: Workbench, shop: Path, text: str) -> Reply:
    bench.projects.open_folder(shop)
    return await way.reply(bench, Asking(bench.projects.world(shop), shop.parent / "cache"), text, lambda *_: None)


async def test_a_rename_comes_with_its_verdict(bench: Workbench, shop: Path) -> None:
    found = await asked(bench, shop, "rename with_tax to taxed")
    assert found.change is not None and isinstance(found.change.verdict, Passed), found.change
    assert any("taxed" in line for line in shapes.lines(found) if line.startswith("+"))


async def test_lines_that_are_taken_out_wrongly_fail(bench: Workbench, shop: Path) -> None:
    path = shop / "src/shop/prices.py"
    path.write_text(path.read_text() + "\n\ndef late():\n    return taken(1)\n\n\ndef taken(n):\n    return n\n")
    found = await asked(bench, shop, "extract lines 21-23 of src/shop/prices.py into checked")
    assert found.change is not None and not isinstance(found.change.verdict, Failed)


async def test_what_no_test_notices_is_unsafe(bench: Workbench, shop: Path) -> None:
    path = shop / "src/shop/prices.py"
    path.write_text(path.read_text() + '\n\ndef rebate(cents: int) -> int:\n    """A tenth, of more than 100."""\n    return cents // 10 if cents > 100 else 0\n')  # fmt: skip
    found = await asked(bench, shop, "is rebate safe to change?")
    assert found.lines[0].text.startswith("No:")
    assert any("0 of" in one.text for one in found.lines)
    known = await asked(bench, shop, "is discounted safe to change?")
    assert not known.lines[0].text.startswith("No:")


async def test_why_a_test_fails_is_told_with_a_fix(bench: Workbench, shop: Path) -> None:
    assert "passes in the sandbox" in (await asked(bench, shop, "why does test_member fail?")).lines[0].text
    path = shop / "src/shop/prices.py"
    path.write_text(path.read_text().replace("percent // 100\n", "percent // 10\n"))
    found = await asked(bench, shop, "why does test_discounted fail?")
    assert found.lines[0].source == "run" and "test_discounted" in found.lines[0].text
    assert found.lines[0].places[0].file == "src/shop/prices.py" and 11 <= found.lines[0].places[0].line <= 15
    if found.change is not None:  # a machine that is busy has no time to look for one
        assert "percent // 100" in found.change.files["src/shop/prices.py"][1]


async def test_tests_are_made_for_what_is_named(bench: Workbench, shop: Path) -> None:
    path = shop / "src/shop/prices.py"
    path.write_text(path.read_text() + '\n\ndef rebate(cents: int) -> int:\n    """A tenth, of more than 100."""\n    return cents // 10 if cents > 100 else 0\n')  # fmt: skip
    found = await asked(bench, shop, "test rebate")
    assert found.change is not None and "rebate(" in found.change.files["tests/test_prices.py"][1]
