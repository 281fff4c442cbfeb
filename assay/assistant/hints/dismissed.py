"""Hints that somebody looked at and dismissed: one entry each in the project's `assay.toml`, for people to review and to take back.

An entry names the file, the function, the code and the line as it reads; the hint comes back when the line is written otherwise.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .hint import Hint

NAME = "assay.toml"
HEAD = "# Hints of Assay that were dismissed. `assay check` and editors leave them out; delete an entry to see its hint again.\n"
SIZE_LIMIT = 1 << 20  # bytes; a longer file is somebody's joke


@dataclass(frozen=True, slots=True)
class Dismissed:
    """What a project's file says: single hints as (file, function, code, line), and codes of which none is wanted."""

    single: frozenset[tuple[str, str, str, str]] = frozenset()
    codes: frozenset[str] = frozenset()

    def kept(self, hints: Iterable[Hint], texts: Mapping[str, str]) -> list[Hint]:
        """The hints that are not dismissed."""
        return [
            h for h in hints if full_code(h) not in self.codes and entry(h, texts.get(h.name, "")) not in self.single
        ]


def full_code(hint: Hint) -> str:
    """A hint's code with its class, as the file has it; a rule's alone."""
    return hint.code if hint.kind == "rule" else f"{hint.kind}/{hint.code}"


def entry(hint: Hint, text: str) -> tuple[str, str, str, str]:
    """What a single hint is known by."""
    start = text.rfind("\n", 0, hint.span.start) + 1
    line = text[start : text.find("\n", start) if "\n" in text[start:] else len(text)]
    return hint.name, hint.function, full_code(hint), line.strip()


def load(root: Path) -> Dismissed:
    """What the project at `root` has dismissed; nothing where its file is not there, or cannot be read."""
    path = root / NAME
    try:
        if path.stat().st_size > SIZE_LIMIT:
            return Dismissed()
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return Dismissed()
    single = [one for one in _list(table, "dismissed") if isinstance(one, dict)]
    codes = [one for one in _list(table, "ignore") if isinstance(one, dict)]
    return Dismissed(
        frozenset(tuple(str(one.get(key, "")) for key in ("file", "function", "code", "line")) for one in single),  # type: ignore[misc]
        frozenset(str(one.get("code", "")) for one in codes) - {""},
    )


def _list(table: Mapping[str, object], name: str) -> list[object]:
    found = table.get(name)
    return found if isinstance(found, list) else []


def dismiss(root: Path, hint: Hint, text: str, *, whole_code: bool) -> None:
    """Write a hint, or all of its code, behind what the file has. Raises OSError, and ValueError for a file that is no TOML of this form."""
    path = (root / NAME).resolve()
    before = path.read_bytes().decode("utf-8") if path.is_file() else HEAD
    if whole_code:
        lines = ["[[ignore]]", f"code = {_quoted(full_code(hint))}"]
    else:
        parts = zip(("file", "function", "code", "line"), entry(hint, text), strict=True)
        lines = ["[[dismissed]]", *(f"{key} = {_quoted(value)}" for key, value in parts)]
    end = "\r\n" if "\r\n" in before else "\n"
    after = before.rstrip("\r\n") + end * 2 + end.join(lines) + end
    try:
        tomllib.loads(after.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"it would not be TOML any more ({error})") from None
    other = path.with_name(f".{NAME}.{os.getpid()}")
    other.write_bytes(after.encode("utf-8"))
    os.replace(other, path)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
