"""What was said about a project, in the user's cache and nowhere else: the latest turns and those that were pinned. Blocks: call from a thread."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from analyzers import secrets

VERSION = 1
TURNS = 100  # that are kept, those that are pinned beside them
LINES, CHARS = 20, 400  # of an answer, and of a line
FOR_MODEL = 2_500  # characters that a model is told of what was said before
LATEST = 2  # turns that it is told, beside those that are pinned


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and the lines of its answer; `about` are the paths of what it was about. `at`: seconds since 1970."""

    at: float
    asked: str
    lines: tuple[str, ...]
    about: tuple[str, ...] = ()
    is_pinned: bool = False


class Conversation:
    """Of the project at `root`, below the user's `cache`."""

    def __init__(self, cache: Path, root: Path) -> None:
        name = hashlib.sha256(str(root.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        self._file = cache / "chat" / f"{name}.json"

    def turns(self) -> tuple[Turn, ...]:
        """All that is kept, the oldest first; nothing where it cannot be read."""
        try:
            told = json.loads(self._file.read_text("utf-8"))
            if told.get("version") != VERSION:
                return ()
            return tuple(_turn(one) for one in told["turns"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return ()

    def add(self, asked: str, lines: Sequence[str], about: Sequence[str]) -> None:
        """Keep a turn. A disk that is full keeps nobody from an answer."""
        told = tuple(secrets.redact(line)[:CHARS] for line in lines[:LINES])
        turn = Turn(time.time(), secrets.redact(asked)[: 4 * CHARS], told, tuple(about[:4]))
        self._write([*self.turns(), turn])

    def pin(self) -> Turn | None:
        """Pin the newest turn: it is never forgotten, and a model is always told. None where there is none."""
        every = list(self.turns())
        if not every:
            return None
        every[-1] = replace(every[-1], is_pinned=True)
        self._write(every)
        return every[-1]

    def clear(self) -> int:
        """Forget all of it; how many turns there were."""
        count = len(self.turns())
        with contextlib.suppress(FileNotFoundError):
            self._file.unlink()
        return count

    def for_model(self) -> str:
        """What a model is told of it: what was pinned, then the latest, as much as there is room for."""
        every = self.turns()
        chosen = [one for n, one in enumerate(every) if one.is_pinned or n >= len(every) - LATEST]
        parts: list[str] = []
        size = 0
        for one in sorted(chosen, key=lambda one: (not one.is_pinned, -one.at)):
            told = "\n".join([f"Q: {one.asked}", *(f"A: {line}" for line in one.lines[:4])])
            if size + len(told) > FOR_MODEL:
                continue
            size += len(told)
            parts.append(told)
        return "\n".join(parts)

    def _write(self, every: Sequence[Turn]) -> None:
        latest = [one for one in every if not one.is_pinned][-TURNS:]
        kept = [one for one in every if one.is_pinned or one in latest]
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self._file.parent)  # it can be read by nobody else
            with open(handle, "w", encoding="utf-8") as file:
                json.dump({"version": VERSION, "turns": [asdict(one) for one in kept]}, file, ensure_ascii=False)
            os.replace(name, self._file)
        except (OSError, UnicodeEncodeError):
            return


def _turn(told: dict[str, Any]) -> Turn:
    return Turn(float(told["at"]), str(told["asked"]), tuple(map(str, told["lines"])), tuple(map(str, told["about"])), bool(told["is_pinned"]))  # fmt: skip
