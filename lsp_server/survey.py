"""The hints of files that are not open, for clients that ask for the whole workspace's: rules and patterns, which need no run.

What did not change is not looked at again, here and in the next window (`assay.assistant.hints.kept`). Nobody waits for it: what is on the screen goes first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analyzers.text import Snapshot
from assay.assistant.hints import check
from assay.assistant.hints.check import Scope
from assay.assistant.hints.hint import Hint
from assay.assistant.workbench import Workbench
from assay.assistant.workspace import State

FILES_LIMIT = 2_000  # of one folder, by their names
HINTS_LIMIT = 5_000  # of one folder, file by file: a list that nobody reads to its end
REST_S = 1.0  # after the last save, before anything is looked at
AGAIN_S = 60.0  # no client tells of every file that changes


@dataclass(frozen=True, slots=True)
class Surveyed:
    """The hints of one file as it is on disk."""

    snapshot: Snapshot
    hints: tuple[Hint, ...]


@dataclass(slots=True)
class Survey:
    """See the module's docstring. `folders` are the window's, `root_of` gives a file's project, `cache` is the folder where what was found is kept."""

    folders: Callable[[], Sequence[Path]]
    root_of: Callable[[str], Path]
    bench: Callable[[], Workbench]
    cache: Path
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _at: float = -REST_S
    _known: dict[Path, tuple[object, tuple[Surveyed, ...]]] = field(default_factory=dict)

    def changed(self) -> None:
        """A file was saved, a folder came, or settings are others."""
        self._at = time.monotonic()
        self._changed.set()

    async def change(self) -> None:
        """Until something changed, or may have."""
        try:
            await asyncio.wait_for(self._changed.wait(), AGAIN_S)
        except TimeoutError:
            return
        await asyncio.sleep(max(0.0, self._at + REST_S - time.monotonic()))

    async def of_folders(self) -> list[Surveyed]:
        """The files of the window's folders that have hints; none where the settings ask for none."""
        self._changed.clear()
        bench = self.bench()
        if not (bench.settings.is_on("hints.enabled") and bench.settings.is_on("hints.workspace")):
            return []
        found: list[Surveyed] = []
        for folder in self.folders():
            state = await bench.workspace.state(folder)
            key = state.revision, id(bench)
            if (known := self._known.get(folder)) is None or known[0] != key:
                known = self._known[folder] = key, await self._of_folder(bench, folder, state)
            found += known[1]
        return found

    async def _of_folder(self, bench: Workbench, folder: Path, state: State) -> tuple[Surveyed, ...]:
        found: list[Surveyed] = []
        is_kept = not bench.workspace.is_redacted  # else a scan's texts are not what stands in the files
        by_root = await asyncio.to_thread(self._by_root, folder, state.texts, is_kept=is_kept)
        for root, texts in by_root.items():
            scope = Scope(root, texts, self.cache / "workspace")
            report = await check.static_of_files(bench, scope, lambda what, done, of: None)
            for name, hints in sorted(report.hints.items()):
                path = root / name
                found.append(Surveyed(Snapshot(path.as_uri(), str(path), 0, texts[name]), hints))
        count, kept = 0, []
        for one in found:
            if (count := count + len(one.hints)) > HINTS_LIMIT:
                break
            kept.append(one)
        return tuple(kept)

    def _by_root(self, folder: Path, texts: Mapping[str, str], *, is_kept: bool) -> dict[Path, dict[str, str]]:
        by_root: dict[Path, dict[str, str]] = {}
        for name in sorted(texts)[:FILES_LIMIT]:
            path = folder / name
            try:
                text = texts[name] if is_kept else path.read_bytes().decode("utf-8")
            except (OSError, UnicodeDecodeError):
                continue  # gone since the scan
            root = self.root_of(str(path))
            by_root.setdefault(root, {})[path.relative_to(root).as_posix()] = text.removeprefix("\ufeff")
        return by_root
