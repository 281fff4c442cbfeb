"""The team's guide, told to whoever has a key: as it is in its file now, with its version."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assay.team.identity.access import Access

SIZE_LIMIT = 128 << 10


class Conventions:
    """`path`: the guide, of a repository's copy on the server's machine; None where the team has none."""

    def __init__(self, path: Path | None, access: Access) -> None:
        self._path = path
        self._access = access

    def routes(self) -> list[Route]:
        """What is served here."""
        return [Route("/v1/conventions", self.told)]

    def text(self) -> str:
        """The guide; "" for none."""
        try:
            return self._path.read_bytes()[:SIZE_LIMIT].decode("utf-8", "replace") if self._path is not None else ""
        except OSError:
            return ""

    async def told(self, request: Request) -> Response:
        await self._access.caller(request, "complete")
        text = await asyncio.to_thread(self.text)
        return JSONResponse({"text": text, "version": hashlib.sha256(text.encode()).hexdigest()[:12] if text else ""})
