"""What answers rest on: a project's texts as they are now, open documents included, with what configures it; kept as long as they are the same."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from pathlib import Path

from analyzers import encodings
from analyzers.questions import described
from analyzers.questions.code import Code
from analyzers.questions.described import Index

from ..nouns import Tell
from ..workbench import Workbench
from ..world.state import State
from ..world.world import World

CONFIGURATIONS = (".toml", ".cfg", ".ini")
SIZE_LIMIT = 200_000  # bytes of a file that configures something
PROJECTS = 3  # that are kept


@dataclass(frozen=True)
class Ground:
    """A project's code, and its index of words once somebody described something."""

    root: Path
    state: State
    code: Code
    _index: list[Index] = field(default_factory=list)

    def index(self) -> Index:
        """The index; blocks for some seconds where a project is large."""
        if not self._index:
            self._index.append(described.index(self.code))
        return self._index[0]

    def text(self, name: str) -> str:
        """A file's text as it is on disk or open, whatever goes into a container instead."""
        return self.code.texts.get(name, "")


_known: dict[Path, tuple[object, Ground]] = {}


async def of(bench: Workbench, world: World, tell: Tell) -> Ground:
    """The ground of a project, with the open documents."""
    whole = await bench.projects.whole(world)
    mark = whole.state.revision, tuple(sorted((name, hash(text)) for name, text in world.documents.items()))
    kept = _known.get(world.root)
    if kept is not None and kept[0] == mark:
        return kept[1]
    tell("code", 0, 0)
    made = await asyncio.to_thread(_made, whole)
    _known.pop(world.root, None)
    while len(_known) >= PROJECTS:
        _known.pop(next(iter(_known)))
    _known[world.root] = mark, made
    return made


def _made(whole: World) -> Ground:
    state, texts = whole.state, dict(whole.texts)
    for name, entry in state.entries.items():
        if name.endswith(CONFIGURATIONS) and entry.size <= SIZE_LIMIT and name not in texts:
            try:
                texts[name] = encodings.decoded((whole.root / name).read_bytes())
            except (OSError, UnicodeDecodeError):
                continue
    if whole.is_redacted:  # what goes into another machine's container is not what somebody asks about
        for name in [one for one in state.texts if one not in whole.documents]:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                texts[name] = encodings.decoded((whole.root / name).read_bytes())
    code = Code(texts, state.test_files)
    _ = code.by_name, code.every_use  # what every question needs
    return Ground(whole.root, state, code)
