"""The project inside the container: who wrote since it was unpacked."""

from __future__ import annotations

from pathlib import Path

from sandbox.runner import tree


def test_who_wrote_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    for name in ("pkg/a.py", "pkg/data.txt", "conftest.py", "pytest.ini"):
        (tmp_path / name).write_text("x = 1\n")
    before = tree.fingerprint(tmp_path)
    assert tree.changed(before, tree.fingerprint(tmp_path)) == []
    (tmp_path / "pkg/data.txt").write_text("other")
    (tmp_path / "pkg/a.py").write_text("x = 2\n")
    (tmp_path / "pkg/deep").mkdir()
    (tmp_path / "pkg/deep/new.py").write_text("")
    (tmp_path / "conftest.py").unlink()
    (tmp_path / "there.py").symlink_to(tmp_path)
    assert tree.changed(before, tree.fingerprint(tmp_path)) == [
        "conftest.py",
        "pkg/a.py",
        "pkg/deep/new.py",
        "there.py",
    ]
