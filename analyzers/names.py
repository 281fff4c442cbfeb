"""Names that exist and names that do not, by jedi in a worker process that can be killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from sys import intern
from typing import Any

LINE_LIMIT = 32 << 20  # bytes of one answer
SLOW_LIMIT = 3  # answers in a row that came too late; then the worker is taken for hung and started anew


class NamesUnavailable(Exception):
    """Jedi gave no answer in time; nothing was learned about the code."""


@dataclass(frozen=True, slots=True)
class Where:
    """The document as jedi should see it: text, absolute path ("" for none), workspace root, extra search paths, the other files of the project
    that are not as they are on disk, by absolute path, and the project's Python ("3.12", "" for ours)."""

    text: str
    path: str
    root: str
    paths: tuple[str, ...] = ()
    others: Mapping[str, str] = field(default_factory=dict)
    python: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that certainly does not exist. Line from 1, column from 0 in code points; `instead` may be ""."""

    kind: str
    what: str
    line: int
    column: int
    length: int
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """Of `of` names in some lines `count` were looked at, and these do not exist. Nothing was learned of the others. `unfound` are modules that were not found: that a project's modules are found when it
    runs, where jedi looks for nothing, is common."""

    unknown: tuple[Unknown, ...]
    count: int
    of: int
    unfound: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """A name that exists after the cursor, "name=" for a parameter of the call around it. `kind` is jedi's word for what it is, "" where that was not looked for."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Described:
    """What a completion's name is: its signatures, a line each, or how it is defined; its docstring, cut at some length; its module's dotted name. All "" where that is not known."""

    signature: str
    text: str
    module: str


