"""A Workbench without a model and without containers: scripted answers, jedi in this process, the absent sandbox."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analyzers import lint, names_worker
from analyzers.names import Definition, Names, Where
from assay import compose
from assay.assistant.complete import path
from assay.assistant.workbench import Workbench
from assay.engine.scripted import Answer, Scripted
from assay.folders import folders

Make = Callable[..., Workbench]
JEDI = threading.Lock()  # it is not made for two threads, and the worker's process answers one question at a time, too


def answered(request: dict[str, Any]) -> dict[str, Any]:
    """The worker's answer; a question that nobody waits for any more may still be under way in another thread."""
    with JEDI:
        return names_worker.answer(request)


class NamesHere(Names):
    """jedi in a thread of this process instead of in the worker's: the same requests, the same answers, however busy the machine."""

    async def _ask(self, request: dict[str, Any], where: Where, timeout_s: float) -> dict[str, Any]:
        return await super()._ask(request | {"budget_s": 60.0}, where, 60.0)

    async def define(
        self, where: Where, positions: tuple[tuple[int, int], ...], *, timeout_s: float, in_own_file: bool = False
    ) -> tuple[Definition, ...]:
        return await super().define(where, positions, timeout_s=60.0, in_own_file=in_own_file)

    async def _exchange(self, request: dict[str, Any]) -> dict[str, Any]:
        answer = await asyncio.to_thread(answered, request | {"id": 0})
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer


@pytest.fixture(scope="session")
def warm_jedi(tmp_path_factory: pytest.TempPathFactory) -> None:
    """jedi has loaded what it always needs, so that no answer comes too late; and ruff is found, which cannot be while jedi has its own `sys.path` in place."""
    _ = lint.program()
    cache = str(tmp_path_factory.mktemp("jedi"))
    asked = {"op": "warm", "id": 0, "text": "", "path": "", "root": cache, "paths": [], "others": {}, "cache": cache}
    assert "error" not in answered(asked)


@pytest.fixture
async def make(warm_jedi: None, home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Make]:
    """Make a Workbench: `answers` of the model, how sure it is, and settings by their dotted names. The model is waited for, however busy the machine."""
    monkeypatch.setattr(path, "NEAR_PATIENCE_S", 20.0)
    made: list[Workbench] = []

    def one(*answers: str, logprob: float | None = None, **settings: Any) -> Workbench:
        where = folders()
        given = {"sandbox.enabled": False, "complete.pace_ms": 0} | {
            n.replace("__", "."): v for n, v in settings.items()
        }
        merged, complaints = compose.load_settings(where, editor=given)
        assert complaints == ()
        bench = compose.workbench(merged, where)
        engine = Scripted([Answer("", answers, logprob)]) if answers else bench.engine
        made.append(replace(bench, engine=engine, names=NamesHere(where.cache / "jedi")))
        return made[-1]

    yield one
    for bench in made:
        await compose.close(bench)
