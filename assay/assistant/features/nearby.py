"""Definitions from other files of the names just left of the cursor, for the prompt."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from analyzers import names
from analyzers.text import Snapshot
from assay.assistant.bench import Workbench
from assay.assistant.prompt import Snippet

NAME_LIMIT = 6
LOOK_BACK = 800  # characters before the cursor in which names are looked for
LINE_LIMIT = 12  # of one definition: its signature, its docstring, its first lines
TIMEOUT_S = 0.25  # the prompt goes without them rather than late


async def snippets(bench: Workbench, snapshot: Snapshot, offset: int, root: Path) -> tuple[Snippet, ...]:
    """At most NAME_LIMIT snippets, each once, in the order of their files; none when jedi is slow."""
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
