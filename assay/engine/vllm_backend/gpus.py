"""The GPUs of this machine, and on how many of them a model goes, held how."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass

from .. import memory
from ..api import EngineUnavailable

SHARE = 0.9  # of a GPU's memory is vLLM's
ASK_S = 20.0
MIB = 1 << 20
ADA = 8.9  # compute capability from which fp8 is multiplied
LEAST_ROWS = 8  # texts of a whole context at once, where there is a choice


@dataclass(frozen=True, slots=True)
class Gpu:
    """Bytes of memory that are free, and the compute capability."""

    free: int
    capability: float


def here() -> tuple[Gpu, ...]:
    """As the driver's `nvidia-smi` tells them; none where it tells nothing."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    command = [program, "--query-gpu=memory.free,compute_cap", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=ASK_S, stdin=subprocess.DEVNULL
        )
        rows = [line.split(",") for line in done.stdout.splitlines() if line.strip()]
        return tuple(Gpu(int(free) * MIB, float(capability)) for free, capability in rows)
    except (OSError, ValueError, subprocess.SubprocessError):
        return ()


def plan(shape: memory.Shape, gpus: tuple[Gpu, ...], wanted: str, context: int) -> tuple[int, str]:
    """How many GPUs share the model, and how its weights are held: 16 bits on as few as hold them and several texts, else fp8 where all can multiply
    it, else what fits barely. Powers of two, which divide the heads of every family. Where nobody told of GPUs: one, as it is wanted. Raises EngineUnavailable, naming what would fit."""
    if not gpus:
        return 1, "fp8" if wanted == "fp8" else "bf16"
    possible = ("bf16", "fp8") if min(one.capability for one in gpus) >= ADA else ("bf16",)
    if wanted not in ("auto", *possible):
        raise EngineUnavailable(f"Engine off: {wanted} cannot be had on these GPUs. Set `engine.quantisation` to auto.")
    free = sorted((one.free for one in gpus), reverse=True)
    rooms = {count: int(free[count - 1] * count * SHARE) for count in (1, 2, 4, 8) if count <= len(gpus)}
    refused: EngineUnavailable | None = None
    for least in (LEAST_ROWS, 1):
        for held in possible if wanted == "auto" else (wanted,):
            for count, room in rooms.items():
                try:
                    found = memory.plan(shape, room, wanted=held, possible=possible, rows=LEAST_ROWS, context=context)
                except EngineUnavailable as error:
                    refused = error
                    continue
                if found.rows >= least:
                    return count, held
    assert refused is not None
    raise refused
