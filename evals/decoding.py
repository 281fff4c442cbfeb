"""The engine on torch against transformers itself: `.venv-torch/bin/python -m evals.decoding [PART…]`, all parts by default.

In one process with its real server on a Unix socket, with the fallback model (`assay setup` has fetched it) in bf16 where this CPU multiplies that:
  equal   greedy text of --count pieces of this repository's code, beside `transformers.generate`: alike, or parted at a near tie, which is shown
  prefix  time to the first token of a prompt whose first 1 000 tokens were read before, and of one that is new
  cancel  how many passes the model makes for requests whose client has gone
  storm   1 000 requests, most of them cancelled, cut off or too large: memory and queue before and after
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import statistics
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import platformdirs
import torch
import uvicorn

from assay.engine import weights
from assay.engine.service import default_threads
from assay.engine.torch_backend import model as models
from assay.engine.torch_backend.answers import Desk
from assay.engine.torch_backend.decode import Decoder
from assay.engine.torch_backend.line import Line
from assay.engine.torch_backend.model import Loaded
from assay.engine.torch_backend.serve import application

ROOT = Path(__file__).parents[1]
CODE = ("analyzers", "assay/assistant", "lsp_server", "sandbox")
SEED = 11
NEAR = 0.25  # logits; bf16 has eight bits, and logits of 16 to 32 lie an eighth apart
LENGTH = 40  # tokens written to compare


def main() -> None:
    """Print one line for each part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="equal, prefix, cancel, storm")
    parser.add_argument("--count", type=int, default=20, help="prompts that are compared")
    parser.add_argument("--threads", type=int, default=default_threads(), help="of torch")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    path = weights.fallback_path(Path(platformdirs.user_cache_dir("assay")))
    loaded = models.load(path, device=torch.device("cpu"))
    print(
        f"{loaded.name} as {loaded.quantisation} on {loaded.device}, torch {torch.__version__}, {arguments.threads} threads"
    )
    wanted = arguments.parts or list(PARTS)
    with serving(loaded) as (made, socket):
        for part in wanted:
            asyncio.run(PARTS[part](loaded, made, socket, arguments.count))


def pieces_of_code(loaded: Loaded, count: int, tokens: int) -> list[list[int]]:
    """Beginnings of files of this repository, cut at a line's end, as tokens."""
    files = sorted(path for folder in CODE for path in (ROOT / folder).rglob("*.py") if path.stat().st_size > 4000)
    found = []
    for path in random.Random(SEED).sample(files, count):
        lines = path.read_text("utf-8").splitlines(keepends=True)
        text = ""
        while lines and len(loaded.ids(text)) < tokens:
            text += lines.pop(0)
        found.append(loaded.ids(text.rstrip("\n")))
    return found


