"""The editor's documents, and the paths of their URIs."""

from __future__ import annotations

import pytest
from lsprotocol import types

from lsp_server import documents
from lsp_server.paths import path_of


@pytest.mark.parametrize(
    ("uri", "system", "path"),
    [
        ("file:///c%3A/Users/me/a.py", "nt", "c:\\Users\\me\\a.py"),
        ("file:///C:/a%20b.py", "nt", "C:\\a b.py"),
        ("file://server/share/a.py", "nt", "\\\\server\\share\\a.py"),
        ("file:///a.py", "nt", ""),
        ("file:///home/me/a.py", "posix", "/home/me/a.py"),
        ("file://localhost/home/me/a.py", "posix", "/home/me/a.py"),
        ("file://server/share/a.py", "posix", ""),
        ("untitled:Untitled-1", "nt", ""),
        ("file:///a%00b.py", "posix", ""),
    ],
)
def test_a_uri_is_a_path_of_its_system(uri: str, system: str, path: str) -> None:
    assert path_of(uri, system=system) == path


def test_edits_of_a_document_that_is_too_large_do_not_become_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "DOCUMENT_LIMIT", 10)
    made = documents.Documents()
    made.open(types.TextDocumentItem("file:///a.py", types.LanguageKind.Python, 1, "x = 1\n" * 3))
    at = types.Range(types.Position(2, 0), types.Position(2, 0))

    def text_after(version: int, *changes: types.TextDocumentContentChangeEvent) -> str:
        made.change("file:///a.py", version, list(changes))
        found = made.get("file:///a.py")
        assert found is not None and found.version == version
        return found.text

    assert text_after(2, types.TextDocumentContentChangePartial(at, "y")) == ""
    assert text_after(3, types.TextDocumentContentChangeWholeDocument("x = 2\n")) == "x = 2\n"
    assert text_after(4, types.TextDocumentContentChangePartial(at, "y")) == "x = 2\ny"
    assert text_after(5, types.TextDocumentContentChangePartial(at, "y" * 9)) == ""
    assert text_after(6, types.TextDocumentContentChangePartial(at, "y")) == ""
