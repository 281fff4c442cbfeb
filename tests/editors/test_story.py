"""The product as it is: the example project, the embedded model, a real container; in both editors. The README's pictures are drawn here.

`make pictures` runs these scenarios with a folder to draw into; without one they are scenarios like the others.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, expect

from tests.editors.conftest import Open
from tests.editors.film import Film
from tests.editors.neovim import Neovim

GAP = 18  # the line of shop/stats.py that waits for the body of `smallest`
CLOSE_UP = {"editor.fontSize": 17, "workbench.activityBar.location": "hidden", "breadcrumbs.enabled": False}


def test_vscode_fills_a_gap_and_proves_it(
    window: Open, shop: Path, docker_url: str, embedded: None, film: Film
) -> None:
    page = window(shop, "shop/stats.py", user=CLOSE_UP, sandbox__enabled=True, complete__eagerness=100)
    page.wait_status("Assay: fallback model", timeout_ms=40_000)
    page.end_of(GAP)
    film.begin(page.page)
    film.frame(seconds=1)
    page.press("Alt+\\")
    page.wait_ghost("return min(amounts)")
    page.wait_annotation("✓ 1 test")
    film.frame(seconds=2.5)
    film.draw("vscode")
    page.press("Control+k", "Control+i")
    hover = page.page.locator(".monaco-hover").filter(has_text="Assay")
    expect(hover).to_contain_text("tests/test_stats.py::test_smallest")
    film.frame(seconds=3.5)
    film.draw("vscode-evidence")
    page.press("Tab")
    page.wait_no_ghost()
    film.frame(seconds=1.5)
    page.command("Assay: Show Suggestions, Sandbox and Model")
    tree = page.page.locator(".pane-body .monaco-list")
    expect(tree).to_contain_text("✓ 1 test · taken")
    expect(tree).to_contain_text("tokens/s")
    film.frame(seconds=3)
    film.draw("vscode-view")
    film.save("vscode")
    assert page.saved(shop / "shop" / "stats.py").splitlines()[GAP - 1] == "    return min(amounts)"


def test_neovim_fills_a_gap_and_proves_it(
    neovim: Callable[..., Neovim], shop: Path, docker_url: str, embedded: None, film: Film, browser: BrowserContext
) -> None:
    line = "vim.o.statusline = '%f %m%=%{v:lua.require(\"assay\").status()} '\nvim.o.number = true\nvim.o.termguicolors = true\nvim.o.laststatus = 2"
    editor = neovim(shop, "shop/stats.py", init=line, engine__script="", sandbox__enabled=True, complete__eagerness=100)
    editor.until_attached()
    editor.until_screen("fallback model")
    # Going on in insert mode asks by itself, and may take the place of what was asked for: then it is asked for again, as a person would.
    editor.keys(f"{GAP}GA<C-o>:Assay complete<CR>")
    with contextlib.suppress(AssertionError):
        editor.until_screen("return min(amounts)   ✓ 1 test")
    if not any("return min(amounts)   ✓ 1 test" in line for line in editor.screen()):
        editor.keys("<C-o>:Assay complete<CR>")
    editor.until_screen("return min(amounts)   ✓ 1 test")
    film.terminal(browser, editor, "neovim")
    editor.keys("<Tab>")
    editor.until(lambda: editor.text()[GAP - 1] == "    return min(amounts)")
