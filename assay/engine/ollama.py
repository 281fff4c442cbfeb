"""Ollama by its own API. Its OpenAI-compatible one puts every prompt through the model's chat template, so that a fill-in-the-middle
prompt would reach the model as somebody's message; `raw` text reaches it as it is (server/routes.go, GenerateHandler).

A model whose template has a place for a suffix, and whose markers we do not know, is given prefix and suffix apart.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .api import Chunk, EngineError, EngineHealth, EngineRefused, EngineUnavailable, Request, ScoringUnsupported, Token
from .client import ERROR_LIMIT, Client
from .dialects import LEFT_TO_RIGHT, choose

CONTEXT_LEAST = (
    2048  # tokens; no version of Ollama gives a model less, and asking for the same as others shares the loaded one
)
ANSWER_LIMIT = 256  # tokens that a prompt leaves free
ADVICE = "`ollama pull qwen2.5-coder:1.5b-base` brings one that completes code"


@dataclass(frozen=True, slots=True)
class Terms:
    """How a model is used: how long it stays loaded without a request (s; 0 for ever), how many tokens a prompt may have, and
    whether it may be one that Ollama only passes on to another host."""

    idle_s: float = 600
    context_tokens: int = 1024
    hosts: Literal["here", "anywhere"] = "anywhere"


USUAL = Terms()


@dataclass(frozen=True, slots=True)
class _Model:
    """One of the server's models. `is_elsewhere`: Ollama passes its prompts on to another host."""

    name: str
    abilities: frozenset[str]
    is_elsewhere: bool


