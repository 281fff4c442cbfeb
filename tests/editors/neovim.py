"""Neovim as a user sees it: a real one with a screen of its own, typed into by keys; what it paints is read off that screen."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pynvim

from tests.editors.tools import ROOT

WIDTH, HEIGHT = 120, 30  # wide enough for what Neovim itself says of a client that ended, in one line
WAIT_S = 40.0


class Neovim:
    """One Neovim with our plugin on its runtime path; `init` is the user's init.lua."""

    def __init__(self, program: list[str], folder: Path, init: str, *files: Path, env: Mapping[str, str]) -> None:
        home = folder.parent / f"{folder.name}-nvim"
        home.mkdir(exist_ok=True)
        (home / "init.lua").write_text(f"vim.opt.rtp:prepend({str(ROOT / 'neovim')!r})\n{init}\n", "utf-8")
        self._socket = home / "nvim.sock"
        self._own = Path(tempfile.mkdtemp(prefix="nv"))  # a short path: Neovim names its log there in one line
        places = {name: str(self._own) for name in ("XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
        command = [*program, "--headless", "--listen", str(self._socket), "-n", "-i", "NONE"]
        command += ["-u", str(home / "init.lua"), *map(str, files)]
        nowhere = subprocess.DEVNULL
        self._process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **env, **places}, stdin=nowhere, stdout=nowhere, stderr=nowhere
        )
        # A thread of its own: pynvim runs a loop in the calling one, and so does whatever drives a browser.
        self._thread = ThreadPoolExecutor(max_workers=1)
        self.nvim = self.call(self._attach)
        self.call(self.nvim.ui_attach, WIDTH, HEIGHT, rgb=True, ext_linegrid=True)

    def _attach(self) -> pynvim.Nvim:
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                return pynvim.attach("socket", path=str(self._socket))
            except OSError:
                assert time.monotonic() < deadline and self._process.poll() is None, "Neovim did not start"
                time.sleep(0.02)

    def call(self, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Do `work`, which uses `nvim`, in the thread that may."""
        return self._thread.submit(work, *arguments, **named).result()

    @property
    def pid(self) -> int:
        return int(self.lua("return vim.fn.getpid()"))

    def close(self) -> None:
        shutil.rmtree(self._own, ignore_errors=True)
        try:
            self.call(self.nvim.command, "qall!", async_=True)
            self._process.wait(5)
        except (OSError, EOFError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait(5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # pynvim leaves its loop and transport to the collector
            self.call(self.nvim.close)
            del self.nvim
            gc.collect()
        self._thread.shutdown()

    # ---- doing

    def keys(self, text: str) -> None:
        """Type keys, `<Esc>` and the like included."""
        self.call(self.nvim.input, text)

    def lua(self, code: str, *arguments: Any) -> Any:
        self._must_not_wait()
        return self.call(self.nvim.exec_lua, code, *arguments)

    def _must_not_wait(self) -> None:
        """A Neovim that waits for Enter answers nothing but this question."""
        mode = self.call(self.nvim.request, "nvim_get_mode")
        assert not mode["blocking"], f"Neovim waits for a key ({mode['mode']}): a message was too long"

    # ---- seeing

    def screen(self) -> list[str]:
        """What is painted, line by line."""
        return self.lua(
            """local lines = {}
            for row = 1, vim.o.lines do
              local cells = {}
              for column = 1, vim.o.columns do cells[column] = vim.fn.screenstring(row, column) end
              lines[row] = (table.concat(cells):gsub('%s+$', ''))
            end
            return lines"""
        )

    def drawn(self) -> list[list[Any]]:
        """All events of the interface since the start, the last of them a screen drawn anew."""
        self.lua("vim.cmd('mode')")
        self.lua("vim.cmd.redraw()")
        self.lua("vim.rpcnotify(0, 'drawn')")
        events: list[list[Any]] = []
        while True:
            _, name, batch = self.call(self.nvim.next_message)
            if name == "drawn":
                return events
            if name == "redraw":
                events += batch

    def text(self) -> list[str]:
        """The buffer's lines."""
        return list(self.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, false)"))

    def until(self, holds: Callable[[], Any], what: str = "") -> Any:
        """What `holds` gives once it gives something; an error with the screen after WAIT_S."""
        deadline = time.monotonic() + WAIT_S
        while not (found := holds()):
            if time.monotonic() > deadline:
                raise AssertionError(f"it did not come to that: {what}\n" + "\n".join(self.screen()))
            time.sleep(0.02)
        return found

    def until_screen(self, text: str) -> str:
        """Until a painted line holds `text`; that line."""
        return str(self.until(lambda: next((line for line in self.screen() if text in line), None), text))

    def until_gone(self, text: str) -> None:
        self.until(lambda: not any(text in line for line in self.screen()), f"no {text}")

    def messages(self) -> str:
        """All that was said."""
        return str(self.lua("return vim.api.nvim_exec2('messages', { output = true }).output"))

    def until_message(self, text: str) -> None:
        """Until something with `text` was said."""
        self.until(lambda: text in self.messages(), f"a message with {text}")

    def until_attached(self) -> None:
        """Until the server runs and has told how its parts are."""
        ready = "local c = require('assay').client(); return c ~= nil and c.initialized and require('assay.parts').known().state ~= 'starting'"
        self.until(lambda: self.lua(ready), "the server runs")
