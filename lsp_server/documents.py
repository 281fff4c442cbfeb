"""The open documents, as the editor has them. Mutable; everybody else gets frozen snapshots."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types

from analyzers import notebooks
from analyzers.notebooks import Cells
from analyzers.text import Snapshot, Span, changed_span

from .capabilities import Encoding
from .convert import offset_at
from .paths import path_of

DOCUMENT_LIMIT = (
    16 << 20
)  # characters; a larger document is kept empty until all of it is told anew, and nothing is offered in it
TREE_EDITS = 8  # edits in one message through which a syntax tree is carried
_EMPTY_VERSION = 0


class Documents:
    """Snapshots by URI, and the notebooks that hold some of them."""

    def __init__(self, encoding: Encoding = "utf-16") -> None:
        self.encoding = encoding
        self._snapshots: dict[str, Snapshot] = {}
        self._cells: dict[str, list[str]] = {}
        self._too_large: set[str] = set()  # their edits are about text that is not here

    def get(self, uri: str) -> Snapshot | None:
        """The document's current snapshot, a notebook cell's with the cells before it as preamble."""
        snapshot = self._snapshots.get(uri)
        if snapshot is None:
            return None
        for notebook, cells in self._cells.items():
            if uri in cells:
                place = cells.index(uri)
                around = Cells(self._plain(cells[:place]), self._plain(cells[place + 1 :]))
                path = snapshot.path or path_of(notebook)
                text = notebooks.plain(snapshot.text)
                return Snapshot(uri, path, snapshot.version, text, around.preamble, snapshot.typed, cells=around)
        return snapshot

    def _plain(self, uris: list[str]) -> tuple[str, ...]:
        texts = (self._snapshots[uri].text for uri in uris if uri in self._snapshots)
        return tuple(notebooks.plain(text) for text in texts if text.strip())

    def typed_at(self, uri: str) -> int | None:
        """Where somebody typed last in the document; None where the last change was none of typing."""
        snapshot = self._snapshots.get(uri)
        return None if snapshot is None or snapshot.typed is None else snapshot.typed.end

    def open(self, item: types.TextDocumentItem) -> None:
        """Take the document over from the disk."""
        self._snapshots[item.uri] = Snapshot(item.uri, path_of(item.uri), item.version, item.text)
        self._too_large.discard(item.uri)
        self._limit(item.uri)

    def change(self, uri: str, version: int, changes: list[types.TextDocumentContentChangeEvent]) -> None:
        """Apply the editor's changes in order; a document that was never opened is made empty first."""
        snapshot = self._snapshots.get(uri) or Snapshot(uri, path_of(uri), _EMPTY_VERSION, "")
        if len(changes) > TREE_EDITS:
            snapshot = snapshot.without_tree()
        for change in changes:
            if isinstance(change, types.TextDocumentContentChangeWholeDocument):
                self._too_large.discard(uri)
                old, new = changed_span(snapshot.text, change.text)
                snapshot = snapshot.edited(old, change.text[new.start : new.end], version)
                continue
            if uri in self._too_large:
                snapshot = snapshot.with_text("", version)
                continue
            start = offset_at(snapshot, change.range.start, self.encoding)
            end = offset_at(snapshot, change.range.end, self.encoding)
            snapshot = snapshot.edited(Span(min(start, end), max(start, end)), change.text, version)
        self._snapshots[uri] = snapshot
        self._limit(uri)

    def _limit(self, uri: str) -> None:
        snapshot = self._snapshots[uri]
        if len(snapshot.text) > DOCUMENT_LIMIT:
            self._snapshots[uri] = snapshot.with_text("", snapshot.version)
            self._too_large.add(uri)

    def close(self, uri: str) -> None:
        """Give the document back to the disk."""
        self._snapshots.pop(uri, None)
        self._too_large.discard(uri)

    def open_notebook(self, uri: str, cells: list[str], items: list[types.TextDocumentItem]) -> None:
        """A notebook's code cells in order, and their texts."""
        self._cells[uri] = cells
        for item in items:
            self.open(item)

    def change_notebook(self, change: types.NotebookDocumentChangeEvent, uri: str) -> None:
        """Cells added, removed, moved or edited."""
        cells = self._cells.setdefault(uri, [])
        found = change.cells
        if found is None:
            return
        if found.structure is not None:
            array = found.structure.array
            new = [cell.document for cell in array.cells or []]
            cells[array.start : array.start + array.delete_count] = new
            for item in found.structure.did_open or []:
                self.open(item)
            for closed in found.structure.did_close or []:
                self.close(closed.uri)
        for edit in found.text_content or []:
            self.change(edit.document.uri, edit.document.version or 0, list(edit.changes))

    def close_notebook(self, uri: str, cells: list[str]) -> None:
        """The notebook and its cells are gone."""
        for cell in {*self._cells.pop(uri, []), *cells}:
            self.close(cell)

    def texts_below(self, root: Path) -> dict[str, str]:
        """Open Python files below `root`: relative POSIX path → text. One that is too large is as it is on disk."""
        return {
            Path(one.path).relative_to(root).as_posix(): one.text
            for one in self.below(root)
            if one.path.endswith(".py")
        }

    def below(self, root: Path) -> list[Snapshot]:
        """The open documents whose files are below `root`, those left out that are too large to be kept."""
        return [
            one
            for uri, one in self._snapshots.items()
            if one.path and uri not in self._too_large and Path(one.path).is_relative_to(root)
        ]

    def paths(self) -> frozenset[str]:
        """The files that are open."""
        return frozenset(snapshot.path for snapshot in self._snapshots.values())
