"""Names, facts and docstrings in the real editors: the popup with what it brings along, the hover in two steps, the lens, the docstring action."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.editors.codeserver import Window
from tests.editors.conftest import Open, until
from tests.editors.neovim import Neovim

Script = Callable[..., str]
USE = "import os\n\n\ndef pay(item: int, rate: int) -> int:\n    os.path.isfile('a')\n    os.path.isfile('b')\n    \n"
SAID = "Add two numbers that are given."
ROW = 7  # the line of use.py that waits


@pytest.fixture
def shop_of(sums: Path) -> Path:
    """The project with a second module, which uses nothing of the first yet."""
    (sums / "sums.py").write_text("def net_price(item: int, rate: int) -> int:\n    return item * rate\n", "utf-8")
    (sums / "use.py").write_text(USE, "utf-8")
    return sums


def listed(page: Window, text: str, name: str) -> Locator:
    """The popup's rows after this text was typed, and typed again where the name is not among them: what a project has is counted after its first file is opened."""
    rows = page.page.locator(".suggest-widget.visible .monaco-list-row")

    def is_there() -> bool:
        page.press("Escape")
        page.go_to(ROW, 1)
        page.press("Shift+End", "Delete")
        page.type(f"    {text}")
        with contextlib.suppress(AssertionError):
            expect(rows.filter(has_text=name).first).to_be_visible(timeout=3_000)
            return True
        return False

    until(is_there)
    return rows


def test_vscode_lists_what_is_likely_first(window: Open, shop_of: Path, script: Script) -> None:
    page = window(shop_of, "use.py", engine__script=script())
    page.wait_ready()
    rows = listed(page, "os.path.", "abspath")
    expect(rows.first).to_contain_text("isfile")


def test_vscode_brings_an_import_along(window: Open, shop_of: Path, script: Script) -> None:
    page = window(shop_of, "use.py", engine__script=script())
    page.wait_ready()
    rows = listed(page, "net_pr", "net_price")
    rows.filter(has_text="net_price").first.click()
    expect(page.page.locator(".view-line").filter(has_text="from sums import net_price")).to_have_count(1)
    assert page.saved(shop_of / "use.py").startswith("import os\nfrom sums import net_price\n")


def test_vscode_shows_facts_at_once_and_the_models_word_on_request(window: Open, sums: Path, script: Script) -> None:
    (sums / "sums.py").write_text(
        "def add(a: int, b: int) -> int:\n    if a < 0:\n        raise ValueError(a)\n    return a + b\n", "utf-8"
    )
    page = window(sums, "sums.py", engine__script=script(("in one sentence:\n#", f" {SAID}")), summaries__lens=True)
    page.wait_ready()
    hover = page.page.locator(".monaco-hover:visible").filter(has_text="Raises")

    def has_facts() -> bool:
        page.go_to(1, 6)
        page.press("Control+k", "Control+i")
        with contextlib.suppress(AssertionError):
            expect(hover.first).to_contain_text("Raises ValueError where a < 0", timeout=3_000)
            return True
        return False

    until(has_facts)
    hover.get_by_text("Ask the model").first.click()
    expect(page.page.locator(".monaco-hover:visible").filter(has_text=SAID).first).to_be_visible()


def test_vscode_shows_who_calls_a_function_above_it(window: Open, sums: Path, script: Script) -> None:
    (sums / "sums.py").write_text(
        "def add(a, b):\n    return a + b\n\n\ndef twice(a):\n    return add(a, a)\n", "utf-8"
    )
    page = window(sums, "sums.py", engine__script=script(), summaries__lens=True)
    expect(page.page.locator(".codelens-decoration").filter(has_text="caller").first).to_be_visible()


def test_vscode_writes_a_docstring(window: Open, sums: Path, script: Script) -> None:
    (sums / "sums.py").write_text(
        "def add(a: int, b: int) -> int:\n    if a < 0:\n        raise ValueError(a)\n    return a + b\n", "utf-8"
    )
    page = window(sums, "sums.py", engine__script=script())
    page.wait_ready()
    entry = page.page.locator(".action-widget .monaco-list-row").filter(has_text="docstring")

    def offered() -> bool:
        page.press("Escape")
        page.go_to(1, 6)
        page.press("Control+.")
        with contextlib.suppress(AssertionError):
            expect(entry.first).to_be_visible(timeout=5_000)
            return True
        return False

    until(offered)
    entry.first.click()
    expect(page.page.locator(".tab.active.dirty")).to_contain_text("sums.py")
    text = page.saved(sums / "sums.py")
    assert '"""' in text and "ValueError" in text.partition('"""')[2].partition('"""')[0]


def test_neovim_completes_a_name_with_its_import(neovim: Callable[..., Neovim], shop_of: Path) -> None:
    editor = neovim(shop_of, "use.py", init="vim.o.completeopt = 'menuone,noinsert'")
    editor.until_attached()
    editor.lua("vim.lsp.completion.enable(true, require('assay').client().id, 0)")

    editor.keys(f"{ROW}GS    net_pr")
    editor.until(lambda: editor.text()[ROW - 1].endswith("net_pr"), "the name is begun")
    known = """local client = require('assay').client()
    local answer = client:request_sync('textDocument/completion', vim.lsp.util.make_position_params(0, client.offset_encoding), 5000, 0)
    return answer ~= nil and answer.result ~= nil and vim.iter(answer.result.items):any(function(item) return item.label == 'net_price' end)"""
    editor.until(lambda: editor.lua(known), "the server knows the name")
    editor.lua("vim.lsp.completion.get()")
    editor.until(lambda: editor.lua("return vim.fn.pumvisible()"), "the popup is there")
    editor.keys("<C-y>")
    editor.until(lambda: "from sums import net_price" in editor.text(), "the import is written")
    assert editor.text()[1] == "from sums import net_price"


def test_neovim_describes_a_function(neovim: Callable[..., Neovim], sums: Path, script: Script) -> None:
    (sums / "sums.py").write_text("def add(a: int, b: int) -> int:\n    return a + b\n", "utf-8")
    editor = neovim(sums, "sums.py", engine__script=script(("in one sentence:\n#", f" {SAID}")))
    editor.until_attached()
    editor.keys("1G5|")
    editor.lua("vim.cmd('Assay describe')")
    editor.until_screen(f"add: {SAID}")
