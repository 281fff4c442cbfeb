"""A whole text from a model, for who asked one question and has no use for half of the answer."""

from __future__ import annotations

from contextlib import aclosing

from assay.engine.api import Engine, Request


async def text(engine: Engine, request: Request) -> str:
    """What the model writes for a request, to its end; cancelled, it stops within one step of the decoder. Raises EngineError."""
    said = ""
    async with aclosing(engine.generate(request)) as chunks:
        async for chunk in chunks:
            said += chunk.text
    return said
