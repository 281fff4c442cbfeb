"""What one engine process serves, how much it holds, and how it is seen to be idle, or stuck."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .backends import Backend

STATE = "engine.state"  # in the launch's folder: what it does while it starts, one sentence
STUCK_S = 120.0  # one batch of a long prompt takes seconds even on a slow CPU


@dataclass(frozen=True, slots=True)
class Beside:
    """What a launch needs beside the model: the folder of adapters ("": none), and on vLLM the interpreter that has it, and its version."""

    program: str = ""
    version: str = ""
    adapters: str = ""
    cached: str = "auto"  # how keys and values are held

    @property
    def mark(self) -> str:
        """By which engines are told apart."""
        more = (f"\0{self.adapters}" if self.adapters else "") + (f"\0\0{self.cached}" if self.cached != "auto" else "")
        return f"{self.program}\0{self.version}{more}"


@dataclass(frozen=True, slots=True)
class Launch:
    """What one engine process serves, and for how long without a request. `idle_s` 0 means for ever."""

    model: Path
    folder: Path
    idle_s: float
    threads: int = 0
    backend: Backend = "llamacpp"
    quantisation: str = "auto"
    beside: Beside = Beside()

    @property
    def socket(self) -> Path:
        return self.folder / "engine.sock"


@dataclass(slots=True)
class Watch:
    """Whether a server has been idle, or stuck, for too long; by looks at it, each with its time in seconds.

    Idle time is no part of a request's: the first look that finds one in work starts its clock, for an engine that nobody asked for two minutes
    was once taken for stuck as soon as it read a long prompt.
    """

    idle_s: float
    since: float
    mark: str = ""
    was_busy: bool = False

    def look(self, mark: str, is_busy: bool, now: float) -> Literal["", "idle", "stuck"]:  # noqa: FBT001  it is what `_activity` gives
        """`mark` moves when work is done; `is_busy`: a request is in work. The answer is "" while it may go on."""
        if mark != self.mark or is_busy != self.was_busy:
            self.mark, self.was_busy, self.since = mark, is_busy, now
        quiet_s = now - self.since
        if is_busy:
            return "stuck" if quiet_s > STUCK_S else ""
        return "idle" if self.idle_s and quiet_s > self.idle_s else ""


def memory_of(launch: Launch) -> int | None:
    """Bytes that the process which serves this launch holds, with those that it has started; None where the system does not say."""
    try:
        pid = int((launch.folder / "engine.lock").read_text("ascii"))
        own = [_held(pid)]
    except (OSError, ValueError, IndexError):
        return None
    if launch.backend == "vllm":
        for one in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, ValueError, IndexError):
                # A process names its session in the fourth place behind its name: ours is led by the process that minds vLLM.
                if (
                    int((one / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[3])
                    == pid
                    != int(one.name)
                ):
                    own.append(_held(int(one.name)))
    return sum(own)


def _held(pid: int) -> int:
    told = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("utf-8"), re.MULTILINE)
    return int(told[1]) * 1024 if told else 0