@dataclass(frozen=True, slots=True)
class Call:
    """A signature of the call around a position: as a line, its parameters, the one that is being written (from 0, None for none), its docstring."""

    label: str
    parameters: tuple[str, ...]
    index: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Where a name stands: an absolute path, a line from 1, a column from 0 in code points."""

    path: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Extracted:
    """A document with some of it as a function of its own; `refused` says why that cannot be."""

    text: str
    refused: str


@dataclass(frozen=True, slots=True)
class Definition:
    """Where another file of the project defines a name; line from 1."""

    path: str
    line: int
    name: str
    kind: str


def may_be_looked_up(lines: str) -> bool:
    """Whether there can be anything in these lines that `Names.check` looks at: an attribute, an import, a keyword of a call."""
    return "." in lines or "import" in lines or ("(" in lines and "=" in lines)


_completion = lru_cache(maxsize=16_384)(Completion)  # most are in every list: one object for all of them


class Names:
    """One worker process, started on first use, asked one thing at a time, ended when it hangs."""

    def __init__(self, cache: Path) -> None:
        self._cache = str(cache)
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._count = 0
        self._is_closed = False
        self._slow = 0

    async def check(
        self, where: Where, first: int, last: int, *, around: tuple[int, int] | None = None, timeout_s: float
    ) -> Looked:
        """Which names in lines `first` to `last` (1-based) certainly do not exist; raises NamesUnavailable. `around` are rows (from 0, the end
        exclusive) that hold them and parse alone: it saves parsing the rest."""
        request = {"op": "check", "lines": [first, last], "around": around, "budget_s": timeout_s * 0.8}
        answer = await self._ask(request, where, timeout_s)
        found = tuple(Unknown(**item) for item in answer["findings"])
        return Looked(found, answer["checked"], answer["of"], tuple(answer["unfound"]))

    async def complete(
        self, where: Where, line: int, column: int, *, timeout_s: float, kinds_s: float = 0.02
    ) -> tuple[Completion, ...]:
        """Names that fit at a position (line from 1, column from 0); raises NamesUnavailable. For `kinds_s` it is looked for what they are."""
        request = {"op": "complete", "position": [line, column], "kinds_s": kinds_s}
        answer = await self._ask(request, where, timeout_s)
        return tuple(_completion(intern(name), intern(kind)) for name, kind in answer["items"])

    async def describe(self, where: Where, line: int, column: int, name: str, *, timeout_s: float) -> Described:
        """What a name is that `complete` gave for this position; raises NamesUnavailable."""
        request = {"op": "describe", "position": [line, column], "name": name}
        answer = await self._ask(request, where, timeout_s)
        return Described(answer["signature"], answer["text"], answer["module"])

    async def signatures(self, where: Where, line: int, column: int, *, timeout_s: float) -> tuple[Call, ...]:
        """The signatures of the call around a position, none where there is no call; raises NamesUnavailable."""
        answer = await self._ask({"op": "signatures", "position": [line, column]}, where, timeout_s)
        return tuple(Call(label, tuple(given), index, text) for label, given, index, text in answer["signatures"])

    async def define(
        self, where: Where, positions: tuple[tuple[int, int], ...], *, timeout_s: float, in_own_file: bool = False
    ) -> tuple[Definition, ...]:
        """Project definitions of the names at `positions` in other files (or in the document's own as well), as many as are found in time; raises
        NamesUnavailable. They are asked for one by one, so that a check which comes meanwhile waits for one of them only."""
        end = time.monotonic() + timeout_s
        found: list[Definition] = []
        for position in positions:
            if (left_s := end - time.monotonic()) <= 0:
                break
            try:
                answer = await self._ask({"op": "define", "position": position, "own": in_own_file}, where, left_s)
            except NamesUnavailable:
                if not found:
                    raise
                break
            found += (Definition(**item) for item in answer["definitions"])
        return tuple(found)

    async def references(self, where: Where, line: int, column: int, *, timeout_s: float) -> tuple[Occurrence, ...]:
        """All places below the root where the name at a position stands, in any file; raises NamesUnavailable. What is called on an object of an unknown class is not among them."""
        answer = await self._ask({"op": "references", "position": [line, column]}, where, timeout_s)
        return tuple(Occurrence(path, line, column) for path, line, column in answer["places"])

    async def extracted(self, where: Where, start: tuple[int, int], end: tuple[int, int], name: str, *, timeout_s: float) -> Extracted:  # fmt: skip
        """The document with what stands between two positions (line from 1, column from 0) as a function of its own; raises NamesUnavailable."""
        request = {"op": "extract", "position": list(start), "until": list(end), "name": name}
        answer = await self._ask(request, where, timeout_s)
        return Extracted(answer["text"], answer["refused"])

    async def warm(self, root: str) -> None:
        """Load jedi and what it always needs, so that the first check is quick."""
        with contextlib.suppress(NamesUnavailable):
            await self._ask({"op": "warm"}, Where("", "", root), 20.0)

    async def close(self) -> None:
        self._is_closed = True
        await self._end()

    async def _ask(self, request: dict[str, Any], where: Where, timeout_s: float) -> dict[str, Any]:
        has_turn = False
        context = {
            "text": where.text,
            "path": where.path,
            "root": where.root,
            "paths": list(where.paths),
            "others": dict(where.others),
            "python": where.python,
        }
        try:
            async with asyncio.timeout(timeout_s):
                async with self._turn:
                    has_turn = True
                    answer = await self._exchange(request | context | {"cache": self._cache})
            self._slow = 0
            return answer
        except TimeoutError:
            self._slow += has_turn  # waiting for another request, or for jedi to load, says nothing about the worker
            if self._slow >= SLOW_LIMIT:
                await self._end()
            raise NamesUnavailable("name resolution took too long") from None

    async def _exchange(self, request: dict[str, Any]) -> dict[str, Any]:
        self._count += 1
        number = self._count
        try:
            process = await self._started()
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write(json.dumps(request | {"id": number}).encode() + b"\n")
            await process.stdin.drain()
            while line := await process.stdout.readline():
                answer: dict[str, Any] = json.loads(line)
                if answer["id"] == number:
                    if "error" in answer:
                        raise NamesUnavailable(f"name resolution failed ({answer['error']})")
                    return answer
        except (OSError, ValueError, KeyError) as error:
            await self._end()
            raise NamesUnavailable(f"name resolution failed ({type(error).__name__})") from error
        await self._end()
        raise NamesUnavailable("the name resolution process ended")

    async def _started(self) -> asyncio.subprocess.Process:
        if self._is_closed:
            raise NamesUnavailable("name resolution was ended")
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-m", "analyzers.names_worker",
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                limit=LINE_LIMIT, cwd="/",
            )  # fmt: skip
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
