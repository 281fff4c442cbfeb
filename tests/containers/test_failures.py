"""Parts that die: containers, the engine behind them, the server itself. Said once, and used again when they are back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from assay.assistant.nouns import Passed, Unverified
from assay.assistant.workbench import Workbench
from sandbox import build, engine
from sandbox.api import Job, Progress, Project, Sandbox, SandboxUnavailable, Step
from sandbox.container import LABEL
from sandbox.pool import Pool
from sandbox.runner import bundle
from tests.containers.conftest import judge
from tests.containers.test_verdicts import RIGHT
from tests.lsp.client import Client

# The Docker SDK leaves the sockets of calls that were cut off to the garbage collector, which complains.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*socket.*:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SLEEP = Job(Project("empty", b""), (Step("script", 30.0, (("s.py", "import time; time.sleep(30)"),), path="s.py"),))


def containers_of(pid: int) -> list[str]:
    with contextlib.closing(engine.connect()) as client:
        found = client.containers(filters={"label": LABEL})
    return [c["Id"] for c in found if f":{pid}:" in c["Labels"]["assay.owner"]]


async def until(holds, timeout_s: float) -> None:
    end = time.monotonic() + timeout_s
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < end, "it did not come to be in time"
        await asyncio.sleep(0.1)


async def test_a_container_killed_in_a_job_is_no_failed_program(bench: Workbench) -> None:
    """One that dies before it has the job is another matter: the job gets another one."""
    has_begun = asyncio.Event()
    running = asyncio.create_task(bench.sandbox.run(SLEEP, Progress(started=has_begun.set)))
    await asyncio.wait_for(has_begun.wait(), 60)
    with contextlib.closing(engine.connect()) as client:
        for name in containers_of(os.getpid()):
            client.kill(name)
    with pytest.raises(SandboxUnavailable):
        await asyncio.wait_for(running, 60)


@pytest.mark.parametrize("fate", ["alive", "killed meanwhile"])
async def test_a_container_that_started_before_its_files_were_known_is_given_them(bench: Workbench, fate: str) -> None:
    project = Project("told", bundle.pack([("told.py", Path(__file__).read_bytes())]))
    await bench.sandbox.warm(Project("", b""))
    await until(lambda: bench.sandbox.health().state == "ready", 60)
    (first,) = containers_of(os.getpid())
    if fate == "killed meanwhile":
        with contextlib.closing(engine.connect()) as client:
            client.kill(first)
    script = ("s.py", "import socket; print(socket.gethostname(), open('told.py').readline())")
    (outcome,) = await bench.sandbox.run(Job(project, (Step("script", 10.0, (script,), path="s.py"),)))
    host, said = outcome.stdout.split(maxsplit=1)
    assert first.startswith(host) is (fate == "alive")
    assert said.startswith('"""Parts that die')


async def test_a_cancelled_job_leaves_no_container(bench: Workbench) -> None:
    await bench.sandbox.warm(SLEEP.project)
    has_begun = asyncio.Event()
    running = asyncio.create_task(bench.sandbox.run(SLEEP, Progress(started=has_begun.set)))
    await asyncio.wait_for(has_begun.wait(), 60)
    before = set(containers_of(os.getpid()))
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await until(lambda: len(before & set(containers_of(os.getpid()))) < len(before), 30)
    await bench.sandbox.close()
    await until(lambda: not containers_of(os.getpid()), 30)


async def test_a_killed_server_leaves_no_container(docker_url: str, project: Path) -> None:
    client = await Client.start()
    await client.initialize(project)
    client.open(project / "calc.py")
    pid = client.process.pid
    await until(lambda: containers_of(pid), 60)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: not containers_of(pid), 30)
    await client.kill()


async def test_a_server_whose_input_ends_takes_its_containers_along(docker_url: str, project: Path) -> None:
    client = await Client.start()
    await client.initialize(project)
    client.open(project / "calc.py")
    pid = client.process.pid
    await until(lambda: containers_of(pid), 60)
    client.process.stdin.close()
    assert await asyncio.wait_for(client.process.wait(), 4) == 1
    await until(lambda: not containers_of(pid), 30)


