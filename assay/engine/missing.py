"""The engine of a machine that has none: it generates nothing and says why."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from .api import Chunk, EngineHealth, EngineUnavailable, Request


class Missing:
    """Refuses everything with the sentence it was given."""

    name = "none"
    taught = ""

    def __init__(self, why: str) -> None:
        self._why = why

    async def model(self) -> str:
        return ""

    async def generate(self, request: Request) -> AsyncGenerator[Chunk, None]:
        for _ in (self._why,):  # a generator, as the interface wants it, that raises when it is first asked
            raise EngineUnavailable(self._why, "absent")
        yield Chunk(0, "")

    async def score(self, prefix: str, continuations: Sequence[str]) -> tuple[float, ...]:
        raise EngineUnavailable(self._why, "absent")

    async def count(self, text: str) -> int:
        return len(text) // 3 + 1

    async def is_token(self, text: str) -> bool | None:
        return None

    async def guides(self) -> bool:
        return False

    async def inserts(self) -> bool:
        return False

    async def health(self) -> EngineHealth:
        return EngineHealth("absent", "none", why=self._why)

    async def warm(self) -> None:
        return None

    async def close(self) -> None:
        return None
