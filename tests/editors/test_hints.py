"""Hints in the real editors, with real runs: a failing test becomes a squiggle, its evidence a hover, its checked fix a menu entry, and then it is gone."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.editors.conftest import Open, until
from tests.editors.neovim import Neovim

WRONG = "def add(a: int, b: int) -> int:\n    return a - b\n"
RIGHT = WRONG.replace("a - b", "a + b")
PROVED_MS = 60_000  # a container is started, the tests are run, a fix is looked for


@pytest.fixture
def broken(sums: Path) -> Path:
    """The project with a function that its test refuses."""
    (sums / "sums.py").write_text(WRONG, "utf-8")
    return sums


def test_vscode_from_the_squiggle_to_the_checked_fix(window: Open, broken: Path, docker_url: str) -> None:
    page = window(broken, "sums.py", sandbox__enabled=True)
    squiggle = page.page.locator(".squiggly-error")
    expect(squiggle.first).to_be_visible(timeout=PROVED_MS)
    page.go_to(2, 12)
    page.press("Control+k", "Control+i")
    hover = page.page.locator(".monaco-hover:visible")
    expect(hover.first).to_contain_text("test_add")
    expect(hover.first).to_contain_text("assert -1 == 5")
    expect(hover.first).to_contain_text("proved/failing-test")
    entry = page.page.locator(".action-widget .monaco-list-row").filter(has_text="Write `return a + b`")

    def offered() -> bool:
        """The menu closes when hints come anew, as they do after each run: then it is opened again, as a person would."""
        page.press("Escape")
        page.go_to(2, 12)
        page.press("Control+.")
        with contextlib.suppress(AssertionError):
            expect(entry).to_contain_text("1 test ✓", timeout=5_000)
            return True
        return False

    until(offered)
    entry.click()
    expect(page.page.locator(".tab.active.dirty")).to_contain_text("sums.py")
    assert page.saved(broken / "sums.py") == RIGHT
    expect(squiggle).to_have_count(0)


def test_vscode_shows_rules_and_suspicions_while_typing_and_drops_them_with_their_text(
    window: Open, sums: Path
) -> None:
    (sums / "sums.py").write_text("def last(xs: list[int]) -> int:\n    \n", "utf-8")
    page = window(sums, "sums.py")
    page.wait_ready()
    page.end_of(2)
    page.type("return xs[len(xs)]")
    info = page.page.locator(".squiggly-info")
    expect(info.first).to_be_visible()
    for _ in range(9):
        page.press("Backspace")
    page.type("-1]")
    expect(info).to_have_count(0)


def test_neovim_from_the_diagnostic_to_the_checked_fix(
    neovim: Callable[..., Neovim], broken: Path, docker_url: str
) -> None:
    editor = neovim(broken, "sums.py", sandbox__enabled=True)
    editor.until_attached()
    found = "return vim.tbl_map(function(d) return { d.code, d.lnum, d.message } end, vim.diagnostic.get(0, { severity = 1 }))"
    (code, line, message) = until(lambda: editor.lua(found))[0]
    assert (code, line) == ("proved/failing-test", 1)
    assert "test_add" in message
    editor.keys("2G")
    apply = "vim.lsp.buf.code_action({ filter = function(a) return a.title:find('a + b', 1, true) ~= nil end, apply = true })"
    editor.lua(apply)
    editor.until(lambda: editor.text()[:2] == RIGHT.splitlines())
    until(lambda: editor.lua(found) == [])


OUTPUT = "FAILED tests/test_sums.py::test_add - assert -1 == 5\n"


def test_vscode_lists_what_is_wrong_in_files_that_are_not_open(window: Open, sums: Path) -> None:
    (sums / "other.py").write_text("import os\n", "utf-8")
    page = window(sums, "sums.py", hints__workspace=True)
    page.wait_ready()
    page.command("Problems: Focus on Problems View")
    expect(page.page.locator(".markers-panel")).to_contain_text("other.py")
    expect(page.page.locator(".markers-panel")).to_contain_text("F401")


def test_vscode_explains_what_is_selected_and_applies_the_fix(window: Open, broken: Path, docker_url: str) -> None:
    (broken / "out.txt").write_text(OUTPUT, "utf-8")
    page = window(broken, "sums.py", sandbox__enabled=True)
    page.wait_ready()
    page.press("Control+p")
    page.type("out.txt")
    page.page.locator(".quick-input-list .monaco-list-row").filter(has_text="out.txt").first.click()
    expect(page.page.locator(".tab.active")).to_contain_text("out.txt")
    page.page.locator(".editor-instance").locator(".native-edit-context, textarea.inputarea").first.focus()
    page.press("Control+a")
    expect(page.page.locator(".statusbar")).to_contain_text("selected")
    page.command("Assay: Explain the Selected or Copied Traceback")
    note = page.notes.filter(has_text="test_add")
    expect(note).to_be_visible(timeout=30_000)
    page.page.locator(".notification-list-item").get_by_role("button", name="Write `return a + b`").click()
    expect(page.page.locator(".tab.active.dirty")).to_contain_text("sums.py")
    assert page.saved(broken / "sums.py") == RIGHT


def test_neovim_explains_a_range(neovim: Callable[..., Neovim], broken: Path, docker_url: str) -> None:
    editor = neovim(broken, "sums.py", sandbox__enabled=True)
    editor.until_attached()
    editor.lua("vim.api.nvim_buf_set_lines(0, -1, -1, false, { ... })", OUTPUT.strip())
    editor.lua("vim.cmd('3,3Assay explain')")
    (entry,) = until(
        lambda: editor.lua("return vim.tbl_map(function(e) return { e.lnum, e.text } end, vim.fn.getqflist())")
    )
    assert entry[0] == 2
    assert "test_add" in entry[1]
    editor.until_screen("Write `return a + b`")
