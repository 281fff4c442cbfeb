"""The engine on torch on a GPU: one command that checks, times and prints a table.

`python -m evals.gpu` on a machine with CUDA, torch, transformers and torchao, in a checkout of this repository; no network, no weights: a model of Qwen2.5-Coder-7B's shape with random ones, which take as long. `--tiny` runs the same on any machine in seconds, to see that it does.

Checked: what the compiled pass writes is what the plain one does. Timed: memory bandwidth by copying; tokens a second of one text in bf16 and int4, as a share of what that bandwidth allows; `transformers.generate` beside it; the first token behind a kept prompt of 4 096 tokens; 64 simulated people typing (evals/capacity.py).
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
import transformers

from assay.engine.api import EngineUnavailable
from assay.engine.torch_backend import quantise
from assay.engine.torch_backend.decode import Decoder
from assay.engine.torch_backend.model import Loaded, device_of, dtype_for
from evals.capacity import SEED, told, typing
from evals.capacity_run import measured_steps, ran

WRITTEN, PREFIX = 64, 4096
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
    people(plain, chosen.people, chosen.seconds)
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
        if name == "int4":
            people(fewer, chosen.people, chosen.seconds)


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
    fast, slow = Decoder(loaded, 1, compiled=compiled), Decoder(loaded, 1, compiled=False)
    texts = [written(one, ids, 24) for one in (fast, slow)]
    alike = next((at for at, (one, other) in enumerate(zip(*texts, strict=True)) if one != other), 24)
    row = {0: 5}

    def step() -> None:
        fast.kept[0] = fast.kept[0][:300]
        fast.step(row)

    seconds = timed(loaded.device, step, WRITTEN)
    share = held(loaded) / seconds / bandwidth
    print(
        f"{name + ', one text':20} {1 / seconds:8.1f} tokens/s, {seconds * 1000:.2f} ms a token: {share:.0%} of the bandwidth; compiled and plain write {alike} of 24 tokens alike"
    )


def written(decoder: Decoder, ids: list[int], count: int) -> list[int]:
    """The likeliest tokens behind a prompt."""
    decoder.kept[0] = []
    logits = decoder.read(0, ids)
    found = []
    for _ in range(count):
        found.append(int(logits.argmax()))
        logits = decoder.step({0: found[-1]})[0]
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
    decoder, chance = Decoder(loaded, 1), random.Random(SEED)
    while len(decoder.kept[0]) < PREFIX:
        decoder.read(0, [chance.randrange(8000) for _ in range(512)])

    def once() -> None:
        decoder.kept[0] = decoder.kept[0][:PREFIX]
        int(decoder.read(0, [chance.randrange(8000) for _ in range(8)]).argmax())

    print(
        f"{'first token':20} {timed(loaded.device, once, 10) * 1000:8.1f} ms behind {PREFIX} kept tokens and 8 new ones"
    )


def people(loaded: Loaded, count: int, seconds: float) -> None:
    """So many who type at once, at the real scheduler."""
    rows = 64 if loaded.device.type == "cuda" else 8
    short = replace(loaded, context=2048)
    asked = typing(count, seconds, 32, random.Random(SEED))
    p50, p95, share = told(asked, ran(short, asked, rows))
    steps = measured_steps(short, rows)
    print(
        f"{count} people typing   p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms to a whole suggestion of at most 32 tokens, {share:.1%} in time ({loaded.quantisation}); "
        f"a pass {steps.write * 1000:.1f} ms and {steps.write_row * 1000:.2f} a text, a token read {steps.read_token * 1e6:.0f} µs"
    )


if __name__ == "__main__":
    main()