@contextlib.asynccontextmanager
async def door(path: Path, target: str) -> AsyncIterator[None]:
    """A socket that leads to the real engine as long as this is open: a daemon that can be killed and started."""
    open_pipes: set[asyncio.StreamWriter] = set()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(target)
        open_pipes.update((writer, inner_writer))
        if not server.is_serving():  # closed meanwhile
            writer.transport.abort()
            inner_writer.transport.abort()
        await asyncio.gather(pass_on(reader, inner_writer), pass_on(inner_reader, writer))

    server = await asyncio.start_unix_server(serve, str(path))
    try:
        yield
    finally:
        server.close()
        for pipe in open_pipes:
            pipe.transport.abort()
        await asyncio.sleep(0.2)  # the loop has to see their ends
        path.unlink(missing_ok=True)


async def test_a_dead_daemon_is_unverified_and_used_again_when_it_is_back(
    bench: Workbench, project: Path, tmp_path: Path, docker_url: str
) -> None:
    folder = Path(os.path.realpath("/tmp")) / f"door-{os.getpid()}"
    folder.mkdir(mode=0o700)
    path = folder / "d.sock"
    target = docker_url.removeprefix("unix://")
    pool = Pool(lambda: engine.connect(f"unix://{path}"), build.image_name(), size=1)
    through = Workbench(**{**{f: getattr(bench, f) for f in bench.__dataclass_fields__}, "sandbox": pool})
    try:
        async with door(path, target):
            assert isinstance(await judge(through, project / "calc.py", RIGHT), Passed)
        other = RIGHT.replace("2 * x", "x + x")  # what was proved before is known without a daemon
        verdict = await judge(through, project / "calc.py", other)
        assert isinstance(verdict, Unverified)
        assert verdict.reason == "no-sandbox"
        async with door(path, target):
            end = time.monotonic() + 8
            while not isinstance(await judge(through, project / "calc.py", other), Passed):
                assert time.monotonic() < end, "the daemon's return was not noticed"
                await asyncio.sleep(0.2)
    finally:
        await pool.close()
        shutil.rmtree(folder)


async def test_one_projects_missing_image_is_its_own_trouble(sandbox: Sandbox) -> None:
    step = Step("script", 5.0, (("a.py", "print('ran')"),), path="a.py")
    broken, sound = Project("one", b"", image="assay-no-such-image:1"), Project("two", b"")
    for _ in range(2):
        failed, ran = await asyncio.gather(
            sandbox.run(Job(broken, (step,))), sandbox.run(Job(sound, (step,))), return_exceptions=True
        )
        assert isinstance(failed, SandboxUnavailable)
        assert "the image with the project's dependencies is gone" in str(failed)
        assert isinstance(ran, tuple)
        assert ran[0].stdout == "ran\n"
        assert sandbox.health().state == "ready"


async def test_what_ends_soon_keeps_no_container_ready(bench: Workbench, project: Path) -> None:
    """A command starts the containers that its one answer needs; ending would wait for any other."""
    pool = Pool(engine.connect, build.image_name(), size=2, refills=False)
    brief = replace(bench, sandbox=pool)
    try:
        await pool.warm(await bench.projects.bare(project))
        assert isinstance(await judge(brief, project / "calc.py", RIGHT), Passed)
        assert isinstance(await judge(brief, project / "calc.py", RIGHT.replace("2 * x", "x + x")), Passed)
        await asyncio.sleep(1.5)
        assert pool.health().warm == 0
    finally:
        await pool.close()


async def test_a_spare_is_warm_while_a_job_runs(docker_url: str) -> None:
    """Whoever asks next waits for no boot."""
    pool = Pool(engine.connect, build.image_name(), size=2)
    try:
        await pool.warm(SLEEP.project)
        jobs = [asyncio.create_task(pool.run(SLEEP)) for _ in range(2)]
        for at_work in (1, 2):
            await until(lambda at_work=at_work: len(pool._busy) >= at_work, 30)
        await until(lambda: pool.health().warm == 1, 30)
        assert not any(job.done() for job in jobs)
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await until(lambda: pool.health().warm == 2, 30)
    finally:
        await pool.close()
