"""Plans, loads, quantises and serves: the whole life of an engine process on torch."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from .. import memory
from ..api import EngineUnavailable
from ..launch import STATE
from . import gate, model, quantise, serve
from .answers import Desk
from .decode import COPIES, Decoder
from .line import Line
from .model import Loaded

SMALL_TOKENS = 256  # enough to tell a broken one where 16 bits only fit into the machine's own memory


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user chose of how a model is run. Empty and 0: by what is here."""

    quantisation: str = "auto"
    device: str = ""
    context: int = model.CONTEXT


USUAL = Wanted()


def ready(weights: Path, cache: Path, wanted: Wanted) -> tuple[Loaded, int]:
    """The loaded model, and how many other texts can be kept beside the one at work. Says on stdout what it does. Raises EngineUnavailable."""
    device = model.device_of(wanted.device)
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else memory.free_here()
    shape = memory.shape_of(weights)
    if model.dtype_for(device) == torch.float32:
        shape = replace(shape, per_token=shape.per_token * 2, wide=2)
    refused: list[str] = []
    possible = quantise.possible(device)
    if wanted.quantisation not in ("auto", *possible):
        raise EngineUnavailable(
            f"Engine off: {wanted.quantisation} cannot be had on {device}. Set `engine.quantisation` to {' or '.join(possible)}."
        )
    while True:
        try:
            plan = memory.plan(
                shape, free, wanted=wanted.quantisation, possible=possible, rows=1 + COPIES, context=wanted.context
            )
            return _loaded(weights, cache, device, plan), plan.rows - 1
        except _Worse as error:
            refused.append(str(error))
            possible = tuple(one for one in possible if one != plan.quantisation)
            if wanted.quantisation != "auto" or not possible:
                raise
            print(error, flush=True)
        except EngineUnavailable as error:
            raise EngineUnavailable(refused[0]) if refused else error from error
        if device.type == "cuda":  # the refused one is gone
            torch.cuda.empty_cache()
            free = torch.cuda.mem_get_info(device)[0]


class _Worse(EngineUnavailable):
    """A quantisation that cannot be had here, or that the gate refused: the next smaller one may do."""


def serve_model(
    weights: Path, cache: Path, socket: Path, idle_s: float, threads: int = 0, wanted: Wanted = USUAL
) -> int:
    """Load and serve at a Unix socket until idle; returns the exit status. Raises EngineUnavailable."""
    if threads:
        torch.set_num_threads(threads)
    begun = time.monotonic()
    loaded, copies = ready(weights, cache, wanted)
    decoder = Decoder(loaded, copies=copies)
    state = socket.with_name(STATE)
    if decoder.is_compiled:
        state.write_text("The engine is compiling, a minute or two.", "utf-8")
    try:
        decoder.warm()
    except Exception as error:  # noqa: BLE001  # no compiler is here, or a family that cannot be captured: whatever it is, it is told
        first = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        print(f"not compiled, and slower: {first}", flush=True)
        decoder = Decoder(loaded, copies=copies, compiled=False)
    state.unlink(missing_ok=True)
    print(
        f"serving {loaded.name} as {loaded.quantisation} on {loaded.device}, {loaded.context} tokens, {copies} other texts kept, "
        f"after {time.monotonic() - begun:.1f} s, at {socket}",
        flush=True,
    )
    return serve.run(Desk(loaded, Line(decoder)), socket, idle_s)


def _loaded(weights: Path, cache: Path, device: torch.device, plan: memory.Plan) -> Loaded:
    first = device if plan.quantisation == "bf16" or _fits(device, plan) else torch.device("cpu")
    loaded = model.load(weights, device=first, context=plan.context)
    if plan.quantisation == "bf16":
        return loaded
    tokens = gate.TOKENS if first == device else SMALL_TOKENS
    record = gate.Record(weights, cache, tokens)
    measured = record.read()
    base_name = loaded.quantisation
    if base_name not in measured:
        print(f"measuring how good {loaded.name} is at code, once", flush=True)
        measured[base_name] = gate.likelihood(loaded, tokens)
    try:
        loaded = quantise.apply(replace(loaded, device=device), plan.quantisation)
    except EngineUnavailable as error:
        raise _Worse(str(error)) from error
    loaded = replace(loaded, model=loaded.model.to(device))
    if plan.quantisation not in measured:
        measured[plan.quantisation] = gate.likelihood(loaded, tokens)
        record.write(measured)
    try:
        gate.pass_or_raise(loaded, plan.quantisation, gate.Quality(measured[base_name], measured[plan.quantisation]))
    except EngineUnavailable as error:
        raise _Worse(str(error)) from error
    return loaded


def _fits(device: torch.device, plan: memory.Plan) -> bool:
    """Whether the weights can be in 16 bits there for a moment."""
    if device.type != "cuda":
        return True
    wide = plan.weights / memory.BYTES[plan.quantisation] * memory.BYTES["bf16"]
    return bool(wide + memory.FIXED < torch.cuda.mem_get_info(device)[0])
