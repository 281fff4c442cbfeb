"""What vLLM answers under our engine process: the same contract as the other engines."""

from __future__ import annotations

import asyncio
import math
from contextlib import aclosing
from pathlib import Path

import httpx
import pytest

from assay.engine import processes
from assay.engine.api import EngineError, Request
from assay.engine.launch import Launch
from assay.engine.local import Local
from assay.engine.vllm_backend import mind

PREFIX = 'def add(a, b):\n    """Add two numbers."""\n    return'
TEXTS = [
    " a + b",
    " a - b",
    " a + b + a + b + a + b",
    " sum((a, b))",
    " b + a",
    " int(a) + int(b)",
    " a.__add__(b)",
    " (a + b)\n\n\ndef sub(a, b):\n    return a - b",
]


async def text_of(engine: Local, request: Request) -> str:
    async with aclosing(engine.generate(request)) as chunks:
        return "".join([chunk.text async for chunk in chunks])


async def test_a_completion_is_streamed_with_the_models_own_probabilities(engine: Local) -> None:
    async with aclosing(engine.generate(Request(PREFIX, max_tokens=6))) as chunks:
        seen = [chunk async for chunk in chunks]
    tokens = [token for chunk in seen for token in chunk.tokens]
    text = "".join(chunk.text for chunk in seen)
    assert text.startswith(" a + b") and "".join(one.text for one in tokens) == text
    (scored,) = await engine.score(PREFIX, [text])
    assert abs(scored - sum(one.logprob for one in tokens)) / len(tokens) < 0.05
    assert [chunk.finish for chunk in seen if chunk.finish] == ["length"]


async def test_what_was_read_and_kept_of_a_prompt_is_told(engine: Local) -> None:
    prompt = "# of a file, and of no other\n" * 60
    readings = []
    for tail in ("", "x"):
        async with aclosing(engine.generate(Request(prompt + tail, max_tokens=1))) as chunks:
            readings.append([chunk.reading async for chunk in chunks if chunk.reading][-1])
    assert readings[0].kept == 0
    assert readings[1].kept > 0.7 * (readings[1].anew + readings[1].kept)


async def test_chat_has_its_shape(engine: Local) -> None:
    transport = httpx.AsyncHTTPTransport(uds=str(engine._launch.socket))
    async with httpx.AsyncClient(transport=transport, base_url="http://e", timeout=60) as http:
        body = {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 4, "model": await engine.model()}
        answer = (await http.post("/v1/chat/completions", json=body)).json()
    assert answer["choices"][0]["message"]["content"]


@pytest.mark.parametrize("cut", [1, 2, 3])
async def test_a_stop_text_may_begin_and_end_within_tokens(engine: Local, cut: int) -> None:
    whole = await text_of(engine, Request(PREFIX, max_tokens=12))
    stop = whole[cut + 2 : cut + 6]
    assert await text_of(engine, Request(PREFIX, max_tokens=12, stop=(stop,))) == whole[: whole.index(stop)]
    never = f"{whole[-cut:]}never"
    assert await text_of(engine, Request(PREFIX, max_tokens=12, stop=(never,))) == whole


async def test_samples_differ_and_a_seed_gives_them_again(engine: Local) -> None:
    async def texts(seed: int) -> list[str]:
        found = ["", "", ""]
        request = Request("x = ", max_tokens=6, temperature=1.0, top_p=0.95, n=3, seed=seed)
        async with aclosing(engine.generate(request)) as chunks:
            async for chunk in chunks:
                found[chunk.index] += chunk.text
        return found

    first = await texts(1)
    assert len(set(first)) == 3
    assert await texts(1) == first != await texts(2)
    assert await text_of(engine, Request(PREFIX, n=3, max_tokens=4)), "greedy it is one text"


