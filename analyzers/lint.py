"""Ruff over standard input: which findings are new. Our own ruff and our own rules; the workspace configures nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from . import notebooks
from .notebooks import Cells

T = TypeVar("T")

# What makes code wrong rather than unlovely: syntax, pyflakes' errors, misused builtins, statements without effect.
RULES = "E9,F4,F5,F6,F7,F811,F82,PLE,B005,B015,B018"
HARMLESS = "F401,F403,F405,F541"  # unused or star imports, a needless f: untidy, never wrong
AT_ONCE = 64 << 10  # bytes of ruff's answer that are read on the event loop, in a millisecond
TIMEOUT_S = 5.0
OURS = f"3.{sys.version_info[1]}"
OLDEST, NEWEST = 7, 14  # minor versions that ruff knows of; an unknown one would be no answer at all


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: ruff's code and message; line and column from 1, offsets are not known here. `cell`: in which one of a notebook it stands, from 1."""

    code: str
    message: str
    line: int
    column: int
    end_column: int = 0
    cell: int = 0


class LintError(Exception):
    """Ruff could not be run or gave no answer; nothing was learned about the code."""


async def check(text: str, python: str = OURS, select: str = RULES) -> tuple[Finding, ...]:
    """Findings in `text` under RULES, or others by their codes, syntax that a project's Python ("3.12") does not take among them; raises LintError."""
    return await _checked(text, "snippet.py", python, select)


async def _checked(text: str, name: str, python: str, select: str = RULES) -> tuple[Finding, ...]:
    options = (
        "--isolated",
        "--no-cache",
        f"--target-version=py3{min(max(int(python.partition('.')[2] or 0), OLDEST), NEWEST)}",
        f"--select={select}",
        *([f"--ignore={HARMLESS}"] if select == RULES else []),
        f"--stdin-filename={name}",
        "-",
    )
    found = await run(options, _finding, text=text.encode("utf-8", "replace"), timeout_s=TIMEOUT_S)
    return tuple(finding for _, finding in found)


async def of_cell(cells: Cells, text: str, python: str = OURS) -> tuple[Finding, ...]:
    """The same of a notebook's cell among the others, by the rules of notebooks; raises LintError. Lines are the cell's own."""
    found = await _checked(notebooks.document(cells, text), "snippet.ipynb", python)
    own = notebooks.number(cells)
    return tuple(one for one in found if one.cell == own and notebooks.is_claim(cells, one.code, one.message))


async def run(
    options: Sequence[str],
    parsed: Callable[[dict[str, Any]], T],
    *,
    timeout_s: float,
    text: bytes | None = None,
    folder: Path | None = None,
) -> list[tuple[str, T]]:
    """What `ruff check` finds with these options, each finding `parsed`, with the path of its file; `text` goes to its standard input, and it runs in
    `folder`. Raises LintError."""
    try:
        process = await asyncio.create_subprocess_exec(
            program(), "check", "--exit-zero", "--output-format=json", *options,
            stdin=asyncio.subprocess.PIPE if text is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=folder,
        )  # fmt: skip
    except OSError as error:  # it is gone, or the machine has no process left
        raise LintError(f"ruff could not be started ({error.strerror})") from error
    try:
        output, trouble = await asyncio.wait_for(process.communicate(text), timeout_s)
        if process.returncode:
            said = trouble.decode("utf-8", "replace").strip().splitlines()
            raise LintError(f"ruff ended with status {process.returncode}{': ' + said[0][:200] if said else ''}")
        if len(output) > AT_ONCE:
            return await asyncio.to_thread(_read, output, parsed)
        return _read(output, parsed)
    except (TimeoutError, ValueError, KeyError, TypeError) as error:
        raise LintError(f"ruff gave no answer ({type(error).__name__})") from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _read(output: bytes, parsed: Callable[[dict[str, Any]], T]) -> list[tuple[str, T]]:
    return [(str(item["filename"]), parsed(item)) for item in json.loads(output or b"[]")]


def new(before: tuple[Finding, ...], after: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Findings of `after` that `before` does not have, by code and message: lines move, words stay."""
    known = Counter((f.code, f.message) for f in before)
    fresh = []
    for finding in after:
        key = (finding.code, finding.message)
        if known[key]:
            known[key] -= 1
        else:
            fresh.append(finding)
    return tuple(fresh)


def _finding(item: dict[str, Any]) -> Finding:
    start, end = item["location"], item["end_location"]
    same_line = start["row"] == end["row"]
    return Finding(
        str(item["code"] or "invalid-syntax"),
        str(item["message"]),
        int(start["row"]),
        int(start["column"]),
        int(end["column"]) if same_line else 0,
        int(item.get("cell") or 0),
    )


def formatted(text: str, folder: Path) -> str:
    """The code as `ruff format` writes it by the project's own settings in `folder`; as it is where that cannot be had. Blocks, some milliseconds."""
    command = [program(), "format", "--quiet", "--no-cache", "--stdin-filename", str(folder / "snippet.py"), "-"]
    try:
        done = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=TIMEOUT_S, check=True, cwd=folder
        )
        return done.stdout.decode("utf-8")
    except (OSError, ValueError, subprocess.SubprocessError):
        return text


@lru_cache(maxsize=1)
def program() -> str:
    from ruff import find_ruff_bin

    return str(find_ruff_bin())
