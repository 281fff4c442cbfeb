"""What the server says to the editor by itself: verdicts, states, progress, messages, edits; and what the editor can do."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from analyzers.text import Edit, Snapshot
from assay.assistant.nouns import Verdict
from assay.assistant.shapes import verdict_json

from .capabilities import Encoding, asks_for_hints
from .convert import text_edit

T = TypeVar("T")
Heard = Callable[[str, int, int], None]
ANNOTATION = "assay"  # our notes on edits, by the name that they have in one answer
PROGRESS_S = 1.0  # what is done sooner needs no progress bar
CHOICE = 80  # characters of one way
CHOOSING_S = 120.0  # who does not choose by then takes the better one
CONFIGURATION_S = 10.0  # an editor that does not answer keeps the settings that `initialize` gave


class Editor:
    """The client of one window. Nothing here waits for it longer than it says."""

    def __init__(self, server: LanguageServer) -> None:
        self._server = server
        self._told: dict[str, str] = {}

    # ---- what it can do

    @property
    def can_be_changed(self) -> bool:
        """Whether it lets a server edit: an import that a suggestion needs when it is taken, a file of tests."""
        workspace = self._server.client_capabilities.workspace
        return workspace is not None and bool(workspace.apply_edit)

    @property
    def has_ghost_text(self) -> bool:
        """Whether it shows inline completions."""
        document = self._server.client_capabilities.text_document
        return document is not None and document.inline_completion is not None

    @property
    def shows_status(self) -> bool:
        """Whether it makes something of `assay/status` itself, so that no message is needed."""
        return self._can("status")

    @property
    def describes(self) -> bool:
        """Whether it has the command to which a hover's link leads."""
        return self._can("describe")

    @property
    def tells_of_tests(self) -> bool:
        """Whether it says itself what came of `assay.test` and `assay.mutants`."""
        return self._can("tests")

    def _can(self, what: str) -> bool:
        """Whether it announces something of ours, under `experimental.assay`."""
        ours = self._server.client_capabilities.experimental
        ours = ours.get("assay") if isinstance(ours, dict) else getattr(ours, "assay", None)
        return bool(ours.get(what) if isinstance(ours, dict) else getattr(ours, what, False))

    @property
    def asks_for_hints(self) -> bool:
        """Whether it pulls diagnostics and can be told to pull anew, so that none are pushed."""
        return asks_for_hints(self._server.client_capabilities)

    @property
    def takes_versioned_edits(self) -> bool:
        """Whether edits can say which version of a document they are for."""
        workspace = self._server.client_capabilities.workspace
        edit = workspace.workspace_edit if workspace is not None else None
        return edit is not None and bool(edit.document_changes)

    @property
    def creates_files(self) -> bool:
        """Whether an edit can make a file."""
        workspace = self._server.client_capabilities.workspace
        edit = workspace.workspace_edit if workspace is not None else None
        return edit is not None and types.ResourceOperationKind.Create in (edit.resource_operations or ())

    @property
    def completes_actions(self) -> bool:
        """Whether it asks for the edit of a code action when that was chosen, and gives back what the server told of it."""
        document = self._server.client_capabilities.text_document
        action = document.code_action if document is not None else None
        support = action.resolve_support if action is not None else None
        return support is not None and "edit" in support.properties and bool(action is not None and action.data_support)

    @property
    def shows_annotations(self) -> bool:
        """Whether it shows what an edit is for."""
        workspace = self._server.client_capabilities.workspace
        edit = workspace.workspace_edit if workspace is not None else None
        return edit is not None and edit.change_annotation_support is not None

    @property
    def has_configuration(self) -> bool:
        """Whether it can be asked for settings."""
        workspace = self._server.client_capabilities.workspace
        return workspace is not None and bool(workspace.configuration)

    # ---- what it is told

    def warn(self, text: str) -> None:
        """One line in its log."""
        self._server.window_log_message(types.LogMessageParams(types.MessageType.Warning, f"Assay: {text}"))

    def verdict(self, suggestion_id: str, verdict: Verdict) -> None:
        """A verdict that came after its suggestion."""
        told = {"suggestionId": suggestion_id, "verdict": verdict_json(verdict)}
        self._server.protocol.notify("assay/verdict", told)

    def state(self, part: str, state: str, why: str) -> None:
        """Say once when a part goes away, and once when it is back."""
        is_bad, before = state in ("absent", "broken"), self._told.get(part, "")
        if state in (before, "starting"):
            return
        self._told[part] = state
        self._server.protocol.notify("assay/status", {"part": part, "state": state, "why": why})
        if is_bad and before not in ("absent", "broken") and not self.shows_status:
            self._server.window_show_message(types.ShowMessageParams(types.MessageType.Warning, f"Assay: {why}"))
        elif before in ("absent", "broken"):
            text = f"Assay: the {part} is back."
            self._server.window_log_message(types.LogMessageParams(types.MessageType.Info, text))

    def publish(self, uri: str, version: int | None, diagnostics: list[types.Diagnostic]) -> None:
        """A document's hints, for a client that does not ask for them."""
        params = types.PublishDiagnosticsParams(uri=uri, version=version, diagnostics=diagnostics)
        self._server.text_document_publish_diagnostics(params)

    async def refresh_hints(self) -> None:
        """Have it ask for all hints anew."""
        with contextlib.suppress(JsonRpcException, TimeoutError):
            await asyncio.wait_for(self._server.workspace_diagnostic_refresh_async(None), CONFIGURATION_S)

    async def refresh_lenses(self) -> None:
        """Have it ask for what stands above functions anew, where it can be told to."""
        workspace = self._server.client_capabilities.workspace
        lens = workspace.code_lens if workspace is not None else None
        if lens is not None and lens.refresh_support:
            with contextlib.suppress(JsonRpcException, TimeoutError):
                await asyncio.wait_for(self._server.workspace_code_lens_refresh_async(None), CONFIGURATION_S)

    def write(self, snapshot: Snapshot, edit: Edit, encoding: Encoding, label: str) -> None:
        """Have it change a document."""
        changes = self.edit_of(snapshot, [text_edit(snapshot, edit, encoding)])
        self._server.workspace_apply_edit(types.ApplyWorkspaceEditParams(changes, label=label))

    def edit_of(
        self, snapshot: Snapshot, edits: Sequence[types.TextEdit], note: types.ChangeAnnotation | None = None
    ) -> types.WorkspaceEdit:
        """Edits of this very version of a document, where the client takes those: written over another one they would harm it. `note` says what they
        are for, to a client that shows it."""
        if not self.takes_versioned_edits:
            return types.WorkspaceEdit(changes={snapshot.uri: list(edits)})
        document = types.OptionalVersionedTextDocumentIdentifier(uri=snapshot.uri, version=snapshot.version)
        if note is None or not self.shows_annotations:
            return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(document, list(edits))])
        noted = [types.AnnotatedTextEdit(ANNOTATION, edit.range, edit.new_text) for edit in edits]
        return types.WorkspaceEdit(
            document_changes=[types.TextDocumentEdit(document, list(noted))], change_annotations={ANNOTATION: note}
        )

    def show(self, text: str) -> None:
        """A message that a person sees, in which nothing is a link: some editors make one of code."""
        plain = text.replace("](", "]\u200b(")
        self._server.window_show_message(types.ShowMessageParams(types.MessageType.Info, f"Assay: {plain}"))

    async def progress(self, title: str, work: Coroutine[Any, Any, None]) -> None:
        """Run `work`; when it takes over a second, an editor that can show progress shows it."""
        task = asyncio.create_task(work)
        try:
            await asyncio.wait({task}, timeout=PROGRESS_S)
        except asyncio.CancelledError:
            task.cancel()
            raise
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

    async def watched(self, title: str, work: Callable[[Heard], Coroutine[Any, Any, T]], given: str | int | None) -> T:
        """Run `work`, which tells how far it is: what it does, and how many of how many are done (0: nobody knows). Who gave a progress token with the request is told by that, an editor that can show progress
        by one of ours, with a way to end it. Raises CancelledError where somebody took it."""
        window = self._server.client_capabilities.window
        token = given if given is not None else f"assay-{secrets.token_hex(4)}"
        progress = self._server.work_done_progress
        is_shown = given is not None

        def tell(what: str, done: int, of: int) -> None:
            if is_shown:
                count = f": {done} of {of}" if of else ""
                share = 100 * done // of if of else None
                progress.report(token, types.WorkDoneProgressReport(message=f"{what}{count}", percentage=share))

        task = asyncio.create_task(work(tell))
        try:
            if is_shown:
                progress.begin(token, types.WorkDoneProgressBegin(title=title))
            elif window is not None and window.work_done_progress:
                with contextlib.suppress(JsonRpcException, TimeoutError):
                    await asyncio.wait_for(progress.create_async(token), PROGRESS_S)
                    progress.begin(token, types.WorkDoneProgressBegin(title=title, cancellable=True))
                    loop = asyncio.get_running_loop()
                    progress.tokens[token].add_done_callback(lambda _: loop.call_soon(task.cancel))
                    is_shown = True
            return await task
        finally:
            task.cancel()
            progress.tokens.pop(token, None)
            if is_shown:
                progress.end(token, types.WorkDoneProgressEnd())

    async def change(self, edit: types.WorkspaceEdit, label: str) -> bool:
        """Have it change files, and wait until somebody agreed, where it asks; whether they are changed."""
        try:
            answer: Any = await self._server.workspace_apply_edit_async(
                types.ApplyWorkspaceEditParams(edit, label=label)
            )
        except JsonRpcException:
            return False
        return isinstance(answer, dict) and answer.get("applied") is True

    async def open(self, uri: str, at: types.Range) -> None:
        """Have it show a place of a file, where it can be told to."""
        window = self._server.client_capabilities.window
        if window is not None and window.show_document is not None and window.show_document.support:
            with contextlib.suppress(JsonRpcException, TimeoutError):
                params = types.ShowDocumentParams(uri, take_focus=True, selection=at)
                await asyncio.wait_for(self._server.window_show_document_async(params), CONFIGURATION_S)

    # ---- what it is asked

    async def choose(self, question: str, ways: Sequence[str]) -> int | None:
        """Which of several ways somebody takes; None where nobody does, or it cannot ask."""
        told = [" ".join(one.split())[:CHOICE] for one in ways]
        told = [f"{number}: {one}" for number, one in enumerate(told, 1)]
        params = types.ShowMessageRequestParams(types.MessageType.Info, f"Assay: {question}", [types.MessageActionItem(one) for one in told])  # fmt: skip
        try:
            answer: Any = await asyncio.wait_for(self._server.window_show_message_request_async(params), CHOOSING_S)
        except (JsonRpcException, TimeoutError):
            return None
        taken = answer.get("title") if isinstance(answer, dict) else getattr(answer, "title", None)
        return told.index(taken) if taken in told else None

    async def configuration(self) -> dict[str, Any] | None:
        """Its settings for us; None where it does not say."""
        item = types.ConfigurationItem(section="assay")
        request = self._server.protocol.send_request_async(
            types.WORKSPACE_CONFIGURATION, types.ConfigurationParams(items=[item])
        )
        try:
            answer = await asyncio.wait_for(request, CONFIGURATION_S)
        except Exception:  # noqa: BLE001  an editor may answer anything, or with an error; then its options stay
            return None
        return answer[0] if isinstance(answer, list) and answer and isinstance(answer[0], dict) else None
