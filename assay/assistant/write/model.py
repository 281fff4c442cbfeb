"""The source "model": bodies that the configured model writes behind the head and the description, the greedy one first, then warmer ones."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from analyzers import secrets
from analyzers.text import Snapshot
from analyzers.wishes.wish import Wish

from ..drafting import samples
from ..workbench import Workbench
from .candidate import Candidate, Target
from .choice import Judged

# Of one round: the first is what the model holds for likeliest, the others are to differ and still to parse.
TEMPERATURES = (0.0, 0.4, 0.4, 0.6, 0.6, 0.8, 0.8, 0.8, 1.0, 1.0)
AGAIN = (0.6, 0.8, 0.8, 1.0)  # of further rounds
TRIED = 3  # that a prompt tells of
_MARK = "assay_writes_here"


async def candidates(
    bench: Workbench, target: Target, wish: Wish, before: Sequence[Judged]
) -> AsyncGenerator[Candidate, None]:
    """Bodies; in a further round the model is told what was wrong with the nearest of those `before`. Raises EngineError."""
    if bench.engine.name == "none":
        return
    text = await asyncio.to_thread(target.written, wish, Candidate(_MARK, "model"))
    offset = text.index(_MARK)
    text = text[:offset] + text[offset + len(_MARK) :]
    path = target.state.root / target.name
    snapshot = Snapshot(path.as_uri(), str(path), 0, text)
    rounds = 1 if before else 0
    async with aclosing(samples.drawn(bench, snapshot, offset, AGAIN if before else TEMPERATURES, _tried(before))) as found:  # fmt: skip
        async for one in found:
            body = textwrap.dedent(f"{target.indent}    {one.text}").strip("\n")
            if body.strip():
                told = f"temperature {one.temperature:g}{', told what was wrong before' * bool(rounds)}"
                yield Candidate(body, "model", told, (), one.likely)


def _tried(before: Sequence[Judged]) -> str:
    """Comments that say what was tried, and what it did that is wrong."""
    nearest = sorted((one for one in before if one.broken), key=lambda one: -one.examples)[:TRIED]
    lines = []
    for one in nearest:
        lines += [
            "# This does not do what is asked:",
            *(f"#     {line}" for line in one.candidate.body.splitlines()[:12]),
        ]
        lines.append(f"# {one.broken[0]}")
    return secrets.redact("\n".join(lines)) + "\n\n" if lines else ""
