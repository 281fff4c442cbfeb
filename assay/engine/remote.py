"""Any server that speaks the OpenAI completions API: vLLM, SGLang, llama.cpp, Ollama, or our own engine process.

Servers differ, so everything beyond `POST …/completions` is optional: a server without a model list, a tokenizer or
log-probabilities still works, and what it lacks is estimated or refused by name.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from .api import Chunk, EngineError, EngineHealth, EngineRefused, EngineUnavailable, Request, ScoringUnsupported, Token

if TYPE_CHECKING:
    import httpx

CONNECT_S = 3.0  # a server on this machine or in this building answers in milliseconds
READ_S = 60.0  # between two pieces of a stream; a cold prefill of a long prompt on a CPU takes this order
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
NOT_FOUND = 404
ERROR_LIMIT = 200  # characters of a server's own error text that reach a message


class Remote:
    """An OpenAI-compatible server at `url` (with or without /v1), or at a Unix socket."""

    name = "remote"

    def __init__(
        self, url: str, *, model: str = "", api_key: str = "", socket_path: str = "", grammar: Literal["gbnf", ""] = ""
    ) -> None:
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise EngineUnavailable(f"Engine off: {url!r} is no URL ({error}). Set `engine.url`.") from error
        self._base = url.rstrip("/").removesuffix("/v1")
        self._is_local = bool(socket_path) or (parts.hostname or "") in LOOPBACK
        self._api_key = api_key
        self._socket_path = socket_path
        self._wanted_model = model
        self._served_model: str | None = None
        self._has_tokenizer = True
        self._tokens: dict[str, bool] = {}
        self._takes_grammar = grammar == "gbnf"
        self._client: httpx.AsyncClient | None = None

    async def model(self) -> str:
        if self._wanted_model:
            return self._wanted_model
        if self._served_model is None:
            try:
                models = (await self._get("/v1/models")).get("data") or []
                self._served_model = str(models[0]["id"]) if models else ""
            except EngineRefused:
                self._served_model = ""
            except EngineUnavailable:
                return ""
            except (EngineError, KeyError, TypeError, IndexError):
                self._served_model = ""
        return self._served_model

    async def generate(self, request: Request) -> AsyncGenerator[Chunk, None]:
        import httpx

        body = _body(request) | {"model": await self.model() or "default", "stream": True}
        if request.must_start and self._takes_grammar:
            body["grammar"] = f"root ::= {json.dumps(request.must_start)} [^\\x00]*"
        try:
            async with self._http().stream("POST", "/v1/completions", json=body) as response:
                await self._check(response)
                if "text/event-stream" not in response.headers.get("content-type", ""):
                    for chunk in _whole(json.loads(await response.aread())):
                        yield chunk
                    return
                async for line in response.aiter_lines():
                    for chunk in _event(line):
                        yield chunk
        except httpx.HTTPError as error:
            raise EngineUnavailable(self._unreachable(error)) from error
        except ValueError as error:
            raise EngineError(f"The engine at {self._where()} answered something that is not JSON.") from error

    async def score(self, prefix: str, continuations: Sequence[str]) -> tuple[float, ...]:
        """With `echo`, as vLLM has it: the prompt's own log-probabilities, cut where the prefix ends."""
        model = await self.model() or "default"
        scores = []
        for continuation in continuations:
            body = {"model": model, "prompt": prefix + continuation, "echo": True, "max_tokens": 1, "logprobs": 1}
            scores.append(_echoed(await self.post("/v1/completions", body), len(prefix), len(prefix + continuation)))
        return tuple(scores)

    async def count(self, text: str) -> int:
        if self._has_tokenizer:
            try:
                return len((await self.post("/tokenize", {"content": text}))["tokens"])
            except (EngineError, KeyError, TypeError):
                self._has_tokenizer = False  # an estimate serves as well, and whoever generates hears what is wrong
        return (
            len(text.encode("utf-8", "replace")) // 3 + 1
        )  # code has 3 to 4 bytes a token in every tokenizer we measured

    async def is_token(self, text: str) -> bool | None:
        if text not in self._tokens and self._has_tokenizer:
            try:
                body = {"content": text, "add_special": False, "parse_special": True}
                self._tokens[text] = len((await self.post("/tokenize", body))["tokens"]) == 1
            except EngineRefused:
                self._has_tokenizer = False
            except EngineUnavailable:
                return None
            except (EngineError, KeyError, TypeError):
                self._has_tokenizer = False
        return self._tokens.get(text)

    async def health(self) -> EngineHealth:
        try:
            await self._get("/v1/models")
        except EngineRefused as error:
            if error.status != NOT_FOUND:
                return EngineHealth(error.state, self._where(), self._wanted_model, str(error))
            if (why := await self._probed()) is not None:
                return EngineHealth("broken", self._where(), self._wanted_model, why)
        except EngineUnavailable as error:
            return EngineHealth(error.state, self._where(), self._wanted_model, str(error))
        except EngineError:
            pass  # it answers, and a model list is optional
        return EngineHealth("ready", self._where(), await self.model())

    async def _probed(self) -> str | None:
        """Whether completions are served where there is no model list: None, or why not."""
        try:
            await self.post(
                "/v1/completions", {"model": self._wanted_model or "default", "prompt": "#", "max_tokens": 1}
            )
        except EngineUnavailable as error:
            return str(error)
        except EngineError:
            pass  # it has its opinion about this request, so it serves others
        return None

    async def close(self) -> None:
        if self._client:
            await self._client.aclose()
            self._client = None

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """POST JSON and return the parsed answer; raises EngineError."""
        return await self._call("POST", path, body)

    async def _get(self, path: str) -> Any:
        return await self._call("GET", path, None)

    async def _call(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        import httpx

        try:
            response = await self._http().request(method, path, json=body)
            await self._check(response)
            return response.json()
        except httpx.HTTPError as error:
            raise EngineUnavailable(self._unreachable(error)) from error
        except ValueError as error:
            raise EngineError(f"The engine at {self._where()} answered something that is not JSON.") from error

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            import httpx

            self._client = httpx.AsyncClient(
                base_url="http://engine" if self._socket_path else self._base,
                transport=httpx.AsyncHTTPTransport(uds=self._socket_path) if self._socket_path else None,
                trust_env=not self._is_local,  # a proxy is for hosts that are not this one
                headers={"Authorization": f"Bearer {self._api_key}"} if self._api_key else None,
                timeout=httpx.Timeout(READ_S, connect=CONNECT_S),
                limits=httpx.Limits(max_connections=8, max_keepalive_connections=4),
            )
        return self._client

    async def _check(self, response: httpx.Response) -> None:
        """Raise for an answer that is none."""
        status = response.status_code
        if status < 400:
            return
        text = _reason((await response.aread()).decode("utf-8", "replace"))
        if status in (401, 403):
            mend = "Check the file that `engine.api_key_file` names." if self._api_key else "Set `engine.api_key_file`."
            raise EngineRefused(
                f"Engine off: {self._where()} does not accept the API key ({status} {text}). {mend}", status
            )
        if status == NOT_FOUND:
            what = f"Engine off: {self._where()} has no {response.url.path} ({status} {text})."
            raise EngineRefused(f"{what} Check `engine.url` and `engine.model`.", status)
        raise EngineError(f"The engine refused the request: {status} {text}")

    def _where(self) -> str:
        return self._socket_path or self._base

    def _unreachable(self, error: Exception) -> str:
        seen = str(error) or type(error).__name__
        return f"Engine off: no answer from {self._where()} ({seen}). Start it, or set `engine.url`."


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


def _reason(text: str) -> str:
    """What a server says about its refusal, in OpenAI's shape or in its own words."""
    try:
        raw = json.loads(text).get("error")
        text = str(raw.get("message") if isinstance(raw, dict) else raw)
    except (ValueError, AttributeError):
        pass
    return text.strip()[:ERROR_LIMIT]


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
    return [
        Chunk(
            int(choice.get("index") or 0),
            str(choice.get("text") or ""),
            _tokens(choice.get("logprobs")),
            str(choice.get("finish_reason") or ""),
        )
        for choice in choices
        if isinstance(choice, dict)
    ]


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
