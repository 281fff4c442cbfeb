"""How much memory a model takes before it is loaded, and what of it fits: a plan, or one sentence that says what would fit instead. Needs no torch."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .api import EngineUnavailable
from .weights import tensors

GIB = 1 << 30
MARGIN = 0.1  # of what is there: activations, the allocator's gaps
FIXED = GIB // 2  # bytes beside weights and cache: kernels' workspaces, a piece of a prompt under way
HEADER_LIMIT = 100_000_000  # bytes of a safetensors file's header
LEAST_CONTEXT = 2048  # tokens; a suggestion's prompt with its answer
BYTES = {"bf16": 2.0, "int8": 1.0, "fp8": 1.0, "int4": 0.57}  # of one weight of a layer; groups' scales counted
ORDER = ("bf16", "fp8", "int8", "int4")  # the best text first


@dataclass(frozen=True, slots=True)
class Shape:
    """What memory depends on. `embedded`: parameters of the table of words, which stays in 16 bits; `per_token`: bytes of keys and values of one token."""

    parameters: int
    embedded: int
    per_token: int
    context: int

    heads: int = 1  # of attention: so many GPUs may share a text as divide them
    wide: int = 1  # times sixteen bits that unquantised numbers take: 2 where the processor has no bf16

    def weights(self, quantisation: str) -> int:
        """Bytes of the weights."""
        if quantisation == "bf16":
            return self.parameters * 2 * self.wide
        return int(self.embedded * 2 * self.wide + (self.parameters - self.embedded) * BYTES[quantisation])


@dataclass(frozen=True, slots=True)
class Plan:
    """What is loaded: how weights are held, how many texts at once, of how many tokens each; and the bytes that takes."""

    quantisation: str
    rows: int
    context: int
    weights: int
    cache: int

    @property
    def total(self) -> int:
        """Bytes, with what is needed beside them."""
        return self.weights + self.cache + FIXED


def plan(shape: Shape, available: int, *, wanted: str, possible: tuple[str, ...], rows: int, context: int) -> Plan:
    """The best of `possible` that fits into `available` bytes, or the one that is `wanted` unless that is "auto". Fewer rows and a shorter context are taken before a worse text is. Raises EngineUnavailable, naming what would fit."""
    names = [one for one in ORDER if one in possible]
    context = min(context, shape.context)
    room = int(available * (1 - MARGIN)) - FIXED
    for name in names if wanted == "auto" else [wanted]:
        left = room - shape.weights(name)
        for tokens in _contexts(context):
            fitting = min(rows, left // (tokens * shape.per_token)) if left > 0 else 0
            if fitting > 0:
                row = tokens * shape.per_token
                return Plan(name, int(fitting), tokens, shape.weights(name), int(fitting) * row)
    least = min(_contexts(context)) * shape.per_token
    smaller = [one for one in names if shape.weights(one) + least <= room]
    needed = shape.weights(names[-1] if wanted == "auto" else wanted) + least + FIXED
    advice = f"Set `engine.quantisation` to {smaller[0]}." if smaller else "Choose a smaller model: `assay model list`."
    what = "" if wanted == "auto" else f" as {wanted}"
    raise EngineUnavailable(
        f"Engine off: the model{what} needs {needed / GIB:.1f} GiB, and {available / GIB:.1f} GiB are free. {advice}"
    )


def shape_of(weights: Path) -> Shape:
    """Of a folder of safetensors or a GGUF file, from their headers. Raises EngineUnavailable where these say too little."""
    try:
        return _of_folder(weights) if weights.is_dir() else _of_gguf(weights)
    except (OSError, ValueError, KeyError, TypeError, struct.error) as error:
        raise EngineUnavailable(f"Engine off: {weights.name} does not say how large it is ({error!r}).") from error


def free_here() -> int:
    """Bytes of memory that this machine, or the container we are in, can give."""
    found = [math.inf]
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemAvailable:"):
            found.append(int(line.split()[1]) * 1024)
    limit, used = _lines("/sys/fs/cgroup/memory.max"), _lines("/sys/fs/cgroup/memory.current")
    if limit and used and limit[0].isdigit() and used[0].isdigit():
        given_back = [
            int(line.split()[1])
            for line in _lines("/sys/fs/cgroup/memory.stat")
            if line.startswith(("inactive_file ", "active_file "))
        ]
        found.append(
            int(limit[0]) - int(used[0]) + sum(given_back)
        )  # what was read of files is given back when it is needed
    least = min(found)
    return 8 * GIB if math.isinf(least) else max(0, int(least))


def _contexts(most: int) -> list[int]:
    return [most, *(one for one in (most // 2, most // 4) if one >= LEAST_CONTEXT)]


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text("ascii").splitlines()
    except OSError:
        return []


def _of_folder(folder: Path) -> Shape:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config = config.get("text_config", config)
    files = tensors(one.name for one in folder.iterdir())
    sizes = [math.prod(shape) for name in files for shape in shapes(folder / name).values()]
    heads = int(config["num_attention_heads"])
    wide = int(config.get("head_dim") or config["hidden_size"] // heads)
    cached = int(config.get("num_key_value_heads") or heads) * wide * int(config["num_hidden_layers"]) * 2 * 2
    context = int(config.get("max_position_embeddings") or LEAST_CONTEXT)
    if "quantization_config" in config:  # packed, so its bytes say what its elements do not
        held = sum((folder / name).stat().st_size for name in tensors(one.name for one in folder.iterdir()))
        return Shape(held // 2, 0, cached, context, heads)
    return Shape(sum(sizes), int(config["vocab_size"]) * int(config["hidden_size"]), cached, context, heads)


def shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor of a safetensors file, by its name. Raises OSError, ValueError, KeyError, TypeError and struct.error for what is none."""
    with file.open("rb") as opened:
        (length,) = struct.unpack("<Q", opened.read(8))
        if length > HEADER_LIMIT:
            raise ValueError(f"{file.name} has a header of {length} bytes")
        header: dict[str, Any] = json.loads(opened.read(length))
    return {name: tuple(map(int, one["shape"])) for name, one in header.items() if name != "__metadata__"}


def shapes_of(folder: Path) -> dict[str, tuple[int, ...]]:
    """The same of a model's folder."""
    names = tensors(one.name for one in folder.iterdir())
    return {name: shape for file in names for name, shape in shapes(folder / file).items()}


def _of_gguf(file: Path) -> Shape:
    import gguf

    reader = gguf.GGUFReader(file)
    tensors = {one.name: int(one.n_elements) for one in reader.tensors}

    def field(name: str, usual: int = 0) -> int:
        found = reader.get_field(f"{family}.{name}")
        return int(found.contents()) if found is not None else usual

    named = reader.get_field("general.architecture")
    if named is None:
        raise ValueError("it names no architecture")
    family = str(named.contents())
    heads = field("attention.head_count")
    wide = field("attention.key_length", field("embedding_length") // max(1, heads))
    cached = field("attention.head_count_kv", heads) * wide * field("block_count") * 2 * 2
    return Shape(sum(tensors.values()), tensors["token_embd.weight"], cached, field("context_length", LEAST_CONTEXT))
