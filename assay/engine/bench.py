"""How fast each backend runs a model on this machine: reading a new prompt, going on from a kept one, writing; and what it holds of memory.

Each backend is started as it is for a window, in a process and a folder of its own, and asked over the same socket. What was measured decides `engine.backend = auto` from then on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

from . import backends, local, processes
from .api import EngineError, EngineUnavailable, Request
from .backends import Backend, Choice
from .launch import Beside, Launch, memory_of

SIZES = (64, 512, 2048, 8192)  # tokens of a prompt
WRITTEN = 32  # tokens of a suggestion
STREAMS = 8  # texts at once
TYPED = "\n# and on\nvalue = "  # what was typed since a prompt was read
SOURCES = ("local.py", "remote.py", "client.py", "ollama.py", "weights.py", "dialects.py")
SEVERAL = 2  # backends that a choice is between
END_S = 10.0
LIMIT_S = 240.0  # for one backend; what was not reached then is left out


@dataclass(frozen=True, slots=True)
class Row:
    """One prompt: its tokens by the backend's own count; seconds to the first token when it is new, and when all but what was typed since is kept; tokens written a second; bytes that the process holds after it."""

    tokens: int
    new_s: float
    kept_s: float
    tokens_per_s: float
    memory: int

    @property
    def read_per_s(self) -> float:
        """Tokens of a new prompt that are read in a second."""
        return self.tokens / self.new_s if self.new_s else 0.0

    @property
    def suggestion_s(self) -> float:
        """What somebody waits for who types: the kept prompt, and a suggestion's tokens."""
        return self.kept_s + WRITTEN / self.tokens_per_s if self.tokens_per_s else float("inf")


@dataclass(frozen=True, slots=True)
class Measured:
    """A backend: its rows by size, or why there are none; and the tokens a second of `STREAMS` texts at once, all of them together."""

    backend: Backend
    start_s: float
    rows: tuple[Row, ...]
    why: str = ""
    streams_per_s: float = 0.0

    @property
    def suggestion_s(self) -> float:
        """At the prompt that is nearest to a usual one, 2 048 tokens."""
        return min(self.rows, key=lambda row: abs(row.tokens - 2048)).suggestion_s if self.rows else float("inf")


async def measure(
    model: Path, chosen: Sequence[Choice], quantisation: str, say: Callable[[str], None], sizes: Sequence[int] = SIZES
) -> list[Measured]:
    """One backend after the other; `say` hears what is done."""
    found = []
    for one in chosen:
        say(f"{backends.TITLES[one.backend]}: starting with {model.name}")
        try:
            found.append(await _measured(model, one, quantisation, say, sizes))
        except EngineError as error:
            found.append(Measured(one.backend, 0.0, (), str(error)))
    return found


def faster(found: Sequence[Measured]) -> Backend | None:
    """The backend with which a suggestion is there sooner; None where none could be measured."""
    could = [one for one in found if one.rows]
    return min(could, key=lambda one: one.suggestion_s).backend if could else None


def record(cache: Path, model: Path, found: Sequence[Measured]) -> None:
    """Keep it for `backends.choose`, where several were tried; one that could not run is the slower."""
    chosen = faster(found)
    if chosen is None or len(found) < SEVERAL:
        return
    path = cache / "bench.json"
    try:
        kept = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        kept = {}
    kept = kept if isinstance(kept, dict) else {}
    rows = {one.backend: [asdict(row) for row in one.rows] for one in found}
    kept[model.name] = {"faster": chosen, "when": time.strftime("%Y-%m-%d"), "rows": rows}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, indent=1), "utf-8")


async def _measured(
    model: Path, chosen: Choice, quantisation: str, say: Callable[[str], None], sizes: Sequence[int]
) -> Measured:
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        program = Beside(chosen.program, chosen.version)
        launch = processes.launch_for(model, Path(folder), 60, chosen.backend, quantisation, program)
        engine = local.Local(launch)
        try:
            begun = time.perf_counter()
            await _up(engine)
            await _first(engine, "x = ", 1)
            start_s = time.perf_counter() - begun
            streams = await _streams(engine)  # first: a long prompt that is kept leaves llama.cpp no room for them
            say(f"{engine.name}: {STREAMS} texts written at once")
            rows = []
            for size in sizes:
                if time.perf_counter() - begun > LIMIT_S:
                    say(f"{engine.name}: {size} tokens are left out, {LIMIT_S:.0f} s are over")
                    break
                try:
                    rows.append(await _row(engine, launch, size))
                except EngineError as error:
                    if not rows:
                        raise
                    say(f"{engine.name}: {size} tokens are left out ({error})")
                    continue
                say(f"{engine.name}: {rows[-1].tokens} tokens read and {WRITTEN} written")
        finally:
            await engine.close()
            await _end(launch.folder)
    return Measured(chosen.backend, start_s, tuple(rows), streams_per_s=streams)


async def _up(engine: local.Local) -> None:
    """Wait for a start that takes longer than a request waits. Raises EngineUnavailable."""
    while True:
        try:
            await engine.running()
            return
        except EngineUnavailable as error:
            if error.state != "starting":
                raise
            await asyncio.sleep(0.5)


async def _row(engine: local.Local, launch: Launch, size: int) -> Row:
    text = await _prompt(engine, size - WRITTEN - len(TYPED) if size > 4096 else size)
    new_s, _ = await _first(engine, text, 1)
    kept_s, _ = await _first(engine, text + TYPED, 1)
    _, per_s = await _first(engine, text + TYPED, WRITTEN)
    memory = await asyncio.to_thread(memory_of, launch)
    return Row(await engine.count(text), new_s, kept_s, per_s, memory or 0)


async def _streams(engine: local.Local) -> float:
    """Tokens a second of several texts at once, from the first of them to the last."""
    text = await _prompt(engine, SIZES[0])

    async def one(number: int) -> list[float]:
        times: list[float] = []
        request = Request(f"# {number}\n{text}", max_tokens=WRITTEN, temperature=0.7, seed=number)
        async with aclosing(engine.generate(request)) as chunks:
            async for chunk in chunks:
                times += [time.perf_counter()] * len(chunk.tokens)
        return times

    times = sorted(at for found in await asyncio.gather(*map(one, range(STREAMS))) for at in found)
    return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0


async def _prompt(engine: local.Local, tokens: int) -> str:
    """Our own code, so many tokens of it; each size begins otherwise, so that none finds another's prompt read."""
    code = "\n".join(files("assay.engine").joinpath(name).read_text("utf-8") for name in SOURCES)
    text = f"# {tokens} tokens\n" + code * (tokens * 6 // len(code) + 1)
    length = tokens * 3
    for _ in range(4):
        count = await engine.count(text[:length])
        if abs(count - tokens) <= tokens // 50:
            break
        length = max(1, length * tokens // max(1, count))
    return text[:length].rstrip()


async def _first(engine: local.Local, prompt: str, most: int) -> tuple[float, float]:
    """Seconds to the first token, and tokens a second after it."""
    begun, times = time.perf_counter(), []
    async with aclosing(engine.generate(Request(prompt, max_tokens=most, temperature=0.7, seed=1))) as chunks:
        async for chunk in chunks:
            times += [time.perf_counter()] * len(chunk.tokens)
    if not times:  # the end came first
        return time.perf_counter() - begun, 0.0
    return times[0] - begun, (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0


async def _end(folder: Path) -> None:
    """End the process that was started for this."""
    try:
        pid = int((folder / "engine.lock").read_text("ascii"))
    except (OSError, ValueError):
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    for one in processes.spawned:
        if one.pid == pid:
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(one.wait, END_S)
