"""A model and its tokenizer, loaded from a folder of safetensors or from a GGUF file. Never runs code that comes with a model."""

from __future__ import annotations

import contextlib
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # what is loaded lies here; transformers would ask its hub for more
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("TQDM_DISABLE", "1")  # the log is read by its last line

import torch
import transformers

from ..api import EngineUnavailable
from ..dialects import DIALECTS

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

CONTEXT = 8192  # tokens of one request at most, where the model can do as much


@dataclass(frozen=True, slots=True)
class Loaded:
    """`ends`: tokens after which nothing of the answer comes. `context`: tokens that one request may have, answer included. `quantisation`
    names how the weights are held: "bf16", "fp32", or a name of `quantise.TABLE`."""

    model: Any
    tokenizer: Any
    name: str
    device: torch.device
    dtype: torch.dtype
    context: int
    ends: frozenset[int]
    quantisation: str

    def ids(self, text: str, *, special: bool = True) -> list[int]:
        """Token ids. The model's own markers count as such; `special` adds what the model wants before each text."""
        return list(self.tokenizer.backend_tokenizer.encode(text, add_special_tokens=special).ids)

    @property
    def vocabulary(self) -> int:
        """Rows of the model's output."""
        return int(self.model.config.vocab_size)


def device_of(setting: str = "") -> torch.device:
    """Where to run: what the setting says, else the first GPU, else the CPU."""
    return torch.device(setting or ("cuda" if torch.cuda.is_available() else "cpu"))


def dtype_for(device: torch.device) -> torch.dtype:
    """bf16 wherever the hardware multiplies it."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if _cpu_has_bf16() else torch.float32


def load(weights: Path, *, device: torch.device, context: int = CONTEXT) -> Loaded:
    """Load the weights as they are, in bf16 or what comes nearest on `device`. Raises EngineUnavailable with a sentence."""
    dtype = dtype_for(device)
    try:
        with _quiet():
            tokenizer, model = _read(weights, dtype)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise EngineUnavailable(f"Engine off: {weights.name} cannot be loaded by transformers ({first}).") from error
    _check(weights, model)
    model = model.to(device).eval().requires_grad_(requires_grad=False)
    most = int(getattr(model.config, "max_position_embeddings", context) or context)
    quantisation = {torch.bfloat16: "bf16", torch.float16: "fp16"}.get(dtype, "fp32")
    name = weights.stem if weights.is_file() else weights.name
    return Loaded(model, tokenizer, name, device, dtype, min(context, most), _ends(tokenizer, model), quantisation)


def _read(weights: Path, dtype: torch.dtype) -> tuple[Any, Any]:
    usual: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    if weights.is_file():
        where, usual["gguf_file"] = weights.parent, weights.name
        more: dict[str, Any] = {"quantization_config": transformers.GgufConfig(dequantize=True)}
    else:
        where, more = weights, {"use_safetensors": True}
    tokenizer = transformers.AutoTokenizer.from_pretrained(where, **usual)
    if not getattr(tokenizer, "is_fast", False):
        raise ValueError("its tokenizer has no fast form")
    model = transformers.AutoModelForCausalLM.from_pretrained(
        where, dtype=dtype, attn_implementation="sdpa", **usual, **more
    )
    return tokenizer, model


def _check(weights: Path, model: Any) -> None:
    """Only models whose layers all look at all of the text: the cache keeps it so."""
    kinds = set(getattr(model.config, "layer_types", None) or ["full_attention"])
    window = (
        getattr(model.config, "sliding_window", None) if getattr(model.config, "use_sliding_window", True) else None
    )
    if kinds != {"full_attention"} or window:
        raise EngineUnavailable(
            f"Engine off: {weights.name} has layers that look at a part of the text, which this engine cannot keep. "
            "Use its GGUF with llama.cpp (`engine.backend`)."
        )


def _ends(tokenizer: Any, model: Any) -> frozenset[int]:
    """What ends an answer: what the model says, and each dialect's markers where they are one token."""
    found: set[int] = set()
    for one in (tokenizer.eos_token_id, model.config.eos_token_id, model.generation_config.eos_token_id):
        found.update(one if isinstance(one, list) else [one] if one is not None else [])
    added = tokenizer.get_added_vocab()
    found.update(added[marker] for dialect in DIALECTS for marker in dialect.markers if marker in added)
    return frozenset(found)


def _cpu_has_bf16() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text("ascii", "replace")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags or "bf16" in flags.split()


@contextlib.contextmanager
def _quiet() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
