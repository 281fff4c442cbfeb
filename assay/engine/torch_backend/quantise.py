"""Weights in fewer bits, by torchao, where the device can multiply them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from ..api import EngineUnavailable
from .model import Loaded

GROUPS = (128, 64, 32)  # weights that share a scale, the largest that divides a layer
AMPERE, ADA = (8, 0), (8, 9)  # compute capabilities from which int4 and fp8 are multiplied


def possible(device: torch.device) -> tuple[str, ...]:
    """How weights can be held on this device. On a CPU int8 halves memory and time both ways: it is slower there."""
    try:
        import torchao  # noqa: F401  # an extra
    except ImportError:
        return ("bf16",)
    if device.type != "cuda":
        return ("bf16", "int8")
    capability = torch.cuda.get_device_capability(device)
    found = ["bf16", "int8"]
    found += ["int4"] if capability >= AMPERE else []
    found += ["fp8"] if capability >= ADA else []
    return tuple(found)


def config_of(name: str, model: Any) -> Any:
    """torchao's configuration for a name of the table."""
    from torchao.quantization import (
        Float8DynamicActivationFloat8WeightConfig,
        Int4WeightOnlyConfig,
        Int8WeightOnlyConfig,
        PerRow,
    )

    match name:
        case "int8":
            return Int8WeightOnlyConfig(granularity=PerRow())
        case "int4":
            return Int4WeightOnlyConfig(group_size=_group(model), int4_packing_format="tile_packed_to_4d")
        case "fp8":
            return Float8DynamicActivationFloat8WeightConfig(granularity=PerRow())
        case _:
            raise EngineUnavailable(f"Engine off: {name} is no quantisation. Set `engine.quantisation`.")


def apply(loaded: Loaded, name: str, config: Any = None) -> Loaded:
    """Hold the weights of all linear layers so, in place; `config` instead of the table's for `name`. Raises EngineUnavailable where torchao cannot, or left a layer as it was."""
    from torchao.quantization import quantize_

    linear = {key: one for key, one in loaded.model.named_modules() if isinstance(one, torch.nn.Linear)}
    before = {key: type(one.weight) for key, one in linear.items()}
    try:
        quantize_(loaded.model, config or config_of(name, loaded.model), device=loaded.device)
    except (RuntimeError, ValueError, AssertionError, ImportError, NotImplementedError) as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise EngineUnavailable(
            f"Engine off: {name} cannot be had here ({first}). Set `engine.quantisation`."
        ) from error
    left = [key for key, one in linear.items() if type(one.weight) is before[key]]
    if left:  # torchao skips layers whose shape it cannot do, and says nothing
        raise EngineUnavailable(
            f"Engine off: {len(left)} of {len(linear)} layers cannot be held as {name} ({left[0]} is the first). "
            "Set `engine.quantisation`."
        )
    return replace(loaded, quantisation=name)


def _group(model: Any) -> int:
    widths = {one.in_features for one in model.modules() if isinstance(one, torch.nn.Linear)}
    return next((one for one in GROUPS if all(width % one == 0 for width in widths)), GROUPS[-1])
