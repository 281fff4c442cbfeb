"""The engine process: a server on a Unix socket, one model for all windows, gone when unused.

llama.cpp's server speaks the OpenAI API by itself (completions, chat, streaming), frees a slot when its client goes away, and
reuses cached prefixes; `torch_backend` does the same on torch, and `vllm_backend` minds vLLM, which does. What is added here: one process per model, a private folder, an end
after idle time.
"""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from . import adapters
from .api import EngineUnavailable
from .backends import INSTALL, Backend
from .launch import STUCK_S, Launch, Watch

POLL_S = 0.5  # how often idleness is looked at
BATCH = 64  # tokens of a prompt that are read at a time: a cancel, or another request, waits for two of them at most; 512 are 4 % faster
SLOTS = 4  # parallel sequences over one shared KV cache
# The share of a prompt that a slot must have read to be given it. llama.cpp's 0.1 would hand the slot of a prompt that was left after its
# first batch to nobody: 64 of 1 000 tokens, read again elsewhere.
SIMILARITY = 0.02
CONTEXT = 8192  # tokens over all slots


def serve(launch: Launch, cache: Path) -> int:
    """Load the model and serve until idle; returns the exit status. What is measured of a model is kept below `cache`. A second process for the same folder ends at once."""
    launch.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(launch.folder / "engine.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        print("An engine for this model is already running.")
        return 0
    os.ftruncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    launch.socket.unlink(missing_ok=True)
    try:
        return _ENGINES[launch.backend](launch, cache)
    finally:
        launch.socket.unlink(missing_ok=True)


def _llamacpp(launch: Launch, _: Path) -> int:
    try:
        server = _start(launch)
    except ImportError as error:
        print(_unloadable(str(error)), flush=True)
        return 1
    print(f"serving {launch.model.name} at {launch.socket}", flush=True)
    _until_idle(server, launch.idle_s)
    return 0


def _torch(launch: Launch, cache: Path) -> int:
    try:
        from .torch_backend import start  # seconds, and gigabytes on some machines: this process alone has it
    except ImportError as error:
        print(f"Engine off: torch cannot be loaded ({error}). {INSTALL}", flush=True)
        return 1
    try:
        wanted = start.Wanted(launch.quantisation)
        threads = launch.threads or default_threads()
        return start.serve_model(launch.model, cache, launch.socket, launch.idle_s, threads, wanted)
    except EngineUnavailable as error:
        print(error, flush=True)
        return 1


def _vllm(launch: Launch, cache: Path) -> int:
    from .vllm_backend import mind, place

    try:
        found = place.find(launch.beside.program, cache)
        if found is None:
            raise EngineUnavailable(f"Engine off: vLLM is not here. {place.MEND}")
        return mind.serve(launch, found, cache)
    except EngineUnavailable as error:
        print(error, flush=True)
        return 1


_ENGINES: Mapping[Backend, Callable[[Launch, Path], int]] = {"llamacpp": _llamacpp, "torch": _torch, "vllm": _vllm}


def load_trouble() -> str:
    """Why llama.cpp's library cannot be loaded here, with what mends it; "" when it can. Tried in another process, because a
    failed load cannot be tried again in this one."""
    command = [sys.executable, "-I", "-c", "import xllamacpp"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    return _unloadable((done.stderr.strip() or f"status {done.returncode}").splitlines()[-1])


def _unloadable(said: str) -> str:
    mend = "Run `apt install libgomp1`." if "libgomp" in said else "Install Assay again."
    return f"Engine off: the llama.cpp library cannot be loaded ({said}). {mend}"


def _start(launch: Launch) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(launch.model)
    params.model_alias = {launch.model.stem}
    own = [
        _lora(one, xllamacpp)
        for one in adapters.served(launch.beside.adapters, launch.model, lambda line: print(line, flush=True))
    ]
    if own:
        params.lora_adapters = own
    params.n_ctx, params.n_parallel, params.kv_unified = CONTEXT, SLOTS, True
    params.n_batch = params.n_ubatch = BATCH
    params.cpuparams.n_threads = launch.threads or default_threads()
    params.cpuparams_batch.n_threads = launch.threads or reading_threads()
    params.hostnames = [str(launch.socket)]  # by default it listens on a random TCP port without a key
    params.ui, params.endpoint_slots, params.endpoint_metrics = False, True, True
    # Prompts that lost their slot are kept by their tokens, whichever adapter read them: the same prompt with another one went on from these (10 of 180 answers).
    params.cache_ram_mib, params.slot_prompt_similarity = 0 if own else 256, SIMILARITY
    params.verbosity = 1
    os.umask(0o077)
    return xllamacpp.Server(params)


def _lora(one: adapters.Adapter, library: Any) -> Any:
    """An adapter as llama.cpp takes it: without effect, but where a request names it."""
    made = library.CommonAdapterLoraInfo()
    made.path, made.scale = str(one.file), 0.0
    return made


def default_threads() -> int:
    """All processors but one, at most eight: decoding is bound by memory, and threads that wait for each other collapse
    when a container or another window takes one of their cores."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    return max(1, min(8, usable - 1))


def reading_threads() -> int:
    """For prompts, which are bound by arithmetic: two on two processors read 1.8 times as fast as one, and as fast as one where both are
    busy with something else (0.7 times where one is)."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    return max(default_threads(), min(2, usable))


def _until_idle(server: Any, idle_s: float) -> None:
    """Return when nothing was asked for `idle_s`, or when something is asked and nothing moves: then a new start helps."""
    watch = Watch(idle_s, time.monotonic())
    while (end := watch.look(*_activity(server), time.monotonic())) == "":
        time.sleep(min(POLL_S, idle_s / 4 or POLL_S))  # tidy: allow-sleep  the server works in threads of its own
    if end == "stuck":
        print(f"nothing moved for {STUCK_S:.0f} s with requests in work: ending", flush=True)


def _activity(server: Any) -> tuple[str, bool]:
    """Counters that move only when a request does work (a health check does not), and whether one is in work."""
    answer = server.handle_metrics()
    text = answer if isinstance(answer, str) else str(answer)
    busy = re.search(r"requests_processing (\d+)", text)
    mark = "".join(re.findall(r"(?:tokens_predicted_total|prompt_tokens_total|n_decode_total) (\d+)", text))
    return mark, busy is not None and busy[1] != "0"
