"""The hints of files that are not open, told to the editor in the background: rules and patterns, which need no run.

What did not change is not looked at again, here and in the next window (`assay.assistant.hints.kept`). Nobody waits for it: what is on the screen goes first. They are published, to clients that
ask for hints too: some that know of `workspace/diagnostic` ask for nothing else once a server offers it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lsprotocol import types

from analyzers import encodings
from analyzers.text import Snapshot
from assay.assistant.hints import check
from assay.assistant.hints.check import Scope
from assay.assistant.hints.hint import Hint
from assay.assistant.workbench import Workbench
from assay.assistant.world.state import State

from .capabilities import Encoding
from .diagnostics import diagnostic, result_id
from .editor import Editor

log = logging.getLogger(__name__)

FILES_LIMIT = 2_000  # of one folder, by their names
HINTS_LIMIT = 5_000  # of one folder, file by file: a list that nobody reads to its end
FILE_LIMIT = 200  # hints of one file
REST_S = 1.0  # after the last change, before anything is looked at
AGAIN_S = 60.0  # no client tells of every file that changes


@dataclass(frozen=True, slots=True)
class _Published:
    """The diagnostics of one file as it is on disk, and a mark of them."""

    uri: str
    items: list[types.Diagnostic]
    mark: str


@dataclass(slots=True)
class Survey:
    """See the module's docstring. `folders` are the window's, `root_of` gives a file's project, `open_paths` the files that the editor has open (their own hints tell of
    their texts), `cache` is the folder where what was found is kept."""

    editor: Editor
    folders: Callable[[], Sequence[Path]]
    root_of: Callable[[str], Path]
    bench: Callable[[Path], Workbench]
    open_paths: Callable[[], frozenset[str]]
    encoding: Callable[[], Encoding]
    cache: Path
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _at: float = 0.0
    _known: dict[Path, tuple[int, dict[str, _Published]]] = field(default_factory=dict)
    _published: dict[str, _Published] = field(default_factory=dict)
    _renewals: int = 0

    def changed(self) -> None:
        """A file was opened, closed or saved, or a folder came."""
        self._at = time.monotonic()
        self._changed.set()

    def renewed(self) -> None:
        """Settings are others: all is looked at anew."""
        self._known.clear()
        self._renewals += 1
        self.changed()

    def opened(self, path: str) -> None:
        """A file is the editor's: its own hints tell of it from now on."""
        if (told := self._published.pop(path, None)) is not None:
            self.editor.publish(told.uri, None, [])

    async def run(self) -> None:
        """Look, and tell what is new, whenever something changed; until it is cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), AGAIN_S if self._known else None)
            await asyncio.sleep(max(0.0, self._at + REST_S - time.monotonic()))
            self._changed.clear()
            try:
                self._tell(await self._found())
            except Exception:
                log.exception("the files that are not open could not be looked at")

    def _is_on(self, folder: Path) -> bool:
        settings = self.bench(folder).settings
        return settings.is_on("hints.enabled") and settings.is_on("hints.workspace")

    def _tell(self, found: Mapping[str, _Published]) -> None:
        opened = self.open_paths()
        for path, told in found.items():
            before = self._published.get(path)
            if path not in opened and (before is None or before.mark != told.mark):
                self._published[path] = told
                self.editor.publish(told.uri, None, told.items)
        for path in [path for path in self._published if path not in found]:
            told = self._published.pop(path)
            if path not in opened:
                self.editor.publish(told.uri, None, [])

    async def _found(self) -> dict[str, _Published]:
        """The files of the window's folders that have hints, by their paths."""
        found = dict[str, _Published]()
        for folder in filter(self._is_on, list(self.folders())):
            bench = self.bench(folder)
            state = await bench.projects.state(folder)
            if (known := self._known.get(folder)) is None or known[0] != state.revision:
                renewals = self._renewals
                known = state.revision, await self._of_folder(bench, folder, state)
                if renewals == self._renewals:
                    self._known[folder] = known
            found |= known[1]
        return found

    async def _of_folder(self, bench: Workbench, folder: Path, state: State) -> dict[str, _Published]:
        found: dict[str, _Published] = {}
        is_kept = not bench.projects.is_redacted  # else a scan's texts are not what stands in the files
        left = HINTS_LIMIT
        for root, texts in (await asyncio.to_thread(self._by_root, folder, state.texts, is_kept=is_kept)).items():
            if not self._is_on(root):
                continue
            report = await check.static_of_files(self.bench(root), Scope(root, texts, self.cache), _unheard)
            made = await asyncio.to_thread(self._diagnostics, root, texts, report.hints, left)
            left -= sum(len(one.items) for one in made.values())
            found |= made
        return found

    def _by_root(self, folder: Path, texts: Mapping[str, str], *, is_kept: bool) -> dict[Path, dict[str, str]]:
        by_root: dict[Path, dict[str, str]] = {}
        for name in sorted(texts)[:FILES_LIMIT]:
            path = folder / name
            try:
                text = texts[name] if is_kept else encodings.decoded(path.read_bytes())
            except (OSError, UnicodeDecodeError):
                continue  # gone since the scan
            root = self.root_of(str(path))
            by_root.setdefault(root, {})[path.relative_to(root).as_posix()] = text.removeprefix("\ufeff")
        return by_root

    def _diagnostics(
        self, root: Path, texts: Mapping[str, str], hints: Mapping[str, tuple[Hint, ...]], left: int
    ) -> dict[str, _Published]:
        found: dict[str, _Published] = {}
        for name in sorted(hints):
            path = root / name
            snapshot = Snapshot(path.as_uri(), str(path), 0, texts[name])
            items = [diagnostic(snapshot, self.encoding(), hint) for hint in hints[name][: min(left, FILE_LIMIT)]]
            left -= len(items)
            if items:
                found[str(path)] = _Published(snapshot.uri, items, result_id(items))
        return found


def _unheard(what: str, done: int, of: int) -> None:
    """Nobody is told how far it is."""
