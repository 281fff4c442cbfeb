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
    return has_device() and "+cpu" not in _build()


def has_device() -> bool:
    """Whether a GPU is there."""
    return Path("/dev/nvidia0").exists()


def _build() -> str:
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return "+cpu"


def choose(
    setting: str, weights: Path, cache: Path, *, program: str = "", adapter: str = "", is_shared: bool = False
) -> Choice:
    """The backend for these weights by `engine.backend`: what it names, else vLLM where it is and the engine is shared, else the one that was the faster here
    when it was measured, else vLLM where it is and there is a GPU, or where it alone reads them, else torch where there is a GPU or where it alone reads them. `program` is
    `engine.vllm`; with an `adapter` it is vLLM, which has them. Raises EngineUnavailable."""
    if adapter:
        return _with_adapter(setting, weights, place.find(program, cache))
    measured = _measured(weights, cache, program) if setting == "auto" else None
    if measured is not None and not is_shared:
        return measured
    if setting in ("auto", "vllm") and (chosen := _vllm(setting, cache, program, is_shared=is_shared)) is not None:
        return chosen
    if measured is not None:
        return measured
    if setting == "llamacpp" and weights.is_dir():
        raise EngineUnavailable(
            f"Engine off: llama.cpp reads GGUF files, and {weights.name} is a folder of safetensors. Set `engine.backend` to auto."
        )
    if setting == "torch" or weights.is_dir():
        if absent := missing():
            if setting == "auto" and (there := place.found(program, cache)) is not None:
                return _on_vllm("it is here, and torch is not", there)
            raise EngineUnavailable(
                f"Engine off: {weights.name} needs the engine on torch, and {absent[0]} is not installed. {INSTALL}"
            )
        return Choice("torch", "by `engine.backend`" if setting == "torch" else "it alone reads safetensors")
    if setting == "llamacpp":
        return Choice("llamacpp", "by `engine.backend`")
    if missing():
        return Choice("llamacpp", "torch is not installed")
    return Choice("torch", "there is a GPU") if has_gpu() else Choice("llamacpp", "there is no GPU")


def _with_adapter(setting: str, weights: Path, serving: place.Place | None) -> Choice:
    """llama.cpp and vLLM serve adapters: the one for a GGUF file, the other for a folder of safetensors, or where it is asked for or there is a GPU."""
    if setting == "torch":
        raise EngineUnavailable("Engine off: `engine.adapter` needs llama.cpp or vLLM. Set `engine.backend` to auto.")
    is_gguf = weights.is_file()
    if setting == "llamacpp" or (setting == "auto" and is_gguf and not (serving is not None and has_device())):
        if is_gguf:
            return Choice("llamacpp", "it has adapters")
        raise EngineUnavailable(
            f"Engine off: llama.cpp reads GGUF files, and {weights.name} is a folder of safetensors. Set `engine.backend` to auto."
        )
    if serving is None:
        raise EngineUnavailable(f"Engine off: `engine.adapter` needs vLLM, which is not here. {place.MEND}")
    return _on_vllm("it has adapters", serving)


def _vllm(setting: str, cache: Path, program: str, *, is_shared: bool) -> Choice | None:
    """It, where it is to be taken."""
    if setting == "vllm":
        if (named := place.find(program, cache)) is None:
            raise EngineUnavailable(f"Engine off: vLLM is not here. {place.MEND}")
        return _on_vllm("by `engine.backend`", named)
    there = place.found(program, cache)
    if there is None:
        return None
    if has_device() and not there.is_cpu:
        return _on_vllm("there is a GPU", there)
    return _on_vllm("it serves many", there) if is_shared else None


def _measured(weights: Path, cache: Path, program: str) -> Choice | None:
    """What was the faster one when it was measured, where it is still here."""
    why = "the faster one here, by `assay engine --bench`"
    match recorded(cache).get(weights.name):
        case "vllm":
            there = place.found(program, cache)
            return _on_vllm(why, there) if there is not None else None
        case "torch":
            return None if missing() else Choice("torch", why)
        case "llamacpp":
            return None if weights.is_dir() else Choice("llamacpp", why)
    return None


def _on_vllm(why: str, there: place.Place) -> Choice:
    return Choice("vllm", why, str(there.python), there.version, there.rows)


def recorded(cache: Path) -> dict[str, Backend]:
    """The faster backend for each model that was measured on this machine, by the file's name."""
    try:
        found = json.loads((cache / "bench.json").read_text("utf-8"))
        return {name: one["faster"] for name, one in found.items() if one["faster"] in TITLES}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
