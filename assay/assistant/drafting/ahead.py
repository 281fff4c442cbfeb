"""Reading ahead: while nobody asks for anything, the engine reads the prompt that the next request will go on from.

Nothing of it is written but the one token that engines write at least. It is read in pieces, so that whoever types on meanwhile waits for no more than one of them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

from assay.engine.api import Engine, EngineError, Request

from .anchor import CHARS_PER_TOKEN
from .prompt import Prompt
from .readings import TELLING, Readings

IDLE_S = 0.3  # without a key: more than the gap between two of them
OPENED_S = 0.6  # after a document was opened: an editor that tells where its cursor is has told by then
PIECE_S = 0.25  # of reading, which somebody who types on may have to wait for
WORTH_S = 0.15  # of reading: what takes less is read when it is needed
PRIORITY = 2
SUPPLIES = Path("/sys/class/power_supply")


class Ahead:
    """One window's reading ahead: one prompt at a time."""

    def __init__(self) -> None:
        self._uri = ""
        self._task: asyncio.Task[None] | None = None

    def begin(self, uri: str, work: Coroutine[Any, Any, None]) -> None:
        """Have this read for a document, and nothing else."""
        self.stop()
        self._uri, self._task = uri, asyncio.create_task(work, name="reading ahead")

    def stop(self) -> None:
        """Somebody asks, or types on: what was read by now stays read."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def close_document(self, uri: str) -> None:
        """Nothing is read for it any more."""
        if uri == self._uri:
            self.stop()


async def read(engine: Engine, uri: str, prompt: Prompt, readings: Readings) -> None:
    """Have an engine read a prompt in pieces. Never raises EngineError: whoever asks hears of it."""
    whole = prompt.text
    with suppress(EngineError):
        while readings.seconds(readings.missing(uri, whole)) > WORTH_S or not readings.is_known:
            known = readings.known(uri, whole)
            piece = max(TELLING, int(readings.tokens_per_s * PIECE_S)) * CHARS_PER_TOKEN
            end = known + piece if prompt.suffix is None else len(whole)
            if known >= len(whole) or not await _piece(engine, uri, prompt, min(end, len(whole)), readings):
                return


async def _piece(engine: Engine, uri: str, prompt: Prompt, end: int, readings: Readings) -> bool:
    """Whether all of the prompt up to `end` was read."""
    request = Request(prompt.text[:end], prompt.suffix, max_tokens=1, priority=PRIORITY)
    began, tokens = time.monotonic(), readings.missing(uri, request.prompt)
    share = 0.0
    try:
        async with aclosing(engine.generate(request)) as chunks:
            async for chunk in chunks:
                if chunk.reading is not None:
                    tokens, share = chunk.reading.anew, chunk.reading.share
                if chunk.text or chunk.tokens or chunk.finish:
                    share = 1.0
                    break
    finally:
        readings.note(uri, request.prompt, share)
    now_s = time.monotonic()
    readings.took(tokens, now_s - began, now_s)
    return share == 1.0


def is_on_battery(supplies: Path | None = None) -> bool:
    """Whether this machine lives on its battery, where the system says (Linux's sysfs)."""
    found = []
    with suppress(OSError):
        for supply in (supplies or SUPPLIES).iterdir():
            with suppress(OSError, UnicodeDecodeError):
                kind = (supply / "type").read_text("ascii").strip()
                if kind == "Battery":
                    found.append((supply / "status").read_text("ascii").strip() == "Discharging")
                elif (supply / "online").read_text("ascii").strip() == "1":
                    return False
    return any(found)
