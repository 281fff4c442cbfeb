"""An adapter as llama.cpp reads it, and a model with the adapter merged into its weights, both as GGUF (by gguf, the format's own library).

Only families whose layers llama.cpp has one by one, under the names that the library's own table knows. llama.cpp turns the rows of the query and key layers of the Llama family (its rotary form), so the differences are turned, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from ..training.plan import RunError

LAYERS = (
    *(f"self_attn.{one}_proj" for one in "qkvo"),
    *(f"mlp.{one}_proj" for one in ("gate", "up", "down")),
)
KINDS = ("q8_0", "q4_1")  # how changed weights may be held
TURNED = frozenset({"llama"})  # architectures whose queries and keys are turned
Array = Any  # a matrix of numpy, of 32-bit numbers


@dataclass(frozen=True, slots=True)
class Difference:
    """Of one layer: its weights are `scale * up @ down` more."""

    down: Array
    up: Array
    scale: float

    @property
    def whole(self) -> Array:
        """The same as one matrix."""
        return (self.up @ self.down) * np.float32(self.scale)


def write_adapter(base: Path, parts: Mapping[str, tuple[Array, Array]], alpha: float, out: Path) -> None:
    """`parts`: down and up of each layer, by its name in transformers (model.layers.0.self_attn.q_proj). Raises RunError for a layer or a model that llama.cpp has no name for."""
    told = _Base(base)
    writer = gguf.GGUFWriter(out, told.architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    for name, (down, up) in sorted(parts.items()):
        there = told.name(name)
        writer.add_tensor(f"{there}.weight.lora_a", np.ascontiguousarray(down, dtype=np.float16))
        writer.add_tensor(f"{there}.weight.lora_b", np.ascontiguousarray(told.turned(there, up), dtype=np.float16))
    _end(writer)


def read_adapter(base: Path, file: Path) -> dict[str, tuple[Array, Array]]:
    """What `write_adapter` wrote: down and up of each layer, by its name in transformers. Raises RunError."""
    told = _Base(base)
    found = {one.name: gguf.quants.dequantize(one.data, one.tensor_type) for one in gguf.GGUFReader(file).tensors}
    made = dict[str, tuple[Array, Array]]()
    for layer in range(told.layers):
        for name in LAYERS:
            whole = f"model.layers.{layer}.{name}"
            there = told.name(whole)
            if (up := found.pop(f"{there}.weight.lora_b", None)) is not None:
                made[whole] = np.array(found.pop(f"{there}.weight.lora_a")), np.array(told.turned_back(there, up))
    if found:
        raise RunError(f"{file} has a layer {next(iter(found))}, which is not known here.")
    return made


def write_merged(base: Path, differences: Mapping[str, Difference], kind: str, out: Path) -> None:
    """The base with the differences in it: what they change is held as `kind` says, the rest as it was. Raises RunError."""
    told, wanted = _Base(base), gguf.GGMLQuantizationType[kind.upper()]
    by_name = {f"{told.name(name)}.weight": one for name, one in differences.items()}
    writer = gguf.GGUFWriter(out, told.architecture)
    for field in told.fields():
        writer.add_key_value(
            field.name, field.contents(), field.types[0], field.types[-1] if len(field.types) > 1 else None
        )
    for tensor in told.reader.tensors:
        one = by_name.pop(tensor.name, None)
        if one is None:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
            continue
        whole = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        more = Difference(one.down, told.turned(tensor.name.removesuffix(".weight"), one.up), one.scale).whole
        writer.add_tensor(
            tensor.name, gguf.quants.quantize((whole + more).astype(np.float32), wanted), raw_dtype=wanted
        )
    if by_name:
        raise RunError(f"The model's file has no layer {next(iter(by_name))}.")
    _end(writer)


def _end(writer: Any) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


class _Base:
    """What a GGUF file says of its model."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise RunError(
                f"{path.name} is a folder of safetensors: llama.cpp needs its GGUF. The adapter serves vLLM as it is."
            )
        self.reader = gguf.GGUFReader(path)
        self.architecture = str(self._field("general.architecture"))
        self.layers = int(self._field(f"{self.architecture}.block_count"))
        kind = next((one for one, name in gguf.MODEL_ARCH_NAMES.items() if name == self.architecture), None)
        if kind is None:
            raise RunError(f"Models of the kind {self.architecture} have no table of names: no GGUF was written.")
        self._names: Callable[[str], str | None] = gguf.get_tensor_name_map(kind, self.layers).get_name
        self._heads = int(self._field(f"{self.architecture}.attention.head_count"))
        self._few = int(self._field(f"{self.architecture}.attention.head_count_kv", self._heads))

    def name(self, name: str) -> str:
        """llama.cpp's name of a layer."""
        if (found := self._names(name)) is None:
            raise RunError(f"llama.cpp has no layer for {name}: no GGUF was written.")
        return found

    def turned(self, name: str, up: Array) -> Array:
        """The rows of a layer as llama.cpp has them."""
        heads = self._turned_heads(name)
        if heads is None:
            return up
        return up.reshape(heads, 2, up.shape[0] // heads // 2, up.shape[1]).swapaxes(1, 2).reshape(up.shape)

    def turned_back(self, name: str, up: Array) -> Array:
        """The rows as transformers has them."""
        heads = self._turned_heads(name)
        if heads is None:
            return up
        return up.reshape(heads, up.shape[0] // heads // 2, 2, up.shape[1]).swapaxes(1, 2).reshape(up.shape)

    def _turned_heads(self, name: str) -> int | None:
        heads = {"attn_q": self._heads, "attn_k": self._few}.get(name.rpartition(".")[2])
        return heads if self.architecture in TURNED else None

    def fields(self) -> Iterator[Any]:
        """What is told of the model, for another file."""
        for name, field in self.reader.fields.items():
            if not name.startswith("GGUF.") and name != "general.architecture":
                yield field

    def _field(self, name: str, usual: int | None = None) -> Any:
        found = self.reader.get_field(name)
        if found is None and usual is None:
            raise RunError(f"The model's file does not say its {name}.")
        return usual if found is None else found.contents()
