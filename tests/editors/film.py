"""Pictures and a recording of what a scenario shows, for the README; nothing where no folder to draw into was given."""

from __future__ import annotations

import html
import io
import os
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import BrowserContext, Page

from tests.editors.neovim import HEIGHT as GRID_HEIGHT
from tests.editors.neovim import WIDTH as GRID_WIDTH
from tests.editors.neovim import Neovim

FOLDER = os.environ.get("ASSAY_DRAW", "")
WIDTH = 900  # pixels of the recording: the README's column
COLOURS = 128  # covered widely: the few green and yellow letters matter more than shades of the ground
FRAME_S = 0.12  # of a key that was typed


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
        """The frames as one looping GIF."""
        if FOLDER and self._frames:
            frames = [
                frame.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
                for frame in self._frames
            ]
            times_ms = [round(1000 * seconds) for seconds in self._times_s]
            frames[0].save(_target(f"{name}.gif"), save_all=True, append_images=frames[1:], duration=times_ms, loop=0)

    def terminal(self, browser: BrowserContext, editor: Neovim, name: str) -> None:
        """Neovim's screen, drawn as a terminal draws it."""
        if not FOLDER:
            return
        screen = Screen()
        for event in editor.drawn():
            screen.take(*event)
        lines = "\n".join("".join(screen.cell(*cell) for cell in row) for row in screen.rows)
        style = (
            f"margin:0;padding:14px;font:15px/1.3 monospace;color:{screen.foreground};background:{screen.background}"
        )
        page = browser.new_page()
        page.set_content(f'<pre style="{style};display:inline-block">{lines}</pre>')
        page.locator("pre").screenshot(path=str(_target(f"{name}.png")))
        page.close()


class Screen:
    """A terminal's cells, from the events that Neovim sends to an interface (`:help ui-linegrid`)."""

    def __init__(self) -> None:
        self.rows = [[(" ", 0)] * GRID_WIDTH for _ in range(GRID_HEIGHT)]
        self.foreground, self.background = "#e0e2ea", "#14161b"
        self._looks: dict[int, dict[str, Any]] = {0: {}}

    def take(self, name: str, *calls: list[Any]) -> None:
        for call in calls:
            match name, call:
                case "hl_attr_define", [number, look, *_]:
                    self._looks[number] = look
                case "default_colors_set", [foreground, background, *_]:
                    self.foreground, self.background = f"#{foreground:06x}", f"#{background:06x}"
                case "grid_clear", _:
                    self.rows = [[(" ", 0)] * GRID_WIDTH for _ in range(GRID_HEIGHT)]
                case "grid_line", [_, row, column, cells, *_]:
                    look = 0
                    for text, *rest in cells:
                        look = rest[0] if rest else look
                        for _ in range(rest[1] if len(rest) > 1 else 1):
                            self.rows[row][column] = (text, look)
                            column += 1

    def cell(self, text: str, number: int) -> str:
        look = self._looks.get(number, {})
        foreground, background = (f"#{look[name]:06x}" if name in look else "" for name in ("foreground", "background"))
        if look.get("reverse"):
            foreground, background = background or self.background, foreground or self.foreground
        style = f"color:{foreground};" if foreground else ""
        style += f"background:{background};" if background else ""
        style += "font-weight:bold;" if look.get("bold") else ""
        return f'<span style="{style}">{html.escape(text)}</span>' if style else html.escape(text)


def _target(name: str) -> Path:
    folder = Path(FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name
