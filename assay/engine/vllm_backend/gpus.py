"""The GPUs of this machine, and on how many of them a model goes, held how."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, replace

from .. import memory
from ..api import EngineUnavailable

SHARE, SPARE = 0.9, 0.95  # of a GPU's memory is vLLM's, and of what is free of it
ASK_S = 20.0
MIB = 1 << 20
ADA = 8.9  # compute capability from which fp8 is multiplied
LEAST_ROWS = 8  # texts of a whole context at once, where there is a choice


@dataclass(frozen=True, slots=True)
class Gpu:
    """By the driver: its name for programs, bytes of memory in all and free, and the compute capability."""

    uuid: str
    total: int
    free: int
    capability: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Which GPUs share the model (none: whatever vLLM finds), how its weights are held, how keys and values, and the share of each one's memory that vLLM takes."""

    uuids: tuple[str, ...]
    held: str
    cached: str
    share: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """How weights are to be held, and keys and values: "auto" or by name."""

    held: str = "auto"
    cached: str = "auto"


def here() -> tuple[Gpu, ...]:
    """As the driver's `nvidia-smi` tells them, of those that CUDA_VISIBLE_DEVICES names where it does; none where it tells nothing."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    command = [program, "--query-gpu=uuid,memory.total,memory.free,compute_cap", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=ASK_S, stdin=subprocess.DEVNULL
        )
        rows = [[one.strip() for one in line.split(",")] for line in done.stdout.splitlines() if line.strip()]
        found = [Gpu(uuid, int(total) * MIB, int(free) * MIB, float(cap)) for uuid, total, free, cap in rows]
    except (OSError, ValueError, subprocess.SubprocessError):
        return ()
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is None:
        return tuple(found)
    wanted = [one.strip() for one in named.split(",") if one.strip()]
    return tuple(
        one
        for index, one in enumerate(found)
        if str(index) in wanted or any(one.uuid.startswith(name) for name in wanted)
    )


def plan(shape: memory.Shape, gpus: tuple[Gpu, ...], wanted: Wanted, context: int) -> Plan:
    """16 bits on as few GPUs as hold them and several texts, the emptiest first, else weights in fp8 where all can multiply it, else keys and values in fp8, which nothing has measured for
    this model, else what fits barely. Where nobody told of GPUs, as it is wanted. Raises EngineUnavailable, naming what would fit."""
    if not gpus:
        held, cached = ("fp8" if one == "fp8" else "bf16" for one in (wanted.held, wanted.cached))
        return Plan((), held, cached, SHARE)
    possible = ("bf16", "fp8") if min(one.capability for one in gpus) >= ADA else ("bf16",)
    for one, name in ((wanted.held, "quantisation"), (wanted.cached, "kv_cache")):
        if one not in ("auto", *possible):
            raise EngineUnavailable(f"Engine off: {one} cannot be had on these GPUs. Set `engine.{name}` to auto.")
    ways = [
        (held, cached)
        for cached in (possible if wanted.cached == "auto" else (wanted.cached,))
        for held in (possible if wanted.held == "auto" else (wanted.held,))
    ]
    emptiest = sorted(gpus, key=lambda one: -one.free)
    groups = [emptiest[:count] for count in range(1, len(gpus) + 1) if shape.heads % count == 0]
    refused: EngineUnavailable | None = None
    for least in (LEAST_ROWS, 1):
        for held, cached in ways:
            of_cache = shape if cached == "bf16" else replace(shape, per_token=shape.per_token // 2)
            for group in groups:
                room = int(group[-1].free * len(group) * SHARE)
                try:
                    found = memory.plan(
                        of_cache, room, wanted=held, possible=possible, rows=LEAST_ROWS, context=context
                    )
                except EngineUnavailable as error:
                    refused = error
                    continue
                if found.rows >= least:
                    # vLLM takes a share of all of a GPU's memory, and refuses to start where so much is not free.
                    share = min(SHARE, *(SPARE * one.free / one.total for one in group))
                    return Plan(tuple(one.uuid for one in group), held, cached, round(share, 3))
    assert refused is not None
    raise refused