async def test_a_seed_and_a_prompt_that_is_read_in_pieces_are_survived(engine: Local) -> None:
    """vLLM ends there on a processor, where its generator cannot be put back."""
    long = "".join(f"name_{number} = {number}\n" for number in range(260))
    assert await engine.count(long) > 2048, "vLLM reads no more at a time"
    assert await text_of(engine, Request(long, max_tokens=2, temperature=1.0, seed=3))
    assert await text_of(engine, Request(PREFIX, max_tokens=2))


async def test_a_text_begins_as_it_has_to(engine: Local) -> None:
    """Token healing: what was typed of a word is taken back and written again."""
    for start in (" retu", " a", " not_wha"):
        assert (await text_of(engine, Request("def add(a, b):\n   ", max_tokens=8, must_start=start))).startswith(start)


async def test_names_are_those_that_are_there_and_are_not_all_certain(engine: Local) -> None:
    names = ("getcwdb", "listdir", "path")
    request = Request("import os\nhere = os.", max_tokens=6, names=names)
    async with aclosing(engine.generate(request)) as chunks:
        tokens = [token async for chunk in chunks for token in chunk.tokens]
    text = "".join(one.text for one in tokens)
    assert any(text.startswith(one) and not text[len(one) : len(one) + 1].isidentifier() for one in names)
    assert tokens[0].logprob < -0.01, "as the model has it, and not as what it was left to choose from"


async def test_what_cannot_be_steered_is_refused(engine: Local) -> None:
    transport = httpx.AsyncHTTPTransport(uds=str(engine._launch.socket))
    async with httpx.AsyncClient(transport=transport, base_url="http://e", timeout=60) as http:
        for told in ({"guide": "(("}, {"guide": "x" * 40_000}, {"forced": ["x"]}, {"forced": [-1]}):
            body = {"prompt": "x", "max_tokens": 2, "model": await engine.model(), "vllm_xargs": told}
            assert (await http.post("/v1/completions", json=body)).status_code == 400
        beyond = {"prompt": "x", "max_tokens": 2, "model": await engine.model(), "vllm_xargs": {"forced": [1 << 30]}}
        assert (await http.post("/v1/completions", json=beyond)).status_code == 200, (
            "no token of this model: not forced"
        )
    assert await text_of(engine, Request(PREFIX, max_tokens=2)), "and it goes on"


async def test_scores_are_those_of_the_engine_on_torch(engine: Local, model: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not here: `make test-torch` makes its environment")
    from assay.engine.torch_backend import model as models

    if models.dtype_for(torch.device("cpu")) != torch.bfloat16:
        pytest.skip("this processor has no bf16")
    other = Local(processes.launch_for(model, tmp_path / "run", 20, "torch", "bf16"))
    try:
        theirs = await other.score(PREFIX, TEXTS)
    finally:
        await other.end()
    ours = await engine.score(PREFIX, TEXTS)
    count = sum([await engine.count(PREFIX + one) - await engine.count(PREFIX) for one in TEXTS])
    off = sum(abs(a - b) for a, b in zip(ours, theirs, strict=True)) / count
    print(f"nats a token: {off:.4f}, over {count} tokens")
    assert off < 0.05
    assert not any(map(math.isinf, ours))


async def test_tokens_and_markers_are_counted(engine: Local) -> None:
    assert await engine.count(PREFIX) > 10
    assert await engine.is_token("<|im_start|>")
    assert await engine.is_token("<|fim_middle|>") is False


async def test_whoever_goes_away_frees_it(engine: Local, launch: Launch) -> None:
    """By vLLM's own counters."""
    async with aclosing(engine.generate(Request("x = ", max_tokens=4000, temperature=1.0))) as chunks:
        await anext(chunks)
        assert (await asyncio.to_thread(mind.activity, launch.socket) or ("", False))[1]
    for _ in range(40):
        if not (await asyncio.to_thread(mind.activity, launch.socket) or ("", True))[1]:
            return
        await asyncio.sleep(0.05)
    pytest.fail("it writes on for nobody")


async def test_an_unknown_field_is_told_in_one_sentence(engine: Local) -> None:
    with pytest.raises(EngineError, match="refused the request"):
        await text_of(engine, Request("x" * 200_000, max_tokens=2))
