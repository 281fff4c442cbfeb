"""Ruff under the project's own configuration, passed through as it is: what, where, and how ruff would mend it.

Ruff reads a project's configuration as data and executes nothing of it. What is suspended by a `noqa` or left out by the project, ruff leaves out.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import encodings, notebooks
from .lint import run
from .notebooks import Cells

TEXT_S = 5.0  # one text takes 5 to 20 ms
FILES_S = 300.0  # a project
ARGUMENTS_LIMIT = 100_000  # characters of file names in one command
Place = tuple[int, int]  # line and column, both from 1, in code points


@dataclass(frozen=True, slots=True)
class Mend:
    """Ruff's own fix: its words, whether it calls it safe, and its edits as (start, end, text)."""

    message: str
    is_safe: bool
    edits: tuple[tuple[Place, Place, str], ...]


@dataclass(frozen=True, slots=True)
class RuleFinding:
    """One finding of ruff's; `cell`: in which one of a notebook it stands, from 1."""

    code: str
    message: str
    start: Place
    end: Place
    url: str = ""
    mend: Mend | None = None
    cell: int = 0


async def of_text(text: str, path: str, root: Path) -> tuple[RuleFinding, ...]:
    """Findings in a text as if it stood at `path`; raises LintError."""
    command = ["--no-cache", f"--stdin-filename={path}", "-"]
    found = await _run(command, root, text.encode("utf-8", "replace"), TEXT_S)
    return next(iter(found.values()), ())


async def of_texts(texts: Mapping[str, str], root: Path, cache: Path) -> dict[str, tuple[RuleFinding, ...]]:
    """Findings in texts by relative POSIX path below `root`: what is on disk as it is given is known from `cache`, what is not is judged as if it stood
    there. Raises LintError."""
    here = await asyncio.to_thread(lambda: {name for name, text in texts.items() if _is_on_disk(root / name, text)})
    found = await of_files(sorted(here), root, cache) if here else {}
    for name in sorted(texts.keys() - here):
        if findings := await of_text(texts[name], str(root / name), root):
            found[name] = findings
    return found


def _is_on_disk(path: Path, text: str) -> bool:
    try:
        return encodings.decoded(path.read_bytes()).splitlines() == text.splitlines()
    except (OSError, ValueError):
        return False


async def of_cell(cells: Cells, text: str, path: str, root: Path) -> tuple[RuleFinding, ...]:
    """The same of a notebook's cell among the others, places being the cell's own; raises LintError."""
    command = ["--no-cache", f"--stdin-filename={path}", "-"]
    found = await _run(command, root, notebooks.document(cells, text).encode("utf-8", "replace"), TEXT_S)
    own = notebooks.number(cells)
    every = next(iter(found.values()), ())
    return tuple(one for one in every if one.cell == own and notebooks.is_claim(cells, one.code, one.message))


async def of_files(names: Iterable[str], root: Path, cache: Path) -> dict[str, tuple[RuleFinding, ...]]:
    """Findings in files below `root` (relative POSIX paths) as they are on disk, by their names; what is as it was is known from `cache`. Raises
    LintError."""
    found: dict[str, tuple[RuleFinding, ...]] = {}
    real = await asyncio.to_thread(root.resolve)
    for part in _parts(list(names)):
        by_path = await _run([f"--cache-dir={cache}", "--", *part], root, None, FILES_S)
        for path, findings in by_path.items():
            with contextlib.suppress(ValueError):
                found[Path(path).relative_to(real).as_posix()] = findings
    return found


def _parts(names: list[str]) -> Iterable[list[str]]:
    part: list[str] = []
    size = 0
    for name in names:
        if part and size + len(name) > ARGUMENTS_LIMIT:
            yield part
            part, size = [], 0
        part.append(name if not name.startswith("-") else f"./{name}")
        size += len(name) + 1
    if part:
        yield part


async def _run(
    command: list[str], root: Path, text: bytes | None, timeout_s: float
) -> dict[str, tuple[RuleFinding, ...]]:
    """By path, what ruff finds in `root` under its configuration."""
    options = ("--force-exclude", "--no-fix", "--quiet", *command)
    found: dict[str, list[RuleFinding]] = {}
    for path, finding in await run(options, _finding, timeout_s=timeout_s, text=text, folder=root):
        found.setdefault(path, []).append(finding)
    return {path: tuple(findings) for path, findings in found.items()}


def _finding(item: Mapping[str, Any]) -> RuleFinding:
    fix = item.get("fix")
    mend = None
    if fix:
        edits = tuple(
            (_place(one["location"]), _place(one["end_location"]), str(one["content"])) for one in fix["edits"]
        )
        mend = Mend(str(fix.get("message") or "Mend it"), fix.get("applicability") == "safe", edits)
    return RuleFinding(
        str(item["code"] or "invalid-syntax"),
        str(item["message"]),
        _place(item["location"]),
        _place(item["end_location"]),
        str(item.get("url") or ""),
        mend,
        int(item.get("cell") or 0),
    )


def _place(raw: Mapping[str, Any]) -> Place:
    return int(raw["row"]), int(raw["column"])
