"""Staying out of people's way: the process that learns takes the lowest priority and ends on battery; the one that minds it stops it, where it stands, while an engine of this user's works or somebody was shown a suggestion.

The lowest priority alone is not enough: an engine whose threads wait for each other was ten times slower beside a run (measured on two cores).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

QUIET_S = 5.0  # without work of an engine, before the run goes on
SHOWN_S = 15.0  # since the last suggestion: whoever gets one types on
LOOK_S = 0.1
END_S = 60.0  # for a step to come to its end, and a checkpoint to be written
BUSY_S = 0.03  # of a processor's time between two looks; a health check takes a thousandth


def lowest() -> None:
    """Take the lowest priority, before threads are started: they inherit it. SCHED_IDLE gets what nobody else wants."""
    os.nice(19)
    if hasattr(os, "sched_setscheduler"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def on_battery() -> bool:
    """Whether this machine has a battery that is not being charged."""
    import psutil

    found = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    return found is not None and found.power_plugged is False


@dataclass(slots=True)
class Signs:
    """What shows that somebody works: `shown` files are written whenever a suggestion was made, `engines` are the folders in which each engine of this user's has its lock."""

    shown: tuple[Path, ...]
    engines: tuple[Path, ...]
    apart: Path | None = None  # the folder of an engine that is of no account: one's own
    _seen: dict[int, float] = field(default_factory=dict)
    _busy_at: float = 0.0

    def somebody_works(self, now: float) -> bool:
        """Whether now or a moment ago; to be asked every LOOK_S. `now` is of a monotonic clock."""
        times = {
            pid: used
            for home in self.engines
            for one in home.glob("*/engine.lock")
            if one.parent != self.apart
            for pid, used in _used(one)
        }
        if any(used - self._seen.get(pid, used) > BUSY_S for pid, used in times.items()):
            self._busy_at = now
        self._seen = times
        is_shown = any(time.time() - _written(one) < SHOWN_S for one in self.shown)
        return is_shown or now - self._busy_at < QUIET_S

    def beside(self, folder: Path) -> Signs:
        """The same for who uses the engine of this folder himself."""
        return replace(self, apart=folder, _seen={})

    def quiet(self, say: Callable[[str], None]) -> Callable[[], Awaitable[None]]:
        """To be awaited between two pieces of work: it comes back when nobody works."""

        async def wait() -> None:
            is_told = False
            while self.somebody_works(time.monotonic()):
                if not is_told:
                    say("resting: somebody works")
                is_told = True
                await asyncio.sleep(LOOK_S)  # tidy: allow-sleep  as above
            if is_told:
                say("going on")

        return wait


def minded(
    process: subprocess.Popen[str],
    signs: Signs | None,
    say: Callable[[str], None],
    look: Callable[[], None] = lambda: None,
) -> int:
    """Wait for the process to end, and stop it while somebody works (None: never); its exit status. It is never left stopped. `look` is called all the while."""
    is_stopped = False
    try:
        while process.poll() is None:
            look()
            works = signs is not None and signs.somebody_works(time.monotonic())
            if works != is_stopped:
                say("resting: somebody works" if works else "going on")
                _send(process, signal.SIGSTOP if works else signal.SIGCONT)
                is_stopped = works
            time.sleep(LOOK_S)  # tidy: allow-sleep  nothing tells of work but what processes have used
        look()
        return int(process.returncode)
    finally:
        if process.poll() is None:
            _send(process, signal.SIGTERM)
            _send(process, signal.SIGCONT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(END_S)
            _send(process, signal.SIGKILL)
            process.wait()


def _send(process: subprocess.Popen[str], number: int) -> None:
    """To it and all that it has started, where it leads a group."""
    with contextlib.suppress(ProcessLookupError):
        if os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)


def end_with_parent() -> None:
    """Have this process ended when the one that minds it is gone, stopped or not. Linux has it."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _used(lock: Path) -> list[tuple[int, float]]:
    """The processes of an engine (vLLM's work is done by those that it starts), and the seconds of processors that each has used."""
    found, left = list[tuple[int, float]](), list[int]()
    with contextlib.suppress(OSError, ValueError):
        left.append(int(lock.read_text("ascii")))
    while left:
        pid = left.pop()
        with contextlib.suppress(OSError, ValueError, IndexError):
            parts = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            found.append((pid, (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")))
            for one in Path(f"/proc/{pid}/task").glob("*/children"):
                left += map(int, one.read_text("ascii").split())
    return found


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
