"""VS Code as a user sees it: code-server on loopback, one window in headless Chromium, and the words to drive it.

Everything is waited for on the screen; nothing sleeps for a fixed time.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import BrowserContext, Locator, Page, TimeoutError, expect

from tests.editors.tools import Tools

START_S = 60.0  # the workbench's first page on a busy machine of two cores
WAIT_MS = 20_000
SAVES = 4
expect.set_options(timeout=WAIT_MS)

SETTINGS = {
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
    "workbench.colorTheme": "Dark Modern",
    "security.workspace.trust.enabled": False,
    "telemetry.telemetryLevel": "off",
    "update.mode": "none",
    "extensions.autoCheckUpdates": False,
    "extensions.ignoreRecommendations": True,
    "editor.minimap.enabled": False,
    "editor.inlineSuggest.enabled": True,
    "editor.accessibilitySupport": "off",
    "chat.disableAIFeatures": True,
    "files.autoSave": "off",
    # What costs a processor and is nobody's scenario.
    "git.enabled": False,
    "workbench.reduceMotion": "on",
    "editor.cursorBlinking": "solid",
}
POLL_MS = 50  # between two looks at the page, where each frame would be too often


class CodeServer:
    """One server process with its own user folder; `settings` are read again by whichever window is open."""

    def __init__(self, tools: Tools, home: Path, *, extension: Path, env: Mapping[str, str]) -> None:
        self._tools = tools
        self._home = home
        self.assay_home = Path(env["ASSAY_HOME"])
        self._env = {**os.environ, "EXTENSIONS_GALLERY": json.dumps({"serviceUrl": ""}), **env}
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        home.mkdir(parents=True, exist_ok=True)
        self.user = home / "user"
        self.settings({})
        self._run("--install-extension", str(extension), "--force")

    @property
    def log(self) -> Path:
        return self._home / "code-server.log"

    def settings(self, machine: Mapping[str, Any], user: Mapping[str, Any] | None = None) -> None:
        """Write the machine's and the user's settings anew; an open window follows."""
        for name, values in (("Machine", machine), ("User", {**SETTINGS, **(user or {})})):
            path = self.user / name / "settings.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values), "utf-8")

    @property
    def storage(self) -> Path:
        """Where the extension keeps its server."""
        return self.user / "User" / "globalStorage" / "assay.assay"

    def change(self, name: str, value: Any) -> None:
        """Change one of the machine's settings under an open window."""
        path = self.user / "Machine" / "settings.json"
        path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {name: value}), "utf-8")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        with open(self.log, "ab") as log:
            arguments = ["--auth", "none", "--bind-addr", f"127.0.0.1:{self.port}", "--disable-telemetry"]
            arguments += ["--disable-update-check", "--disable-getting-started-override"]
            self._process = subprocess.Popen(
                [*self._command, *arguments], env=self._env, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self._process.poll() is None, self.log.read_text("utf-8", "replace")[-2000:]
                time.sleep(0.1)
        raise AssertionError(f"code-server did not start: {self.log.read_text('utf-8', 'replace')[-2000:]}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()

    def url(self, folder: Path, *files: Path) -> str:
        """The window on a folder, with files open."""
        payload = [["openFile", f"vscode-remote://127.0.0.1:{self.port}{file}"] for file in files]
        opened = f"&payload={quote(json.dumps(payload))}" if files else ""
        return f"http://127.0.0.1:{self.port}/?folder={quote(str(folder))}{opened}"

    @property
    def _command(self) -> list[str]:
        folders = ["--user-data-dir", str(self.user), "--extensions-dir", str(self._home / "extensions")]
        return [
            str(self._tools.node),
            str(self._tools.code_server),
            "--config",
            str(self._home / "config.yaml"),
            *folders,
        ]

    def _run(self, *arguments: str) -> None:
        (self._home / "config.yaml").write_text("", "utf-8")
        done = subprocess.run([*self._command, *arguments], env=self._env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


class Window:
    """A VS Code window. Its words are what a person does and sees."""

    def __init__(self, browser: BrowserContext, server: CodeServer, folder: Path, *files: Path) -> None:
        self.page: Page = browser.new_page()
        self.page.goto(server.url(folder, *files))
        self.page.wait_for_selector(".monaco-workbench", timeout=START_S * 1000)
        if files:
            self.page.wait_for_selector(".monaco-editor .view-lines .view-line", timeout=START_S * 1000)

    def close(self) -> None:
        self.page.close()

    # ---- doing

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str, *, delay_ms: float = 30) -> None:
        self.page.keyboard.type(text, delay=delay_ms)

    def go_to(self, line: int, column: int) -> None:
        """By the editor's own dialogue; both count from 1."""
        self.page.locator(".monaco-editor .view-lines").first.click()
        self.press("Control+g")
        box = self.page.locator(".quick-input-widget input")
        expect(box).to_be_visible()
        box.fill(f":{line}:{column}")
        self.press("Enter")
        expect(box).to_be_hidden()
        expect(self.page.locator("#status\\.editor\\.selection")).to_contain_text(f"Ln {line}, Col {column}")

    def end_of(self, line: int) -> None:
        self.go_to(line, 1)
        self.press("End")

    def command(self, title: str) -> None:
        """Run a command of the palette by its title."""
        self.press("F1")
        box = self.page.locator(".quick-input-widget input")
        expect(box).to_be_visible()
        box.fill(f">{title}")
        expect(self.page.locator(".quick-input-list .monaco-list-row.focused").filter(has_text=title)).to_be_visible()
        self.press("Enter")

    def pick(self, text: str) -> None:
        """Choose a row of the list that is open."""
        self.page.locator(".quick-input-list .monaco-list-row").filter(has_text=text).first.click()

    def reload(self) -> None:
        self.page.reload()
        self.page.wait_for_selector(".monaco-workbench", timeout=START_S * 1000)

    # ---- seeing

    @property
    def status(self) -> Locator:
        """Assay's status item."""
        return self.page.locator("#assay\\.assay\\.assay\\.status")

    @property
    def ghost(self) -> Locator:
        return self.page.locator(".ghost-text-decoration, .ghost-text-decoration-preview, .ghost-text .view-line")

    @property
    def notes(self) -> Locator:
        return self.page.locator(".notification-list-item-message")

    def ghost_text(self) -> str:
        """What is painted as ghost text in the cursor's line; "" where there is none."""
        return clean(
            "".join(self.page.locator(".ghost-text-decoration, .ghost-text-decoration-preview").all_inner_texts())
        )

    def wait_ghost(self, text: str, *, timeout_ms: float = WAIT_MS) -> None:
        """Until the ghost text begins with `text`."""
        self.page.wait_for_function(
            """text => {
                const parts = [...document.querySelectorAll('.ghost-text-decoration, .ghost-text-decoration-preview')];
                return parts.map(part => part.textContent.replaceAll('\\u00a0', ' ')).join('').trim().startsWith(text);
            }""",
            arg=text,
            timeout=timeout_ms,
            polling=POLL_MS,
        )

    def has_ghost(self, text: str, *, within_ms: float) -> bool:
        try:
            self.wait_ghost(text, timeout_ms=within_ms)
        except TimeoutError:
            return False
        return True

    def wait_no_ghost(self) -> None:
        expect(self.ghost).to_have_count(0)

    def saved(self, file: Path) -> str:
        """The file's text, after the editor has saved it; asked again where a note that came or went took the key."""
        dirty = self.page.locator(".tab.active.dirty")
        for _ in range(SAVES):
            self.page.locator(".editor-instance").locator(".native-edit-context, textarea.inputarea").first.focus()
            self.press("Control+s")
            with contextlib.suppress(AssertionError):
                expect(dirty).to_have_count(0, timeout=WAIT_MS / SAVES)
                break
        expect(dirty).to_have_count(0, timeout=1_000)
        return file.read_text("utf-8")

    def wait_annotation(self, text: str) -> None:
        """Until this verdict, or with "" none, stands beside the ghost text."""
        self.page.wait_for_function(
            """text => [...document.querySelectorAll('.view-line [class*=ced-]')]
                .map(one => getComputedStyle(one, '::after').content.replaceAll('"', ''))
                .filter(shown => shown && shown !== 'none').join(' ').replaceAll('\\u00a0', ' ') === text""",
            arg=text,
            polling=POLL_MS,
        )

    def annotation_colours(self) -> tuple[str, str]:
        """The colours of the verdict and of what is behind it, as CSS has them."""
        return tuple(  # type: ignore[return-value]  # two texts
            self.page.evaluate(
                """() => {
                    const one = [...document.querySelectorAll('.view-line [class*=ced-]')]
                        .find(each => !['', 'none'].includes(getComputedStyle(each, '::after').content));
                    const ground = document.querySelector('.monaco-editor-background');
                    return [getComputedStyle(one, '::after').color, getComputedStyle(ground).backgroundColor];
                }"""
            )
        )

    def spoken(self) -> str:
        """What a screen reader says of the status item."""
        return str(self.status.locator("a").first.get_attribute("aria-label"))

    def wait_ready(self) -> None:
        """Until the server runs; what is missing is no matter."""
        self.wait_status(r"Assay(?!: (starting|installing))|unverified|tests?$")

    def wait_status(self, pattern: str, *, timeout_ms: float = WAIT_MS) -> None:
        expect(self.status).to_have_text(re.compile(pattern), timeout=timeout_ms)

    def watch_ghost(self) -> None:
        """Count, from now on, the frames in which no ghost text is painted."""
        self.page.evaluate(
            """() => {
                window.assayBare = 0;
                const look = () => {
                    if (!document.querySelector('.ghost-text-decoration, .ghost-text-decoration-preview')) window.assayBare += 1;
                    requestAnimationFrame(look);
                };
                requestAnimationFrame(look);
            }"""
        )

    def frames_without_ghost(self) -> int:
        return int(self.page.evaluate("() => window.assayBare"))

    def shown(self) -> str:
        """What stands in the parts of the window that a scenario looks at, for its report."""
        parts = {"status": self.status, "notes": self.notes, "view": self.page.locator(".pane-body .monaco-list")}
        parts |= {"cursor": self.page.locator("#status\\.editor\\.selection"), "ghost": self.ghost}
        return "\n".join(f"{name}: {' | '.join(part.all_inner_texts())}" for name, part in parts.items())

    def picture(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(path))


def clean(text: str) -> str:
    """Text as it is in the file: the editor paints spaces as no-break spaces."""
    return text.replace("\u00a0", " ").replace("\u200b", "").rstrip("\n")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
