"""Ollama: recognised, asked by its own API, and given prompts that its chat template does not wrap."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from assay.assistant.settings import load
from assay.cli import doctor
from assay.engine import dialects
from assay.engine.api import EngineError, EngineRefused, EngineUnavailable, Request
from assay.engine.by_url import Server
from assay.engine.client import Client
from assay.engine.ollama import Terms
from assay.folders import folders
from tests.lsp.stub import OllamaStub, Stub

FIM = "<|fim_prefix|>def f(x):\n    return <|fim_suffix|>\n<|fim_middle|>"
QWEN = {"qwen2.5-coder:1.5b-base": ("completion", "insert")}


async def text_of(engine: Server, request: Request) -> str:
    async with aclosing(engine.generate(request)) as chunks:
        return "".join([chunk.text async for chunk in chunks if chunk.index == 0])


async def test_a_prompt_reaches_the_model_as_it_is() -> None:
    read: list[str] = []

    def answer(body: dict[str, str]) -> str:
        read.append(body["prompt"])
        return "x\n"

    async with OllamaStub(answer, QWEN) as stub:
        engine = Server(stub.url + "/v1")
        assert await text_of(engine, Request(FIM)) == "x\n"
        await engine.close()
    assert read == [FIM]


async def test_it_is_told_how_long_to_write_when_to_stop_and_for_how_long_to_stay() -> None:
    async with OllamaStub(lambda _: "x", QWEN) as stub:
        engine = Server(stub.url, terms=Terms(idle_s=90, context_tokens=3000))
        await text_of(engine, Request(FIM, max_tokens=7, stop=("\n",), seed=3, temperature=0.5))
        sent = stub.requests[0]
        await engine.close()
        for_ever = Server(stub.url, terms=Terms(idle_s=0))
        await text_of(for_ever, Request(FIM))
        await for_ever.close()
    assert sent["options"] == {
        "num_predict": 7,
        "stop": ["\n"],
        "seed": 3,
        "temperature": 0.5,
        "top_p": 1.0,
        "num_ctx": 4096,
    }
    assert (sent["keep_alive"], sent["think"]) == ("90s", False)
    assert stub.requests[1]["keep_alive"] == -1
    assert "num_ctx" not in stub.requests[1]["options"]


async def test_samples_tokens_and_ends_come_as_from_other_servers() -> None:
    async with OllamaStub(lambda _: "a\nb", QWEN) as stub:
        engine = Server(stub.url)
        async with aclosing(engine.generate(Request(FIM, n=2, seed=5))) as chunks:
            found = [chunk async for chunk in chunks]
        await engine.close()
    assert [(c.index, c.text, c.finish) for c in found] == [
        (0, "a\n", ""), (0, "b", ""), (0, "", "stop"), (1, "a\n", ""), (1, "b", ""), (1, "", "stop"),
    ]  # fmt: skip
    assert [token.logprob for token in found[0].tokens] == [-0.25]
    assert [request["options"]["seed"] for request in stub.requests] == [5, 6]


async def test_a_model_of_an_unknown_family_is_given_its_suffix_by_its_own_template() -> None:
    read: list[str] = []

    def answer(body: dict[str, str]) -> str:
        read.append(body["prompt"])
        return "x"

    async with OllamaStub(answer, {"my-own:latest": ("completion", "insert")}) as stub:
        engine = Server(stub.url, model="my-own")
        assert await dialects.spoken(engine, "auto") is dialects.SUFFIX
        await text_of(engine, Request("a = ", suffix="\nb"))
        await text_of(engine, Request("a = ", suffix=""))
        await engine.close()
    assert read == ["<PRE> a =  <SUF>\nb <MID>", "a = "]  # without a suffix that template would be a chat


@pytest.mark.parametrize(
    ("models", "dialect"),
    [(QWEN, "qwen"), ({"llama3:8b": ("completion",)}, "left-to-right"), ({"granite-code:3b": ("completion", "insert")}, "suffix")],
)  # fmt: skip
async def test_the_dialect_fits_the_model(models: dict[str, tuple[str, ...] | None], dialect: str) -> None:
    async with OllamaStub(lambda _: "x", models) as stub:
        engine = Server(stub.url)
        assert (await dialects.spoken(engine, "auto")).name == dialect
        await engine.close()


@pytest.mark.parametrize(
    ("models", "chosen"),
    [
        ({"llama3:8b": ("completion",)} | QWEN, "qwen2.5-coder:1.5b-base"),
        ({"nomic-embed-text:latest": ("embedding",), "llama3:8b": ("completion",)}, "llama3:8b"),
        ({"qwen3-coder:480b-cloud": ("completion", "elsewhere"), "llama3:8b": None}, "llama3:8b"),
    ],
)
async def test_where_no_model_is_wanted_the_newest_that_completes_code_here_is_used(
    models: dict[str, tuple[str, ...] | None], chosen: str
) -> None:
    async with OllamaStub(lambda _: "x", models) as stub:
        engine = Server(stub.url)
        health = await engine.health()
        assert (health.state, health.model) == ("ready", chosen)
        assert health.engine == f"{stub.url} (Ollama 0.21.4)"
        await engine.close()


@pytest.mark.parametrize(
    ("models", "wanted", "why"),
    [
        ({}, "", "has no model; `ollama pull qwen2.5-coder:1.5b-base` brings one"),
        ({"nomic-embed-text:latest": ("embedding",)}, "", "has no model of its own that completes; `ollama pull"),
        (QWEN, "starcoder2", "has no model 'starcoder2'. It has qwen2.5-coder:1.5b-base. Run `ollama pull starcoder2`"),
        ({"big:cloud": ("completion", "elsewhere")}, "big:cloud", "passes what big:cloud reads on to another host, and `offline` is on"),
    ],
)  # fmt: skip
async def test_a_model_that_cannot_be_used_says_what_to_do(
    models: dict[str, tuple[str, ...] | None], wanted: str, why: str
) -> None:
    async with OllamaStub(lambda _: "x", models) as stub:
        engine = Server(stub.url, model=wanted, terms=Terms(hosts="here"))
        health = await engine.health()
        assert health.state == "broken"
        assert why in health.why
        with pytest.raises(EngineUnavailable):
            await text_of(engine, Request(FIM))
        assert not stub.requests
        await engine.close()


async def test_a_model_that_was_removed_is_looked_for_again() -> None:
    async with OllamaStub(lambda _: "x", dict(QWEN)) as stub:
        engine = Server(stub.url)
        assert await text_of(engine, Request(FIM)) == "x"
        stub.models = {"codellama:7b-code": ("completion", "insert")}
        with pytest.raises(EngineRefused):
            await text_of(engine, Request(FIM))
        assert await text_of(engine, Request(FIM)) == "x"
        assert stub.requests[-1]["model"] == "codellama:7b-code"
        await engine.close()


async def test_leaving_early_ends_the_generation() -> None:
    async with OllamaStub(lambda _: "x", QWEN, delay_s=30) as stub:
        engine = Server(stub.url)
        work = asyncio.create_task(text_of(engine, Request(FIM)))
        while not stub.requests:
            await asyncio.sleep(0.01)
        work.cancel()
        await asyncio.wait({work})
        await asyncio.wait_for(stub.left.wait(), 5)
        await engine.close()
    assert not stub.finished


async def test_another_server_is_asked_by_the_openai_api() -> None:
    async with Stub(lambda body: body["prompt"]) as stub:
        engine = Server(stub.url)
        assert await text_of(engine, Request(FIM)) == FIM
        assert not await engine.inserts()
        await engine.close()


class Swap(Stub):
    """A server that stands before others: it has a version too, and no models at that address."""

    async def _served(self, path: str, body: dict[str, Any], reader: Any, writer: Any) -> bool:
        if path == "/api/version":
            self._send(writer, 200, {"version": "150", "commit": "abc"})
            return True
        return await super()._served(path, body, reader, writer)


async def test_a_server_with_a_version_and_no_models_is_no_ollama() -> None:
    async with Swap(lambda body: body["prompt"]) as stub:
        engine = Server(stub.url)
        assert (await engine.health()).state == "ready"
        assert await text_of(engine, Request(FIM)) == FIM
        await engine.close()


async def test_a_failure_at_the_start_says_nothing_about_the_server() -> None:
    async with OllamaStub(lambda body: body["prompt"], QWEN) as stub:
        engine = Server(stub.url)
        stub.refuse = 503
        with pytest.raises(EngineError, match="503"):
            await text_of(engine, Request(FIM))
        stub.refuse = 0
        assert await text_of(engine, Request(FIM)) == FIM
        await engine.close()


async def test_a_client_that_is_closed_while_it_opens_stays_closed() -> None:
    async with Stub(lambda body: "x") as stub:
        http = Client(stub.url)
        asking = asyncio.create_task(http.get("/v1/models"))
        await asyncio.sleep(0)
        closing, other = asyncio.create_task(http.close()), asyncio.create_task(http.get("/v1/models"))
        await asyncio.wait({asking, closing, other})
        assert closing.exception() is None
        for task in (asking, other):
            with pytest.raises(EngineUnavailable):
                task.result()
        with pytest.raises(EngineUnavailable, match="was closed"):
            await http.get("/v1/models")


async def test_a_url_that_no_client_takes_is_a_sentence() -> None:
    engine = Server("http://localhost:abc")
    await engine.warm()
    health = await engine.health()
    assert health.state == "broken"
    assert "no connection to http://localhost:abc can be made" in health.why
    await engine.close()


async def test_the_doctor_says_what_answers_and_which_model_it_would_use(tmp_path: Path) -> None:
    async with OllamaStub(lambda _: "x", QWEN) as stub:
        settings, _ = load(tmp_path / "none.toml", editor={"engine": {"url": stub.url}})
        found = await doctor._engine(settings, folders())
        assert [(one.part, one.state) for one in found] == [("model", "ok")]
        assert found[0].detail == (
            f"qwen2.5-coder:1.5b-base at {stub.url} (Ollama 0.21.4), which fills in the middle with the markers of qwen"
        )
