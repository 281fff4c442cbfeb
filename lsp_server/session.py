"""What one editor window has: its documents, folders, settings and services. Whatever changes in the server hangs on it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from analyzers import files
from analyzers.text import Snapshot
from assay.assistant.complete.way import Typing
from assay.assistant.nouns import Verdict
from assay.assistant.proof import mapping
from assay.assistant.settings import Settings
from assay.assistant.shapes import state
from assay.assistant.suggest.popup import Popup
from assay.assistant.workbench import Workbench

from .capabilities import Encoding
from .documents import Documents
from .editor import Editor
from .hinting import Hinting
from .paths import path_of
from .survey import Survey

log = logging.getLogger(__name__)

STATUS_S = 1.0  # how often a changed state of a part is noticed
NOWHERE = Path("/nowhere")  # the root of a document that is no file, in a window without a folder


class Composition(Protocol):
    """How the composition root makes services; given in, so that this package builds none."""

    def settings(self, roots: Sequence[Path], editor: object) -> tuple[Settings, tuple[str, ...]]: ...

    def bench(self, settings: Settings, complaints: tuple[str, ...]) -> Workbench: ...

    def tightened(self, bench: Workbench, settings: Settings, complaints: tuple[str, ...]) -> Workbench: ...

    async def close(self, *benches: Workbench) -> None: ...

    @property
    def cache(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class View:
    """All that a request about one document may see: the document as it was when the request came, and the services."""

    snapshot: Snapshot
    root: Path
    overlay: Mapping[str, str]
    encoding: Encoding
    bench: Workbench
    typing: Typing
    editor: Editor


class Session:
    """See the module's docstring. A request reads it once, before its first await: `view`."""

    def __init__(self, server: LanguageServer, composition: Composition, encoding: Encoding = "utf-16") -> None:
        self.documents = Documents(encoding)
        self.editor = Editor(server)
        self._composition = composition
        self._folders: list[Path] = []
        self._options: object = None
        self._bench: Workbench | None = None
        self._own: dict[Path, Workbench] = {}  # by the roots of projects
        self._typing = Typing()
        self._warmed: set[Path] = set()
        self._told: dict[
            tuple[Path, ...], tuple[str, ...]
        ] = {}  # complaints by the roots whose settings they are about
        self._asked: dict[str, asyncio.Task[Any]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._keeper: mapping.Keeper | None = None
        self.popup = Popup()
        self.survey = Survey(
            self.editor,
            lambda: self._folders,
            self.root_of,
            self.bench_of,
            self.documents.paths,
            lambda: self.documents.encoding,
            composition.cache,
        )
        self.hinting = Hinting(
            self.editor, self.view, self.documents.texts_below, composition.cache, self.survey.renewed
        )

    # ---- life

    def start(self, params: types.InitializeParams) -> None:
        """Folders and options of `initialize`."""
        found = [folder.uri for folder in params.workspace_folders or []]
        if not found and params.root_uri:
            found = [params.root_uri]
        self._folders = [Path(path) for uri in found if (path := path_of(uri))]
        self._options = _section(params.initialization_options)

    async def stop(self) -> None:
        """End what this window started, within two seconds."""
        for task in [*self._tasks, *self._asked.values()]:
            task.cancel()
        self._typing.close()
        self.hinting.close()
        self.popup.close()
        if self._keeper is not None:
            self._keeper.close()
        if self._bench is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._composition.close(self._bench, *self._own.values()), 1.5)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run `work` beside the conversation; its failure is logged."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("background work failed", exc_info=error)

    # ---- services

    @property
    def bench(self) -> Workbench:
        """The window's services, made on first use, under the settings of its first folder."""
        if self._bench is None:
            self._bench = self._made(*self._settings(self._folders[:1]))
        return self._bench

    def bench_of(self, root: Path) -> Workbench:
        """The services for the project at `root`, under the settings of its folder and its own, which may tighten the window's."""
        if (own := self._own.get(root)) is None:
            folders = sorted((one for one in self._folders if root.is_relative_to(one)), key=lambda one: len(one.parts))
            settings, complaints = self._settings(list(dict.fromkeys([*folders[-1:], root])))
            alike = (one for one in (self.bench, *self._own.values()) if one.settings.values == settings.values)
            own = self._own[root] = self._composition.tightened(next(alike, self.bench), settings, complaints)
        return own

    @property
    def complaints(self) -> tuple[str, ...]:
        """What cannot be used of the window's settings and its projects'."""
        return tuple(dict.fromkeys(text for one in (self.bench, *self._own.values()) for text in one.complaints))

    @property
    def typing(self) -> Typing:
        """What the typing in this window left behind, with these services."""
        return self._typing

    def reconfigure(self, options: object) -> None:
        """Take new settings from the editor; services are made anew only where something changed."""
        self._options = _section(options) if options is not None else self._options
        settings, complaints = self._settings(self._folders[:1])
        before = {root: bench.settings.values for root, bench in self._own.items()}
        old = [one for one in (self._bench, *self._own.values()) if one is not None]
        if self._bench is not None and settings.values == self._bench.settings.values:
            self._bench = replace(self._bench, complaints=complaints)
            self._own.clear()
            if all(self.bench_of(root).settings.values == values for root, values in before.items()):
                self.spawn(self._closed(old))
                return
        else:
            self._bench = self._made(settings, complaints)
            self._own.clear()
        roots, self._warmed = self._warmed, set()
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None
        self._typing = self._typing.renewed()
        self.spawn(self._closed(old))
        for root in roots:
            self._warm(root)
        self.popup.known.renew()
        self.spawn(self.hinting.refresh())
        self.spawn(self.editor.refresh_lenses())
        self.survey.renewed()

    async def _closed(self, benches: Sequence[Workbench]) -> None:
        """End the services of older benches that no newer one has."""
        now = (self.bench, *self._own.values())
        used = {id(one) for bench in now for one in (bench.engine, bench.sandbox, bench.names)}
        old = {id(one): one for bench in benches for one in (bench.sandbox, bench.names, bench.engine)}
        for number, one in old.items():
            if number not in used:
                await one.close()

    async def configure(self) -> None:
        """Ask the editor for its settings and take them."""
        options = await self.editor.configuration()
        if options is not None:
            self.reconfigure(options)

    @property
    def first_folder(self) -> Path | None:
        """The window's folder, the first where it has several."""
        return self._folders[0] if self._folders else None

    def _settings(self, roots: Sequence[Path]) -> tuple[Settings, tuple[str, ...]]:
        """The settings as they are now for the projects at some roots, and what cannot be used of them, told where that is new."""
        settings, complaints = self._composition.settings(roots, self._options)
        known = {text for told in self._told.values() for text in told}
        for complaint in complaints:
            if complaint not in known:
                self.editor.warn(complaint)
        self._told[tuple(roots)] = complaints
        return settings, complaints

    def _made(self, settings: Settings, complaints: tuple[str, ...]) -> Workbench:
        bench = self._composition.bench(settings, complaints)
        for folder in self._folders:
            bench.workspace.open_folder(folder)
        return bench

    def change_folders(self, event: types.WorkspaceFoldersChangeEvent) -> None:
        """Folders of the window came or went."""
        gone = {path_of(folder.uri) for folder in event.removed}
        self._folders = [folder for folder in self._folders if str(folder) not in gone]
        added = [Path(path) for folder in event.added if (path := path_of(folder.uri))]
        self._folders += added
        for one in map(Path, gone):
            self._close_folder(one)
        if self._bench is not None:
            for one in added:
                self._bench.workspace.open_folder(one)
        self.survey.changed()

    def _close_folder(self, folder: Path) -> None:
        """What is known of its projects ends with a folder."""
        self.hinting.close_folder(folder)
        self.popup.close_folder(folder)
        self._warmed = {root for root in self._warmed if not root.is_relative_to(folder)}
        if self._bench is not None:
            self._bench.workspace.close_folder(folder)
        if self._keeper is not None:
            self._keeper.close_folder(folder)
        old = [self._own.pop(root) for root in list(self._own) if root.is_relative_to(folder)]
        if self._bench is not None:
            self.spawn(self._closed(old))

    def root_of(self, path: str) -> Path:
        """The project of a file: the nearest project root inside its workspace folder."""
        file = Path(path) if path else NOWHERE / "untitled"
        inside = [folder for folder in self._folders if file.is_relative_to(folder)]
        if not inside:
            return files.project_root(file) if path else (self.first_folder or NOWHERE)
        folder = max(inside, key=lambda one: len(one.parts))
        found = files.project_root(file)
        return found if found.is_relative_to(folder) and files.has_root_mark(found) else folder

    def files_changed(self, paths: list[str]) -> None:
        """Files changed on disk."""
        self.popup.known.renew()
        if any(Path(path).name == "pyproject.toml" for path in paths) and self._bench is not None:
            self.reconfigure(None)
        if self._bench is not None:
            for root in {self.root_of(path) for path in paths if path}:
                self._bench.workspace.forget(root)
                self._map(root)
                if root in self._warmed:
                    self.hinting.saved(root)
        self.survey.changed()

    # ---- documents

    def opened(self, params: types.DidOpenTextDocumentParams) -> None:
        self.documents.open(params.text_document)
        path = path_of(params.text_document.uri)
        self.survey.opened(path)
        self.files_changed([path])
        if path.endswith((".py", ".pyi")) or params.text_document.language_id == "python":
            self._warm(self.root_of(path))
            self.hinting.changed(params.text_document.uri)
            self.hinting.saved(self.root_of(path))
            if (view := self.view(params.text_document.uri)) is not None:
                self.popup.opened(view.bench, view.root, view.snapshot, view.overlay)

    def changed(self, params: types.DidChangeTextDocumentParams) -> None:
        self.documents.change(params.text_document.uri, params.text_document.version, list(params.content_changes))
        self.hinting.changed(params.text_document.uri)
        if self.popup.is_used and (view := self.view(params.text_document.uri)) is not None:
            self.popup.typed(view.bench, view.root, view.snapshot, view.overlay)

    def closed(self, params: types.DidCloseTextDocumentParams) -> None:
        self.documents.close(params.text_document.uri)
        self._supersede(params.text_document.uri, None)
        self.hinting.closed(params.text_document.uri)
        self.survey.changed()
        self._typing.close_document(params.text_document.uri)

    def notebook_opened(self, params: types.DidOpenNotebookDocumentParams) -> None:
        notebook = params.notebook_document
        code = [cell.document for cell in notebook.cells if cell.kind == types.NotebookCellKind.Code]
        self.documents.open_notebook(notebook.uri, code, list(params.cell_text_documents))
        self._warm(self.root_of(path_of(notebook.uri)))

    def notebook_changed(self, params: types.DidChangeNotebookDocumentParams) -> None:
        self.documents.change_notebook(params.change, params.notebook_document.uri)

    def notebook_closed(self, params: types.DidCloseNotebookDocumentParams) -> None:
        cells = [cell.uri for cell in params.cell_text_documents]
        self.documents.close_notebook(params.notebook_document.uri, cells)
        for cell in cells:
            self._typing.close_document(cell)

    # ---- requests

    def view(self, uri: str) -> View | None:
        """What a request about this document may see; None for one that is not open."""
        snapshot = self.documents.get(uri)
        if snapshot is None:
            return None
        root = self.root_of(snapshot.path)
        overlay = self.documents.texts_below(root)
        return View(snapshot, root, overlay, self.documents.encoding, self.bench_of(root), self._typing, self.editor)

    def is_current(self, view: View) -> bool:
        """Whether the document is still as the request saw it."""
        now = self.documents.get(view.snapshot.uri)
        return now is not None and now.version == view.snapshot.version

    async def newest(self, uri: str, work: Awaitable[Any]) -> Any:
        """Await `work` as the document's newest request for suggestions; None when a newer one took its place."""
        task = asyncio.ensure_future(work)
        self._supersede(uri, task)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            raise
        return None if task.cancelled() else task.result()

    def _supersede(self, uri: str, task: asyncio.Task[Any] | None) -> None:
        """Make `task` the document's only request for suggestions; the older one ends with nothing."""
        older = self._asked.pop(uri, None)
        if older is not None and not older.done():
            older.cancel()
        if task is not None:
            self._asked[uri] = task
            task.add_done_callback(lambda done: self._asked.pop(uri, None) if self._asked.get(uri) is done else None)

    def tell_verdict(self, suggestion_id: str, verdict: Verdict) -> None:
        """A verdict came after its suggestion."""
        self.editor.verdict(suggestion_id, verdict)
        self.bench.ledger.record("verdict", suggestion_id, state=state(verdict))

    # ---- state of the parts

    def _warm(self, root: Path) -> None:
        if root not in self._warmed and root != NOWHERE:
            self._warmed.add(root)
            self.spawn(self.editor.progress("Assay is getting ready", self._warm_up(root)))
            self._map(root)

    def _map(self, root: Path) -> None:
        """Have the project's coverage map kept, once a file of it was opened."""
        if root in self._warmed:
            self._keeper = self._keeper or mapping.Keeper(self.bench_of, self._recording)
            self._keeper.changed(root)

    async def _recording(self, title: str, work: Coroutine[Any, Any, None]) -> None:
        """Record a coverage map; lenses tell of it."""
        await self.editor.progress(title, work)
        if self.bench.settings.is_on("summaries.lens"):
            await self.editor.refresh_lenses()

    async def _warm_up(self, root: Path) -> None:
        """Have containers, model and jedi ready before the first request; nothing here is waited for."""
        bench = self.bench_of(root)

        async def containers() -> None:
            if bench.settings.policy != "static":
                await bench.sandbox.warm(await bench.workspace.bare(root))
                await bench.sandbox.warm((await bench.workspace.state(root)).project)

        await asyncio.gather(bench.names.warm(str(root)), bench.engine.warm(), containers())

    async def watch(self) -> None:
        """Tell the editor how the sandbox is, when that changes."""
        while True:
            await asyncio.sleep(STATUS_S)
            if self._bench is not None:
                health = self._bench.sandbox.health()
                self.editor.state("sandbox", health.state, health.why)


def _section(options: object) -> object:
    """Editors send either the object `assay` or one that holds it."""
    return options["assay"] if isinstance(options, dict) and isinstance(options.get("assay"), dict) else options
