"""Ruff under the project's own configuration, passed through as it is: what, where, and how ruff would mend it.

Ruff reads a project's configuration as data and executes nothing of it. What is suspended by a `noqa` or left out by the project, ruff leaves out.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .lint import LintError, program

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
    """One finding of ruff's."""

    code: str
    message: str
    start: Place
    end: Place
    url: str = ""
    mend: Mend | None = None


async def of_text(text: str, path: str, root: Path) -> tuple[RuleFinding, ...]:
    """Findings in a text as if it stood at `path`; raises LintError."""
    command = ["--no-cache", f"--stdin-filename={path}", "-"]
    found = await _run(command, root, text.encode("utf-8", "replace"), TEXT_S)
    return next(iter(found.values()), ())


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
    try:
        process = await asyncio.create_subprocess_exec(
            program(), "check", "--force-exclude", "--exit-zero", "--no-fix", "--quiet", "--output-format=json", *command,
            stdin=asyncio.subprocess.PIPE if text is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=root,
        )  # fmt: skip
    except OSError as error:
        raise LintError(f"ruff could not be started ({error.strerror})") from error
    try:
        output, trouble = await asyncio.wait_for(process.communicate(text), timeout_s)
        if process.returncode:
            said = trouble.decode("utf-8", "replace").strip().splitlines()
            raise LintError(f"ruff ended with status {process.returncode}{': ' + said[0][:200] if said else ''}")
        found: dict[str, list[RuleFinding]] = {}
        for item in json.loads(output or b"[]"):
            found.setdefault(str(item["filename"]), []).append(_finding(item))
        return {path: tuple(findings) for path, findings in found.items()}
    except (TimeoutError, ValueError, KeyError, TypeError) as error:
        raise LintError(f"ruff gave no answer ({type(error).__name__})") from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


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
    )


def _place(raw: Mapping[str, Any]) -> Place:
    return int(raw["row"]), int(raw["column"])
