"""The hints of one window: static ones with each version of a document, proved ones after a save; published, or asked for.

A proved hint rests on the text that was run. It moves with edits elsewhere, and is gone as soon as its own function is written in.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from analyzers.text import Snapshot
from assay.assistant.hints import check, dismissed, standing, static
from assay.assistant.hints.check import Scope
from assay.assistant.hints.hint import Hint, ordered
from assay.assistant.hints.kept import Kept
from assay.assistant.hints.standing import Settled
from assay.assistant.workbench import Workbench
from sandbox.api import SandboxUnavailable

from .capabilities import Encoding
from .diagnostics import diagnostic
from .editor import Editor

PUSH_S = 0.06  # after the last key, for clients that do not ask: a pause between two keys of one word is longer
FIX_S = 20.0  # nobody waits for it
IDLE_S = 1.0  # after a save or the opening of a file, before anything is run
KEPT = 64  # documents whose hints are remembered


class Seen(Protocol):
    """What a document's hints are made from: `session.View` has it."""

    @property
    def snapshot(self) -> Snapshot: ...
    @property
    def root(self) -> Path: ...
    @property
    def encoding(self) -> Encoding: ...
    @property
    def bench(self) -> Workbench: ...


@dataclass(slots=True)
class Hinting:
    """See the module's docstring. `seen` gives a document's view, None for one that is closed; `open_below` the open files of a project; `cache` is the folder where what was found is kept; `proved` is told when runs were done, which files that are not open have to do with, too."""

    editor: Editor
    seen: Callable[[str], Seen | None]
    open_below: Callable[[Path], dict[str, str]]
    cache: Path
    proved: Callable[[], None]
    _static: dict[str, tuple[object, tuple[Hint, ...]]] = field(default_factory=dict)
    _settled: dict[Path, dict[str, Settled]] = field(default_factory=dict)
    _unnoticed: dict[Path, dict[str, Settled]] = field(default_factory=dict)
    _pushing: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _proving: dict[Path, asyncio.Task[None]] = field(default_factory=dict)
    _touched: dict[Path, float] = field(default_factory=dict)
    _documents: set[str] = field(default_factory=set)
    _looking: dict[str, asyncio.Task[tuple[Hint, ...]]] = field(default_factory=dict)

    async def of(self, view: Seen) -> tuple[Hint, ...]:
        """The hints of a document as the view has it, the best first."""
        bench, snapshot = view.bench, view.snapshot
        if not bench.settings.is_on("hints.enabled"):
            return ()
        name = _name(view)
        known = self._settled.get(view.root, {}).get(name) if bench.settings.is_on("hints.proved") else None
        hints = standing.told(known, snapshot.text, await self._static_of(view, name))
        hints += standing.told(self._unnoticed.get(view.root, {}).get(name), snapshot.text, [])
        found = check.without_doubles(ordered([one for one in hints if _is_wanted(bench, one)]))
        gone = await asyncio.to_thread(dismissed.load, view.root)
        return tuple(gone.kept(found, {name: snapshot.text}))

    async def _static_of(self, view: Seen, name: str) -> tuple[Hint, ...]:
        """What is known of the view's text without a run. Of one document one text is looked at at a time, to its end, for a thread cannot be stopped; one
        that is older than the document when its turn comes is not looked at any more."""
        uri = view.snapshot.uri
        key = (view.snapshot.version, view.snapshot.text, view.snapshot.preamble, id(view.bench))
        while (running := self._looking.get(uri)) is not None and not running.done():
            await asyncio.wait({running})
        known = self._static.get(uri)
        if known is not None and known[0] == key:
            return known[1]
        now = self.seen(uri)
        if now is None or now.snapshot.version != view.snapshot.version:
            return ()
        self._looking[uri] = asyncio.create_task(self._look(view, name, key), name="hints without a run")
        return await asyncio.shield(self._looking[uri])

    async def _look(self, view: Seen, name: str, key: object) -> tuple[Hint, ...]:
        found = await static.of_document(view.bench, view.snapshot, name, view.root)
        self._static[view.snapshot.uri] = (key, found)
        while len(self._static) > KEPT:
            self._static.pop(next(iter(self._static)))
        return found

    # ---- what happens in the window

    def changed(self, uri: str) -> None:
        """A document was opened or has another text."""
        self._documents.add(uri)
        if self.editor.asks_for_hints:
            return
        if (older := self._pushing.get(uri)) is not None:
            older.cancel()
        self._pushing[uri] = asyncio.create_task(self._push(uri), name="hints")

    def closed(self, uri: str) -> None:
        """A document is the disk's again."""
        self._documents.discard(uri)
        self._static.pop(uri, None)
        self._looking.pop(uri, None)
        if (older := self._pushing.pop(uri, None)) is not None:
            older.cancel()
        if not self.editor.asks_for_hints:
            self.editor.publish(uri, None, [])

    def saved(self, root: Path) -> None:
        """Something of a project was opened or saved: run what reaches the open files, after a while."""
        self._touched[root] = time.monotonic()
        self._static.clear()  # a configuration may say something else now
        if (task := self._proving.get(root)) is None or task.done():
            self._proving[root] = asyncio.create_task(self._prove(root), name="proved hints")

    async def unnoticed(self, view: Seen, lines: range, hints: Sequence[Hint]) -> None:
        """Show what no test notices on these lines (from 1) of a document as the view has it, instead of what was shown there before."""
        name, text = _name(view), view.snapshot.text
        known = standing.told(self._unnoticed.get(view.root, {}).get(name), text, [])
        other = [one for one in known if view.snapshot.line_of(one.span.start) + 1 not in lines]
        found = await asyncio.to_thread(standing.settled, text, [], [*other, *hints])
        self._unnoticed.setdefault(view.root, {})[name] = found
        await self.refresh()

    def close_folder(self, folder: Path) -> None:
        """Forget what was proved in the projects of a folder, and prove nothing more there."""
        for root in [root for root in self._unnoticed if root.is_relative_to(folder)]:
            self._unnoticed.pop(root)
        for root in [root for root in self._proving if root.is_relative_to(folder)]:
            self._proving.pop(root).cancel()
            self._settled.pop(root, None)
            self._touched.pop(root, None)

    def renewed(self) -> None:
        """Settings are others: what was found without a run is looked for anew."""
        self._static.clear()

    async def refresh(self) -> None:
        """Have all documents' hints shown anew."""
        if self.editor.asks_for_hints:
            await self.editor.refresh_hints()
            return
        for uri in list(self._documents):
            self.changed(uri)

    def close(self) -> None:
        """End what is under way."""
        for task in [*self._pushing.values(), *self._proving.values(), *self._looking.values()]:
            task.cancel()

    # ---- work

    async def _push(self, uri: str) -> None:
        await asyncio.sleep(PUSH_S)
        view = self.seen(uri)
        if view is None or not _is_python(view.snapshot):
            return
        hints = await self.of(view)
        now = self.seen(uri)
        if now is not None and now.snapshot.version == view.snapshot.version:
            told = [diagnostic(view.snapshot, view.encoding, hint) for hint in hints]
            self.editor.publish(uri, view.snapshot.version, told)

    async def _prove(self, root: Path) -> None:
        seen = 0.0
        while (last := self._touched[root]) != seen:
            if (rest := last + IDLE_S - time.monotonic()) > 0:
                await asyncio.sleep(rest)
                continue
            seen = last
            await self.refresh()
            with contextlib.suppress(SandboxUnavailable):  # the state of the sandbox says it
                await self.editor.progress("Assay is looking for bugs in the open files", self._prove_once(root))

    async def _prove_once(self, root: Path) -> None:
        texts = self.open_below(root)
        view = next((one for uri in self._documents if (one := self.seen(uri)) is not None and one.root == root), None)
        if view is None or not texts:
            return
        bench = view.bench
        is_on = bench.settings.is_on("hints.enabled") and bench.settings.is_on("hints.proved")
        if not is_on or bench.settings.policy == "static" or bench.sandbox.health().state in ("off", "absent"):
            return
        scope = Scope(root, texts, self.cache, FIX_S, is_urgent=False)
        kept = await asyncio.to_thread(Kept, self.cache / "hints", root)
        static_ = [
            hint
            for name, text in texts.items()
            for hint in await static.of_document(bench, _document(root, name, text), name, root)
        ]
        hints, notes = await check.settled(bench, scope, kept, static_, _unheard)
        if check.is_cut_short(notes):
            return  # what was proved before stands; the state of the sandbox says why
        await self._take(root, texts, static_, hints)
        if bench.settings.is_on("hints.doubt"):
            doubts, _ = await check.doubts(bench, scope, _unheard)
            before = [*static_, *doubts]
            hints, notes = await check.settled(bench, scope, kept, before, _unheard)
            if not check.is_cut_short(notes):
                await self._take(root, texts, before, hints)
        await asyncio.to_thread(kept.save)
        self.proved()

    async def _take(self, root: Path, texts: dict[str, str], before: list[Hint], after: list[Hint]) -> None:
        """Show what runs left of the hints about these texts."""

        def of_file(name: str) -> Settled:
            own = [[one for one in hints if one.name == name] for hints in (before, after)]
            return standing.settled(texts[name], *own)

        self._settled[root] = {name: await asyncio.to_thread(of_file, name) for name in texts}
        await self.refresh()


def _document(root: Path, name: str, text: str) -> Snapshot:
    path = root / name
    return Snapshot(path.as_uri(), str(path), 0, text)


def _is_wanted(bench: Workbench, hint: Hint) -> bool:
    """Whether a hint is of a class that is asked for, and a suspicion sure enough: what was settled may be of other settings."""
    settings = bench.settings
    if hint.kind != "suspected" or hint.evidence.source == "mutant":  # this one was asked for
        return True
    if hint.evidence.source == "docstring":
        return settings.is_on("hints.docstrings")
    is_on = settings.is_on("hints.doubt" if hint.evidence.source == "model" else "hints.suspected")
    return is_on and hint.confidence >= settings.number("hints.confidence") / 100


def _unheard(what: str, done: int, of: int) -> None:
    """Nobody is told how far it is."""


def _is_python(snapshot: Snapshot) -> bool:
    return bool(snapshot.preamble) or snapshot.path.endswith((".py", ".pyi")) or not snapshot.path


def _name(view: Seen) -> str:
    path = Path(view.snapshot.path)
    return (
        path.relative_to(view.root).as_posix() if view.snapshot.path and path.is_relative_to(view.root) else path.name
    )
