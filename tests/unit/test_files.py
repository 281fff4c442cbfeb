"""Which files of a folder are its project: what git tracks, whatever it is called; else what nothing ignores; never what is secret by its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from dulwich import porcelain

from analyzers import files
from assay.assistant.world.projects import Projects


def write(root: Path, *names: str, text: str = "x = 1\n") -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def commit(root: Path, *names: str) -> None:
    porcelain.init(str(root))
    porcelain.add(str(root), [str(root / name) for name in names])


def listed(root: Path) -> set[str]:
    return {entry.name for entry in files.walk(root, files.Rules(root))}


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return tmp_path / "user"


def test_what_git_tracks_is_the_project_whatever_it_is_called(tmp_path: Path) -> None:
    root = tmp_path / "p"
    write(
        root,
        "build/lib.py",
        "env/__init__.py",
        "dist/data.csv",
        "tests/a.db",
        "run.log",
        "seen.py",
        "secrets.py",
        ".env",
        "key.pem",
        "node_modules/x.py",
    )
    commit(
        root,
        "build/lib.py",
        "dist/data.csv",
        "tests/a.db",
        "run.log",
        "seen.py",
        "secrets.py",
        ".env",
        "key.pem",
        "node_modules/x.py",
    )
    write(root, "build/made.o", "other.py")
    write(root, ".gitignore", text="*.log\nseen.py\nother.py\n")
    assert listed(root) == {
        ".gitignore",
        "build/lib.py",
        "build/made.o",
        "env/__init__.py",
        "dist/data.csv",
        "tests/a.db",
        "run.log",
        "seen.py",
        "secrets.py",
    }


def test_without_git_a_folder_with_a_name_of_refuse_is_source_where_it_is_a_package(tmp_path: Path) -> None:
    write(
        tmp_path,
        "build/__init__.py",
        "build/core.py",
        "dist/made.py",
        "env/__init__.py",
        "env/lib/x.py",
        "a/env/__init__.py",
        "credentials.py",
        "credentials.json",
    )
    write(tmp_path, "venv/__init__.py", "venv/pyvenv.cfg", "__pycache__/__init__.py")
    assert listed(tmp_path) == {
        "build/__init__.py",
        "build/core.py",
        "env/__init__.py",
        "env/lib/x.py",
        "a/env/__init__.py",
        "credentials.py",
    }


def test_ignored_at_any_level_and_by_the_users_own_rules(tmp_path: Path, own_home: Path) -> None:
    top = tmp_path / "top"
    root = top / "packages" / "shop"
    write(root, "a.py", "drafts/b.py", "note.txt", "local.py", "mine.py", "keep.tmp", "other.tmp", "deep/gone.py")
    commit(top)
    write(top, ".gitignore", text="drafts/\n*.tmp\n/packages/*/deep\n")
    write(root, ".gitignore", text="!keep.tmp\n")
    write(top, ".git/info/exclude", text="local.py\n")
    write(own_home, ".gitconfig", text='[core]\n\texcludesFile = "~/own-rules"\n')
    write(own_home, "own-rules", text="mine.py\n")
    assert listed(root) == {".gitignore", "a.py", "note.txt", "keep.tmp"}
    (own_home / ".gitconfig").unlink()
    write(own_home, ".config/git/ignore", text="note.txt\n")
    assert listed(root) == {".gitignore", "a.py", "mine.py", "keep.tmp"}


def test_a_worktree_has_the_rules_of_its_repository(tmp_path: Path) -> None:
    main, tree = tmp_path / "main", tmp_path / "tree"
    write(main, "build/lib.py")
    commit(main, "build/lib.py")
    write(main, ".git/info/exclude", text="local.py\n")
    write(tree, "build/lib.py", "build/made.py", "local.py")
    write(tree, ".git", text=f"gitdir: {main}/.git/worktrees/tree\n")
    write(main, ".git/worktrees/tree/commondir", text="../..\n")
    (main / ".git/worktrees/tree/index").write_bytes((main / ".git/index").read_bytes())
    assert listed(tree) == {"build/lib.py", "build/made.py"}


def test_links_inside_are_followed_and_those_that_lead_out_are_named(tmp_path: Path) -> None:
    root, out = tmp_path / "p", tmp_path / "out"
    write(root, "real/core/a.py", "shared/x.txt", ".env")
    write(out, "b.py")
    (root / "core").symlink_to("real/core")
    (root / "tests").mkdir()
    (root / "tests" / "data").symlink_to("../shared")
    (root / "one.py").symlink_to("real/core/a.py")
    (root / "away").symlink_to(out)
    (root / "away.py").symlink_to(out / "b.py")
    (root / "round").symlink_to(".")
    (root / "shared" / "up").symlink_to("../tests")
    (root / "mine.txt").symlink_to(".env")
    left_out: dict[str, files.Refusal] = {}
    found = {entry.name for entry in files.walk(root, files.Rules(root), "whole", left_out)}
    assert {"core/a.py", "tests/data/x.txt", "one.py", "real/core/a.py", "shared/x.txt"} <= found
    assert "mine.txt" not in found, "what is secret stays so under another name"
    assert not any(name.startswith(("away", "round")) for name in found)
    assert len(found) < 60, "two links into each other's folders come to an end"
    assert (left_out["away"], left_out["away.py"]) == ("outside", "outside")


@pytest.mark.parametrize("index", [b"", b"DIRC", b"DIRC\x00\x00\x00\x02\xff\xff\xff\xff", b"\x00" * 100])
def test_an_index_that_cannot_be_read_tracks_nothing(tmp_path: Path, index: bytes) -> None:
    write(tmp_path, "a.py", "build/b.py")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "index").write_bytes(index)
    assert listed(tmp_path) == {"a.py"}


async def test_a_module_that_git_ignores_is_packed_where_something_imports_it_and_is_no_text_of_the_project(
    tmp_path: Path,
) -> None:
    root = tmp_path / "p"
    write(root, "pyproject.toml", "api_pb2.py", "unused_pb2.py", "run.log")
    write(root, "a.py", text="import api_pb2\n")
    write(root, ".gitignore", text="*_pb2.py\n")
    commit(root, "a.py", "run.log")
    projects = Projects(tmp_path / "images.json")
    state = await projects.state(root)
    assert {"api_pb2.py", "run.log"} <= set(state.entries)
    assert "unused_pb2.py" not in state.entries
    assert (state.left_out, "api_pb2.py" in state.texts) == ({"unused_pb2.py": "ignored"}, False)
    projects.forget(root)
    assert await projects.state(root) is state, "nothing changed"
    write(root, "a.py", text="import api_pb2, unused_pb2\n")
    projects.forget(root)
    assert "unused_pb2.py" in (await projects.state(root)).entries


def test_a_file_below_more_folders_than_calls_may_be_deep_has_its_answer(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("build/\n")
    deep = "/".join("a" * 1500)
    rules = files.Rules(tmp_path)
    assert rules.allows(f"{deep}/m.py") and not files.Rules(tmp_path).allows(f"{deep}/build/m.py")
