"""A server that speaks the OpenAI completions API: vLLM, SGLang, llama.cpp, or our own engine process.

Servers differ, so everything beyond `POST …/completions` is optional: a server without a model list, a tokenizer or
log-probabilities still works, and what it lacks is estimated or refused by name.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from . import guided
from .api import (
    Chunk,
    EngineError,
    EngineFailing,
    EngineHealth,
    EngineRefused,
    EngineUnavailable,
    Reading,
    Request,
    ScoringUnsupported,
    Token,
)
from .client import ERROR_LIMIT, NOT_FOUND, Client
from .guided import Dialect
from .stops import BROKEN, Stops

TELLING = 4  # tokens that a generation must have to say how fast the model writes


class Remote:
    """The OpenAI API of the server that `http` reaches."""

    name = "remote"
    taught = ""

    def __init__(self, http: Client, *, model: str = "", guided: Dialect | None = None) -> None:
        """`guided`: how the server is told what a text has to begin with; None to find out."""
        self._http = http
        self._wanted_model = model
        self._served_model: str | None = None
        self._has_tokenizer = True
        self._tokens: dict[str, bool] = {}
        self._takes_priorities = False
        self._guided = guided
        self.also: dict[
            str, Any
        ] = {}  # what each request says beside what is asked: the adapter, where the server wants it so
        self.tokens_per_s: float | None = None  # of the last generation that was long enough to tell

    async def model(self) -> str:
        if self._wanted_model:
            return self._wanted_model
        if self._served_model is None:
            try:
                models = (await self._http.get("/v1/models")).get("data") or []
                self._served_model = str(models[0]["id"]) if models else ""
            except EngineRefused:
                self._served_model = ""
            except EngineUnavailable:
                return ""
            except (EngineError, KeyError, TypeError, IndexError):
                self._served_model = ""
        return self._served_model

    async def generate(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """A server that refuses to be guided is asked again without that, and not guided any more if it answers then."""
        plain = _body(request) | {"model": await self.model() or "default", "stream": True} | self.also
        dialect = await self._dialect()
        guide = guided.body(request, dialect)
        plain |= _READING.get(dialect, {})
        if request.priority and (
            dialect in ("ours", "steered") or self._takes_priorities
        ):  # another vLLM may refuse it
            plain["priority"] = request.priority
        if dialect in ("vllm", "steered"):
            plain |= _NEUTRAL
            if not request.temperature:
                plain["n"] = 1  # it refuses the same text several times
        if request.stop and dialect == "gbnf":  # llama.cpp, see `stops`
            del plain["stop"]
        has_begun = False
        try:
            async with aclosing(_until(self._streamed(plain | guide), request, plain)) as chunks:
                async for chunk in chunks:
                    has_begun = True
                    yield chunk
            return
        except (EngineUnavailable, EngineFailing):
            raise  # busy or broken: that says nothing about guides
        except EngineError:
            if not guide or has_begun:
                raise
        async with aclosing(_until(self._streamed(plain), request, plain)) as chunks:
            async for chunk in chunks:
                self._guided = ""
                yield chunk

    async def _dialect(self) -> Dialect:
        if self._guided is None:
            try:
                models = await self._http.get("/v1/models")
                self._guided = guided.dialect_of(models)
                self._takes_priorities = guided.takes_priorities(models)
                self._http.cancels = guided.cancels(models)
            except EngineUnavailable:
                return ""
            except EngineError:
                self._guided = ""
        return self._guided

    async def _streamed(self, body: dict[str, Any]) -> AsyncGenerator[Chunk, None]:
        async with self._http.stream("/v1/completions", body) as response:
            if "text/event-stream" not in response.headers.get("content-type", ""):
                for chunk in _whole(json.loads(await response.aread())):
                    yield chunk
                return
            count, first, last = 0, 0.0, 0.0
            try:
                async for line in response.aiter_lines():
                    for chunk in _event(line):
                        if chunk.text or chunk.tokens:
                            last = time.monotonic()
                            first = first or last
                            count += max(1, len(chunk.tokens))
                        yield chunk
            finally:  # most are stopped where what is wanted ends
                if count >= TELLING and last > first:
                    self.tokens_per_s = (count - 1) / (last - first)

    async def score(self, prefix: str, continuations: Sequence[str]) -> tuple[float, ...]:
        """With `echo`, as vLLM has it: the prompt's own log-probabilities, cut where the prefix ends. Where it can be steered, by what it is made to write:
        with `echo` vLLM reads all of the prompt again for each text."""
        if await self._dialect() == "steered":
            return await self._of_forced(prefix, continuations)
        model = await self.model() or "default"
        scores = []
        for continuation in continuations:
            body = {"model": model, "prompt": prefix + continuation, "echo": True, "max_tokens": 1, "logprobs": 1}
            scores.append(
                _echoed(await self._http.post("/v1/completions", body), len(prefix), len(prefix + continuation))
            )
        return tuple(scores)

    async def _of_forced(self, prefix: str, continuations: Sequence[str]) -> tuple[float, ...]:
        start = len(await self._ids(prefix))
        wanted = [(await self._ids(prefix + one))[start:] for one in continuations]
        return tuple(await asyncio.gather(*(self._forced(prefix, ids) for ids in wanted)))

    async def _forced(self, prefix: str, ids: Sequence[int]) -> float:
        if not ids:
            return 0.0
        body = {"model": await self.model(), "prompt": prefix, "max_tokens": len(ids), "logprobs": 0, "temperature": 0, "ignore_eos": True,
                "skip_special_tokens": False, "vllm_xargs": {"forced": list(ids)}, "priority": 2}  # fmt: skip
        answer = await self._http.post("/v1/completions", body)
        try:
            values = [float(one) for one in answer["choices"][0]["logprobs"]["token_logprobs"]]
        except (KeyError, IndexError, TypeError, ValueError):
            values = []
        return sum(values) if len(values) == len(ids) else -math.inf

    async def _ids(self, text: str) -> list[int]:
        """The tokens of a text, markers as one each and nothing added. Raises EngineError, and KeyError or TypeError for an answer that is none."""
        if await self._dialect() in ("vllm", "steered"):
            body: dict[str, Any] = {"prompt": text, "add_special_tokens": False}
            body["model"] = await self.model()
        else:
            body = {"content": text, "add_special": False, "parse_special": True}
        return list((await self._http.post("/tokenize", body))["tokens"])

    async def count(self, text: str) -> int:
        if self._has_tokenizer:
            try:
                return len(await self._ids(text))
            except (EngineError, KeyError, TypeError):
                self._has_tokenizer = False  # an estimate serves as well, and whoever generates hears what is wrong
        return (
            len(text.encode("utf-8", "replace")) // 3 + 1
        )  # code has 3 to 4 bytes a token in every tokenizer we measured

    async def is_token(self, text: str) -> bool | None:
        if text not in self._tokens and self._has_tokenizer:
            try:
                self._tokens[text] = len(await self._ids(text)) == 1
            except EngineRefused:
                self._has_tokenizer = False
            except EngineUnavailable:
                return None
            except (EngineError, KeyError, TypeError):
                self._has_tokenizer = False
        return self._tokens.get(text)

    async def health(self) -> EngineHealth:
        try:
            if (why := await self._lacks(await self._http.get("/v1/models"))) is not None:
                return EngineHealth("broken", self._http.where, self._wanted_model, why)
        except EngineFailing as error:
            return EngineHealth("broken", self._http.where, self._wanted_model, str(error))
        except EngineRefused as error:
            if error.status != NOT_FOUND:
                return EngineHealth(error.state, self._http.where, self._wanted_model, str(error))
            if (why := await self._probed()) is not None:
                return EngineHealth("broken", self._http.where, self._wanted_model, why)
        except EngineUnavailable as error:
            return EngineHealth(error.state, self._http.where, self._wanted_model, str(error))
        except EngineError:
            pass  # it answers, and a model list is optional
        return EngineHealth("ready", self._http.where, await self.model(), tokens_per_s=self.tokens_per_s)

    async def _lacks(self, models: Any) -> str | None:
        """Why the model that is wanted cannot be had; None where it can. Some servers take any name, and a proxy may know more than it lists: what is not in
        the list is asked for."""
        try:
            names = [str(one["id"]) for one in models["data"]]
        except (KeyError, TypeError):
            return None
        if not self._wanted_model or not names or self._wanted_model in names or await self._probed() is None:
            return None
        listed = ", ".join(names[:5]) + (" and more" if len(names) > 5 else "")
        return f"Engine off: {self._http.where} has no model {self._wanted_model}; it has {listed}. Set `engine.model`."

    async def _probed(self) -> str | None:
        """Whether completions are served where there is no model list: None, or why not."""
        try:
            await self._http.post(
                "/v1/completions", {"model": self._wanted_model or "default", "prompt": "#", "max_tokens": 1}
            )
        except EngineUnavailable as error:
            return str(error)
        except EngineError:
            pass  # it has its opinion about this request, so it serves others
        return None

    async def guides(self) -> bool:
        return bool(await self._dialect())

    async def inserts(self) -> bool:
        return False

    async def warm(self) -> None:
        return None

    async def close(self) -> None:
        await self._http.close()


async def _until(
    chunks: AsyncGenerator[Chunk, None], request: Request, body: Mapping[str, Any]
) -> AsyncGenerator[Chunk, None]:
    """Each sample up to a stop text, where the server was not told of any; closed when all of them have come to one."""
    is_here = bool(request.stop) and "stop" not in body
    samples = {index: Stops(request.stop) for index in range(request.n)}
    async with aclosing(chunks):
        async for chunk in chunks:
            sample = samples.get(chunk.index)
            if not is_here or sample is None:
                yield chunk
                continue
            if sample.stopped:
                continue
            text, is_over = sample.taken(chunk.text, is_last=bool(chunk.finish))
            yield replace(chunk, text=text, finish="stop" if is_over else chunk.finish)
            if all(one.stopped for one in samples.values()):
                return


def _body(request: Request) -> dict[str, Any]:
    body: dict[str, Any] = {
        "prompt": request.prompt,
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "n": request.n,
        "logprobs": 1,
        "cache_prompt": True,
    }
    if request.stop:
        body["stop"] = list(request.stop)
    if request.suffix is not None:
        body["suffix"] = request.suffix
    if request.seed is not None:
        body["seed"] = request.seed
    return body


_USAGE: Mapping[str, Any] = {"stream_options": {"include_usage": True, "continuous_usage_stats": True}}
# By server: what has each piece of an answer tell what was read; most answers are left before the last one.
# vLLM fills in what the model's `generation_config.json` says unless it was told not to: what is not said here would change the text.
_NEUTRAL: Mapping[str, Any] = {"repetition_penalty": 1.0, "top_k": 0, "min_p": 0.0}
_READING: Mapping[str, Mapping[str, Any]] = {
    # Progress comes with each batch of a prompt, too: without it llama.cpp does not notice a client that leaves before all of it is read (seen).
    "gbnf": {"timings_per_token": True, "return_progress": True},
    "vllm": _USAGE,
    "steered": _USAGE,
}


def _reading(answer: Mapping[str, Any]) -> Reading | None:
    """What was read of the prompt, as llama.cpp tells it, or in OpenAI's usage; None where nothing is told."""
    match answer:
        case {"prompt_progress": {"total": int(tokens), "cache": int(kept), "processed": int(read)}}:
            return Reading(max(0, tokens - kept), kept, max(0, tokens - max(read, kept)))
        case {"timings": {"prompt_n": int(anew), "cache_n": int(kept)}}:
            return Reading(anew, kept)
        case {"usage": {"prompt_tokens": int(tokens), "prompt_tokens_details": {"cached_tokens": int(kept)}}}:
            return Reading(max(0, tokens - kept), kept)
        case _:
            return None


