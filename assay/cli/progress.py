"""How far a command is, for whoever waits for it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import typer

from assay.assistant.hints.shapes import STAGES
from assay.cli import out

LOG_S = 5.0  # between two words in a log, where nobody waits for each
WORDS = {
    **STAGES,
    "of the project": "indexing the project",
    "of the packages": "indexing the installed packages",
    "of the standard library": "indexing the standard library",
}


class Progress:
    """A line on a terminal that says what is done; in a log a word now and then. `words`: what each kind of work is called."""

    def __init__(self, words: Mapping[Any, str] = WORDS) -> None:
        self._words = words
        self._last = time.monotonic()
        self._is_terminal = sys.stderr.isatty()
        self._width = 0

    def __enter__(self) -> Callable[[str, int, int], None]:
        return self._tell

    def __exit__(self, *_: object) -> None:
        if self._width:
            typer.echo(f"\r{' ' * self._width}\r", nl=False, err=True)

    def _tell(self, what: str, done: int, of: int) -> None:
        every_s = 0.1 if self._is_terminal else LOG_S
        if time.monotonic() - self._last < every_s:
            return
        self._last = time.monotonic()
        count = f": {done} of {of}" if of else f": {done}" if done else ""
        line = f"{self._words[what]}{count} …"
        if not self._is_terminal:
            out.say(line)
            return
        bar = f"[{'#' * (20 * done // of):20}] " if of else ""
        line = f"  {bar}{line}"
        typer.echo(f"\r{line:{self._width}}", nl=False, err=True)
        self._width = len(line)
