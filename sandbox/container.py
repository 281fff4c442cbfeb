"""One single-use container: boot it, give it a project, run a job in it, remove it. Blocking; call from a thread."""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import socket
import struct
import tempfile
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from . import engine, messages, seccomp
from .api import DEPENDENCIES, Interpreter, Project, ProjectUnavailable, Running, SandboxUnavailable, Step, StepOutcome
from .runner import wire

if TYPE_CHECKING:
    from docker import APIClient
    from docker.types import Ulimit

LABEL = "assay.sandbox"
OWNER_LABEL = "assay.owner"
BOOT_TIMEOUT_S = 20  # a boot takes 0.4 s, 2 s on a loaded machine
LEAST_SHARE = 2  # of 1024
ENDED = "It ended without a word."
MARGIN_S = 5  # over a job's own deadlines, for unpacking and for the answer to travel
PROJECT_SPACE = "rw,nosuid,nodev,size=192m,mode=1777"
# The harness is there before the project, and what the project lacks behind it.
PROGRAM = "import runpy, sys; sys.path[:0] = ['/opt/assay/harness']; sys.path += ['/deps', '/opt/assay/packages' + '39' * (sys.version_info < (3, 10))]; runpy.run_module('assay_runner', run_name='__main__')"

LIMITS: dict[str, Any] = {
    "network_mode": "none",
    "read_only": True,
    "tmpfs": {"/work": PROJECT_SPACE, "/tmp": "rw,nosuid,nodev,size=64m,mode=1777"},  # noqa: S108  in the container
    "shm_size": 8 << 20,
    "cap_drop": ["ALL"],
    "pids_limit": 64,
    "mem_limit": 512 << 20,
    "memswap_limit": 512 << 20,
    "nano_cpus": 2_000_000_000,
    "auto_remove": True,
    "oom_score_adj": 500,
}
ENVIRONMENT = {"HOME": "/tmp", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"}  # noqa: S108  in the container
# nproc counts one user id over all containers, so it is a ceiling for the machine; pids_limit bounds each container.
ULIMITS = {"nofile": 512, "nproc": 1024, "fsize": 64 << 20, "core": 0}


@dataclass(slots=True, eq=False)
class Container:
    """A running container whose runner waits for its one job."""

    id: str
    project: Project
    _client: APIClient
    _stream: Any
    _socket: socket.socket
    _pending: bytearray = field(default_factory=bytearray)
    _errors: bytearray = field(default_factory=bytearray)
    _is_dead: threading.Event = field(default_factory=threading.Event)

    def run(
        self, steps: tuple[Step, ...], told: Callable[[int, StepOutcome], None], running: Callable[[int, Running], None]
    ) -> tuple[StepOutcome, ...]:
        """Run the job, telling each outcome by its step's number as it comes, and meanwhile how far it is.

        Raises SandboxUnavailable when the container or its engine died in it.
        """
        nonces, own = [secrets.token_hex(8) for _ in steps], self.project.interpreter
        is_layer = self.project.image or self.project.packages or (own and not own.program)
        job = {
            "kind": "job",
            "steps": [
                messages.order(
                    step,
                    nonce,
                    paths=(
                        *((DEPENDENCIES,) if is_layer else ()),
                        *self.project.paths,
                    ),
                    has_plugins=bool(self.project.image or self.project.packages or own),
                )
                for step, nonce in zip(steps, nonces, strict=True)
            ],
        }
        self._send(job, b"")
        outcomes = []
        for number, (step, nonce) in enumerate(zip(steps, nonces, strict=True)):
            while (frame := self._receive(step.timeout_s + MARGIN_S)).get("kind") == "running":
                running(number, messages.running(frame))
            outcomes.append(messages.outcome(frame, nonce))
            told(number, outcomes[-1])
        return tuple(outcomes)

    def yield_processors(self) -> None:
        """Have a small share of them, where others want them too; never raises."""
        import docker

        with contextlib.suppress(docker.errors.DockerException, OSError):
            self._client.update_container(self.id, cpu_shares=LEAST_SHARE)

    def take(self, project: Project) -> None:
        """Hold this project, whose container was started before its files were known."""
        self.project = project
        self.load()

    def load(self) -> None:
        """Send the project's archive and wait until it is unpacked."""
        self._send({"kind": "files"}, self.project.archive)
        self._receive(BOOT_TIMEOUT_S)

    def kill(self) -> None:
        """End it now; never raises. The engine removes it by itself, or the reaper does later."""
        import docker

        if self._is_dead.is_set():
            return
        self._is_dead.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(docker.errors.DockerException, OSError):
            self._client.remove_container(self.id, force=True, v=True)
        for end in (self._stream, self._socket):  # the stream holds the socket open until it is closed itself
            with contextlib.suppress(OSError, AttributeError):
                end.close()

    def is_alive(self) -> bool:
        """Whether the engine still holds our end of the pipe; costs no call to the engine."""
        if self._is_dead.is_set():
            return False
        poll = select.poll()
        poll.register(self._socket, select.POLLIN | select.POLLHUP)
        return not poll.poll(0)  # an idle runner says nothing, so anything to read is its end

    def _send(self, header: dict[str, Any], blob: bytes) -> None:
        try:
            self._socket.settimeout(BOOT_TIMEOUT_S)
            self._socket.sendall(wire.pack(header, blob))
        except OSError as error:
            raise SandboxUnavailable(f"Sandbox failed: the container is gone ({error}).") from error

    def _receive(self, timeout_s: float) -> dict[str, Any]:
        self._socket.settimeout(timeout_s)
        try:
            frame = wire.unpack(self._read)
        except (OSError, wire.WireError) as error:
            raise SandboxUnavailable(
                f"Sandbox failed: the container ended without an answer ({error}). {self._last_words()}"
            ) from error
        if frame is None:
            raise SandboxUnavailable(f"Sandbox failed: the container ended without an answer. {self._last_words()}")
        return frame[0]

    def _read(self, size: int) -> bytes:
        """Standard output out of the engine's multiplexed stream; standard error is kept for a message."""
        while not self._pending:
            head = self._exactly(8)
            if not head:
                return b""
            stream, length = struct.unpack(">BxxxL", head)
            payload = self._exactly(length)
            if stream == 1:
                self._pending += payload
            else:
                self._errors = (self._errors + payload)[-4096:]
        data = bytes(self._pending[:size])
        del self._pending[:size]
        return data

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self._socket.recv(size - len(data))
            if not part:
                return b""
            data += part
        return data

    def _last_words(self) -> str:
        text = self._errors.decode("utf-8", "replace").strip()
        return f"It said: {text.splitlines()[-1]}" if text else ""


def boot(client: APIClient, image: str, project: Project, kinds: Collection[str] = ()) -> Container:
    """Create, attach, start, wait for the runner and load the project; raises SandboxUnavailable, and ProjectUnavailable where the project's own Python is at fault. `kinds`: of the steps that wait for it; one that nothing
    waits for is warmed up for all kinds."""
    import docker

    own = project.interpreter if not project.image else None
    if own is not None and not own.program:
        _hold_version(client, image, own.python)
    created: dict[str, Any] = {}
    try:
        with _seccomp(client) as profile:
            created = client.create_container(
                project.image or image,
                stdin_open=True,
                labels={LABEL: "1", OWNER_LABEL: owner_mark()},
                environment=_environment(own),
                entrypoint=[
                    (own.program if own else "") or "python3",
                    "-I",
                    "-B",
                    "-c",
                    PROGRAM,
                    ",".join(sorted(kinds)),
                    *([project.root, project.top or project.root] if project.root else []),
                ],
                host_config=_host_config(client, _places(project), own, profile),
            )
            raw = client.attach_socket(created["Id"], {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
            client.start(created["Id"])
        container = Container(created["Id"], project, client, raw, getattr(raw, "_sock", raw))
    except docker.errors.ImageNotFound as error:
        if project.image:
            gone = "Sandbox off: the image with the project's dependencies is gone."
            raise ProjectUnavailable(gone, "Run `assay sandbox build --requirements FILE` again.") from error
        raise SandboxUnavailable("Sandbox off: its image is not built.", "Run `assay sandbox build`.") from error
    except (docker.errors.DockerException, OSError) as error:
        if created:
            with contextlib.suppress(docker.errors.DockerException, OSError):
                client.remove_container(created["Id"], force=True, v=True)
        if own is not None and isinstance(error, docker.errors.APIError):
            raise _unfit(own, engine.refusal(error).what) from error
        raise engine.refusal(error) from error
    try:
        try:
            container._receive(BOOT_TIMEOUT_S)
        except SandboxUnavailable as error:
            if own is not None:
                mute = "" if "timed out" in str(error) else ENDED  # its last words may be lost as it goes
                raise _unfit(own, container._last_words() or mute) from error
            raise
        if project.archive:
            container.load()
    except SandboxUnavailable:
        container.kill()
        raise
    return container


def _hold_version(client: APIClient, image: str, python: str) -> None:
    """Raises ProjectUnavailable where the image's Python is another than the project's, whose own cannot run there."""
    there = (client.inspect_image(image)["Config"].get("Labels") or {}).get("assay.python", "")
    if there != python:
        raise ProjectUnavailable(
            f"The project's Python {python} is one of this system and does not run in a container, whose own is {there or 'unknown'}.",
            f"Run `assay sandbox build --python {python}`.",
        )


def _unfit(own: Interpreter, seen: str) -> ProjectUnavailable:
    """The project's Python does not run here; what was seen of it."""
    return ProjectUnavailable(
        f"The project's Python {own.python} ({own.program}) does not run in a container. {seen}".strip(),
        "Make its environment anew, or name another by `project.environment`.",
    )


def _environment(own: Interpreter | None) -> dict[str, str]:
    """The variables of a container; the programs of the project's environment come before the system's."""
    if own is None or not own.program:
        return ENVIRONMENT
    folder = own.program.rpartition("/")[0]
    return ENVIRONMENT | {"PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin"}


def owner_mark() -> str:
    """Host, process id and its start time: enough to tell a live owner from a dead one with a reused id."""
    return f"{socket.gethostname()}:{os.getpid()}:{_start_time(os.getpid())}"


def reap(client: APIClient) -> int:
    """Remove the containers whose owner on this host is dead; returns how many."""
    import docker

    count = 0
    for found in client.containers(all=True, filters={"label": LABEL}):
        host, _, rest = (found.get("Labels") or {}).get(OWNER_LABEL, "").rpartition(":")[0].partition(":")
        started = (found.get("Labels") or {}).get(OWNER_LABEL, "").rpartition(":")[2]
        if host != socket.gethostname() or not rest.isdigit() or _start_time(int(rest)) == started:
            continue
        with contextlib.suppress(docker.errors.DockerException):
            client.remove_container(found["Id"], force=True, v=True)
            count += 1
    return count


def _start_time(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return "alive" if _exists(pid) else "gone"


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def ulimits() -> list[Ulimit]:
    """ULIMITS as the engine takes them. Podman's own defaults may be above this machine's, and then nothing starts."""
    from docker.types import Ulimit

    return [Ulimit(name=name, soft=value, hard=value) for name, value in ULIMITS.items()]


@contextlib.contextmanager
def _seccomp(client: APIClient) -> Iterator[str]:
    """Our profile as the engine wants it: Docker takes its text, Podman the path of a file while the container is made."""
    if not engine.is_podman(client):
        yield seccomp.profile()
        return
    with tempfile.NamedTemporaryFile("w", suffix=".json", prefix="assay-seccomp-") as file:
        file.write(seccomp.profile())
        file.flush()
        yield file.name


def _places(project: Project) -> tuple[str, ...]:
    """The folders that have to be there and be writable before anything is mounted below them: the engine would make them its own."""
    if not project.root or not project.top:
        return (project.root,) if project.root else ()
    top = PurePosixPath(project.top)
    between = [one for one in PurePosixPath(project.root).parents if one.is_relative_to(top)]
    return (*(str(one) for one in reversed(between)), project.root)


def _host_config(client: APIClient, places: tuple[str, ...], own: Interpreter | None, profile: str) -> dict[str, Any]:
    from docker.types import LogConfig, Mount

    mounts = [Mount(target, source, type="bind", read_only=True) for target, source in own.mounts] if own else None
    limits = LIMITS | {"tmpfs": LIMITS["tmpfs"] | dict.fromkeys(places, PROJECT_SPACE)}
    config: dict[str, Any] = client.create_host_config(
        **limits,
        mounts=mounts,
        security_opt=["no-new-privileges:true", f"seccomp={profile}"],
        ulimits=ulimits(),
        log_config=LogConfig(type=LogConfig.types.NONE),
    )
    return config
