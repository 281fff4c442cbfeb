"""VS Code: what Assay says when a part is missing, dies, comes back, or says something else later."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.editors.codeserver import CodeServer
from tests.editors.conftest import ASSAY, Open, Traces, child_named, slow, until
from tests.editors.test_vscode import BODY, begun, body

Script = Callable[..., str]


def test_a_test_that_passes_in_a_container_stands_beside_the_text(
    window: Open, sums: Path, script: Script, docker_url: str
) -> None:
    page = begun(window, sums, script, sandbox__enabled=True)
    page.wait_ghost("a + b")
    page.wait_annotation("✓ 1 test")
    page.wait_status("1 test")
    assert page.spoken() == "Assay, suggestion passed: 1 test"


def test_a_verdict_that_comes_later_changes_what_is_shown(
    window: Open, sums: Path, script: Script, docker_url: str
) -> None:
    slow(sums, 1)
    page = begun(window, sums, script, sandbox__enabled=True, verify__policy="eager")
    page.wait_annotation("? unverified: deadline")
    page.wait_annotation("✓ 1 test")
    assert page.ghost_text().strip() == "a + b"


def test_a_text_that_fails_later_goes(window: Open, sums: Path, script: Script, docker_url: str) -> None:
    slow(sums, 1.5)
    page = begun(window, sums, script, "a - b", sandbox__enabled=True, verify__policy="eager")
    page.wait_annotation("? unverified: deadline")
    page.wait_no_ghost()
    page.wait_annotation("")


def test_a_taken_text_that_fails_later_is_a_note_that_takes_it_out(
    window: Open, sums: Path, script: Script, docker_url: str
) -> None:
    slow(sums, 2)
    page = begun(window, sums, script, "a - b", sandbox__enabled=True, verify__policy="eager")
    page.wait_ghost("a - b")
    page.press("Tab")
    note = page.notes.filter(has_text="the suggestion that you took fails")
    expect(note).to_be_visible()
    page.page.get_by_role("button", name="Undo It").click()
    until(lambda: body(page, sums) == ["    return "])


def test_verify_this_file_runs_its_tests(window: Open, sums: Path, script: Script, docker_url: str) -> None:
    page = begun(window, sums, script, sandbox__enabled=True)
    page.wait_ghost("a + b")
    page.press("Tab")
    page.command("Assay: Verify This File")
    expect(page.notes.filter(has_text="Assay: ✓ 1 test")).to_be_visible()


def test_a_killed_server_is_started_again_and_said_once(
    window: Open, code: CodeServer, sums: Path, script: Script
) -> None:
    page = window(sums, "sums.py", engine__script=script(("return", "a + b")))
    page.wait_ready()
    killed = until(lambda: child_named(code.pid, "assay"))
    os.kill(killed, signal.SIGKILL)
    expect(page.notes.filter(has_text="its server ended and was started again")).to_have_count(1)
    until(lambda: child_named(code.pid, "assay") not in (None, killed))  # the status is of the new one from here on
    page.wait_status("sandbox off")
    page.end_of(BODY)
    page.type("return ")
    page.wait_ghost("a + b")


def test_no_model_is_a_state_with_the_button_that_mends_it(window: Open, sums: Path) -> None:
    page = window(sums, "sums.py", engine__url="http://127.0.0.1:9")
    page.wait_status("Assay: no model")
    note = page.page.locator(".notification-toast").filter(has_text="Assay:")
    expect(note).to_have_count(1)
    expect(note.get_by_role("button", name="Set Up")).to_be_visible()
    page.status.click()
    expect(page.page.locator(".quick-input-list .monaco-list-row").first).to_contain_text("Set up what is missing")


def test_no_container_engine_is_a_state_with_the_button_that_mends_it(window: Open, sums: Path, script: Script) -> None:
    page = window(
        sums,
        "sums.py",
        engine__script=script(("return", "a + b")),
        sandbox__enabled=True,
        sandbox__engine_url="unix:///nowhere/docker.sock",
    )
    page.wait_status("Assay: sandbox off")
    note = page.page.locator(".notification-toast").filter(has_text="Assay: Sandbox off")
    expect(note.get_by_role("button", name="Set Up")).to_be_visible()
    page.end_of(BODY)
    page.type("return ")
    page.wait_ghost("a + b")
    page.wait_annotation("? unverified: no-sandbox")


def test_no_python_is_a_state_with_the_button_that_mends_it(window: Open, code: CodeServer, sums: Path) -> None:
    shutil.rmtree(code.storage, ignore_errors=True)  # another scenario may have installed the server already
    page = window(sums, "sums.py", path="", python="/nowhere/python3")
    page.wait_status("Assay: no Python")
    page.status.click()
    expect(page.page.locator(".quick-input-list .monaco-list-row").first).to_contain_text("Choose a Python")


def test_settings_change_while_it_runs(
    window: Open, code: CodeServer, sums: Path, script: Script, traces: Traces
) -> None:
    page = begun(window, sums, script, complete__enabled=False)
    until(lambda: any("complete.enabled" in str(trace) for trace in traces() if str(sums) in trace["where"]))
    code.change("assay.complete.enabled", True)

    def is_back() -> bool:
        page.press("Backspace")
        page.type(" ")
        return page.has_ghost("a + b", within_ms=1000)

    until(is_back)  # the window looks for changed settings in its own time


def test_snoozed_it_suggests_nothing_until_it_is_woken(window: Open, sums: Path, script: Script) -> None:
    page = window(sums, "sums.py", engine__script=script(("return", "a + b")))
    page.wait_ready()
    page.command("Assay: Snooze")
    page.pick("15 minutes")
    page.wait_status("Assay: snoozed")
    page.end_of(BODY)
    page.type("return ")
    assert not page.has_ghost("a + b", within_ms=1000)
    page.command("Assay: Wake Up")
    page.wait_status("sandbox off")
    page.press("Backspace")
    page.type(" ")
    page.wait_ghost("a + b")


def test_what_a_test_says_is_no_link_in_a_message(window: Open, sums: Path, script: Script, docker_url: str) -> None:
    hostile = "def test_add():\n    from sums import add\n    assert add(1, 1) == 2, '[Fix this](command:workbench.action.toggleSidebarVisibility)'\n"
    (sums / "tests" / "test_sums.py").write_text(hostile, "utf-8")
    page = begun(window, sums, script, "0", sandbox__enabled=True, complete__enabled=False)
    page.type("0")
    page.command("Assay: Verify This File")
    note = page.notes.filter(has_text="Fix this")
    expect(note).to_be_visible()
    expect(note.locator("a")).to_have_count(0)


def test_a_server_that_dies_at_its_start_can_be_started_again(
    window: Open, sums: Path, script: Script, tmp_path: Path
) -> None:
    program = tmp_path / "assay"
    program.write_text(f'#!/bin/sh\n[ -e {tmp_path}/mended ] || exit 3\nexec {ASSAY} "$@"\n', "utf-8")
    program.chmod(0o755)
    page = window(sums, "sums.py", path=str(program), engine__script=script(("return", "a + b")))
    page.wait_status("Assay: not running")
    (tmp_path / "mended").touch()
    page.command("Assay: Restart the Server")
    page.wait_status("sandbox off")
    page.end_of(BODY)
    page.type("return ")
    page.wait_ghost("a + b")


def test_the_verdict_goes_with_the_ghost_text(window: Open, sums: Path, script: Script) -> None:
    page = begun(window, sums, script)
    page.wait_annotation("? unverified: no-sandbox")
    page.press("ArrowUp")  # not left: a text that was offered two keys ago, and typed on, may stand there still
    page.wait_no_ghost()
    page.wait_annotation("")
    page.wait_status("sandbox off")


def test_the_doctor_asks_for_no_trust_and_saves_nothing(window: Open, sums: Path, script: Script) -> None:
    user = {"security.workspace.trust.enabled": True, "security.workspace.trust.startupPrompt": "never"}
    page = begun(window, sums, script, user=user)
    before = (sums / "sums.py").read_text("utf-8")
    page.command("Assay: Doctor: What Is Here, What Is Missing")
    expect(page.page.locator(".editor-instance").last).to_contain_text("sandbox")
    expect(page.page.locator(".monaco-dialog-box")).to_have_count(0)
    assert (sums / "sums.py").read_text("utf-8") == before
