"""The real run behind `evals.capacity --check --engine vllm`: simulated people's keys at vLLM, and the times of its passes as they are seen from outside."""

from __future__ import annotations

import asyncio
import contextlib
import random
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import platformdirs
import torch
import transformers

from assay.engine import processes, weights
from assay.engine.api import Request
from assay.engine.launch import Beside
from assay.engine.local import Local
from assay.engine.vllm_backend import place
from evals.capacity import SEED, Asked, Steps

START_S = 300.0
WRITTEN, TIMES = 32, 7
PIECE = 2048  # tokens of prompts that vLLM reads in one pass


def tokens_of(where: Path) -> Any:
    """The fallback model's tokenizer: vLLM wants one, whatever its model is."""
    path = weights.fallback_path(where)
    return transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name, local_files_only=True)


def small(where: Path) -> Any:
    """A model of random weights that a CPU carries several people with."""
    torch.manual_seed(SEED)
    config = transformers.LlamaConfig(
        vocab_size=len(tokens_of(where)), hidden_size=256, intermediate_size=704, num_hidden_layers=6, num_attention_heads=8,
        num_key_value_heads=4, max_position_embeddings=4096, bos_token_id=1, eos_token_id=2, tie_word_embeddings=True,
    )  # fmt: skip
    return transformers.LlamaForCausalLM(config).to(torch.bfloat16).eval()


@contextlib.asynccontextmanager
async def served(model: Any, found: place.Place, where: Path) -> AsyncGenerator[Local, None]:
    """vLLM with these weights, up and answering."""
    with tempfile.TemporaryDirectory(prefix="capacity") as folder:
        saved = Path(folder) / "random"
        model.save_pretrained(saved)
        tokens_of(where).save_pretrained(saved)
        program = Beside(str(found.python), found.version)
        engine = Local(processes.launch_for(saved, Path(folder) / "run", 600, "vllm", "bf16", program))
        try:
            async with asyncio.timeout(START_S):
                while (await engine.health()).state != "ready":
                    await engine.warm()
                    await asyncio.sleep(1)
            yield engine
        finally:
            await engine.end()


async def typed(engine: Local, asked: Sequence[Asked]) -> list[float | None]:
    """The keys in real time; for each request the seconds to its end, None where its author's next key came before."""
    chance = random.Random(SEED)
    words = {one.who: _words(chance, 200) for one in asked}
    ends: list[float | None] = [None] * len(asked)
    for text in words.values():  # everybody's prompt was read before
        await _answered(engine, Request(text, max_tokens=1))
    begun = time.monotonic()

    async def one(index: int, key: Asked) -> None:
        await asyncio.sleep(begun + key.at - time.monotonic())
        new = _words(chance, max(1, key.read // 3))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(begun + key.until - time.monotonic()):
                await _answered(engine, Request(f"{words[key.who]} {new}", max_tokens=key.write))
            ends[index] = time.monotonic() - begun - key.at

    await asyncio.gather(*(one(index, key) for index, key in enumerate(asked)))
    return ends


async def measured_steps(engine: Local, rows: int) -> Steps:
    """A pass that writes for one text and for `rows`, and one that reads few tokens and many. What a request takes beside that counts as reading."""
    chance = random.Random(SEED)
    kept = _words(chance, 200)

    async def read(words: int) -> tuple[float, int]:
        text = f"{kept} {_words(chance, words)}"
        begun = time.perf_counter()
        first = await _answered(engine, Request(text, max_tokens=1))
        return first - begun, await engine.count(text) - await engine.count(kept)

    async def write(count: int) -> float:
        texts = [f"{kept} {_words(chance, 4)}" for _ in range(count)]
        spans = await asyncio.gather(*(_span(engine, Request(one, max_tokens=WRITTEN)) for one in texts))
        return statistics.median(spans) / (WRITTEN - 1)

    _ = await read(4), await write(rows)  # kernels are made
    few = [await read(2) for _ in range(TIMES)]
    many = [await read(500) for _ in range(TIMES)]
    alone, together = [await write(1) for _ in range(TIMES)], [await write(rows) for _ in range(TIMES)]
    (short, less), (long, more) = (
        (statistics.median(one for one, _ in of), statistics.median(one for _, one in of)) for of in (few, many)
    )
    token = max(0.0, (long - short) / (more - less))
    row = max(0.0, (statistics.median(together) - statistics.median(alone)) / (rows - 1))
    return Steps(statistics.median(alone) - row, row, short - less * token, token, PIECE, rows)


async def all_typed(runs: Sequence[list[Asked]]) -> list[tuple[Steps, list[Asked], list[float | None]]]:
    """The requests of each run at one vLLM with a small model: the steps that were measured before, and when each was answered. Ends with a sentence where vLLM is not
    here."""
    where = platformdirs.user_cache_path("assay")
    if (found := place.found("", where)) is None:
        raise SystemExit(f"vLLM is not here. {place.MEND}")
    async with served(small(where), found, where) as engine:
        steps = await measured_steps(engine, found.rows)
        return [(steps, asked, await typed(engine, asked)) for asked in runs]


def _words(chance: random.Random, count: int) -> str:
    return " ".join(f"v{chance.randrange(1000)}" for _ in range(count))


async def _answered(engine: Local, request: Request) -> float:
    """When its first token came, by time.perf_counter()."""
    first = 0.0
    async with contextlib.aclosing(engine.generate(request)) as chunks:
        async for chunk in chunks:
            first = first or (time.perf_counter() if chunk.tokens or chunk.text else 0.0)
    return first


async def _span(engine: Local, request: Request) -> float:
    """Seconds from its first token to its last."""
    first = await _answered(engine, request)
    return time.perf_counter() - first
