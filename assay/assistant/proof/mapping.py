"""Records the coverage map of a project in the sandbox, in parts and at low priority: what is recorded is kept, what is owing comes next time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any

from sandbox.api import Job, SandboxUnavailable, Step, TestReport

from ..record.coverage import CoverageMap
from ..workbench import Workbench
from .plan import place_of

PART_CHARS = 400_000  # of test files recorded in one container
PART_S = 180.0
QUIET_S = 15.0
RECORDING_S = 900.0  # of one recording; the rest is for the next
IDLE_S = 10.0  # after a change, so that typing and its saves come first
Progress = Callable[[str, Coroutine[Any, Any, None]], Awaitable[None]]
Count = Callable[[int, int], None]  # is told how much of how much is done


async def record(bench: Workbench, root: Path, tell: Count = lambda done, owing: None) -> CoverageMap:
    """Bring the map of the project at `root` up to date, as far as the time suffices, and return it. Raises SandboxUnavailable."""
    started = time.monotonic()
    state = await bench.projects.state(root)
    place = place_of(bench, state.project)
    texts = {**state.prose, **state.texts}
    files = [name for name in texts if state.is_run(name)]
    found = await asyncio.to_thread(bench.maps.load, root)
    owing = await asyncio.to_thread(found.owing, place, files, texts)
    for done, part in _parts(owing, texts):
        if time.monotonic() - started > RECORDING_S:
            break
        tell(done, len(owing))
        step = Step("pytest", PART_S, _written(state.base, state.texts), tuple(part), records=True, quiet_s=QUIET_S)
        (outcome,) = await bench.sandbox.run(Job(state.project, (step,), is_urgent=False))
        made, shared = _by_test(outcome.tests, part), outcome.tests.entered.get("", frozenset())
        late = [_function(test.id) for test in outcome.tests.tests if test.outcome == "left"]
        left = (*owing[done + len(part) :], *late)  # what the time did not suffice for is for the next recording
        found = await asyncio.to_thread(found.joined, place, texts, made, shared, part, left)
        await asyncio.to_thread(bench.maps.save, root, found)
        tell(done + len(part), len(owing))
    return found


async def keep(bench: Workbench, root: Path, tell: Count = lambda done, owing: None) -> None:
    """The same in the background, where the settings have it: no sandbox, no map."""
    if bench.settings.is_on("verify.map") and bench.settings.policy != "static":
        try:
            await record(bench, root, tell)
        except SandboxUnavailable:
            return


class Keeper:
    """Keeps the maps of projects that are open, each some time after its last change; `bench` gives the services for one by its root, `progress` runs work that has a title beside everything else."""

    def __init__(self, bench: Callable[[Path], Workbench], progress: Progress, idle_s: float = IDLE_S) -> None:
        self._bench = bench
        self._progress = progress
        self._idle_s = idle_s
        self._changed: dict[Path, float] = {}
        self._tasks: dict[Path, asyncio.Task[None]] = {}

    def changed(self, root: Path) -> None:
        """The project was opened, or something of it was saved."""
        self._changed[root] = time.monotonic()
        if (task := self._tasks.get(root)) is None or task.done():
            self._tasks[root] = asyncio.create_task(self._keep(root), name="coverage map")

    async def _keep(self, root: Path) -> None:
        seen = 0.0
        while (last := self._changed[root]) != seen:
            if (rest := last + self._idle_s - time.monotonic()) > 0:
                await asyncio.sleep(rest)
                continue
            seen = last
            await self._progress("Assay is recording which test runs which function", keep(self._bench(root), root))

    def close_folder(self, folder: Path) -> None:
        """Record no more of the projects in a folder."""
        for root in [root for root in self._tasks if root.is_relative_to(folder)]:
            self._tasks.pop(root).cancel()
            self._changed.pop(root, None)

    def close(self) -> None:
        """Record no more; what is under way is given up."""
        for task in self._tasks.values():
            task.cancel()


def _written(base: Mapping[str, str], texts: Mapping[str, str]) -> tuple[tuple[str, str | None], ...]:
    changed: dict[str, str | None] = {name: text for name, text in texts.items() if base.get(name) != text}
    changed |= {name: None for name in base if name not in texts}
    return tuple(sorted(changed.items()))


def _parts(owing: tuple[str, ...], texts: Mapping[str, str]) -> Iterator[tuple[int, list[str]]]:
    """What is recorded together, and how much comes before it."""
    part: list[str] = []
    size = done = 0
    for one in owing:
        more = len(texts[one]) if "::" not in one else PART_CHARS // 200
        if part and size + more > PART_CHARS:
            yield done, part
            done, part, size = done + len(part), [], 0
        part.append(one)
        size += more
    if part:
        yield done, part


def _by_test(report: TestReport, part: list[str]) -> dict[str, frozenset[str] | None]:
    """By test without its parameters; None for one that was red, gave no result, or may have executed what could not be seen, and for a file without any."""
    found: dict[str, frozenset[str] | None] = {}
    shared = report.entered.keys() - {test.id for test in report.tests} - {""}
    for test in report.tests:
        name = _function(test.id)
        if test.outcome in ("failed", "missing", "left") or not report.unseen.isdisjoint((test.id, "")):
            found[name] = None
        elif found.get(name, frozenset()) is not None:
            above = (report.entered[node] for node in shared if _is_below(test.id, node))
            own = report.entered.get(test.id, frozenset())
            found[name] = (found.get(name) or frozenset()).union(own, *above)
    seen = {name.partition("::")[0] for name in found}
    nothing: dict[str, frozenset[str] | None] = {
        one: None for one in part if one not in (found if "::" in one else seen)
    }
    return found | nothing


def _is_below(test: str, node: str) -> bool:
    return test == node or test.startswith((f"{node}::", f"{node}/")) or node == "."


def _function(test: str) -> str:
    path, _, rest = test.partition("::")
    return f"{path}::{rest.partition('[')[0]}" if rest else path
