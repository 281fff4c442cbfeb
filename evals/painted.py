"""How long after the server's answer the ghost text stands on the screen: `python -m evals.painted [--count 40]`.

In the real editors (`make editors vsix` first), with the scripted engine at 0 ms, policy static and no sandbox: a space is typed behind `return`, and taken
back again. In VS Code the page's own clock tells when a frame with the ghost text was drawn, in Neovim the interface's events are read as they come. The
server's answer is the moment at which its trace was closed. What an editor waits for before it asks (its debounce) lies before that and is told apart.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.editors.codeserver import CodeServer, Window
from tests.editors.conftest import ASSAY, BROWSER
from tests.editors.neovim import Neovim
from tests.editors.tools import ROOT, tools

SOURCE = 'def add(a: int, b: int) -> int:\n    """Add two numbers."""\n    return\n'
SETTINGS: dict[str, Any] = {"sandbox.enabled": False, "verify.policy": "static", "complete.pace_ms": 0}
WARM = 5  # rounds that are not counted

# Sets `assayPainted` to the time of the first frame in which the ghost text is there.
WATCH = """() => {
    window.assayKey = window.assayPainted = 0;
    addEventListener('keydown', () => { window.assayKey = performance.timeOrigin + performance.now(); window.assayPainted = 0; }, true);
    const look = () => {
        const is = [...document.querySelectorAll('.ghost-text-decoration, .ghost-text-decoration-preview')].some(one => one.textContent.includes('b'));
        if (is && !window.assayPainted) window.assayPainted = performance.timeOrigin + performance.now();
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=40, help="keystrokes in each editor")
    count = parser.parse_args().count
    print(
        f"{'':14}{'painted − answer':>24}{'key → request':>20}{'key → painted':>20}   ({count} keystrokes; p50, p95 in ms)"
    )
    with tempfile.TemporaryDirectory(prefix="ev") as folder:
        for name, rounds in (("VS Code", vscode), ("Neovim 0.11", neovim), ("Neovim 0.12", newer_neovim)):
            work = Path(folder) / name.replace(" ", "")
            project(work)
            found = list(rounds(work, WARM + count))[WARM:]
            columns = (
                [p - a for _, _, a, p in found],
                [r - k for k, r, _, _ in found],
                [p - k for k, _, _, p in found],
            )
            print(
                f"{name:14}"
                + "".join(f"{spread(column):>{width}}" for column, width in zip(columns, (24, 20, 20), strict=True))
            )


def project(work: Path) -> None:
    (work / "project").mkdir(parents=True)
    (work / "project" / "sums.py").write_text(SOURCE, "utf-8")
    (work / "script.json").write_text(json.dumps({"answers": [{"after": "return", "text": "a + b"}]}), "utf-8")


def spread(values: list[float]) -> str:
    ordered = sorted(values)
    return f"{statistics.median(ordered):.0f}, {ordered[int(0.95 * (len(ordered) - 1))]:.0f}"


def answer(work: Path, after_s: float) -> tuple[float, float]:
    """When the newest request began and was answered, by its trace; waits for one that is newer than `after_s`."""
    file = work / "home" / "state" / "traces.jsonl"
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if file.is_file() and (lines := file.read_text("utf-8").splitlines()):
            trace = json.loads(lines[-1])
            if trace["at"] > after_s and trace["outcome"].startswith("offered"):
                return trace["at"] * 1000 - trace["ms"], trace["at"] * 1000
        time.sleep(0.01)
    raise SystemExit(f"no answer was traced in {file}")


def vscode(work: Path, count: int) -> Iterator[tuple[float, float, float, float]]:
    """(key, request, answer, painted) of each keystroke, ms since the epoch."""
    (vsix,) = sorted((ROOT / "dist").glob("assay-*.vsix"))[-1:]
    with browser() as one:
        server = CodeServer(tools(), work / "code", extension=vsix, env={"ASSAY_HOME": str(work / "home")})
        machine = SETTINGS | {"path": str(ASSAY), "engine.script": str(work / "script.json")}
        server.settings({f"assay.{name}": value for name, value in machine.items()})
        server.start()
        try:
            window = Window(one, server, work / "project", work / "project" / "sums.py")
            window.wait_ready()
            window.end_of(3)
            window.page.evaluate(WATCH)
            for _ in range(count):
                window.press("Space")
                window.wait_ghost("a + b")
                key, painted = window.page.evaluate("() => [window.assayKey, window.assayPainted]")
                yield key, *answer(work, key / 1000), painted
                window.press("Backspace")
                window.wait_no_ghost()
            window.close()
        finally:
            server.stop()


@contextmanager
def browser() -> Iterator[Any]:
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=tools().chromium, args=BROWSER)
        yield one.new_context(viewport={"width": 1280, "height": 720})
        one.close()


def neovim(work: Path, count: int) -> Iterator[tuple[float, float, float, float]]:
    """The same in Neovim 0.11."""
    yield from in_neovim(tools().nvim, work, count)


def newer_neovim(work: Path, count: int) -> Iterator[tuple[float, float, float, float]]:
    """The same in Neovim 0.12, where it draws the ghost text itself."""
    if tools().newer_nvim.is_file():
        yield from in_neovim(tools().newer_nvim, work, count)


def in_neovim(program: Path, work: Path, count: int) -> Iterator[tuple[float, float, float, float]]:
    settings = json.dumps(SETTINGS | {"engine.script": str(work / "script.json")})
    init = f"require('assay').setup({{ cmd = {{ '{ASSAY}', 'lsp' }}, settings = vim.json.decode([==[{settings}]==]) }})"
    editor = Neovim(
        [str(program)], work / "project", init, work / "project" / "sums.py", env={"ASSAY_HOME": str(work / "home")}
    )
    try:
        editor.until_attached()
        editor.keys("3GA")
        editor.until(lambda: editor.lua("return vim.api.nvim_get_mode().mode") == "i")
        for _ in range(count):
            drain(editor)
            key = time.time() * 1000
            editor.keys(" ")
            painted = until_painted(editor, "b")
            yield key, *answer(work, key / 1000), painted
            editor.keys("<BS>")
            editor.until_gone("+ b")
    finally:
        editor.close()


def drain(editor: Neovim) -> None:
    """Read what was drawn so far."""
    editor.lua("vim.rpcnotify(0, 'drained')")
    while editor.call(editor.nvim.next_message)[1] != "drained":
        pass


def until_painted(editor: Neovim, text: str) -> float:
    """When the interface was told to draw `text` as ghost text; ms since the epoch."""
    while True:
        kind, name, events = editor.call(editor.nvim.next_message)
        now = time.time() * 1000
        if (
            kind == "notification"
            and name == "redraw"
            and any("".join(cells(event)).find(f"+ {text}") >= 0 for event in events)
        ):
            return now


def cells(event: list[Any]) -> Iterator[str]:
    if event[0] == "grid_line":
        for line in event[1:]:
            for cell in line[3]:
                yield cell[0] * (cell[2] if len(cell) > 2 else 1)


if __name__ == "__main__":
    main()
