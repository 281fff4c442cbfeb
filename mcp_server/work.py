"""The work of a tool: within the client's roots, with word of how far it is every few seconds, ended at once where nobody wants it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import anyio

from assay.assistant.workbench import Workbench
from assay.services import Composition, Services
from sandbox.api import SandboxUnavailable

from .projects import Refused, root_of

T = TypeVar("T")
EVERY_S = 3.0  # clients give up after a minute without a word
END_S = 5.0  # that what is ended may take


class Client(Protocol):
    """What is asked of whoever calls a tool (mcp's Context)."""

    async def report_progress(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> None: ...


Tell = Callable[..., None]


class Projects:
    """The services of one server for the projects of its clients. `here` is where it was started, for a client that names no roots."""

    def __init__(self, composition: Composition, here: Path) -> None:
        self.here = here
        self.cache = composition.cache
        self._services = Services(composition, lambda: [here], lambda _text: None)

    async def renewed(self) -> None:
        """Look at all settings anew: people change them while an agent works."""
        old, is_other = self._services.renew()
        if is_other:
            await self._services.ended(old)

    def bench(self, root: Path) -> Workbench:
        """The services for a project."""
        bench = self._services.of(root)
        bench.projects.open_folder(root)
        return bench

    def root(self, folder: Path, roots: Sequence[Path]) -> Path:
        """The project that a folder belongs to."""
        return root_of(folder, roots)

    async def close(self) -> None:
        """End what was started."""
        await self._services.close()


async def done(context: Client, work: Callable[[Tell], Awaitable[T]]) -> T:
    """The work's answer. Meanwhile the client hears every few seconds that it goes on; where it is cancelled, so is the work, containers and all. Raises Refused in an agent's words."""
    told = "starting"

    def tell(*words: object) -> None:
        nonlocal told
        numbers = [one for one in words if isinstance(one, int)]
        name = next((one for one in words if isinstance(one, str)), "tests")
        told = f"{name}: {numbers[0]} of {numbers[1]}" if len(numbers) == 2 and numbers[1] else name

    task = asyncio.ensure_future(work(tell))
    count = 0
    try:
        while True:
            finished, _ = await asyncio.wait({task}, timeout=EVERY_S)
            if finished:
                return task.result()
            count += 1
            await context.report_progress(count, None, told)
    except SandboxUnavailable as error:
        raise Refused(f"Nothing could be run: {error}") from error
    finally:
        if not task.done():
            task.cancel()
            with anyio.CancelScope(shield=True):
                await asyncio.wait({task}, timeout=END_S)
