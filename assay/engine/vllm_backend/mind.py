"""The life of vLLM under our engine process: started on its socket, looked at, ended when it is idle, and ended whole.

vLLM is three processes or more; a killed API server leaves the others behind, with gigabytes. So all are in a group of their own under a leash: a
small process that ends the group when the first of them ends, or when we do, however that comes.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from .. import memory, weights
from ..api import EngineUnavailable
from ..launch import STATE, Launch, Watch
from . import adapters, command
from .place import Place

CONTEXT = 8192
POLL_S = 0.5
WIDEN_S = 900.0
DO_S = 60.0  # an adapter from a slow disk
LOOK_S = 3.0  # between two looks for adapters
LEASH = """
import os, signal, subprocess, sys, threading
def end(*_):
    os.killpg(0, signal.SIGKILL)
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
def watch():
    sys.stdin.buffer.read()
    end()
threading.Thread(target=watch, daemon=True).start()
child.wait()
end()
"""
# What a line of vLLM's log says about where it is, and about what went wrong.
STEPS: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"Starting to load model|Loading weights"), "The engine is loading the model, some seconds."),
    (
        re.compile(r"Dynamo bytecode transform|Compiling a graph|Capturing CUDA graph"),
        "The engine is compiling, about 40 s.",
    ),
    (re.compile(r"init engine|Warming up"), "The engine is warming up."),
)
TROUBLES: Sequence[tuple[re.Pattern[str], str]] = (
    (
        re.compile(
            r"OutOfMemoryError|out of memory|No available memory for the cache blocks|less than desired GPU memory"
        ),
        "the model does not fit into memory",
    ),
    (
        re.compile(
            r"architectures? (?:\[[^\]]*\] |\S+ )?(?:are|is) not supported|does not recognize this architecture"
        ),
        "vLLM does not know this kind of model",
    ),
    (re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'"), "its environment lacks {0}"),
    (re.compile(r"^(?:\S+ )*(?:ValueError|RuntimeError|OSError|ImportError): (.{1,200})"), "{0}"),
)


def serve(launch: Launch, place: Place, cache: Path) -> int:
    """Start it and serve until idle; returns the exit status. Raises EngineUnavailable with a sentence for what cannot be begun."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # what is cleared away below is cleared away then, too
    _tell(launch, "The engine is starting, half a minute or more.")
    folder = widened(launch.model, place, cache, launch)
    shape = memory.shape_of(folder)
    context = command.context_of(shape, CONTEXT)
    on = command.ANYWHERE if place.is_cpu else command.plan_of(launch, folder, context)
    told = command.command(launch, place, folder, context, on)
    meeting = tempfile.mkdtemp(
        prefix="assay-"
    )  # where its processes meet; a path below the launch's folder may be too long for sockets
    copies = cache / "adapters" / launch.folder.name
    environment = {**command.environment(place, shape, context, cache, on), "VLLM_RPC_BASE_PATH": meeting}
    process, seen = started(told, environment, launch.folder), list[str]()
    reading = threading.Thread(target=_read, args=(process, launch, seen), daemon=True)
    reading.start()
    begun = time.monotonic()
    try:
        while not _answers(launch.socket):
            if process.poll() is not None:
                reading.join(1)
                print(f"Engine off: vLLM ended while starting: {trouble(seen)}.", flush=True)
                return 1
            time.sleep(POLL_S / 2)  # tidy: allow-sleep  nothing else runs in this process
        print(
            f"serving {launch.model.name} on vLLM {place.version} at {launch.socket}, after {time.monotonic() - begun:.0f} s",
            flush=True,
        )
        served = None
        if launch.beside.adapters:
            where = Path(launch.beside.adapters), copies
            post = partial(_told, launch.socket)
            served = adapters.Served(where, memory.shapes_of(folder), adapters.room(told), post, _say)
            _tell(launch, "The engine is loading its adapters.")
            served.look()
        (launch.folder / STATE).unlink(missing_ok=True)
        return _until_idle(process, launch, seen, served)
    finally:
        end(process)
        shutil.rmtree(meeting, ignore_errors=True)
        shutil.rmtree(copies, ignore_errors=True)


def started(told: Sequence[str], environment: Mapping[str, str], folder: Path) -> subprocess.Popen[str]:
    """The leash with vLLM on it; its standard input is the leash's end, which nobody else may hold."""
    os.umask(0o077)
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", LEASH, *told],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(environment),
        cwd=folder,
        process_group=0,
        text=True,
        errors="replace",
    )


