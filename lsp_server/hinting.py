"""The hints of one window: static ones with each version of a document, proved ones after a save; published, or asked for.

A proved hint rests on the text that was run. It moves with edits elsewhere, and is gone as soon as its own function is written in.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from analyzers import syntax
from analyzers.places import Places
from analyzers.text import Snapshot, Span, changed_span
from assay.assistant.hints import check, dismissed, fixes, static
from assay.assistant.hints.failing import Wanted
from assay.assistant.hints.hint import Fix, Hint, ordered
from assay.assistant.workbench import Workbench
from sandbox.api import SandboxUnavailable

from .capabilities import Encoding
from .diagnostics import diagnostic
from .editor import Editor

PUSH_S = 0.06  # after the last key, for clients that do not ask: a pause between two keys of one word is longer
IDLE_S = 1.0  # after a save or the opening of a file, before anything is run
FIX_S = 20.0  # nobody waits for it
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


@dataclass(frozen=True, slots=True)
class _Proved:
    """Hints about one text, each with the function's span around it, in which nothing may be written."""

    text: str
    hints: tuple[tuple[Hint, Span], ...]


@dataclass(slots=True)
class Hinting:
    """See the module's docstring. `seen` gives a document's view, None for one that is closed; `open_below` the open files of a project."""

    editor: Editor
    seen: Callable[[str], Seen | None]
    open_below: Callable[[Path], dict[str, str]]
    _static: dict[str, tuple[object, tuple[Hint, ...]]] = field(default_factory=dict)
    _proved: dict[Path, dict[str, _Proved]] = field(default_factory=dict)
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
        found = check.without_doubles(ordered([*self._moved(view, name), *await self._static_of(view, name)]))
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

    def _moved(self, view: Seen, name: str) -> list[Hint]:
        """The proved hints that still hold, where they stand now."""
        proved = self._proved.get(view.root, {}).get(name)
        if proved is None or not view.bench.settings.is_on("hints.proved"):
            return []
        now, settings = view.snapshot.text, view.bench.settings
        least = settings.number("hints.confidence") / 100 if settings.is_on("hints.doubt") else 2.0
        shown = [
            (hint, around)
            for hint, around in proved.hints
            if hint.evidence.source != "model" or hint.confidence >= least
        ]
        if now == proved.text:
            return [hint for hint, _ in shown]
        old, new = changed_span(proved.text, now)
        shift = new.end - old.end
        is_above = old.start == old.end and now[new.start : new.end].endswith("\n")  # whole lines, put in front of one
        kept = []
        for hint, around in shown:
            if hint.evidence.source == "call":
                continue  # it rests on what is called as well, wherever that stands
            if around.end < old.start:
                kept.append(replace(hint, fix=_fix_by(hint, 0)))
            elif around.start > old.end or (around.start == old.end and is_above):
                kept.append(replace(hint, span=_by(hint.span, shift), fix=_fix_by(hint, shift)))
        return kept

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
        allows = (await bench.workspace.rules(root)).allows
        allowed = {name: text for name, text in texts.items() if allows(name)}
        texts = await asyncio.to_thread(_whole, allowed)
        state = await bench.workspace.state(root)
        wanted = Wanted(texts, FIX_S, is_urgent=False)
        hints, _ = await check.proved(bench, state, wanted, lambda what, done, of: None)
        await self._take(root, texts, hints)
        if bench.settings.is_on("hints.doubt"):
            doubts, _ = await check.doubts(bench, texts, lambda what, done, of: None)
            checked = [await fixes.checked(bench, root, texts, one) for one in doubts]
            if any(checked):
                await self._take(root, texts, [*hints, *(one for one in checked if one is not None)])

    async def _take(self, root: Path, texts: dict[str, str], hints: list[Hint]) -> None:
        """Show what runs said about these texts."""
        self._proved[root] = {
            name: _Proved(text, await asyncio.to_thread(_with_functions, name, text, hints))
            for name, text in texts.items()
        }
        await self.refresh()


def _whole(texts: dict[str, str]) -> dict[str, str]:
    """Those that parse: what is being written is looked at when it does."""
    return {name: text for name, text in texts.items() if syntax.module(text) is not None}


def _is_python(snapshot: Snapshot) -> bool:
    return bool(snapshot.preamble) or snapshot.path.endswith((".py", ".pyi")) or not snapshot.path


def _name(view: Seen) -> str:
    path = Path(view.snapshot.path)
    return (
        path.relative_to(view.root).as_posix() if view.snapshot.path and path.is_relative_to(view.root) else path.name
    )


def _with_functions(name: str, text: str, hints: list[Hint]) -> tuple[tuple[Hint, Span], ...]:
    tree = syntax.module(text)
    places = Places(text)
    functions = [_whole_of(node, places) for _, node in syntax.functions(tree)] if tree is not None else []

    def around(span: Span) -> Span:
        holding = [one for one in functions if one.start <= span.start and span.end <= one.end]
        return min(holding, key=lambda one: one.end - one.start, default=span)

    return tuple((hint, around(hint.span)) for hint in hints if hint.name == name)


def _whole_of(node: ast.FunctionDef | ast.AsyncFunctionDef, places: Places) -> Span:
    """A function with its decorators, to the end of its last line."""
    first = min((one.lineno for one in node.decorator_list), default=node.lineno)
    end = places.span(node).end
    line_end = places.text.find("\n", end)
    return Span(places.offset(first, 0), line_end if line_end >= 0 else len(places.text))


def _by(span: Span, shift: int) -> Span:
    return Span(span.start + shift, span.end + shift)


def _fix_by(hint: Hint, shift: int) -> Fix | None:
    """The fix where it stands now; the text is another one, so it is judged anew before it is offered."""
    if hint.fix is None:
        return None
    return replace(
        hint.fix, verdict=None, edits=tuple(replace(edit, span=_by(edit.span, shift)) for edit in hint.fix.edits)
    )