def _event(line: str) -> list[Chunk]:
    """The chunks of one server-sent line; comments, blank lines and the end mark have none."""
    data = line.removeprefix("data:").strip()
    if not line.startswith("data:") or data == "[DONE]":
        return []
    return _whole(json.loads(data))


def _whole(answer: Any) -> list[Chunk]:
    if isinstance(answer, dict) and answer.get("error"):
        raise EngineError(f"The engine gave up: {str(answer['error'])[:ERROR_LIMIT]}")
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not isinstance(choices, list):
        raise EngineError("The engine's answer has no `choices`.")
    reading = _reading(answer)
    if not choices and reading is not None:  # vLLM tells what it had kept at the very end
        return [Chunk(0, "", reading=reading)]
    return [
        Chunk(
            int(choice.get("index") or 0),
            _unbroken(choice),
            _tokens(choice.get("logprobs")),
            str(choice.get("finish_reason") or ""),
            reading,
        )
        for choice in choices
        if isinstance(choice, dict)
    ]


def _unbroken(choice: Mapping[str, Any]) -> str:
    """The text, without a character that was cut off at its end."""
    text = str(choice.get("text") or "")
    return text.rstrip(BROKEN) if choice.get("finish_reason") == "length" else text


def _tokens(logprobs: Any) -> tuple[Token, ...]:
    """OpenAI's two shapes: parallel lists (completions) and a list of objects (chat; llama.cpp uses it for both)."""
    match logprobs:
        case {"tokens": [*texts], "token_logprobs": [*values]}:
            pairs = zip(texts, values, strict=False)
            return tuple(Token(str(text), float(value)) for text, value in pairs if value is not None)
        case {"content": [*items]}:
            return tuple(
                Token(str(item.get("token", "")), float(item.get("logprob") or 0.0))
                for item in items
                if isinstance(item, dict)
            )
        case _:
            return ()


def _echoed(answer: Any, start: int, end: int) -> float:
    try:
        logprobs = answer["choices"][0]["logprobs"]
        offsets, values = logprobs["text_offset"], logprobs["token_logprobs"]
        chosen = [v for at, v in zip(offsets, values, strict=True) if start <= at < end]
    except (KeyError, IndexError, TypeError, ValueError):
        chosen = []
    if not chosen or None in chosen:
        raise ScoringUnsupported("This engine does not give the log-probabilities of a prompt (`echo`).")
    return float(sum(chosen))
