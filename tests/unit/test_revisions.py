"""Changes of several files as diffs and as git holds them: read without running git, strictly applied."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dulwich.index import IndexEntry
from dulwich.objects import Blob
from dulwich.repo import Repo

from assay.assistant.changes import patch, revisions
from assay.assistant.changes.patch import Patched, PatchError
from assay.assistant.changes.revisions import RangeError

DIFF = """\
diff --git a/calc.py b/calc.py
--- a/calc.py
+++ b/calc.py
@@ -1,2 +1,2 @@
-def double(x):
+def twice(x):
     return 2 * x
diff --git a/old.py b/old.py
deleted file mode 100644
--- a/old.py
+++ /dev/null
@@ -1 +0,0 @@
-x = 1
diff --git a/was.py b/pkg/now.py
similarity index 50%
rename from was.py
rename to pkg/now.py
--- a/was.py
+++ b/pkg/now.py
@@ -1,2 +1,2 @@
 a = 1
-b = 2
+b = 3
diff --git a/new.py b/new.py
new file mode 100644
--- /dev/null
+++ b/new.py
@@ -0,0 +1 @@
+y = 1
\\ No newline at end of file
"""
TEXTS = {"calc.py": "def double(x):\n    return 2 * x\n", "old.py": "x = 1\n", "was.py": "a = 1\nb = 2\n"}


def read(name: str) -> str:
    if name not in TEXTS:
        raise FileNotFoundError(2, "No such file or directory")
    return TEXTS[name]


def test_a_diff_of_several_files_has_new_ones_gone_ones_and_other_names() -> None:
    assert patch.of_files(DIFF, read) == [
        Patched("calc.py", TEXTS["calc.py"], "def twice(x):\n    return 2 * x\n"),
        Patched("old.py", "x = 1\n", None),
        Patched("was.py", "a = 1\nb = 2\n", None),
        Patched("pkg/now.py", None, "a = 1\nb = 3\n"),
        Patched("new.py", None, "y = 1"),
    ]


@pytest.mark.parametrize(
    ("diff", "said"),
    [
        ("hello\n", "changes no file"),
        (DIFF.replace("2 * x", "3 * x"), "Hunk 1 does not fit calc.py near line 1"),
        (DIFF.replace("a/calc.py", "a/other.py").replace("b/calc.py", "b/other.py"), "other.py, which cannot be read"),
        (DIFF + DIFF, "changes a file twice"),
        (DIFF.replace("@@ -1,2 +1,2 @@", "@@ -1,9 +1,9 @@"), "cannot be read"),
    ],
)
def test_a_diff_that_does_not_fit_is_one_sentence(diff: str, said: str) -> None:
    with pytest.raises(PatchError, match=said):
        patch.of_files(diff, read)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one commit of `TEXTS`."""
    for name, text in TEXTS.items():
        (tmp_path / name).write_text(text)
    repository = Repo.init(str(tmp_path))
    stage(repository, *TEXTS)
    repository.get_worktree().commit(message=b"one", author=b"a <a@b>", committer=b"a <a@b>")
    return tmp_path


def stage(repository: Repo, *names: str) -> None:
    """Write blobs and the index by hand: dulwich's own way asks for filters."""
    index = repository.open_index()
    for name in names:
        path = Path(repository.path) / name
        if not path.exists():
            del index[name.encode()]
            continue
        blob = Blob.from_string(path.read_bytes())
        repository.object_store.add_object(blob)
        index[name.encode()] = IndexEntry(0, 0, 0, 0, 0o100644, 0, 0, len(blob.data), blob.id)
    index.write()


def test_what_is_staged_is_what_the_index_holds(root: Path) -> None:
    (root / "calc.py").write_text("staged = 1\n")
    (root / "new.py").write_text("y = 1\n")
    (root / "old.py").unlink()
    stage(Repo(str(root)), "calc.py", "new.py", "old.py")
    (root / "calc.py").write_text("not staged\n")
    (root / "was.py").write_text("not staged\n")
    assert revisions.staged(root) == [
        Patched("calc.py", TEXTS["calc.py"], "staged = 1\n"),
        Patched("new.py", None, "y = 1\n"),
        Patched("old.py", "x = 1\n", None),
    ]


def test_against_a_commit_is_what_lies_on_disk(root: Path) -> None:
    (root / ".gitignore").write_text("ignored.py\n")
    (root / "ignored.py").write_text("z = 1\n")
    (root / "calc.py").write_bytes(TEXTS["calc.py"].replace("\n", "\r\n").encode())  # git may have done that
    (root / "new.py").write_text("y = 1\n")
    (root / "old.py").unlink()
    (root / "data.bin").write_bytes(b"\0\xff")
    found = revisions.against(root, "HEAD")
    assert [one.name for one in found] == [".gitignore", "new.py", "old.py"]
    assert found[1:] == [Patched("new.py", None, "y = 1\n"), Patched("old.py", "x = 1\n", None)]


def test_of_a_folder_below_the_repository_only_its_files_count(root: Path) -> None:
    (root / "sub").mkdir()
    (root / "sub" / "a.py").write_text("a = 1\n")
    (root / "calc.py").write_text("b = 1\n")
    assert revisions.against(root / "sub", "HEAD") == [Patched("a.py", None, "a = 1\n")]


@pytest.mark.parametrize(("wanted", "said"), [("nothing", "is no commit"), ("HEAD~9", "is no commit")])
def test_what_is_no_commit_is_one_sentence(root: Path, wanted: str, said: str) -> None:
    with pytest.raises(RangeError, match=said):
        revisions.against(root, wanted)


def test_without_a_repository_it_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RangeError, match="is in no git repository"):
        revisions.staged(tmp_path)


def test_nothing_that_a_repository_names_is_run(root: Path) -> None:
    """Filters, hooks, fsmonitor and textconv are commands of the workspace's."""
    mark = root.parent / "mark"
    command = f"touch {mark}; cat"
    with (root / ".git" / "config").open("a") as config:
        config.write(
            f'[core]\n\tfsmonitor = "{command}"\n\tpager = "{command}"\n[filter "x"]\n\tclean = "{command}"\n\tsmudge = "{command}"\n\tprocess = "{command}"\n\trequired = true\n'
            f'[diff "x"]\n\ttextconv = "{command}"\n\tcommand = "{command}"\n'
        )
    (root / ".gitattributes").write_text("*.py filter=x diff=x text\n")
    for hook in ("pre-commit", "post-index-change", "fsmonitor-watchman", "post-checkout"):
        path = root / ".git" / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{command}\n")
        os.chmod(path, 0o755)
    (root / "calc.py").write_text("b = 1\n")
    assert "calc.py" in [one.name for one in revisions.against(root, "HEAD")]
    stage(Repo(str(root)), "calc.py")
    assert [one.name for one in revisions.staged(root)] == ["calc.py"]
    assert not mark.exists()
