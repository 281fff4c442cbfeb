"""The engine on torch on a GPU: one command that checks, times and prints a table.

`python -m evals.gpu` on a machine with CUDA, torch, transformers and torchao, in a checkout of this repository; no network, no weights: a model of Qwen2.5-Coder-7B's shape with random ones, which take as long. `--tiny` runs the same on any machine in seconds, to see that it does.

Checked: what the compiled pass writes is what the plain one does. Timed: memory bandwidth by copying; tokens a second of one text in bf16 and int4, as a share of what that bandwidth allows; `transformers.generate` beside it; the first token behind a kept prompt of 4 096 tokens; somebody typing (evals/capacity.py) at the engine on torch, and 64 people at vLLM where it is installed (`assay engine --install vllm`).
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import platformdirs
import torch
import transformers

from assay.engine.api import EngineUnavailable
from assay.engine.torch_backend import quantise
from assay.engine.torch_backend.decode import PIECE, Decoder
from assay.engine.torch_backend.model import Loaded, device_of, dtype_for
from assay.engine.vllm_backend import place
from evals.capacity import SEED, told, typing
from evals.capacity_run import measured_steps, ran
from evals.capacity_vllm import served, typed

WRITTEN, PREFIX = 64, 4096
START_S = 240.0  # of vLLM
SEVEN = {
    "vocab_size": 152_064, "hidden_size": 3584, "intermediate_size": 18_944, "num_hidden_layers": 28, "num_attention_heads": 28,
    "num_key_value_heads": 4, "max_position_embeddings": 32_768, "tie_word_embeddings": False,
}  # fmt: skip
TINY = {
    "vocab_size": 8192, "hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 32_768, "tie_word_embeddings": False,
}  # fmt: skip


class Letters:
    """Stands for a tokenizer: what is written does not matter here, when does."""

    backend_tokenizer: Any = None

    def __init__(self) -> None:
        self.backend_tokenizer = self

    def decode(self, ids: list[int], **_: object) -> str:
        """A letter for each token."""
        return "".join(chr(97 + token % 26) for token in ids)


def main() -> None:
    """Print the table, one line a figure, each as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="a tiny model, on whatever is here")
    parser.add_argument("--alone", action="store_true", help="torch alone, also where vLLM is installed")
    parser.add_argument("--people", type=int, default=64, help="who type at once")
    parser.add_argument("--seconds", type=float, default=30.0, help="of typing")
    chosen = parser.parse_args()
    device = device_of()
    if device.type != "cuda" and not chosen.tiny:
        raise SystemExit("There is no GPU here that torch can use: --tiny shows what would be measured.")
    print(
        f"{torch.cuda.get_device_name() if device.type == 'cuda' else 'CPU'}, torch {torch.__version__}, transformers {transformers.__version__}"
    )
    bandwidth = copied(device, 1 << (26 if chosen.tiny else 32))
    print(f"memory bandwidth     {bandwidth / 1e9:8.0f} GB/s (a copy, read and written)")
    plain = made(device, TINY if chosen.tiny else SEVEN, PREFIX + 1024)
    one_text("bf16", plain, bandwidth, compiled=device.type == "cuda")
    generated(plain)
    kept(plain)
    one_typing(plain, chosen.seconds)
    if not chosen.alone:
        asyncio.run(many(plain, chosen.people, chosen.seconds))
    for name in ("int4", "fp8", "int8"):
        if name not in quantise.possible(device):
            print(f"{name:20} cannot be had on {device}")
            continue
        try:
            fewer = quantise.apply(made(device, TINY if chosen.tiny else SEVEN, PREFIX + 1024), name)
        except EngineUnavailable as error:
            print(f"{name:20} {error}")
            continue
        one_text(name, fewer, bandwidth, compiled=device.type == "cuda")


def made(device: torch.device, shape: dict[str, Any], context: int) -> Loaded:
    """A model of random weights, made where it runs."""
    torch.manual_seed(SEED)
    dtype = dtype_for(device)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with device:
            model = transformers.Qwen2ForCausalLM(transformers.Qwen2Config(**shape, attn_implementation="sdpa"))
    finally:
        torch.set_default_dtype(before)
    return Loaded(
        model.eval().requires_grad_(requires_grad=False),
        Letters(),
        "random",
        device,
        dtype,
        context,
        frozenset(),
        "bf16",
    )


def copied(device: torch.device, size: int) -> float:
    """Bytes a second that are read and written when `size` bytes are copied."""
    source = torch.empty(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    seconds = timed(device, lambda: target.copy_(source), 8)
    return 2 * size / seconds


def timed(device: torch.device, once: Callable[[], object], count: int) -> float:
    """The median of `count` runs, to the end of what they started."""
    times = []
    for _ in range(count + 2):
        if device.type == "cuda":
            torch.cuda.synchronize()
        begun = time.perf_counter()
        once()
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - begun)
    return statistics.median(times[2:])


