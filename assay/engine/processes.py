"""The engine processes of this machine, from outside: what one serves and where it is, its start, whether it is there."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from . import adapters, weights
from .api import EngineUnavailable
from .backends import Backend
from .launch import Beside, Launch

NOTHING = Beside()
SOCKET_PATH_LIMIT = 100  # bytes; the kernel's limit is 108 with the terminator, 104 on macOS

spawned: list[subprocess.Popen[bytes]] = []  # they outlive this process by design; held to be reaped when they end


def launch_for(
    model: Path,
    runtime: Path,
    idle_s: float,
    backend: Backend = "llamacpp",
    quantisation: str = "auto",
    beside: Beside = NOTHING,
) -> Launch:
    """The launch that every window of this user computes for the same weights, held and run the same way: same folder, same socket."""
    own = f"\0{one}" if backend == "llamacpp" and (one := adapters.mark(beside.adapters, model)) else ""
    named = weights.mark(model) + (own if backend == "llamacpp" else f"\0{backend}\0{quantisation}{beside.mark}")
    mark = hashlib.sha256(named.encode()).hexdigest()[:12]
    folder = runtime / mark
    if len(os.fsencode(folder / "engine.sock")) > SOCKET_PATH_LIMIT:
        # By the place that it stands for, so that two of them do not share an engine.
        apart = hashlib.sha256(f"{runtime}\0{mark}".encode()).hexdigest()[:12]
        folder = _elsewhere() / apart
    return Launch(model, private(folder), idle_s, backend=backend, quantisation=quantisation, beside=beside)


def homes(runtime: Path) -> tuple[Path, ...]:
    """The folders in which launches of this user have theirs."""
    return runtime, _elsewhere()


def _elsewhere() -> Path:
    """Where a launch is whose runtime folder has too long a name for a socket."""
    return Path(tempfile.gettempdir()) / f"assay-{os.getuid()}"


def spawn(launch: Launch) -> subprocess.Popen[bytes]:
    """Start the engine process, in its own session so that it outlives this window. Blocking, short."""
    command = [sys.executable, "-I", "-m", "assay", "engine", "--model", str(launch.model)]
    command += ["--idle", str(launch.idle_s), "--folder", str(launch.folder), "--backend", launch.backend]
    command += ["--quantisation", launch.quantisation]
    command += ["--adapters", launch.beside.adapters]
    if launch.backend == "vllm":
        command += ["--program", launch.beside.program, "--cache", launch.beside.cached]
    for ended in [process for process in spawned if process.poll() is not None]:
        spawned.remove(ended)
    with (launch.folder / "engine.log").open("ab") as log:
        # The key of a server elsewhere is not this process's, which outlives the window that has it.
        environment = {name: value for name, value in os.environ.items() if name != "ASSAY_ENGINE_API_KEY"}
        nowhere = subprocess.DEVNULL
        process = subprocess.Popen(
            command, stdin=nowhere, stdout=log, stderr=log, env=environment, start_new_session=True, cwd="/"
        )
    spawned.append(process)
    return process


def is_locked(launch: Launch) -> bool:
    """Whether a process serves, or is loading, this launch."""
    try:
        lock = os.open(launch.folder / "engine.lock", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def private(folder: Path) -> Path:
    """Make `folder` ours alone; raises EngineUnavailable when somebody else owns it."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(exist_ok=True, mode=0o700)
        statuses = (
            folder.parent.lstat(),
            folder.parent.stat(),
        )  # somebody else's link to a folder of ours is theirs to turn
    except OSError as error:
        raise EngineUnavailable(f"Engine off: its folder {folder} cannot be made ({error.strerror}).") from error
    if any(one.st_uid != os.getuid() for one in statuses) or statuses[1].st_mode & 0o022:
        raise EngineUnavailable(f"Engine off: {folder.parent} belongs to somebody else or is open to others.")
    folder.chmod(0o700)
    return folder
