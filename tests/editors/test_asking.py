"""A pair in the real editors: a question, an answer with places that lead there, and something done that was asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from evals import handed_in
from tests.editors.codeserver import Window
from tests.editors.conftest import Open
from tests.editors.neovim import Neovim

DONE_MS = 60_000  # containers are started, tests run


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return handed_in.written("shop", tmp_path / "shop")


def ask(page: Window, text: str) -> None:
    page.command("Assay: Ask About This Code")
    expect(page.page.locator(".quick-input-widget input").first).to_be_visible()
    page.type(text)
    page.press("Enter")


def test_vscode_an_answer_leads_to_its_place(window: Open, shop: Path) -> None:
    page = window(shop, "src/shop/prices.py")
    page.wait_ready()
    ask(page, "who calls with_tax?")
    row = page.page.locator(".quick-input-list .monaco-list-row").filter(has_text="src/shop/report.py:12")
    expect(row.first).to_be_visible(timeout=20_000)
    row.first.click()
    expect(page.page.locator(".tab.active")).to_contain_text("report.py")
    expect(page.page.locator(".statusbar-item").filter(has_text="Ln 12")).to_be_visible()


def test_vscode_what_is_asked_for_is_done_with_its_verdict(window: Open, shop: Path, docker_url: str) -> None:
    page = window(shop, "src/shop/prices.py", sandbox__enabled=True)
    page.wait_ready()
    ask(page, "rename with_tax to taxed")
    row = page.page.locator(".quick-input-list .monaco-list-row").filter(has_text="Write it: rename with_tax to taxed")
    expect(row.first).to_contain_text("passed", timeout=DONE_MS)
    row.first.click()
    expect(page.page.locator(".view-lines").first).to_contain_text("taxed(")
    assert "def taxed(" in page.saved(shop / "src/shop/prices.py")


def test_neovim_an_answer_with_places_and_what_is_asked_for_is_done(neovim: Callable[..., Neovim], shop: Path, docker_url: str) -> None:  # fmt: skip
    editor = neovim(shop, "src/shop/prices.py", sandbox__enabled=True)
    editor.until_attached()
    editor.lua("vim.cmd('Assay ask who calls with_tax?')")
    editor.until(lambda: editor.lua("return #vim.fn.getqflist()") > 0, "its places are in the quickfix list")
    first = editor.lua("local q = vim.fn.getqflist()[1]; return { vim.fn.bufname(q.bufnr), q.lnum }")
    assert first[0].endswith("src/shop/report.py") and first[1] == 12
    editor.until_screen("src/shop/report.py:12")
    editor.keys("j")  # a moved cursor closes the window
    editor.lua("vim.cmd('Assay ask rename with_tax to taxed')")
    editor.until_screen(":Assay apply writes it")
    editor.keys("j")  # a moved cursor closes the window
    editor.lua("vim.cmd('Assay apply')")
    editor.until(lambda: any("def taxed(" in line for line in editor.text()), "the buffer is changed")
    editor.until_message("takes it back")


def test_vscode_knows_the_server_for_agents_and_lists_its_tools(window: Open, shop: Path) -> None:
    page = window(shop, "src/shop/prices.py", user={"chat.disableAIFeatures": False})
    page.wait_ready()
    page.command("MCP: List Servers")
    row = page.page.locator(".quick-input-list .monaco-list-row").filter(has_text="Assay")
    expect(row.first).to_be_visible(timeout=20_000)
    row.first.click()
    page.pick("Start Server")
    expect(page.page.locator(".output-view, .panel").first).to_contain_text("Discovered 7 tools", timeout=40_000)
