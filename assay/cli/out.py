"""How commands speak: JSON on request, errors in one shape, progress on standard error."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import typer

from assay import compose
from assay.assistant.settings import Settings, Value
from assay.assistant.workbench import Workbench
from assay.folders import Folders, folders

T = TypeVar("T")

PATIENCE_S = 1.0  # after which a person wants to know that something happens
MISUSE, FAILED, UNVERIFIED = 2, 1, 3


def say(line: str) -> None:
    """Progress, for a person; never mixed into a result."""
    typer.echo(f"  {line}", err=True)


class Bars:
    """A progress bar for each of several files, one after the other, on standard error; lines where that is no terminal."""

    def __init__(self) -> None:
        self._name = ""
        self._bar: Any = None
        self._got = 0

    def __enter__(self) -> Bars:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def show(self, name: str, got: int, total: int) -> None:
        """`got` of `total` bytes of the file `name` are there."""
        if name != self._name:
            self._end()
            self._name, self._got = name, 0
            self._bar = typer.progressbar(length=total, label=f"  {name} ({total / 1e6:.0f} MB)", file=sys.stderr)
            self._bar.__enter__()
        self._bar.update(max(0, got - self._got))
        self._got = max(self._got, got)

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar, self._name = None, ""


def emit(answer: dict[str, Any]) -> None:
    """A result as JSON with its schema number."""
    typer.echo(json.dumps({"schema": 1} | answer, ensure_ascii=False))


def fail(code: str, message: str, *, status: int = MISUSE, as_json: bool = False) -> NoReturn:
    """End with one clear sentence, or with the JSON error shape."""
    if as_json:
        typer.echo(json.dumps({"schema": 1, "error": {"code": code, "message": message}}))
    else:
        typer.echo(f"assay: {message}", err=True)
    raise typer.Exit(status)


def settings(where: Folders, *, root: Path | None = None) -> Settings:
    """The merged settings; what cannot be used of them is told on standard error."""
    merged, complaints = compose.load_settings(where, root=root)
    for complaint in complaints:
        typer.echo(f"assay: {complaint}", err=True)
    return merged


async def _told(bench: Workbench) -> None:
    """Say what the sandbox prepares, as often as it is something else."""
    last = ""
    while True:
        await asyncio.sleep(PATIENCE_S)
        health = bench.sandbox.health()
        if health.state == "starting" and health.warm == 0 and health.why != last:
            last = health.why
            say(last)


def with_bench(
    work: Callable[[Workbench], Awaitable[T]],
    *,
    root: Path | None = None,
    changed: Mapping[str, Value] | None = None,
    patience_s: float | None = PATIENCE_S,
    is_brief: bool = False,
) -> T:
    """Run `work` with a Workbench of its own and close it afterwards. `changed` are settings that the command line gave; after `patience_s` a person
    hears that something happens (None: the work says so itself); `is_brief` as for `compose.sandbox`."""
    where = folders()
    merged = settings(where, root=root)
    merged = replace(merged, values={**merged.values, **(changed or {})})

    async def run() -> T:
        bench = compose.workbench(merged, where, is_brief=is_brief)
        patience = None
        if patience_s is not None:
            patience = asyncio.get_running_loop().call_later(
                patience_s, say, "working: starting the parts, then checking …"
            )
        preparing = asyncio.create_task(_told(bench))
        try:
            return await work(bench)
        finally:
            preparing.cancel()
            if patience is not None:
                patience.cancel()
            await compose.close(bench)

    return asyncio.run(run())
