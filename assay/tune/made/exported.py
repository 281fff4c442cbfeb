"""From a run's adapter, as peft wrote it, to a folder that engines serve: safetensors for vLLM, GGUF for llama.cpp, the manifest, and on request merged weights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors.numpy

from assay.engine import adapters, weights

from ..training.plan import ADAPTER, Plan, RunError
from .gguf_files import Array, Difference, write_adapter, write_merged

PEFT = ("adapter_config.json", "adapter_model.safetensors")


def export(run: Path, plan: Plan, name: str, into: Path) -> adapters.Adapter:
    """Write the adapter folder `into`/`name` anew. Without a GGUF where the base is none. Raises RunError."""
    source, target = run / ADAPTER, into / name
    if not (source / PEFT[0]).is_file():
        raise RunError("The run has no adapter yet: no look at held-out samples was better than the model as it is.")
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    for one in PEFT:
        shutil.copyfile(source / one, target / one)
    base = Path(plan.model)
    if base.is_file():
        parts, alpha = read(target)
        write_adapter(base, parts, alpha, target / adapters.GGUF)
    told = {
        "base": {"digest": plan.model_mark, "name": weights.name_of(base), "bytes": adapters.size_of(base)},
        "dialect": plan.dialect,
        "data": plan.data_mark,
        "rank": plan.rank,
    }
    (target / adapters.MANIFEST).write_text(json.dumps(told, indent=1), "utf-8")
    return adapters.read(target)


def merge(folder: Path, base: Path, kind: str, out: Path) -> None:
    """The base with the adapter of a folder in its weights, as one GGUF; `kind` is a name of `gguf_files.KINDS`. Raises RunError."""
    parts, alpha = read(folder)
    write_merged(base, differences(parts, alpha), kind, out)


def differences(parts: Mapping[str, tuple[Array, Array]], alpha: float) -> dict[str, Difference]:
    """By layer."""
    return {name: Difference(down, up, alpha / down.shape[0]) for name, (down, up) in parts.items()}


def read(folder: Path) -> tuple[dict[str, tuple[Array, Array]], float]:
    """Down and up of each layer, by its name in transformers, and peft's `lora_alpha`. Raises RunError."""
    try:
        alpha = float(json.loads((folder / PEFT[0]).read_text("utf-8"))["lora_alpha"])
        found: dict[str, dict[str, Array]] = {}
        for name, tensor in safetensors.numpy.load_file(folder / PEFT[1]).items():
            layer, _, which = name.removeprefix("base_model.model.").rpartition(".lora_")
            found.setdefault(layer, {})[which[0]] = tensor.astype(np.float32)
        return {layer: (both["A"], both["B"]) for layer, both in found.items()}, alpha
    except (OSError, ValueError, KeyError) as error:
        raise RunError(f"{folder} holds no adapter as peft writes it ({error}).") from error
