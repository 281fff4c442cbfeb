"""VS Code, from nothing but the extension: it installs its own server, and the first suggestion comes with its verdict."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.editors.codeserver import CodeServer
from tests.editors.conftest import Open, report
from tests.editors.test_vscode import BODY

Script = Callable[..., str]


def test_from_the_extension_alone_to_a_suggestion_with_its_verdict(
    window: Open, code: CodeServer, sums: Path, script: Script, docker_url: str
) -> None:
    """The first start of a new user: no `assay.path`, no server installed; a container engine and its image are there."""
    shutil.rmtree(code.storage, ignore_errors=True)
    began = time.monotonic()
    page = window(sums, "sums.py", path=None, engine__script=script(("return", "a + b")), sandbox__enabled=True)
    page.wait_status("Assay: installing")
    expect(page.notes.filter(has_text="Assay is installing its server, once")).to_be_visible()
    page.wait_status(r"Assay$", timeout_ms=110_000)
    page.end_of(BODY)
    page.type("return ")
    page.wait_ghost("a + b")
    page.wait_annotation("✓ 1 test")
    report(
        f"from the window to ghost text with a verdict, the server's environment included: {time.monotonic() - began:.1f} s"
    )
    expect(page.page.locator(".monaco-dialog-box")).to_have_count(0)
    page.reload()
    page.wait_status(r"Assay$")  # the second start installs nothing
