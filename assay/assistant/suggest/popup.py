"""The popup's order after a dot: what the code nearby and the project make likely, and what jedi knows; a name that only looks likely is told apart.

The project's counts are made in a thread when they are first asked for, and again when its files are others; until then the file's own are what there is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analyzers import members
from analyzers.members import Project
from analyzers.text import Snapshot

from ..workbench import Workbench

LISTED = 60  # likely names that are weighed
GUESSES = 5  # names that jedi does not know, at most


@dataclass(slots=True)
class Popup:
    """Of one window. It remembers what projects have after dots."""

    _known: dict[Path, tuple[int, Project]] = field(default_factory=dict)
    _making: dict[Path, asyncio.Task[None]] = field(default_factory=dict)

    async def ranked(
        self, bench: Workbench, root: Path, name: str, snapshot: Snapshot, offset: int
    ) -> list[tuple[str, float]]:
        """The likeliest names at a place after a dot, the best first; nothing elsewhere. `name` is the file's below `root`."""
        project = self._project(bench, root)
        return await asyncio.to_thread(
            _ranked, snapshot.preamble + snapshot.text, offset + len(snapshot.preamble), name, project
        )

    def close(self) -> None:
        """End what is under way."""
        for task in self._making.values():
            task.cancel()

    def _project(self, bench: Workbench, root: Path) -> Project | None:
        """What is known of the project now; a newer one is made meanwhile."""
        state, known = bench.workspace.known(root), self._known.get(root)
        task = self._making.get(root)
        if state is not None and (known is None or known[0] != state.revision) and (task is None or task.done()):
            self._making[root] = asyncio.create_task(
                self._make(root, state.revision, dict(state.texts)), name="names after dots"
            )
        return known[1] if known is not None else None

    async def _make(self, root: Path, revision: int, texts: dict[str, str]) -> None:
        self._known[root] = revision, await asyncio.to_thread(members.of_project, texts)


def _ranked(text: str, offset: int, name: str, project: Project | None) -> list[tuple[str, float]]:
    return members.ranked(text, offset, name, project or members.of_project({}), LISTED)


def listed(ranked: Sequence[tuple[str, float]], known: Sequence[str]) -> list[tuple[str, bool]]:
    """The popup's names in their order, each with whether jedi knows it; of the others GUESSES at most."""
    found, guesses = [], 0
    for name, is_known in members.merged(ranked, known):
        guesses += not is_known
        if is_known or guesses <= GUESSES:
            found.append((name, is_known))
    return found
