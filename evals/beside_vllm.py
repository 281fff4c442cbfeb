"""The engine on vLLM beside plain vLLM with the same weights, one after the other on the CPU: `python -m evals.beside_vllm [--torch]`.

The first token of a prompt of which some 1 000 tokens are kept, and tokens a second of eight texts at once. Plain is `vllm.entrypoints.openai.api_server` with these weights, nothing of ours in it. With --torch (in the environment
of `make test-torch`) the engine on torch writes the eight texts, too.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import httpx
import platformdirs

from assay.engine import memory, processes, weights
from assay.engine.api import Request
from assay.engine.backends import Backend
from assay.engine.launch import Beside
from assay.engine.local import Local
from assay.engine.vllm_backend import command, mind, place

SEED, TIMES = 5, 12
KEPT, TEXTS, WRITTEN = 1000, 8, 64
START_S = 300.0
First = Callable[[str, int], AsyncGenerator[str, None]]


def words(chance: random.Random, count: int) -> str:
    """Code-like text of about so many tokens."""
    return " ".join(f"x{chance.randrange(100)} = f{chance.randrange(10)}(a)\n" for _ in range(count // 9 + 1))


async def measured(name: str, stream: First) -> None:
    """Both figures of one server."""
    chance = random.Random(SEED)
    kept = words(chance, KEPT)

    async def first(text: str) -> float:
        begun = time.perf_counter()
        async with contextlib.aclosing(stream(text, 2)) as pieces:
            async for _ in pieces:
                break
        return time.perf_counter() - begun

    async def whole(text: str) -> None:
        async with contextlib.aclosing(stream(text, WRITTEN)) as pieces:
            async for _ in pieces:
                pass

    await first(kept)
    await first(f"{kept}y = g(b)")
    times = [await first(f"{kept}z{number} = h(") for number in range(TIMES)]
    starts = [words(chance, 60) for _ in range(TEXTS)]
    await asyncio.gather(*map(whole, starts))
    begun = time.perf_counter()
    await asyncio.gather(*map(whole, starts))
    speed = TEXTS * WRITTEN / (time.perf_counter() - begun)
    print(f"{name}: first token behind {KEPT} kept {statistics.median(times) * 1000:.0f} ms (median of {TIMES}), {TEXTS} texts at once {speed:.0f} tokens/s", flush=True)  # fmt: skip


async def ours(model: Path, backend: Backend, program: Beside | None) -> None:
    """By `assay engine`'s own process."""
    with tempfile.TemporaryDirectory() as home:
        given = "bf16" if program is not None else "auto"
        launch = processes.launch_for(model, Path(home) / "run", 600, backend, given, program or processes.NOTHING)
        engine = Local(launch)
        try:
            async with asyncio.timeout(START_S):
                while (await engine.health()).state != "ready":
                    await engine.warm()
                    await asyncio.sleep(1)

            async def stream(text: str, most: int) -> AsyncGenerator[str, None]:
                async with contextlib.aclosing(engine.generate(Request(text, max_tokens=most))) as chunks:
                    async for chunk in chunks:
                        if chunk.text or chunk.tokens:
                            yield chunk.text

            await measured(f"assay engine on {backend}", stream)
        finally:
            await engine.end()


async def plain(model: Path, found: place.Place) -> None:
    """vLLM as it comes."""
    cache = Path(platformdirs.user_cache_dir("assay"))
    with tempfile.TemporaryDirectory() as home:
        launch = processes.launch_for(model, Path(home) / "run", 600, "vllm", "bf16", Beside(str(found.python), found.version))  # fmt: skip
        folder = mind.widened(model, found, cache, launch)
        shape = memory.shape_of(folder)
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "VLLM_CPU_KVCACHE_SPACE": "1"}
        socket = f"{home}/plain.sock"
        told = [str(found.python), "-m", "vllm.entrypoints.openai.api_server", "--model", str(folder), "--served-model-name", "m", "--uds", socket, "--dtype", "bfloat16"]  # fmt: skip
        told += ["--max-model-len", str(command.context_of(shape, mind.CONTEXT)), "--enable-prefix-caching", "--enforce-eager"]  # fmt: skip
        process = subprocess.Popen(told, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
        try:
            transport = httpx.AsyncHTTPTransport(uds=socket)
            async with httpx.AsyncClient(transport=transport, base_url="http://v", timeout=120) as http:
                begun = time.monotonic()
                while time.monotonic() - begun < START_S:
                    with contextlib.suppress(httpx.HTTPError):
                        if (await http.get("/health")).status_code == 200:
                            break
                    await asyncio.sleep(1)

                async def stream(text: str, most: int) -> AsyncGenerator[str, None]:
                    body = {"model": "m", "prompt": text, "max_tokens": most, "temperature": 0, "stream": True, "ignore_eos": most == WRITTEN}  # fmt: skip
                    async with http.stream("POST", "/v1/completions", json=body) as answer:
                        async for line in answer.aiter_lines():
                            if line.startswith("data: {"):
                                yield json.loads(line[6:])["choices"][0]["text"]

                await measured("plain vLLM", stream)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.wait()


async def main(given: argparse.Namespace) -> None:
    """All of them."""
    cache = Path(platformdirs.user_cache_dir("assay"))
    model = weights.fallback_path(cache)
    found = place.found("", cache)
    assert found is not None, "vLLM is not here: `assay engine --install vllm`"
    await ours(model, "vllm", Beside(str(found.python), found.version))
    await plain(model, found)
    if given.torch:
        await ours(model, "torch", None)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m evals.beside_vllm")
    parser.add_argument("--torch", action="store_true")
    asyncio.run(main(parser.parse_args()))
