"""Which program runs a model of this machine: llama.cpp, transformers on torch, or vLLM. Looks for them without loading them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .api import EngineUnavailable
from .vllm_backend import place

Backend = Literal["llamacpp", "torch", "vllm"]
TITLES: Mapping[Backend, str] = {"llamacpp": "llama.cpp", "torch": "torch", "vllm": "vLLM"}
INSTALL = "Install `assay[torch]`."
PARTS = ("torch", "transformers")


@dataclass(frozen=True, slots=True)
class Choice:
    """A backend, and in a few words why it is this one. `program`: the interpreter that has vLLM, and `version` of it; "" for the others."""

    backend: Backend
    why: str
    program: str = ""
    version: str = ""
    rows: int = 0  # requests that vLLM has at work at once


def missing() -> tuple[str, ...]:
    """What the engine on torch needs and is not installed."""
    return tuple(name for name in PARTS if importlib.util.find_spec(name) is None)


def has_gpu() -> bool:
    """Whether a GPU is there that the installed build of torch can use."""
    return Path("/dev/nvidia0").exists() and "+cpu" not in _build()


def _build() -> str:
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return "+cpu"


def choose(setting: str, weights: Path, cache: Path, *, program: str = "", is_shared: bool = False) -> Choice:
    """The backend for these weights by `engine.backend`: what it names, else vLLM where it is and there is a GPU or the engine is shared, else the only one
    that reads them, else the one that was the faster here when it was measured, else torch where there is a GPU. `program` is `engine.vllm`. Raises EngineUnavailable."""
    if setting in ("auto", "vllm") and (chosen := _vllm(setting, cache, program, is_shared=is_shared)) is not None:
        return chosen
    if setting == "llamacpp" and weights.is_dir():
        raise EngineUnavailable(
            f"Engine off: llama.cpp reads GGUF files, and {weights.name} is a folder of safetensors. Set `engine.backend` to auto."
        )
    if setting == "torch" or weights.is_dir():
        if absent := missing():
            raise EngineUnavailable(
                f"Engine off: {weights.name} needs the engine on torch, and {absent[0]} is not installed. {INSTALL}"
            )
        return Choice("torch", "by `engine.backend`" if setting == "torch" else "it alone reads safetensors")
    if setting == "llamacpp":
        return Choice("llamacpp", "by `engine.backend`")
    if missing():
        return Choice("llamacpp", "torch is not installed")
    measured = recorded(cache).get(weights.name)
    if measured == "vllm":
        if (there := place.find(program, cache)) is not None:
            return Choice(
                "vllm", "the faster one here, by `assay engine --bench`", str(there.python), there.version, there.rows
            )
    elif measured is not None:
        return Choice(measured, "the faster one here, by `assay engine --bench`")
    return Choice("torch", "there is a GPU") if has_gpu() else Choice("llamacpp", "there is no GPU")


def _vllm(setting: str, cache: Path, program: str, *, is_shared: bool) -> Choice | None:
    """It, where it is to be taken."""
    try:
        found = place.find(program, cache)
    except EngineUnavailable:
        if setting == "vllm":
            raise
        found = None
    if setting == "vllm":
        if found is None:
            raise EngineUnavailable(f"Engine off: vLLM is not here. {place.MEND}")
        return Choice("vllm", "by `engine.backend`", str(found.python), found.version, found.rows)
    if found is None:
        return None
    if Path("/dev/nvidia0").exists() and not found.is_cpu:
        return Choice("vllm", "there is a GPU", str(found.python), found.version, found.rows)
    return Choice("vllm", "it serves many", str(found.python), found.version, found.rows) if is_shared else None


def recorded(cache: Path) -> dict[str, Backend]:
    """The faster backend for each model that was measured on this machine, by the file's name."""
    try:
        found = json.loads((cache / "bench.json").read_text("utf-8"))
        return {name: one["faster"] for name, one in found.items() if one["faster"] in TITLES}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
