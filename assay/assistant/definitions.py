"""Definitions from other files of the names just left of the cursor, for the prompt."""

from __future__ import annotations

import asyncio
import keyword
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analyzers import names
from analyzers.text import Snapshot

from .prompt import Snippet

if TYPE_CHECKING:
    from .bench import Ask, Workbench

NAME_LIMIT = 6
LOOK_BACK = 800  # characters before the cursor in which names are looked for
LINE_LIMIT = 12  # of one definition: its signature, its docstring, its first lines
TIMEOUT_S = 0.25  # jedi's; whoever waits goes on without them after WAIT_S
WAIT_S = 0.03
DOCUMENT_LIMIT = 32  # documents whose definitions are kept
STICKY_S = 60.0  # they lead the prompt: every change of them costs the model's whole prefix cache


@dataclass(frozen=True, slots=True)
class Known:
    """The definitions for one scope of a document, found or being found since then."""

    scope: tuple[str, ...]
    since_s: float
    work: asyncio.Task[tuple[Snippet, ...]]


async def snippets(bench: Workbench, ask: Ask, scope: tuple[str, ...]) -> tuple[Snippet, ...]:
    """At most NAME_LIMIT snippets, each once, in the order of their files. Those of one scope stay for STICKY_S; while somebody
    types they are waited for WAIT_S only, and are there for a later key."""
    known = bench.definitions.get(ask.snapshot.uri)
    if known is None or known.scope != scope or time.monotonic() - known.since_s > STICKY_S:
        work = asyncio.create_task(_found(bench, ask.snapshot, ask.offset, ask.root), name="definitions")
        known = bench.definitions[ask.snapshot.uri] = Known(scope, time.monotonic(), work)
        while len(bench.definitions) > DOCUMENT_LIMIT:
            bench.definitions.pop(next(iter(bench.definitions))).work.cancel()
    await asyncio.wait({known.work}, timeout=WAIT_S if ask.trigger == "automatic" else None)
    return known.work.result() if known.work.done() and not known.work.cancelled() else ()


async def _found(bench: Workbench, snapshot: Snapshot, offset: int, root: Path) -> tuple[Snippet, ...]:
    positions = _positions(snapshot, offset)
    if not positions or not snapshot.path:
        return ()
    where = names.Where(snapshot.text, snapshot.path, str(root))
    try:
        found = await bench.names.define(where, positions, timeout_s=TIMEOUT_S)
    except names.NamesUnavailable:
        return ()
    state = await bench.workspace.state(root)
    result = {}
    for one in found:
        name = Path(one.path).relative_to(root).as_posix()
        if one.kind in ("function", "class") and name in state.texts:
            result[f"{name}:{one.line}"] = _excerpt(state.texts[name], one.line)
    return tuple(Snippet(text, source) for source, text in sorted(result.items()) if text)


def _positions(snapshot: Snapshot, offset: int) -> tuple[tuple[int, int], ...]:
    start = max(0, offset - LOOK_BACK)
    latest: dict[str, int] = {}
    for match in re.finditer(r"(?<![\w.])[A-Za-z_]\w{2,}", snapshot.text[start:offset]):
        if not keyword.iskeyword(match[0]):
            latest[match[0]] = start + match.start()
    chosen = sorted(latest.values(), reverse=True)[:NAME_LIMIT]
    return tuple((snapshot.line_of(at) + 1, at - snapshot.line_span(snapshot.line_of(at)).start) for at in chosen)


def _excerpt(text: str, line: int) -> str:
    lines = text.split("\n")[line - 1 : line - 1 + LINE_LIMIT]
    if not lines:
        return ""
    indent = len(lines[0]) - len(lines[0].lstrip())
    kept = [lines[0]]
    for one in lines[1:]:
        if one.strip() and len(one) - len(one.lstrip()) <= indent and not one.lstrip().startswith((")", "]")):
            break
        kept.append(one)
    return "\n".join(one[indent:] for one in kept).rstrip()
