"""What one editor window has: its documents, folders, settings and services. The only mutable state of the server."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import secrets
from collections.abc import Awaitable, Coroutine
from pathlib import Path
from typing import Any, Protocol

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from analyzers import files, imports
from analyzers.text import Snapshot
from assay.assistant.bench import Suggestion, Workbench
from assay.assistant.settings import Settings
from assay.assistant.verdict import Verdict, to_json

from .convert import range_of
from .documents import Documents, path_of

log = logging.getLogger(__name__)

PROGRESS_S = 1.0  # what is done sooner needs no progress bar
PROMISES = 32  # suggestions whose imports are remembered; an editor takes one of the last few, or none
STATUS_S = 1.0  # how often a changed state of a part is noticed


class Composition(Protocol):
    """How the composition root makes services; given in, so that this package builds none."""

    def settings(self, root: Path | None, editor: object) -> tuple[Settings, tuple[str, ...]]: ...

    def bench(self, settings: Settings, complaints: tuple[str, ...]) -> Workbench: ...

    async def close(self, bench: Workbench) -> None: ...


class AssayServer(LanguageServer):
    """pygls' server with our session on it."""

    session: Session


class Session:
    """See the module's docstring. Handlers read it before their first await and not after."""

    def __init__(self, server: AssayServer, composition: Composition) -> None:
        self.documents = Documents()
        self._server = server
        self._composition = composition
        self._folders: list[Path] = []
        self._options: object = None
        self._bench: Workbench | None = None
        self._warmed: set[Path] = set()
        self._asked: dict[str, asyncio.Task[Any]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._told: dict[str, str] = {}
        self._imports: dict[str, tuple[str, tuple[str, ...]]] = {}

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
        if self._bench is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._composition.close(self._bench), 1.5)

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
        """The services, made on first use."""
        if self._bench is None:
            root = self._folders[0] if self._folders else None
            settings, complaints = self._composition.settings(root, self._options)
            self._bench = self._made(settings, complaints)
            for complaint in complaints:
                self._server.window_log_message(
                    types.LogMessageParams(types.MessageType.Warning, f"Assay: {complaint}")
                )
        return self._bench

    def reconfigure(self, options: object) -> None:
        """Take new settings from the editor; services are made anew only where something changed."""
        self._options = _section(options) if options is not None else self._options
        root = self._folders[0] if self._folders else None
        settings, complaints = self._composition.settings(root, self._options)
        if self._bench is not None and dict(settings.values) == dict(self._bench.settings.values):
            return
        old, self._bench = self._bench, self._made(settings, complaints)
        roots, self._warmed = self._warmed, set()
        if old is not None:
            self.spawn(self._composition.close(old))
        for root in roots:
            self._warm(root)

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
        if self._bench is not None:
            for one in added:
                self._bench.workspace.open_folder(one)

    def root_of(self, path: str) -> Path:
        """The project of a file: the nearest project root inside its workspace folder."""
        file = Path(path) if path else Path("/nowhere/untitled")
        inside = [folder for folder in self._folders if file.is_relative_to(folder)]
        if not inside:
            return files.project_root(file) if path else (self._folders[0] if self._folders else Path("/nowhere"))
        folder = max(inside, key=lambda one: len(one.parts))
        found = files.project_root(file)
        return found if found.is_relative_to(folder) and files.has_root_mark(found) else folder

    def files_changed(self, paths: list[str]) -> None:
        """Files changed on disk."""
        if self._bench is not None:
            for root in {self.root_of(path) for path in paths if path}:
                self._bench.workspace.forget(root)

    # ---- documents

    def opened(self, params: types.DidOpenTextDocumentParams) -> None:
        self.documents.open(params.text_document)
        path = path_of(params.text_document.uri)
        self.files_changed([path])
        if path.endswith((".py", ".pyi")) or params.text_document.language_id == "python":
            self._warm(self.root_of(path))

    def changed(self, params: types.DidChangeTextDocumentParams) -> None:
        self.documents.change(params.text_document.uri, params.text_document.version, list(params.content_changes))

    def closed(self, params: types.DidCloseTextDocumentParams) -> None:
        self.documents.close(params.text_document.uri)
        self.supersede(params.text_document.uri, None)

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

    def snapshot(self, uri: str) -> Snapshot | None:
        """The document now, frozen; None for one that is not open."""
        return self.documents.get(uri)

    # ---- requests

    def supersede(self, uri: str, task: asyncio.Task[Any] | None) -> None:
        """Make `task` the document's only request for suggestions; the older one ends with nothing."""
        older = self._asked.pop(uri, None)
        if older is not None and not older.done():
            older.cancel()
        if task is not None:
            self._asked[uri] = task
            task.add_done_callback(lambda done: self._asked.pop(uri, None) if self._asked.get(uri) is done else None)

    async def newest(self, uri: str, work: Awaitable[Any]) -> Any:
        """Await `work` as the document's newest request; None when a newer one took its place."""
        task = asyncio.ensure_future(work)
        self.supersede(uri, task)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            raise
        return None if task.cancelled() else task.result()

    def verdict_changed(self, suggestion_id: str, verdict: Verdict) -> None:
        """Tell the editor a verdict that came after its suggestion."""
        self._server.protocol.notify("assay/verdict", {"suggestionId": suggestion_id, "verdict": to_json(verdict)})
        self.bench.ledger.record("verdict", suggestion_id, state=type(verdict).__name__.lower())

    def promise_imports(self, uri: str, suggestion: Suggestion) -> None:
        """Remember what must stand at the top of the document when this suggestion is taken: an inline item has one place."""
        if suggestion.imports:
            self._imports[suggestion.id] = (uri, suggestion.imports)
            while len(self._imports) > PROMISES:
                self._imports.pop(next(iter(self._imports)))

    def keep_imports(self, suggestion_id: str) -> None:
        """The suggestion was taken: have the editor write the imports that it needs and the document does not have."""
        uri, statements = self._imports.pop(suggestion_id, ("", ()))
        snapshot = self.snapshot(uri)
        if snapshot is None:
            return
        missing = tuple(s for s in statements if s not in snapshot.text.split("\n"))
        if missing:
            edit = imports.edit(snapshot, missing)
            change = types.TextEdit(range_of(snapshot, edit.span, self.documents.encoding), edit.text)
            params = types.ApplyWorkspaceEditParams(types.WorkspaceEdit(changes={uri: [change]}), label="Add import")
            self._server.workspace_apply_edit(params)

    # ---- state of the parts

    def _warm(self, root: Path) -> None:
        if root in self._warmed or root == Path("/nowhere"):
            return
        self._warmed.add(root)
        self.spawn(self._with_progress("Assay is getting ready", self._warm_up(root)))

    async def _with_progress(self, title: str, work: Coroutine[Any, Any, None]) -> None:
        """Run `work`; when it takes over a second, an editor that can show progress shows it."""
        task = asyncio.create_task(work)
        await asyncio.wait({task}, timeout=PROGRESS_S)
        window = self._server.client_capabilities.window
        if task.done() or window is None or not window.work_done_progress:
            return await task
        token, progress = f"assay-{secrets.token_hex(4)}", self._server.work_done_progress
        with contextlib.suppress(JsonRpcException, TimeoutError):
            await asyncio.wait_for(progress.create_async(token), PROGRESS_S)
            progress.begin(token, types.WorkDoneProgressBegin(title=title))
        try:
            return await task
        finally:
            progress.end(token, types.WorkDoneProgressEnd())

    async def _warm_up(self, root: Path) -> None:
        """Have containers, model and jedi ready before the first request; nothing here is waited for."""
        bench = self.bench
        await asyncio.to_thread(importlib.import_module, "httpx")
        if bench.settings.policy != "static":
            state = await bench.workspace.state(root)
            await bench.sandbox.warm(state.project)
        await bench.names.warm(str(root))
        if hasattr(bench.engine, "warm"):
            await bench.engine.warm()

    async def watch(self) -> None:
        """Say once when a part goes away, and once when it is back."""
        while True:
            await asyncio.sleep(STATUS_S)
            if self._bench is None:
                continue
            health = self._bench.sandbox.health()
            self._tell("sandbox", health.state, health.why)

    def engine_state(self, state: str, why: str) -> None:
        """What a request found out about the engine."""
        self._tell("engine", state, why)

    def _tell(self, part: str, state: str, why: str) -> None:
        is_bad = state in ("absent", "broken")
        before = self._told.get(part, "")
        if state == before or state == "starting":
            return
        self._told[part] = state
        self._server.protocol.notify("assay/status", {"part": part, "state": state, "why": why})
        if is_bad and before not in ("absent", "broken"):
            self._server.window_show_message(types.ShowMessageParams(types.MessageType.Warning, f"Assay: {why}"))
        elif before in ("absent", "broken"):
            text = f"Assay: the {part} is back."
            self._server.window_log_message(types.LogMessageParams(types.MessageType.Info, text))


def _section(options: object) -> object:
    """Editors send either the object `assay` or one that holds it."""
    return options["assay"] if isinstance(options, dict) and isinstance(options.get("assay"), dict) else options
