"""VS Code: what stands around the text. The view, the report, notebooks, colours, trust, and one engine for several windows."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.editors.codeserver import CodeServer
from tests.editors.conftest import Open, report, until
from tests.editors.test_vscode import BODY, begun

Script = Callable[..., str]


def test_the_view_lists_suggestions_with_what_became_of_them(
    window: Open, sums: Path, script: Script, docker_url: str
) -> None:
    page = begun(window, sums, script, sandbox__enabled=True)
    page.wait_annotation("✓ 1 test")
    page.press("Tab")
    page.command("Assay: Show Suggestions, Sandbox and Model")
    tree = page.page.locator(".pane-body .monaco-list")
    expect(tree).to_contain_text("✓ 1 test · taken")
    expect(tree).to_contain_text("of 2 warm")
    expect(tree).to_contain_text("Docker")
    expect(tree).to_contain_text("scripted")
    expect(tree.get_by_role("treeitem").filter(has_text="taken")).to_have_attribute(
        "aria-label", "a + b. passed: 1 test. taken."
    )


def test_a_report_names_the_parts_and_nobody(window: Open, sums: Path, script: Script) -> None:
    page = window(sums, "sums.py", engine__script=script())
    page.wait_ready()
    page.command("Assay: Collect a Report")
    text = page.page.locator(".editor-instance").last
    expect(text).to_contain_text("Assay: report")
    expect(text).to_contain_text('"assay"')
    assert str(Path.home()) not in text.inner_text()


def test_a_cell_of_a_notebook_gets_ghost_text(window: Open, sums: Path, script: Script) -> None:
    cell = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": ["total = 1\n", "\n"],
    }
    book = {"cells": [cell], "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}
    (sums / "book.ipynb").write_text(json.dumps(book), "utf-8")
    page = window(sums, "sums.py", engine__script=script(("other =", " total + 2")))
    page.wait_ready()  # a window that just opened does not know its notebooks yet
    page.page.get_by_role("treeitem", name="book.ipynb").dblclick()
    page.page.locator(".cell .monaco-editor .view-lines").first.click()
    page.wait_ready()
    page.press("Control+End")
    page.type("other = ")
    page.wait_ghost("total + 2")
    page.press("Tab")
    expect(page.page.locator(".cell .monaco-editor .view-lines").first).to_contain_text("other = total + 2")


@pytest.mark.parametrize("theme", ["Light Modern", "Default High Contrast"])
def test_the_verdict_can_be_read_on_every_theme(window: Open, sums: Path, script: Script, theme: str) -> None:
    page = begun(window, sums, script, user={"workbench.colorTheme": theme})
    page.wait_ghost("a + b")
    page.wait_annotation("? unverified: no-sandbox")
    text, ground = page.annotation_colours()
    assert contrast(text, ground) > 3  # WCAG's least for what is not body text, (text, ground)


def contrast(one: str, other: str) -> float:
    """WCAG's ratio of two CSS colours; the first may be translucent."""

    def channels(colour: str) -> list[float]:
        return [float(part) for part in colour[colour.index("(") + 1 : -1].split(",")]

    ground = channels(other)[:3]
    *given, alpha = [*channels(one), 1.0][:4]
    mixed = [alpha * a + (1 - alpha) * b for a, b in zip(given, ground, strict=True)]

    def luminance(values: list[float]) -> float:
        parts = [v / 255 / 12.92 if v / 255 <= 0.03928 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in values]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    light, dark = sorted((luminance(mixed), luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_in_a_folder_that_is_not_trusted_nothing_is_run(
    window: Open, sums: Path, script: Script, docker_url: str
) -> None:
    (sums / ".vscode").mkdir()
    (sums / ".vscode" / "settings.json").write_text('{"assay.verify.policy": "strict"}', "utf-8")
    user = {"security.workspace.trust.enabled": True, "security.workspace.trust.startupPrompt": "never"}
    page = begun(window, sums, script, sandbox__enabled=True, user=user)
    page.wait_ghost("a + b")
    page.wait_annotation("? unverified: static-policy")


def test_two_windows_share_one_engine_with_the_embedded_model(
    window: Open, code: CodeServer, sums: Path, embedded: None
) -> None:
    pages = [window(sums, "sums.py", complete__eagerness=100) for _ in range(2)]
    for page in pages:
        page.wait_status("sandbox off|fallback model|unverified")
        page.end_of(BODY)
        page.command("Assay: Complete Here")
    until(lambda: engines(code) == 1)
    for page in pages:
        page.command("Assay: Show Suggestions, Sandbox and Model")
        expect(page.page.locator(".pane-body .monaco-list")).to_contain_text("fallback model")
        expect(page.page.locator(".pane-body .monaco-list")).to_contain_text("MB")
    assert engines(code) == 1


def engines(code: CodeServer) -> int:
    """Engine processes of this session's folder."""
    done = subprocess.run(["ps", "-ww", "-eo", "args="], capture_output=True, text=True, check=True)
    return sum(
        " engine --model" in line and str(code.assay_home.resolve()) in line for line in done.stdout.splitlines()
    )


def test_it_is_activated_by_python_and_says_how_long_that_took(window: Open, sums: Path, script: Script) -> None:
    page = window(sums, "sums.py", engine__script=script())
    page.wait_ready()
    page.command("Developer: Show Running Extensions")
    row = page.page.locator(".runtime-extensions-editor .monaco-list-row").filter(has_text="Assay")
    expect(row).to_contain_text("Activation")
    found = re.search(r"Activation: (\d+)ms", row.inner_text())
    report(f"activation of the extension: {found[1] if found else row.inner_text()} ms")
