"""How vLLM is started for a model: its command, its environment, and what of the memory it gets."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from .. import memory
from ..api import EngineUnavailable
from ..launch import Launch
from . import adapters, gpus
from .place import Place

INSIDE = Path(__file__).parent / "inside"
CACHED_S = 4  # texts of a whole context whose keys and values are kept, on a processor, where memory allows
LEAST_GIB = 1
HELD = ("auto", "bf16", "fp8")  # how weights may be held here; awq, gptq and the like are what a folder says of itself
LEFT = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "ASSAY_ENGINE_API_KEY", "VLLM_API_KEY", "VLLM_PLUGINS", "LD_PRELOAD")


ANYWHERE = gpus.Plan((), "bf16", "bf16", gpus.SHARE)


def context_of(shape: memory.Shape, most: int) -> int:
    """Tokens of one text."""
    return min(shape.context, most)


def command(launch: Launch, place: Place, weights: Path, context: int, on: gpus.Plan = ANYWHERE) -> list[str]:
    """Program and arguments. Raises EngineUnavailable for weights that cannot be held as they are wanted."""
    if launch.quantisation not in HELD:
        raise EngineUnavailable(
            f"Engine off: vLLM holds weights as {' or '.join(HELD[1:])}, or as their folder says, and not as {launch.quantisation}. Set `engine.quantisation`."
        )
    told = [str(place.python), "-P", "-m", "vllm.entrypoints.openai.api_server", "--model", str(weights)]
    told += ["--served-model-name", launch.model.name if launch.model.is_dir() else launch.model.stem]
    told += ["--uds", str(launch.socket), "--max-model-len", str(context), "--dtype", "bfloat16"]
    told += ["--enable-prefix-caching", "--enable-prompt-tokens-details", "--scheduling-policy", "priority"]
    told += ["--generation-config", "vllm"]  # the model's own would change what is asked for
    told += ["--logits-processors", "assay_inside:Steered"]
    told += ["--disable-uvicorn-access-log", "--disable-fastapi-docs", "--uvicorn-log-level", "warning"]
    told += ["--max-num-seqs", str(place.rows)]
    if launch.beside.adapters:
        told += adapters.flags(_there(Path(launch.beside.adapters), weights))
    if on.cached == "fp8":
        told += ["--kv-cache-dtype", "fp8"]
    if place.is_cpu:
        return [*told, "--enforce-eager"]
    if on.held == "fp8":
        told += ["--quantization", "fp8"]
    if len(on.uuids) > 1:
        told += ["--tensor-parallel-size", str(len(on.uuids))]
    return [*told, "--gpu-memory-utilization", str(on.share)]


def _there(folder: Path, weights: Path) -> tuple[adapters.Adapter, ...]:
    """The adapters that there are now; none of a folder that is not there yet."""
    try:
        return adapters.found(folder, memory.shapes_of(weights))[0]
    except OSError:
        return ()


def plan_of(launch: Launch, weights: Path, context: int) -> gpus.Plan:
    """On which GPUs it goes. Raises EngineUnavailable where it fits on none."""
    wanted = gpus.Wanted(_wanted(launch, weights), launch.beside.cached)
    return gpus.plan(memory.shape_of(weights), gpus.here(), wanted, context)


def _wanted(launch: Launch, weights: Path) -> str:
    """How the weights are to be held; as they are where their folder says so."""
    try:
        is_held = "quantization_config" in json.loads((weights / "config.json").read_text("utf-8"))
    except (OSError, ValueError, TypeError):
        is_held = False
    return "bf16" if is_held else launch.quantisation


def environment(
    place: Place, shape: memory.Shape, context: int, cache: Path, on: gpus.Plan = ANYWHERE
) -> Mapping[str, str]:
    """The variables that it gets: ours where they concern it, none that would have it ask the network, or load code of others. Raises EngineUnavailable where
    the model does not fit."""
    here = {name: value for name, value in os.environ.items() if name not in LEFT}
    here |= {
        "PYTHONPATH": str(INSIDE),
        "PYTHONNOUSERSITE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "VLLM_CACHE_ROOT": str(cache / "vllm-compiled"),
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1",  # by whoever reaches the socket, which is us: the door of `assay/team` lets its own paths through
        "VLLM_USE_V2_MODEL_RUNNER": "0",  # which takes no logits processors; on a GPU it may be what vLLM chooses
    }
    if place.is_cpu:
        here["VLLM_CPU_KVCACHE_SPACE"] = str(_cached_gib(shape, context))
    if on.uuids:
        here["CUDA_VISIBLE_DEVICES"] = ",".join(on.uuids)
    return here


def _cached_gib(shape: memory.Shape, context: int) -> int:
    """Whole gibibytes for keys and values: vLLM's unit."""
    wanted = max(LEAST_GIB, -(-CACHED_S * context * shape.per_token // memory.GIB))
    plan = memory.plan(shape, memory.free_here(), wanted="bf16", possible=("bf16",), rows=CACHED_S, context=context)
    return int(max(LEAST_GIB, min(wanted, plan.cache // memory.GIB)))
