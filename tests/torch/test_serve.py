"""What is asked over HTTP and what is answered; and the whole process behind the client that every window uses."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import httpx
import pytest

from assay.engine import processes
from assay.engine.api import EngineError, Request
from assay.engine.local import Local
from assay.engine.torch_backend import serve, start
from assay.engine.torch_backend.answers import Desk
from assay.engine.torch_backend.serve import application

PREFIX = 'def add(a, b):\n    """Add two numbers."""\n    return'


@pytest.fixture
async def http(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application(desk)), base_url="http://e") as client:
        yield client


async def test_a_completion_has_openais_shape(http: httpx.AsyncClient) -> None:
    body = {"prompt": "x = ", "max_tokens": 4, "temperature": 0}
    answer = (await http.post("/v1/completions", json=body)).json()
    choice = answer["choices"][0]
    assert choice["finish_reason"] == "length"
    assert "".join(choice["logprobs"]["tokens"]) == choice["text"]
    assert len(choice["logprobs"]["token_logprobs"]) == answer["usage"]["completion_tokens"] == 4
    streamed = (await http.post("/v1/completions", json=body | {"stream": True})).text.strip().split("\n\n")
    assert streamed[-1] == "data: [DONE]"
    pieces = [json.loads(one.removeprefix("data: ")) for one in streamed[:-1]]
    assert "".join(one["choices"][0]["text"] for one in pieces) == choice["text"]
    assert pieces[-1]["choices"][0]["finish_reason"] == "length"


async def test_samples_differ_and_a_seed_gives_them_again(http: httpx.AsyncClient) -> None:
    async def texts(seed: int) -> list[str]:
        body = {"prompt": "x = ", "max_tokens": 6, "temperature": 1.0, "top_p": 0.9, "n": 3, "seed": seed}
        return [one["text"] for one in (await http.post("/v1/completions", json=body)).json()["choices"]]

    first = await texts(1)
    assert len(set(first)) == 3
    assert await texts(1) == first != await texts(2)


async def test_a_stop_string_ends_the_text_before_it(http: httpx.AsyncClient) -> None:
    body = {"prompt": "x = ", "max_tokens": 12, "temperature": 0}
    whole = (await http.post("/v1/completions", json=body)).json()["choices"][0]["text"]
    stop = whole[len(whole) // 2 :][:3]
    cut = (await http.post("/v1/completions", json=body | {"stop": [stop]})).json()["choices"][0]
    assert cut["text"] == whole[: whole.index(stop)]
    assert cut["finish_reason"] == "stop"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"prompt": 3}, "`prompt` has to be a text"),
        ({"prompt": "x", "max_tokens": 0}, "`max_tokens`"),
        ({"prompt": "x", "echo": True}, "`echo`"),
        ({"prompt": "x", "n": "two"}, "`n`"),
        ({"prompt": "x", "temperature": 9}, "`temperature`"),
        ({"prompt": "x", "seed": "now"}, "`seed`"),
        ({"prompt": "x", "stop": 4}, "`stop`"),
        ({"prompt": "x", "priority": "high"}, "`priority`"),
        ({"prompt": "x", "timeout_s": -1}, "`timeout_s`"),
        ({"prompt": "x", "suffix": "y"}, "`suffix`"),
        ({"prompt": "word " * 5000}, "the model takes"),
        ({"prompt": "x", "structured_outputs": {"regex": "(("}}, "guide the model"),
        ({"prompt": "x", "structured_outputs": {"json": {}}}, "`choice`"),
    ],
)
async def test_what_cannot_be_done_is_one_sentence(http: httpx.AsyncClient, body: dict[str, object], said: str) -> None:
    answer = await http.post("/v1/completions", json=body)
    assert answer.status_code == 400
    message = answer.json()["error"]["message"]
    assert said in message and "\n" not in message


async def test_what_is_no_request_is_refused(http: httpx.AsyncClient, desk: Desk) -> None:
    assert (await http.post("/v1/completions", content=b"{")).status_code == 400
    assert (await http.post("/v1/completions", content=b"[" * 100_000)).status_code == 400
    assert (await http.post("/v1/completions", content=b'"' + b"a" * 9_000_000)).status_code == 413
    assert (await http.post("/v1/chat/completions", json={"messages": []})).status_code == 400
    assert (await http.post("/score", json={"prompt": "x", "texts": 3})).status_code == 400
    assert (await http.post("/tokenize", json={})).status_code == 400
    assert desk.open == 0 and not desk.line.is_busy


async def test_odd_requests_leave_the_engine_at_work(http: httpx.AsyncClient, desk: Desk) -> None:
    assert (await http.post("/score", json={"prompt": "x", "texts": []})).json() == {"scores": []}
    alone = (await http.post("/score", json={"prompt": "", "texts": ["join", "x"]})).json()["scores"]
    assert all(score < -0.1 for score in alone), "each text's first token counts too"
    many = (await http.post("/score", json={"prompt": "x = ", "texts": ["word " * 300] * 20})).json()["scores"]
    assert len(set(many)) <= 4 and max(many) - min(many) < 8, "read in several passes"
    cold = {"prompt": "x = ", "max_tokens": 3, "temperature": 1e-40}
    assert (await http.post("/v1/completions", json=cold)).status_code == 200
    for content in (b'{"prompt": "\\ud800"}', b'{"prompt": "x", "temperature": NaN}'):
        assert (await http.post("/v1/completions", content=content)).status_code == 400
    assert (await http.post("/v1/completions", json={"prompt": "x", "names": ["a", "b"]})).status_code == 200
    assert not desk.line.failed


async def test_samples_of_one_prompt_read_it_once(http: httpx.AsyncClient, desk: Desk) -> None:
    before = desk.line.tokens
    body = {"prompt": "one two three four five " * 40, "max_tokens": 2, "n": 4, "temperature": 1}
    answer = await http.post("/v1/completions", json=body)
    prompt = answer.json()["usage"]["prompt_tokens"]
    assert desk.line.tokens - before < prompt * 1.5


async def test_tokens_and_models_are_told(http: httpx.AsyncClient, desk: Desk) -> None:
    assert (await http.post("/tokenize", json={"content": "x = 1"})).json()["tokens"] == desk.loaded.ids("x = 1")
    assert (await http.post("/tokenize", json={"content": "<|endoftext|>"})).json()["tokens"] == [0]
    (one,) = (await http.get("/v1/models")).json()["data"]
    assert (one["id"], one["owned_by"], one["meta"]["quantisation"]) == ("tiny", "assay", "bf16")
    assert (await http.get("/health")).status_code == 200


async def test_nobody_there_stops_the_model(desk: Desk) -> None:
    """Closing the stream, as a client that goes away does."""
    before = 0
    async with aclosing(desk.complete({"prompt": "x = ", "max_tokens": 900, "temperature": 0})) as pieces:
        async for _ in pieces:
            before += 1
            if before == 3:
                break
    while desk.line.is_busy:
        await asyncio.sleep(0.005)
    assert desk.open == 0
    assert desk.line.tokens < 40


@pytest.fixture
async def engine(model: Path, tmp_path: Path) -> AsyncIterator[Local]:
    """The process, ended with the test."""
    launch = processes.launch_for(model, tmp_path / "run", 60, "torch")
    made = Local(launch)
    yield made
    await made.close()
    if processes.is_locked(launch):
        os.kill(int((launch.folder / "engine.lock").read_text()), signal.SIGKILL)
    for started in processes.spawned:
        started.wait(10)


async def test_the_process_serves_as_llama_cpp_does(engine: Local) -> None:
    async def text_of(request: Request) -> dict[int, str]:
        found: dict[int, str] = {}
        async with aclosing(engine.generate(request)) as chunks:
            async for chunk in chunks:
                found[chunk.index] = found.get(chunk.index, "") + chunk.text
        return found

    text = (await text_of(Request(PREFIX, max_tokens=8, stop=("\n",))))[0]
    assert text.replace(" ", "") == "a+b"
    samples = await text_of(Request(PREFIX, max_tokens=4, n=2, temperature=1.0, seed=3))
    assert set(samples) == {0, 1}
    healed = (await text_of(Request("import json\njson.", max_tokens=4, must_start="dum")))[0]
    assert healed.startswith("dump")
    plus, minus, long = await engine.score(PREFIX, [" a + b", " a - b", " a + b + a + b + a + b"])
    assert long < plus < 0 and minus < plus - 3
    health = await engine.health()
    assert (health.state, health.engine, health.is_fallback) == ("ready", "torch", True)
    assert health.memory and health.memory > 200e6
    assert await engine.is_token("<|endoftext|>") is True
    assert await engine.is_token("<|fim_prefix|>") is False
    assert await engine.count("x = 1") > 2
    with pytest.raises(EngineError, match="the model takes"):
        await text_of(Request("word " * 9000))
    async with aclosing(engine.generate(Request(PREFIX, max_tokens=2000))) as chunks:
        async for _ in chunks:
            break  # and go
    again = (await text_of(Request(PREFIX, max_tokens=8, stop=("\n",))))[0]
    assert again == text
    assert engine._launch.socket.stat().st_mode & 0o077 == 0, "uvicorn would open it to everybody"
    log = (engine._launch.folder / "engine.log").read_text()
    assert "as bf16 on cpu, 8192 tokens, 3 other texts kept" in log.splitlines()[-1]


def test_the_socket_is_this_users_alone(tmp_path: Path) -> None:
    with serve.private(tmp_path / "e.sock"):
        assert (tmp_path / "e.sock").stat().st_mode & 0o077 == 0


def test_an_engine_that_nobody_asks_ends(folder: Path, tmp_path: Path) -> None:
    assert start.serve_model(folder, tmp_path, tmp_path / "e.sock", 0.2) == 0


def test_what_cannot_be_held_is_told_before_loading(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"int4 cannot be had on cpu.*bf16 or int8"):
        start.ready(folder, tmp_path, start.Wanted("int4"))
