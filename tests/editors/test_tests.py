"""Tests in the real editors, with real runs: from a function to tests that somebody accepted, from a change that no test notices to a test that does; with progress, and an end to it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.editors.codeserver import Window
from tests.editors.conftest import Open, until
from tests.editors.neovim import Neovim

MADE_MS = 90_000  # containers are started, calls tried, mutants asked, the new tests run five times
MARKS = 'def grade(points: int) -> str:\n    if points >= 90:\n        return "A"\n    return "F"\n'


@pytest.fixture
def marks(sums: Path) -> Path:
    """The project with a function that no test is of."""
    (sums / "marks.py").write_text(MARKS, "utf-8")
    return sums


def entry_of(page: Window, title: str, line: int, column: int) -> None:
    """Choose a code action at a place. VS Code takes the commands of a list away where hints change while it is shown, and says so to who chooses then: who chose chooses again."""
    entry = page.page.locator(".action-widget .monaco-list-row").filter(has_text=title)
    gone = page.page.get_by_text("Actual command not found")

    def chosen() -> bool:
        page.press("Escape")
        page.go_to(line, column)
        page.press("Control+.")
        with contextlib.suppress(AssertionError):
            expect(entry.first).to_be_visible(timeout=5_000)
            entry.first.click()
            with contextlib.suppress(AssertionError):
                expect(gone.first).to_be_visible(timeout=1_000)
                return False
            return True
        return False

    until(chosen)


def test_vscode_from_a_function_to_tests_of_it(window: Open, marks: Path, docker_url: str) -> None:
    page = window(marks, "marks.py", sandbox__enabled=True)
    page.wait_ready()
    entry_of(page, "Write tests of `grade`", 1, 6)
    progress = page.notes.filter(has_text="Assay is making tests")
    expect(progress.first).to_be_visible(timeout=20_000)
    expect(page.page.locator(".tab.active.dirty")).to_contain_text("test_marks.py", timeout=MADE_MS)
    expect(page.notes.filter(has_text="tests of grade notice").first).to_be_visible()
    text = page.saved(marks / "tests" / "test_marks.py")
    assert "from marks import grade" in text and "_as_it_is_today" in text


def test_vscode_ends_what_takes_long(window: Open, marks: Path, docker_url: str) -> None:
    page = window(marks, "marks.py", sandbox__enabled=True)
    page.wait_ready()
    page.command("Assay: Write Tests for This File")
    item = page.page.locator(".notification-list-item").filter(has_text="Assay is making tests")
    expect(item.first).to_be_visible(timeout=20_000)
    item.first.get_by_role("button", name="Cancel").click()
    expect(page.notes.filter(has_text="nothing is written").first).to_be_visible(timeout=20_000)
    assert not (marks / "tests" / "test_marks.py").exists()


def test_vscode_from_what_no_test_notices_to_a_test_that_does(window: Open, marks: Path, docker_url: str) -> None:
    page = window(marks, "marks.py", sandbox__enabled=True)
    page.wait_ready()
    page.command("Assay: Show What No Test of This File Notices")
    info = page.page.locator(".squiggly-info")
    expect(info.first).to_be_visible(timeout=MADE_MS)
    entry_of(page, "Write a test that notices it", 2, 12)
    expect(page.page.locator(".tab.active.dirty")).to_contain_text("test_marks.py", timeout=MADE_MS)
    assert "from marks import grade" in page.saved(marks / "tests" / "test_marks.py")


def test_neovim_from_a_function_to_tests_of_it(neovim: Callable[..., Neovim], marks: Path, docker_url: str) -> None:
    editor = neovim(marks, "marks.py", sandbox__enabled=True)
    editor.until_attached()
    editor.keys("2G")
    editor.lua("vim.cmd('Assay test')")
    editor.until_message("tests of grade notice")
    editor.until(lambda: "from marks import grade" in editor.text(), "the file of tests is shown")
    assert any("def test_grade" in line for line in editor.text())
    assert editor.lua("return vim.bo.modified"), "as an edit to review"


def test_neovim_from_what_no_test_notices_to_a_test_that_does(
    neovim: Callable[..., Neovim], marks: Path, docker_url: str
) -> None:
    editor = neovim(marks, "marks.py", sandbox__enabled=True)
    editor.until_attached()
    editor.lua("vim.cmd('Assay mutants %')")
    shown = "return #vim.tbl_filter(function(d) return d.code == 'suspected/unnoticed' end, vim.diagnostic.get(0))"
    editor.until(lambda: editor.lua(shown) > 0, "what no test notices is shown")
    editor.keys("q2G")
    editor.lua(
        "vim.lsp.buf.code_action({ filter = function(a) return a.title == 'Write a test that notices it' end, apply = true })"
    )
    editor.until(lambda: "from marks import grade" in editor.text(), "the file of tests is shown")


def test_neovim_ends_what_takes_long(neovim: Callable[..., Neovim], marks: Path, docker_url: str) -> None:
    editor = neovim(marks, "marks.py", sandbox__enabled=True)
    editor.until_attached()
    editor.lua("vim.cmd('Assay test %')")
    editor.until_message("making tests")
    editor.lua("vim.cmd('Assay stop')")
    editor.until_message("nothing is written")
