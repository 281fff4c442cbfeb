"""What one editor window has: its documents, folders, settings and services. Whatever changes in the server hangs on it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from analyzers import files
from analyzers.text import Snapshot
from assay.assistant.complete.way import Typing
from assay.assistant.drafting import ahead
from assay.assistant.drafting.ask import Ask
from assay.assistant.nouns import Verdict
from assay.assistant.proof import mapping
from assay.assistant.shapes import state
from assay.assistant.suggest.popup import Popup
from assay.assistant.workbench import Workbench
from assay.assistant.world.world import World
from assay.services import Composition, Services

from .capabilities import Encoding
from .documents import Documents
from .editor import Editor
from .hinting import Hinting
from .paths import path_of
from .survey import Survey

log = logging.getLogger(__name__)

STATUS_S = 1.0  # how often a changed state of a part is noticed
NOWHERE = Path("/nowhere")  # the root of a document that is no file, in a window without a folder


@dataclass(frozen=True, slots=True)
class View:
    """All that a request about one document may see: the document as it was when the request came, and the services."""

    snapshot: Snapshot
    world: World
    encoding: Encoding
    bench: Workbench
    typing: Typing
    editor: Editor

    @property
    def root(self) -> Path:
        """The project's."""
        return self.world.root


class Session:
    """See the module's docstring. A request reads it once, before its first await: `view`."""

    def __init__(self, server: LanguageServer, composition: Composition, encoding: Encoding = "utf-16") -> None:
        self.cache = composition.cache
        self.documents = Documents(encoding)
        self.editor = Editor(server)
        self._folders: list[Path] = []
        self.services = Services(composition, lambda: self._folders, self.editor.warn)
        self._typing = Typing()
        self._warmed: set[Path] = set()
        self._asked: dict[str, asyncio.Task[Any]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._keeper: mapping.Keeper | None = None
        self.popup = Popup()
        self.survey = Survey(
            self.editor,
            lambda: self._folders,
            self.root_of,
            self.services.of,
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
        self.services.options(_section(params.initialization_options))

    async def stop(self) -> None:
        """End what this window started, within two seconds."""
        for task in [*self._tasks, *self._asked.values()]:
            task.cancel()
        self._typing.close()
        self.hinting.close()
        self.popup.close()
        if self._keeper is not None:
            self._keeper.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.services.close(), 1.5)

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
        """The window's services."""
        return self.services.bench

    @property
    def typing(self) -> Typing:
        """What the typing in this window left behind, with these services."""
        return self._typing

    def reconfigure(self, options: object) -> None:
        """Take new settings from the editor; services are made anew only where something changed."""
        if options is not None:
            self.services.options(_section(options))
        old, is_other = self.services.renew()
        self.spawn(self.services.ended(old))
        if not is_other:
            return
        roots, self._warmed = self._warmed, set()
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None
        self._typing = self._typing.renewed()
        for root in roots:
            self._warm(root)
        self.popup.known.renew()
        self.hinting.renewed()
        self.spawn(self.hinting.refresh())
        self.spawn(self.editor.refresh_lenses())
        self.survey.renewed()

    async def configure(self) -> None:
        """Ask the editor for its settings and take them."""
        options = await self.editor.configuration()
        if options is not None:
            self.reconfigure(options)

    @property
    def first_folder(self) -> Path | None:
        """The window's folder, the first where it has several."""
        return self._folders[0] if self._folders else None

    def change_folders(self, event: types.WorkspaceFoldersChangeEvent) -> None:
        """Folders of the window came or went."""
        first, gone = self.first_folder, {path_of(folder.uri) for folder in event.removed}
        self._folders = [folder for folder in self._folders if str(folder) not in gone]
        added = [Path(path) for folder in event.added if (path := path_of(folder.uri))]
        self._folders += added
        for one in map(Path, gone):
            self._close_folder(one)
        for one in added:
            self.spawn(self.services.ended(self.services.open_folder(one)))
        if self.services.are_made and self.first_folder != first:
            self.reconfigure(None)  # the window's settings are the first folder's
        self.survey.changed()

    def _close_folder(self, folder: Path) -> None:
        """What is known of its projects ends with a folder."""
        self.hinting.close_folder(folder)
        self.popup.close_folder(folder)
        self._warmed = {root for root in self._warmed if not root.is_relative_to(folder)}
        if self._keeper is not None:
            self._keeper.close_folder(folder)
        self.spawn(self.services.ended(self.services.close_folder(folder)))

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
        if any(Path(path).name == "pyproject.toml" for path in paths) and self.services.are_made:
            self.reconfigure(None)
        if self.services.are_made:
            for root in {self.root_of(path) for path in paths if path}:
                self.bench.projects.forget(root)
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
                self.popup.opened(view.bench, view.world, view.snapshot)
                self.rests(
                    view.snapshot.uri, len(view.snapshot.text), ahead.OPENED_S
                )  # most write at the end, if nobody tells where

    def changed(self, params: types.DidChangeTextDocumentParams) -> None:
        self.documents.change(params.text_document.uri, params.text_document.version, list(params.content_changes))
        self.hinting.changed(params.text_document.uri)
        if self.popup.is_used and (view := self.view(params.text_document.uri)) is not None:
            self.popup.typed(view.bench, view.world, view.snapshot)
        if (typed := self.documents.typed_at(params.text_document.uri)) is not None:
            self.rests(params.text_document.uri, typed)

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
        bench = self.services.of(root)
        world = bench.projects.world(root, self.documents.texts_below(root))
        return View(snapshot, world, self.documents.encoding, bench, self._typing, self.editor)

    def view_of_disk(self, root: Path, name: str) -> View:
        """The same of a file of a project that is not open, with no text: for what is done to the project by its name."""
        path = root / name
        bench = self.services.of(root)
        world = bench.projects.world(root, self.documents.texts_below(root))
        return View(Snapshot(path.as_uri(), str(path), 0, ""), world, self.documents.encoding, bench, self._typing, self.editor)  # fmt: skip

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

    def rests(self, uri: str, offset: int, after_s: float = ahead.IDLE_S) -> None:
        """Somebody is at a place of a document, and asks for nothing for now: if it stays so, the engine reads ahead."""
        self._typing.model.ahead.begin(uri, self._rested(uri, offset, after_s))

    async def _rested(self, uri: str, offset: int, after_s: float) -> None:
        await asyncio.sleep(after_s)
        view = self.view(uri) if self.services.are_made else None
        if view is not None and Path(view.snapshot.path).suffix in ("", ".py", ".pyi", ".ipynb"):
            ask = Ask(view.snapshot, min(offset, len(view.snapshot.text)), view.world)
            await view.typing.model.read_ahead(view.bench, ask)

    # ---- state of the parts

    def _warm(self, root: Path) -> None:
        if root not in self._warmed and root != NOWHERE:
            self._warmed.add(root)
            begun = self.services.of(root).projects.hold()
            self.spawn(self.editor.progress("Assay is getting ready", self._warm_up(root, begun)))
            self._map(root)

    def _map(self, root: Path) -> None:
        """Have the project's coverage map kept, once a file of it was opened."""
        if root in self._warmed:
            self._keeper = self._keeper or mapping.Keeper(self.services.of, self._recording)
            self._keeper.changed(root)

    async def _recording(self, title: str, work: Coroutine[Any, Any, None]) -> None:
        """Record a coverage map; lenses tell of it."""
        await self.editor.progress(title, work)
        if self.bench.settings.is_on("summaries.lens"):
            await self.editor.refresh_lenses()

    async def _warm_up(self, root: Path, begun: asyncio.Event) -> None:
        """Have containers, model and jedi ready before the first request; nothing here is waited for, but for what is `begun`."""
        bench = self.services.of(root)

        async def containers() -> None:
            try:
                if bench.settings.policy != "static":
                    await bench.sandbox.warm(await bench.projects.bare(root))
            finally:
                begun.set()
            if bench.settings.policy != "static":
                await bench.sandbox.warm((await bench.projects.state(root)).project)

        await asyncio.gather(bench.names.warm(str(root)), bench.engine.warm(), containers())

    async def watch(self) -> None:
        """Tell the editor how the sandbox is, when that changes."""
        while True:
            await asyncio.sleep(STATUS_S)
            if self.services.are_made:
                health = self.bench.sandbox.health()
                self.editor.state("sandbox", health.state, health.why)


def _section(options: object) -> object:
    """Editors send either the object `assay` or one that holds it."""
    return options["assay"] if isinstance(options, dict) and isinstance(options.get("assay"), dict) else options
