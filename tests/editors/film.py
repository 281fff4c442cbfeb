"""Pictures and a recording of what a scenario shows, for the README; nothing where no folder to draw into was given."""

from __future__ import annotations

import html
import io
import os
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.editors.neovim import Neovim

FOLDER = os.environ.get("ASSAY_DRAW", "")
WIDTH = 900  # pixels of the recording: the README's column
COLOURS = 64
FRAME_S = 0.12  # of a key that was typed

# Neovim's screen as HTML: each cell with the colours that are painted there.
CELLS = """
local rows = {}
for row = 1, vim.o.lines do
  local cells = {}
  for column = 1, vim.o.columns do
    local char = vim.fn.screenstring(row, column)
    local found = vim.api.nvim__inspect_cell(1, row - 1, column - 1)
    local look = found[2] or {}
    cells[#cells + 1] = { char == '' and ' ' or char, look.foreground or -1, look.background or -1, look.bold or false, look.reverse or false }
  end
  rows[row] = cells
end
local normal = vim.api.nvim_get_hl(0, { name = 'Normal' })
return { rows, normal.fg or 0xe0e2ea, normal.bg or 0x14161b }
"""


class Film:
    """What one scenario draws."""

    def __init__(self) -> None:
        self._page: Page | None = None
        self._frames: list[Image.Image] = []
        self._times_s: list[float] = []

    def begin(self, page: Page) -> None:
        self._page = page

    def frame(self, *, seconds: float = FRAME_S) -> None:
        """What the window shows now, for so long."""
        if FOLDER and self._page is not None:
            shot = Image.open(io.BytesIO(self._page.screenshot())).convert("RGB")
            size = (WIDTH, round(shot.height * WIDTH / shot.width))
            self._frames.append(shot.resize(size, Image.Resampling.LANCZOS))
            self._times_s.append(seconds)

    def draw(self, name: str) -> None:
        if FOLDER and self._page is not None:
            self._page.screenshot(path=str(_target(f"{name}.png")))

    def save(self, name: str) -> None:
        """The frames as one looping GIF, with the colours of the last frame."""
        if FOLDER and self._frames:
            palette = self._frames[-1].quantize(COLOURS)
            frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in self._frames]
            times_ms = [round(1000 * seconds) for seconds in self._times_s]
            frames[0].save(_target(f"{name}.gif"), save_all=True, append_images=frames[1:], duration=times_ms, loop=0)

    def terminal(self, browser: Browser, editor: Neovim, name: str) -> None:
        """Neovim's screen, drawn as a terminal draws it."""
        if not FOLDER:
            return
        rows, foreground, background = editor.lua(CELLS)
        lines = "\n".join("".join(_cell(*cell) for cell in row) for row in rows)
        style = f"margin:0;padding:14px;font:15px/1.3 monospace;color:#{foreground:06x};background:#{background:06x}"
        page = browser.new_page(viewport={"width": 1120, "height": 640})
        page.set_content(f'<pre style="{style};display:inline-block">{lines}</pre>')
        page.locator("pre").screenshot(path=str(_target(f"{name}.png")))
        page.close()


def _cell(char: str, foreground: int, background: int, is_bold: bool, is_reversed: bool) -> str:
    if is_reversed:
        foreground, background = (
            (background if background >= 0 else 0x14161B),
            (foreground if foreground >= 0 else 0xE0E2EA),
        )
    style = (f"color:#{foreground:06x};" if foreground >= 0 else "") + (
        f"background:#{background:06x};" if background >= 0 else ""
    )
    style += "font-weight:bold;" if is_bold else ""
    return f'<span style="{style}">{html.escape(char)}</span>' if style else html.escape(char)


def _target(name: str) -> Path:
    folder = Path(FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name
