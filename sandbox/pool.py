"""A pool of single-use containers that already hold the project, refilled off the path.

All engine calls block, so they run in the pool's own threads; the event loop only waits. One task keeps the pool
full, notices a dead engine, says so through `health` and tries again every RETRY_S.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import container as containers
from . import engine
from .api import (
    NO_PROGRESS,
    Health,
    Job,
    Packages,
    Progress,
    Project,
    ProjectUnavailable,
    PythonUnavailable,
    Running,
    SandboxUnavailable,
    State,
    StepKind,
    StepOutcome,
)
from .container import Container
from .stand_ins import StandIns

if TYPE_CHECKING:
    from docker import APIClient

    from .images import Room

log = logging.getLogger(__name__)

CLOSE_S = 3.0  # a boot takes 0.4 s and a removal 0.1 s; what is not done by then ends with our end of its pipe
PATIENCE_S = 3.0  # for which a job that can wait leaves the last warm container to others: one takes 0.2 to 1 s
AGAIN_S = 60.0  # after which an image that could not be had is asked for again
RETRY_S = 2.0  # a part that returns is used again within 5 s, the promise, with a boot to spare


class Pool:
    """Containers on one engine, for one image. `connect` and the engine's calls may block; they get their own thread."""

    def __init__(
        self,
        connect: Callable[[], APIClient],
        image: str,
        *,
        size: int,
        may_fetch: bool = False,
        room: Room | None = None,
        refills: bool = True,
    ) -> None:
        """`refills`: once jobs run, further containers are kept ready; else each is started when a job asks for it, for a process that ends soon."""
        self._connect = connect
        self._image = image
        self._size = size
        self._threads = ThreadPoolExecutor(max_workers=2 * size + 4, thread_name_prefix="sandbox")
        self._client: APIClient | None = None
        self._engine = self._doing = ""
        self._wanted: Project | None = None
        self._ready: deque[Container] = deque()
        self._health = Health("starting", image=image, why="The sandbox is starting.")
        self._changed = asyncio.Event()
        self._need = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._booting: asyncio.Future[Container] | None = None
        self._endings: set[asyncio.Future[None]] = set()
        self._is_closed = False
        self._waiting: list[_Waiting] = []
        self._refused: dict[object, ProjectUnavailable] = {}
        self._images: dict[object, str] = {}  # by what is asked for: the image that holds it
        self._preparing: dict[object, asyncio.Task[None]] = {}
        self._may_fetch, self._room = may_fetch, room
        self._refills, self._has_run = refills, False
        self._stand_ins = StandIns()
        self._unfit: dict[object, tuple[PythonUnavailable, float]] = {}
        self._lacks = False  # some project's packages, that could not be had
        self._busy: set[Container] = set()
        self._unhurried: set[Container] = set()
        self._killers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="sandbox-end")

    def health(self) -> Health:
        known = replace(self._health, engine=self._engine, size=self._size, warm=len(self._ready))
        if self._lacks:  # what was seen without them holds for no other time
            known = replace(known, image=f"{known.image} without packages")
        return replace(known, state="starting", why=self._doing) if self._doing else known

    async def warm(self, project: Project) -> None:
        self._wanted = project = self._stand_ins.of(project)
        self._refused.pop(_key(project), None)
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep_full(), name="sandbox-pool")
        self._need.set()
        if self._client is None:
            await asyncio.get_running_loop().run_in_executor(self._threads, engine.load)

    async def run(self, job: Job, progress: Progress = NO_PROGRESS) -> tuple[StepOutcome, ...]:
        # One that can wait leaves a warm container to those that cannot.
        kinds = frozenset(step.kind for step in job.steps)
        box = await self._take(_Waiting(job.project, kinds), least=1 if job.is_urgent else min(2, self._size))
        progress.started()
        loop = asyncio.get_running_loop()
        self._busy.add(box)
        self._has_run = True

        def told(number: int, outcome: StepOutcome) -> None:
            loop.call_soon_threadsafe(progress.outcome, number, outcome)

        def running(number: int, how: Running) -> None:
            loop.call_soon_threadsafe(progress.running, number, how)

        try:
            if not job.is_urgent:
                self._unhurried.add(box)
                await loop.run_in_executor(self._threads, box.yield_processors)
            return await loop.run_in_executor(self._threads, box.run, job.steps, told, running)
        finally:
            self._busy.discard(box)
            self._unhurried.discard(box)
            self._discard(box)
            self._need.set()

    async def _take(self, waiting: _Waiting, *, least: int) -> Container:
        """Wait for a container that holds the project, for PATIENCE_S while less than so many do; raises SandboxUnavailable once the engine is known to be
        away."""
        await self.warm(waiting.project)
        project = waiting.project = self._stand_ins.of(waiting.project)
        self._waiting.append(waiting)
        patience = self._now() + PATIENCE_S
        try:
            async with asyncio.timeout(containers.BOOT_TIMEOUT_S) as limit:
                while (box := self._pop(project, least if self._now() < patience else 1)) is None:
                    if (other := self._stand_ins.of(project)) is not project:
                        waiting.project = project = other
                    if _asked(project) in self._preparing:
                        limit.reschedule(self._now() + containers.BOOT_TIMEOUT_S)
                    if (refusal := self._refused.get(_key(project))) is not None:
                        raise SandboxUnavailable(refusal.what, refusal.mend)
                    if self._health.state in ("broken", "absent"):
                        raise SandboxUnavailable(self._health.why)
                    self._changed.clear()
                    self._need.set()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), PATIENCE_S)
                return box
        except TimeoutError:
            raise SandboxUnavailable("Sandbox failed: no container came in time. See `assay doctor`.") from None
        finally:
            self._waiting.remove(waiting)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def _pop(self, project: Project, least: int) -> Container | None:
        for box in [box for box in self._ready if not box.is_alive()]:
            self._ready.remove(box)
            self._discard(box)
        found = [box for box in self._ready if _key(box.project) == _key(project)]
        if len(found) < least:
            return None
        self._ready.remove(found[0])
        return found[0]

    async def close(self) -> None:
        self._is_closed = True
        for task in self._preparing.values():
            task.cancel()
        if self._keeper:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        if self._booting is not None and not self._booting.done():
            self._booting.add_done_callback(_kill_late)
            await asyncio.wait({self._booting}, timeout=CLOSE_S)
        for box in [*self._ready, *self._busy]:
            self._discard(box)
        self._ready.clear()
        if self._endings:
            await asyncio.wait(self._endings, timeout=CLOSE_S)
        self._drop_client()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._killers.shutdown(wait=False)

    def _discard(self, box: Container) -> None:
        """End a container in threads that never wait for a job; harmless when it is ended already."""
        try:
            ending = asyncio.get_running_loop().run_in_executor(self._killers, box.kill)
        except RuntimeError:  # closed meanwhile: the end of our pipe ends it
            return
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)

    async def _keep_full(self) -> None:
        while not self._is_closed:
            self._need.clear()
            project = self._next()
            if project is None:
                await self._idle()
                continue
            try:
                await self._add(project)
            except ProjectUnavailable as error:
                if not self._stand_ins.take(project, error):
                    self._refused[_key(project)] = error
                elif self._wanted is not None:
                    self._wanted = self._stand_ins.of(self._wanted)
                self._changed.set()
            except SandboxUnavailable as error:
                asked = _asked(project)
                if "not built" in str(error) and self._images.get(asked, self._image) != self._image:
                    del self._images[asked]  # somebody removed it: it is made again
                    continue
                await self._fail("absent" if "not built" in str(error) else "broken", str(error))
            except Exception as error:
                log.exception("a container could not be started")
                why = f"Sandbox failed: an unexpected error ({type(error).__name__}). The log has more; see `assay doctor`."
                await self._fail("broken", why)

    async def _fail(self, state: State, why: str) -> None:
        """Tell everybody, and wait before the next try."""
        self._drop_client()
        self._health = Health(state, image=self._image, why=why)
        self._changed.set()
        await asyncio.sleep(RETRY_S)

    def _next(self) -> Project | None:
        """The project that the next container is for: one that is waited for, else the latest: one spare while somebody waits for a job that runs, for a boot takes a core for 0.4 s,
        and as many as there may be when nobody does."""
        held = [_key(box.project) for box in self._ready]
        for project in (one.project for one in self._waiting):
            if _key(project) not in held and _key(project) not in self._refused and self._is_prepared(project):
                return project
        if self._wanted is None or _key(self._wanted) in self._refused:
            return None
        if self._has_run and not self._refills:
            return None
        if not self._is_prepared(self._wanted):
            return None
        if held.count(_key(self._wanted)) >= (1 if self._busy - self._unhurried else self._size):
            return None
        if self._bare_for(self._wanted) is not None:
            return self._wanted
        stale = next((box for box in self._ready if _key(box.project) != _key(self._wanted)), None)
        if stale is not None and len(self._ready) >= self._size:
            self._ready.remove(stale)
            self._discard(stale)
        return self._wanted

    def _is_prepared(self, project: Project) -> bool:
        """Whether the image of a project is there; begins to make it, beside all else, where it is not."""
        asked = _asked(project)
        if asked in self._unfit and self._now() - self._unfit[asked][1] > AGAIN_S:  # a registry may be reached by now
            del self._unfit[asked], self._images[asked]
        if asked is None or asked in self._images or not (self._may_fetch or asked[2]):
            return True
        if asked not in self._preparing:
            self._preparing[asked] = asyncio.create_task(self._prepare(project, asked), name="sandbox-packages")
        return False

    async def _prepare(self, project: Project, asked: object) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._images[asked] = await loop.run_in_executor(self._threads, self._made, project)
        except PythonUnavailable as error:
            self._images[asked], self._unfit[asked] = self._image, (error, loop.time())
        except ProjectUnavailable as error:
            # Tests that need them say what they lack; the others are as good as ever.
            log.warning("%s", error)
            self._images[asked], self._lacks = self._image, True
        except SandboxUnavailable:
            await asyncio.sleep(RETRY_S)  # the keeper finds the same, and says so
        finally:
            self._doing = ""
            del self._preparing[asked]
            self._changed.set()
            self._need.set()

    def _made(self, project: Project) -> str:
        """The image for a project's packages, by a connection of its own: making one takes a minute."""
        from . import build, dependencies

        own = project.interpreter
        what = "the project's packages"

        def say(doing: str) -> None:
            log.info("%s", doing)
            self._doing = f"Preparing {what}: {doing}."

        client = self._connect()
        try:
            client.timeout = engine.BUILD_TIMEOUT_S
            base = self._image
            if own is not None and not own.program:
                what = f"Python {own.python}"
                needed = self._stand_ins.needed(own)
                base = build.for_python(client, base, own.python, say, may_fetch=self._may_fetch, needed=needed)
                what = "the project's packages"
            name = dependencies.ensure(client, base, project, say) if self._may_fetch else base
            if self._room is not None:
                self._room.note(name)
                with contextlib.suppress(SandboxUnavailable):  # an engine that does not say what they take
                    for gone in self._room.fit(client, {name, base, self._image, *self._images.values()}):
                        log.info("removed %s, which was not used for long", gone.name)
            return name
        finally:
            client.close()

    def _bare_for(self, project: Project) -> Container | None:
        """A container that was started for this project before its files were known."""
        bare = replace(project, digest="", archive=b"")
        return next((box for box in self._ready if project.archive and box.project == bare), None)

    async def _idle(self) -> None:
        """Sleep until somebody needs a container, or look now and then whether the waiting ones still live."""
        try:
            await asyncio.wait_for(self._need.wait(), RETRY_S)
        except TimeoutError:
            for dead in [box for box in self._ready if not box.is_alive()]:
                self._ready.remove(dead)
                self._discard(dead)

    async def _add(self, project: Project) -> None:
        loop = asyncio.get_running_loop()
        if (bare := self._bare_for(project)) is not None:
            self._ready.remove(bare)
        waiting = (one.kinds for one in self._waiting if _key(one.project) == _key(project))
        kinds = frozenset[StepKind]().union(*waiting)  # none: nobody waits for it yet
        self._booting = loop.run_in_executor(self._threads, self._boot, project, bare, kinds)
        box = await asyncio.shield(self._booting)
        self._ready.append(box)
        self._health = Health("ready", image=self._image)
        self._changed.set()

    def _drop_client(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _boot(self, project: Project, bare: Container | None, kinds: frozenset[StepKind]) -> Container:
        if bare is not None:
            try:
                bare.take(project)
                return bare
            except SandboxUnavailable:
                bare.kill()
        if self._client is None:
            client = self._connect()
            try:
                self._engine = engine.title(client)
                containers.reap(client)
            except Exception as error:
                client.close()
                raise engine.refusal(error) from error
            self._client = client
        if (unfit := self._unfit.get(_asked(project))) is not None:
            raise unfit[0]
        image = project.image or self._images.get(_asked(project), self._image)
        if self._room is not None:
            self._room.note(image)
        return containers.boot(self._client, self._images.get(_asked(project), self._image), project, kinds)


@dataclass(slots=True, eq=False)
class _Waiting:
    """A job that waits for a container of its project, and the kinds of its steps."""

    project: Project
    kinds: frozenset[StepKind]


def _asked(project: Project) -> tuple[Packages | None, str, bool] | None:
    """What an image is to be made for: packages, a Python's version, and whether it has to bring that Python. None where the sandbox's own will do."""
    own = project.interpreter
    is_brought = own is not None and not own.program
    if project.image or (project.packages is None and not is_brought):
        return None
    return project.packages, own.python if own else "", is_brought


def _key(project: Project) -> object:
    """What containers of one project have in common: its files, where they stand, and what runs them."""
    return project.digest, project.root, project.top, project.interpreter, project.image, project.packages


def _kill_late(boot: asyncio.Future[Container]) -> None:
    if not boot.cancelled() and boot.exception() is None:
        threading.Thread(target=boot.result().kill, daemon=True).start()
