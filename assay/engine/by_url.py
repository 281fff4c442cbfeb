"""The server at a URL, whichever it is: asked once which API it has, the first time that it answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress

from .api import Chunk, EngineError, EngineFailing, EngineHealth, EngineRefused, EngineUnavailable, Request
from .client import Client
from .ollama import USUAL, Ollama, Terms
from .remote import Remote


class Server:
    """An engine at `url` (with or without /v1): Ollama where it says so, else one with the OpenAI completions API."""

    name = "remote"
    taught = ""

    def __init__(
        self, url: str, *, model: str = "", api_key: str = "", terms: Terms = USUAL, ca_file: str = ""
    ) -> None:
        """`terms` are for Ollama; `ca_file` has certificates to trust beside the system's. Raises EngineUnavailable for what is
        no URL, and where the key would be sent to another machine without TLS."""
        self._http = Client(url, api_key=api_key, ca_file=ca_file)
        self._model = model
        self._terms = terms
        self._remote = Remote(self._http, model=model)
        self._found: Ollama | Remote | None = None

    async def model(self) -> str:
        return await (await self._engine()).model()

    async def generate(self, request: Request) -> AsyncGenerator[Chunk, None]:
        async with aclosing((await self._engine()).generate(request)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def score(self, prefix: str, continuations: Sequence[str]) -> tuple[float, ...]:
        return await (await self._engine()).score(prefix, continuations)

    async def count(self, text: str) -> int:
        return await (await self._engine()).count(text)

    async def is_token(self, text: str) -> bool | None:
        return await (await self._engine()).is_token(text)

    async def guides(self) -> bool:
        return await (await self._engine()).guides()

    async def inserts(self) -> bool:
        return await (await self._engine()).inserts()

    async def health(self) -> EngineHealth:
        try:
            return await (await self._engine()).health()
        except EngineUnavailable as error:
            return EngineHealth(error.state, self._http.where, self._model, str(error))

    async def warm(self) -> None:
        """Find out which server it is before the first suggestion waits for that. Never raises EngineError."""
        with suppress(EngineError):
            await self._engine()

    async def close(self) -> None:
        await self._http.close()

    async def _engine(self) -> Ollama | Remote:
        """Raises EngineUnavailable while nothing answers at all."""
        if self._found is not None:
            return self._found
        try:
            version = await self._version()
        except EngineFailing:
            return self._remote  # for now: the next request asks again
        is_ollama = bool(version)
        self._found = Ollama(self._http, version, model=self._model, terms=self._terms) if is_ollama else self._remote
        return self._found

    async def _version(self) -> str:
        """Ollama's, or "" for another server: some refuse every address that they do not know, some answer a page, and one that stands before
        others has a version at that address too, but no models there. Raises EngineUnavailable and EngineFailing."""
        try:
            version = (await self._http.get("/api/version"))["version"]
            _ = (await self._http.get("/api/tags"))["models"]
            return str(version)
        except EngineRefused:
            return ""
        except (EngineUnavailable, EngineFailing):
            raise
        except (EngineError, KeyError, TypeError):
            return ""
