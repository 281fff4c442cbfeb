"""A change of several files from where people have it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dulwich.repo import Repo

from analyzers.text import Snapshot
from assay.assistant.changes import gathered
from assay.assistant.changes.gathered import NothingChanged

DIFF = "--- a/m.py\n+++ b/m.py\n@@ -1 +1 @@\n-x = 1\n+x = 2\n"


def snapshot(path: Path, text: str) -> Snapshot:
    return Snapshot(path.as_uri(), str(path), 1, text)


def committed(root: Path, **files: bytes) -> None:
    for name, data in files.items():
        (root / f"{name}.py").write_bytes(data)
    tree = Repo.init(str(root)).get_worktree()
    tree.stage([f"{name}.py" for name in files])
    tree.commit(message=b"first", committer=b"a <a@b>", author=b"a <a@b>")


def test_a_folder_behind_a_link_is_the_project_all_the_same(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    os.symlink(real, link)
    committed(real, m=b"x = 1\n")
    (of_diff,) = gathered.of_diff(link, link, DIFF, {}).change.files
    assert (of_diff.name, of_diff.after) == ("m.py", "x = 2\n")
    (real / "m.py").write_text("x = 3\n")
    found = gathered.of_revision(link, "HEAD", {}).change
    assert ([one.name for one in found.files], found.root) == (["m.py"], link)
    Repo(str(real)).get_worktree().stage(["m.py"])
    assert [one.name for one in gathered.of_index(link, {}).change.files] == ["m.py"]


def test_a_file_that_is_no_text_is_neither_new_nor_changed(tmp_path: Path) -> None:
    (tmp_path / "latin.py").write_bytes("# caf\xe9\n".encode("latin-1"))
    (tmp_path / "m.py").write_text("x = 1\n")
    texts = {"latin.py": "# café\n", "m.py": "x = 2\n", "new.py": "y = 1\n"}
    found = gathered.of_documents(tmp_path, [snapshot(tmp_path / n, t) for n, t in texts.items()], texts)
    assert [(one.name, one.kind) for one in found.change.files] == [("m.py", "edited"), ("new.py", "new")]


def test_a_byte_order_mark_is_no_change(tmp_path: Path) -> None:
    committed(tmp_path, m="\ufeffx = 1\n".encode(), other=b"y = 1\n")
    with pytest.raises(NothingChanged):
        gathered.of_revision(tmp_path, "HEAD", {"m.py": "x = 1\n"})
    (one,) = gathered.of_revision(tmp_path, "HEAD", {"m.py": "x = 2\n"}).change.files
    assert (one.before.text, one.after) == ("x = 1\n", "x = 2\n")


def test_what_is_secret_or_ignored_is_left_out_and_named(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("notes.txt\n")
    (tmp_path / "notes.txt").write_text("a\n")
    (tmp_path / "m.py").write_text("x = 1\n")
    found = gathered.of_diff(tmp_path, tmp_path, DIFF + DIFF.replace("m.py", "notes.txt").replace("x = 1", "a"), {})
    assert ([one.name for one in found.change.files], found.left_out) == (["m.py"], ("notes.txt",))
    with pytest.raises(NothingChanged, match=r"notes\.txt may go into no container"):
        gathered.of_diff(tmp_path, tmp_path, DIFF.replace("m.py", "notes.txt").replace("x = 1", "a"), {})