def end(process: subprocess.Popen[str]) -> None:
    """End all of it, now."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.close()


def widened(model: Path, place: Place, cache: Path, launch: Launch) -> Path:
    """The model as a folder that vLLM reads: itself, or a GGUF's weights in 16 bits, made once. Raises EngineUnavailable."""
    if model.is_dir():
        return model
    mark = hashlib.sha256(weights.mark(model).encode()).hexdigest()[:12]
    folder = cache / "widened" / f"{model.stem}-{mark}"
    if weights.is_folder(folder):
        return folder
    _tell(launch, f"The engine is writing {model.name} as vLLM reads it, once, about a minute.")
    partial = folder.with_name(f"{folder.name}.{os.getpid()}")
    partial.mkdir(parents=True, exist_ok=True)
    program = [str(place.python), "-I", str(command.INSIDE / "assay_widen.py"), str(model), str(partial)]
    try:
        done = subprocess.run(
            program, capture_output=True, text=True, check=False, timeout=WIDEN_S, stdin=subprocess.DEVNULL
        )
        if done.returncode:
            raise EngineUnavailable(
                f"Engine off: {model.name} could not be written as vLLM reads it: {trouble(done.stderr.splitlines())}."
            )
        with suppress(OSError):  # another window was quicker
            os.replace(partial, folder)
    except subprocess.TimeoutExpired as error:
        raise EngineUnavailable(
            f"Engine off: {model.name} was not written as vLLM reads it within {WIDEN_S:.0f} s."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def trouble(lines: Iterable[str]) -> str:
    """What went wrong, in few words, by the last line that says so."""
    said = list(lines)
    for pattern, sentence in TROUBLES:
        for line in reversed(said):
            if found := pattern.search(line):
                return sentence.format(*(one.strip().rstrip(".") for one in found.groups()))
    return (said[-1].strip()[:200] if said else "") or "it left no message"


def activity(path: Path) -> tuple[str, bool] | None:
    """Counters that move when a request does work, and whether one is in work; None where it does not answer."""
    text = _get(path, "/metrics")
    if text is None:
        return None
    running = sum(
        float(one)
        for one in re.findall(r"^vllm:num_requests_(?:running|waiting)\{[^}]*\} ([\d.e+]+)$", text, re.MULTILINE)
    )
    mark = "".join(re.findall(r"^vllm:(?:prompt|generation)_tokens_total\{[^}]*\} (\S+)$", text, re.MULTILINE))
    return mark, running > 0


def _until_idle(
    process: subprocess.Popen[str], launch: Launch, seen: Sequence[str], served: adapters.Served | None
) -> int:
    watch, looked = Watch(launch.idle_s, time.monotonic()), time.monotonic()
    while process.poll() is None:
        if served is not None and time.monotonic() - looked > LOOK_S:
            served.look()
            looked = time.monotonic()
        time.sleep(min(POLL_S, launch.idle_s / 4 or POLL_S))  # tidy: allow-sleep  nothing else runs in this process
        found = activity(launch.socket)
        told = watch.look(*found, time.monotonic()) if found is not None else ""
        if told == "idle":
            return 0
        if told == "stuck":
            print("nothing moved for too long with requests in work: ending", flush=True)
            return 1
    print(f"Engine off: vLLM ended: {trouble(seen)}.", flush=True)
    return 1


def _read(process: subprocess.Popen[str], launch: Launch, seen: list[str]) -> None:
    """Its log into ours, with the step that it is at, and its last lines for a sentence about its end."""
    assert process.stdout is not None
    with suppress(ValueError, OSError):
        for line in process.stdout:
            print(line, end="", flush=True)
            seen.append(line)
            del seen[:-200]
            for pattern, sentence in STEPS:
                if pattern.search(line) and (launch.folder / STATE).exists():
                    _tell(launch, sentence)


def _tell(launch: Launch, sentence: str) -> None:
    with suppress(OSError):
        (launch.folder / STATE).write_text(sentence, "utf-8")


def _answers(path: Path) -> bool:
    return _get(path, "/health") is not None


def _say(sentence: str) -> None:
    print(sentence, flush=True)


def _told(path: Path, address: str, body: dict[str, object]) -> str:
    """Have it do something; its complaint in one line, "" where it has none."""
    connection = _Local(path, DO_S)
    try:
        connection.request("POST", address, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read().decode("utf-8", "replace")
        if answer.status == 200:
            return ""
        with suppress(ValueError, KeyError, TypeError):
            said = str(json.loads(said)["error"]["message"])
        return " ".join(said.split())[:200].rstrip(".") or f"vLLM answers {answer.status}"
    except (OSError, http.client.HTTPException) as error:
        return f"vLLM does not answer ({error})"
    finally:
        connection.close()


class _Local(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float = 5) -> None:
        super().__init__("engine", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _get(path: Path, address: str) -> str | None:
    connection = _Local(path)
    try:
        connection.request("GET", address)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        return text if answer.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