def held(loaded: Loaded) -> int:
    """Bytes that one token's pass has to read: all weights but the table of words, of which it reads a row."""
    table = loaded.model.get_input_embeddings().weight
    total = sum(_bytes(one) for one in loaded.model.parameters())
    return total - _bytes(table)


def _bytes(tensor: torch.Tensor) -> int:
    """Of a quantised weight too, whose parts hold it."""
    names, _ = tensor.__tensor_flatten__() if hasattr(tensor, "__tensor_flatten__") else ((), None)
    parts = [getattr(tensor, name) for name in names]
    return sum(map(_bytes, parts)) if parts else tensor.numel() * tensor.element_size()


def one_text(name: str, loaded: Loaded, bandwidth: float, *, compiled: bool) -> None:
    """Tokens a second of one text, as a share of what the bandwidth allows; and that the compiled pass writes what the plain one does."""
    ids = [random.Random(SEED).randrange(8000) for _ in range(256)]
    torch._dynamo.reset()  # torch compiles a function for eight shapes at most, and each decoder has its own
    fast, slow = Decoder(loaded, compiled=compiled), Decoder(loaded, compiled=False)
    begun = time.perf_counter()
    fast.warm()
    warm_s = time.perf_counter() - begun
    texts = [written(one, ids, 24) for one in (fast, slow)]
    alike = next((at for at, (one, other) in enumerate(zip(*texts, strict=True)) if one != other), 24)

    def step() -> None:
        fast.begin([*fast.text[:300], 0])
        int(fast.read([5]).argmax())

    seconds = timed(loaded.device, step, WRITTEN)
    share = held(loaded) / seconds / bandwidth
    print(
        f"{name + ', one text':20} {1 / seconds:8.1f} tokens/s, {seconds * 1000:.2f} ms a token: {share:.0%} of the bandwidth; "
        f"ready after {warm_s:.0f} s; compiled and plain write {alike} of 24 tokens alike"
    )


def written(decoder: Decoder, ids: list[int], count: int) -> list[int]:
    """The likeliest tokens behind a prompt."""
    for at in range(decoder.begin(ids), len(ids), PIECE):
        logits = decoder.read(ids[at : at + PIECE])
    found = []
    for _ in range(count):
        found.append(int(logits.argmax()))
        logits = decoder.read([found[-1]])
    return found


def generated(loaded: Loaded) -> None:
    """The same by transformers."""
    ids = torch.tensor([[random.Random(SEED).randrange(8000) for _ in range(256)]], device=loaded.device)
    loaded.model.generation_config.eos_token_id = None

    def once() -> None:
        with torch.inference_mode():
            loaded.model.generate(ids, max_new_tokens=WRITTEN, min_new_tokens=WRITTEN, do_sample=False, pad_token_id=0)

    print(
        f"{'transformers.generate':20} {WRITTEN / timed(loaded.device, once, 2):8.1f} tokens/s, its prompt's reading included"
    )


def kept(loaded: Loaded) -> None:
    """The first token behind a prompt that is kept but for what was typed since."""
    torch._dynamo.reset()
    decoder, chance = Decoder(loaded), random.Random(SEED)
    decoder.warm()
    prompt = [chance.randrange(8000) for _ in range(PREFIX)]
    written(decoder, prompt, 1)

    def once() -> None:
        written(decoder, [*prompt, *(chance.randrange(8000) for _ in range(8))], 0)

    print(
        f"{'first token':20} {timed(loaded.device, once, 10) * 1000:8.1f} ms behind {PREFIX} kept tokens and 8 new ones"
    )


def one_typing(loaded: Loaded, seconds: float) -> None:
    """Somebody who types, at the engine on torch."""
    short = replace(loaded, context=2048)
    asked = typing(1, seconds, 32, random.Random(SEED))
    steps = measured_steps(short)
    torch._dynamo.reset()
    p50, p95, share = told(asked, ran(short, asked))
    print(
        f"{'one who types':20} p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms to a whole suggestion of at most 32 tokens, {share:.1%} in time ({loaded.quantisation}); "
        f"a token written {steps.write * 1000:.1f} ms, a token read {steps.read_token * 1e6:.0f} µs"
    )


async def many(loaded: Loaded, count: int, seconds: float) -> None:
    """So many who type at once, at vLLM with the same weights."""
    where = platformdirs.user_cache_path("assay")
    if (found := place.found("", where)) is None:
        print(f"{'people typing':20} vLLM is not installed here: torch alone was measured")
        return
    async with served(loaded.model, found, where) as engine:
        asked = typing(count, seconds, 32, random.Random(SEED))
        ends = await typed(engine, asked)
    p50, p95, share = told(asked, ends)
    print(
        f"{f'{count} people typing':20} vLLM {found.version}: p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms to a whole suggestion of at most 32 tokens, {share:.1%} in time"
    )


if __name__ == "__main__":
    main()
