"""A function in the real editors, with real runs: from a comment or a sentence to a function that was accepted and tested, the choice between two by what they give, and the way back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.editors.codeserver import Window
from tests.editors.conftest import Open
from tests.editors.neovim import Neovim
from tests.editors.test_tests import entry_of

WRITTEN_MS = 40_000  # containers are started, candidates run
ASKED = "shout(text: str) -> str: return it in upper case, as in shout('ab c') == 'AB C' and shout('x') == 'X'"
STUB = (
    'def pick(values: list[int]) -> int:\n    """Return one of the values.\n\n    >>> pick([3, 1, 2])\n    2\n    """\n'
)
TAKES = "vim.ui.select = function(items, _, chosen) chosen(items[1], 1) end"


@pytest.fixture
def words(sums: Path) -> Path:
    """The project with a comment that asks for a function."""
    (sums / "words.py").write_text(f"# {ASKED}\n", "utf-8")
    return sums


@pytest.fixture
def two(tmp_path: Path) -> str:
    """A model that writes two bodies."""
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"default": ["return sorted(values)[1]", "return sorted(values)[len(values) // 2]"]}))
    return str(path)


def choose_first(page: Window) -> None:
    """Answer which of the two best is right."""
    question = page.page.locator(".notification-list-item").filter(has_text="which one is right?")
    expect(question.first).to_be_visible(timeout=WRITTEN_MS)
    question.first.get_by_role("button").filter(has_text="1:").first.click()


def test_vscode_from_a_comment_to_a_tested_function(window: Open, words: Path, docker_url: str) -> None:
    page = window(words, "words.py", sandbox__enabled=True)
    page.wait_ready()
    entry_of(page, "Write `shout`", 1, 6)
    expect(page.notes.filter(has_text="Assay is writing").first).to_be_visible(timeout=20_000)
    choose_first(page)
    expect(page.page.locator(".tab.active.dirty")).to_contain_text("words.py", timeout=WRITTEN_MS)
    text = page.saved(words / "words.py")
    assert "def shout(text: str) -> str:" in text and "return text.upper()" in text and "# shout" not in text


def test_vscode_asks_which_of_two_is_right(window: Open, words: Path, two: str, docker_url: str) -> None:
    (words / "words.py").write_text(STUB, "utf-8")
    page = window(words, "words.py", sandbox__enabled=True, engine__script=two)
    page.wait_ready()
    entry_of(page, "Write `pick`", 1, 6)
    choose_first(page)
    expect(page.page.locator(".tab.active.dirty")).to_contain_text("words.py", timeout=WRITTEN_MS)
    expect(page.page.locator(".tab.dirty").filter(has_text="test_words.py")).to_be_visible(timeout=WRITTEN_MS)
    text = page.saved(words / "words.py")
    assert text.count(">>> pick(") == 1, "what was chosen is a test of the project from then on"


def test_neovim_from_a_sentence_to_a_function_and_back(
    neovim: Callable[..., Neovim], words: Path, docker_url: str
) -> None:
    (words / "words.py").write_text("", "utf-8")
    editor = neovim(words, "words.py", sandbox__enabled=True, init=TAKES)
    editor.until_attached()
    editor.lua("vim.cmd('Assay write ' .. ...)", ASKED)
    editor.until_message("writing a function")
    editor.until(lambda: any("return text.upper()" in line for line in editor.text()), "the function is there")
    editor.keys("u")
    editor.until(lambda: editor.text() == [""], "and taken back")


def test_neovim_ends_what_takes_long(neovim: Callable[..., Neovim], words: Path, docker_url: str) -> None:
    editor = neovim(words, "words.py", sandbox__enabled=True)
    editor.until_attached()
    editor.lua("vim.cmd('Assay write')")
    editor.until_message("writing a function")
    editor.lua("vim.cmd('Assay stop')")
    editor.until_message("nothing is written")