@contextlib.contextmanager
def serving(loaded: Loaded) -> Any:
    """The real server in a thread."""
    made = Line(Decoder(loaded))
    with tempfile.TemporaryDirectory(prefix="ev") as folder:
        socket = str(Path(folder) / "e.sock")
        config = uvicorn.Config(application(Desk(loaded, made)), uds=socket, log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield made, socket
        server.should_exit = server.force_exit = True
        thread.join()
    made.close()


@contextlib.asynccontextmanager
async def client(socket: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.AsyncHTTPTransport(uds=socket)
    async with httpx.AsyncClient(transport=transport, base_url="http://e", timeout=120) as http:
        yield http


async def first_of(http: httpx.AsyncClient, prompt: str, most: int = 4) -> tuple[float, int]:
    """Seconds to the first token, and how many of the prompt's were kept."""
    begun, first, kept = time.perf_counter(), 0.0, 0
    body = {"prompt": prompt, "max_tokens": most, "temperature": 0, "stream": True}
    async with http.stream("POST", "/v1/completions", json=body) as response:
        async for line in response.aiter_lines():
            first = first or time.perf_counter() - begun
            if '"usage"' in line:
                kept = json.loads(line.removeprefix("data: "))["usage"]["prompt_tokens_details"]["cached_tokens"]
    return first, kept


async def equal(loaded: Loaded, made: Line, socket: str, count: int) -> None:
    same, ties, others = 0, [], []
    async with client(socket) as http:
        for piece in pieces_of_code(loaded, count, 150):
            prompt = loaded.tokenizer.decode(piece)
            ids = loaded.ids(prompt)
            body = {"prompt": prompt, "max_tokens": LENGTH, "temperature": 0}
            answer = (await http.post("/v1/completions", json=body)).json()["choices"][0]
            tokens = answer["logprobs"]["tokens"]
            with torch.inference_mode():
                whole = loaded.model.generate(torch.tensor([ids]), max_new_tokens=LENGTH, do_sample=False)[0]
            wanted_ids = [one for one in whole[len(ids) :].tolist() if one not in loaded.ends]
            wanted = [loaded.tokenizer.decode([one]) for one in wanted_ids]
            if tokens == wanted:
                same += 1
                continue
            at = next(
                (n for n, (one, other) in enumerate(zip(tokens, wanted, strict=False)) if one != other),
                min(len(tokens), len(wanted)),
            )
            gap, noise = _gap(loaded, ids, wanted_ids[:at])
            (ties if gap < NEAR or gap <= 2 * noise else others).append(gap)
            print(
                f"  parted with {gap:.3f} between the two likeliest logits; each differs by up to {noise:.3f} between two ways in which transformers reads the same"
            )
    print(
        f"equal   {same} of {count} alike, {len(ties)} parted at a near tie (under {NEAR}, or what transformers' own two ways make of it), {len(others)} otherwise"
    )


def _gap(loaded: Loaded, ids: list[int], written: list[int]) -> tuple[float, float]:
    """Between the two likeliest logits behind a text, read in one pass; and by how much these two differ from when it is read token by token behind the prompt, as `generate` does."""
    with torch.inference_mode():
        logits = loaded.model(input_ids=torch.tensor([ids + written])).logits[0, -1].float()
        kept = loaded.model(input_ids=torch.tensor([ids]), use_cache=True)
        for one in written:
            kept = loaded.model(input_ids=torch.tensor([[one]]), past_key_values=kept.past_key_values, use_cache=True)
        again = kept.logits[0, -1].float()
    top = logits.topk(2)
    one, other = top.values.tolist()
    return float(one - other), float((logits - again)[top.indices].abs().max())


async def prefix(loaded: Loaded, made: Line, socket: str, count: int) -> None:
    cold, warm = [], []
    async with client(socket) as http:
        for ids in pieces_of_code(loaded, count, 1030):
            text = loaded.tokenizer.decode(ids[:1000])
            seconds, kept = await first_of(http, text + "\nvalue =")
            assert kept < 64, kept
            cold.append(seconds)
            seconds, kept = await first_of(http, text + "\nreturn")
            assert kept >= 985, kept
            warm.append(seconds)
    one, other = statistics.median(cold), statistics.median(warm)
    print(
        f"prefix  first token after {one * 1000:.0f} ms new, {other * 1000:.0f} ms with 1 000 tokens kept: {other / one:.2f} of it (medians of {count})"
    )


async def cancel(loaded: Loaded, made: Line, socket: str, count: int) -> None:
    more: list[int] = []
    for turn in range(40):
        async with client(socket) as http:
            body = {"prompt": f"# {turn}\n", "max_tokens": 2000, "temperature": 0.8, "seed": turn, "stream": True}
            async with http.stream("POST", "/v1/completions", json=body) as response:
                lines = response.aiter_lines()
                for _ in range(9):
                    await anext(lines, "")  # one that has ended by itself is read no further
                before = made.tokens
        await asyncio.sleep(0.3)
        more.append(made.tokens - before)
        assert not made.is_busy
    within = sum(one <= 1 for one in more)
    print(
        f"cancel  {within} of 40 within one pass ({more.count(0)} with none, {more.count(1)} with the one under way, most {max(more)})"
    )


async def storm(loaded: Loaded, made: Line, socket: str, count: int) -> None:
    chance = random.Random(SEED)
    fates: dict[str, int] = {}

    async def one(http: httpx.AsyncClient, turn: int) -> str:
        kind = chance.choice(("cut off", "cut off", "cancelled", "too large", "done"))
        words = 40_000 if kind == "too large" else chance.randrange(1, 400)
        body = {
            "prompt": "word " * words,
            "max_tokens": chance.randrange(1, 12),
            "stream": kind != "done",
            "n": chance.randrange(1, 3),
            "seed": turn,
        }
        try:
            if kind == "cancelled":
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(chance.random() * 0.3):
                        await http.post("/v1/completions", json=body)
                return kind
            async with http.stream("POST", "/v1/completions", json=body) as response:
                if response.status_code != 200:
                    return {400: "too large", 503: "busy"}[response.status_code]
                async for _ in response.aiter_lines():
                    if kind == "cut off" and chance.random() < 0.5:
                        break
            return kind
        except httpx.HTTPError as error:
            return type(error).__name__

    async with client(socket) as http:
        await first_of(http, "x")
        with torch.inference_mode():
            for layer in made._decoder._keys.layers:  # memory that was planned and that the system has not given yet
                layer.keys.fill_(0)
                layer.values.fill_(0)
        held_by = []
        for total in (200, 1000):  # the first round fills allocators
            limit = asyncio.Semaphore(24)

            async def held(turn: int, limit: asyncio.Semaphore = limit, *, is_counted: bool = bool(held_by)) -> None:
                async with limit:
                    fate = await one(http, turn)
                    if is_counted:
                        fates[fate] = fates.get(fate, 0) + 1

            await asyncio.gather(*(held(turn) for turn in range(total)))
            while made.is_busy:
                await asyncio.sleep(0.02)
            held_by.append(memory())
            if total == 200:
                threads = threading.active_count()
    before, after = held_by
    answered = (await first_of_new(socket))[0]
    print(
        f"storm   1000 requests ({', '.join(f'{number} {name}' for name, number in sorted(fates.items()))}): memory {before / 1e6:.0f} MB after 200 others, {after / 1e6:.0f} after "
        f"these, {made.waiting} waiting, {threading.active_count() - threads:+d} threads, next answer {answered * 1000:.0f} ms"
    )


async def first_of_new(socket: str) -> tuple[float, int]:
    async with client(socket) as http:
        return await first_of(http, "def add(a, b):\n    return")


def memory() -> int:
    """Bytes that this process holds."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


PARTS: dict[str, Callable[[Loaded, Line, str, int], Awaitable[None]]] = {
    "equal": equal,
    "prefix": prefix,
    "cancel": cancel,
    "storm": storm,
}


if __name__ == "__main__":
    main()
