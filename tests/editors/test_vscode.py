"""VS Code, the real one, with a scripted model: what a person types, and what stands on the screen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.editors.codeserver import Window
from tests.editors.conftest import Open, Traces, until

Script = Callable[..., str]
BODY = 3  # the line of sums.py that waits for a body


def begun(window: Open, sums: Path, script: Script, text: str = "a + b", **settings: object) -> Window:
    """A window in which `return ` was just typed, and the model would go on with `text`."""
    page = window(sums, "sums.py", engine__script=script(("return", text)), **settings)
    page.wait_ready()
    page.end_of(BODY)
    page.type("return ")
    return page


def body(page: Window, sums: Path) -> list[str]:
    return page.saved(sums / "sums.py").splitlines()[BODY - 1 :]


def test_ghost_text_is_taken_by_tab_and_its_verdict_stands_beside_it(window: Open, sums: Path, script: Script) -> None:
    page = begun(window, sums, script)
    page.wait_ghost("a + b")
    page.wait_status("unverified: no-sandbox")
    page.wait_annotation("? unverified: no-sandbox")
    page.press("Tab")
    page.wait_no_ghost()
    page.wait_annotation("")
    assert body(page, sums) == ["    return a + b"]


def test_a_word_is_taken_and_the_rest_stays(window: Open, sums: Path, script: Script) -> None:
    page = begun(window, sums, script)
    page.wait_ghost("a + b")
    page.press("Control+ArrowRight")
    page.wait_ghost("+ b")
    page.press("Tab")
    assert body(page, sums) == ["    return a + b"]


def test_what_is_typed_through_does_not_flicker(window: Open, sums: Path, script: Script) -> None:
    page = begun(window, sums, script, "a + b - a + b")
    page.wait_ghost("a + b - a + b")
    page.watch_ghost()
    page.type("a + b - ", delay_ms=120)
    page.wait_ghost("a + b")
    assert page.frames_without_ghost() == 0


def test_escape_dismisses_and_the_text_is_not_offered_again(
    window: Open, sums: Path, script: Script, traces: Traces
) -> None:
    page = begun(window, sums, script)
    page.wait_ghost("a + b")
    page.press("Escape")
    page.wait_no_ghost()
    page.wait_status("sandbox off")
    before = len(traces())
    page.press("Backspace")
    page.type(" ")
    until(lambda: any("dismissed" in json.dumps(trace) for trace in traces()[before:]))
    page.wait_no_ghost()


def test_tab_indents_where_there_is_no_ghost_text(window: Open, sums: Path, script: Script) -> None:
    page = window(sums, "sums.py", engine__script=script())
    page.wait_ready()
    page.end_of(2)
    page.press("Enter", "Backspace", "Tab")
    page.type("if a:")
    page.press("Escape", "Enter", "Shift+Tab", "Tab")
    page.type("pass")
    page.press("Escape")
    assert body(page, sums)[:2] == ["    if a:", "        pass"]


def test_the_evidence_stands_in_the_hover_of_the_line(window: Open, sums: Path, script: Script) -> None:
    page = begun(window, sums, script)
    page.wait_ghost("a + b")
    page.press("Control+k", "Control+i")
    hover = page.page.locator(".monaco-hover").filter(has_text="Assay")
    expect(hover).to_contain_text("unverified: no-sandbox")
    expect(hover).to_contain_text("parse")
    hover.get_by_text("Why this suggestion").click()
    expect(page.page.locator(".editor-instance").last).to_contain_text("candidate")


def test_why_there_is_nothing_is_told(window: Open, sums: Path, script: Script, traces: Traces) -> None:
    page = begun(window, sums, script, "a +* b")
    until(lambda: any(f"{sums}/sums.py:3:12" in trace["where"] for trace in traces()))
    page.wait_no_ghost()
    page.command("Assay: Why This Suggestion, or Why None")
    expect(page.page.locator(".editor-instance").last).to_contain_text("invalid syntax")


def test_a_file_of_ten_thousand_lines_stays_smooth(window: Open, sums: Path, script: Script) -> None:
    values = "".join(f"value_{number} = {number}\n" for number in range(5000))
    (sums / "long.py").write_text(f"{values}\n\ndef add(a, b):\n    \n\n\n{values}", "utf-8")
    page = window(sums, "long.py", engine__script=script(("return", "a + b")))
    page.wait_ready()
    page.end_of(5004)
    page.type("return ")
    page.wait_ghost("a + b")
    page.press("Tab")
    assert page.saved(sums / "long.py").splitlines()[5003] == "    return a + b"