class Ollama:
    """The server that `http` reaches; its version is known, because that is how it was recognised."""

    name = "ollama"
    taught = ""

    def __init__(self, http: Client, version: str, *, model: str = "", terms: Terms = USUAL) -> None:
        self._http = http
        self._version = version
        self._wanted = model
        self._terms = terms
        self._chosen: _Model | None = None

    async def model(self) -> str:
        """The wanted one's full name; where none is wanted, the newest that completes code. Raises EngineUnavailable."""
        return (await self._model()).name

    async def generate(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Samples one after the other: the API has one a request."""
        model = await self.model()
        for index in range(request.n):
            seed = None if request.seed is None else request.seed + index
            body = self._body(request, seed) | {"model": model}
            try:
                async with self._http.stream("/api/generate", body) as response:
                    async for line in response.aiter_lines():
                        if line.strip():
                            yield _chunk(json.loads(line), index)
            except EngineRefused:
                self._chosen = None  # the model was removed meanwhile: the next request looks again
                raise

    async def score(self, prefix: str, continuations: Sequence[str]) -> tuple[float, ...]:
        raise ScoringUnsupported("Ollama does not give the log-probabilities of a given text.")

    async def count(self, text: str) -> int:
        return (
            len(text.encode("utf-8", "replace")) // 3 + 1
        )  # it has no tokenizer to ask; code has 3 to 4 bytes a token

    async def is_token(self, text: str) -> bool | None:
        return None

    async def guides(self) -> bool:
        return False

    async def inserts(self) -> bool:
        return "insert" in (await self._model()).abilities

    async def health(self) -> EngineHealth:
        where = f"{self._http.where} (Ollama {self._version})"
        try:
            await self._http.get("/api/version")
            return EngineHealth("ready", where, await self.model())
        except EngineUnavailable as error:
            return EngineHealth(error.state, where, self._wanted, str(error))
        except EngineError as error:
            return EngineHealth("broken", where, self._wanted, str(error))

    async def warm(self) -> None:
        return None

    async def close(self) -> None:
        await self._http.close()

    def _body(self, request: Request, seed: int | None) -> dict[str, Any]:
        options: dict[str, Any] = {
            "num_predict": request.max_tokens,
            "temperature": request.temperature,
            "top_p": request.top_p,
        }
        if request.stop:
            options["stop"] = list(request.stop)
        if seed is not None:
            options["seed"] = seed
        if (need := self._terms.context_tokens + ANSWER_LIMIT) > CONTEXT_LEAST:
            options["num_ctx"] = -(-need // 1024) * 1024
        # Without a suffix a template has only its chat branch, so such a prompt goes in raw too.
        apart = {"suffix": request.suffix} if request.suffix else {"raw": True}
        keep: str | int = f"{self._terms.idle_s:g}s" if self._terms.idle_s else -1
        return {"prompt": request.prompt, "stream": True, "think": False, "logprobs": True, "keep_alive": keep,
                "options": options} | apart  # fmt: skip

    async def _model(self) -> _Model:
        if self._chosen is None:
            models = await self._listed()
            self._chosen = await (self._shown(self._named(models)) if self._wanted else self._best(models))
        return self._chosen

    async def _listed(self) -> tuple[_Model, ...]:
        """The server's models, the newest first."""
        answer = await self._http.get("/api/tags")
        try:
            return tuple(_Model(str(one["name"]), frozenset(one.get("capabilities") or ()), _is_elsewhere(one))
                         for one in answer.get("models") or ())  # fmt: skip
        except (AttributeError, KeyError, TypeError) as error:
            raise EngineError(
                f"The engine at {self._http.where} answered a list of models that cannot be read."
            ) from error

    def _named(self, models: Sequence[_Model]) -> _Model:
        names = (self._wanted, f"{self._wanted}:latest")
        found = next((one for one in models if one.name in names), None)
        if found is None:
            there = f" It has {', '.join(one.name for one in models[:4])}." if models else ""
            raise EngineUnavailable(
                f"Engine off: Ollama at {self._http.where} has no model {self._wanted!r}.{there} Run `ollama pull {self._wanted}`, "
                "or set `engine.model`."
            )
        if found.is_elsewhere and self._terms.hosts == "here":
            raise EngineUnavailable(
                f"Engine off: Ollama passes what {found.name} reads on to another host, and `offline` is on. Set `engine.model` to one "
                "that runs here."
            )
        return found

    async def _best(self, models: Sequence[_Model]) -> _Model:
        """The first that is known to fill in the middle, by its name or its template; else the first that completes at all."""
        here = [await self._shown(one) for one in models if not one.is_elsewhere]
        able = [one for one in here if not one.abilities or "completion" in one.abilities]
        inserting = [one for one in able if choose("auto", one.name) is not LEFT_TO_RIGHT or "insert" in one.abilities]
        if not able:
            has = "no model of its own that completes" if models else "no model"
            raise EngineUnavailable(f"Engine off: Ollama at {self._http.where} has {has}; {ADVICE}.")
        return (inserting or able)[0]

    async def _shown(self, one: _Model) -> _Model:
        """With its abilities, where the list did not tell them."""
        if one.abilities:
            return one
        try:
            answer = await self._http.post("/api/show", {"model": one.name})
            return _Model(one.name, frozenset(answer.get("capabilities") or ()), one.is_elsewhere)
        except EngineUnavailable:
            raise
        except (EngineError, AttributeError, TypeError):
            return one


def _is_elsewhere(one: Mapping[str, Any]) -> bool:
    return bool(one.get("remote_host")) or str(one["name"]).endswith(("-cloud", ":cloud"))


def _chunk(piece: Any, index: int) -> Chunk:
    """One line of the stream."""
    if not isinstance(piece, dict) or piece.get("error"):
        seen = piece.get("error") if isinstance(piece, dict) else piece
        raise EngineError(f"The engine gave up: {str(seen)[:ERROR_LIMIT]}")
    tokens = tuple(
        Token(str(one.get("token", "")), float(one.get("logprob") or 0.0))
        for one in piece.get("logprobs") or ()
        if isinstance(one, dict)
    )
    finish = str(piece.get("done_reason") or "stop") if piece.get("done") else ""
    return Chunk(index, str(piece.get("response") or ""), tokens, finish)
