"""The project inside the container: what is unpacked of an archive, and who wrote since."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from sandbox.runner import tree


def archive(*members: tuple[str, bytes | str]) -> bytes:
    """A tar of files (bytes) and of links (their targets)."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as made:
        for name, content in members:
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                made.addfile(member)
            else:
                member.size = len(content)
                made.addfile(member, io.BytesIO(content))
    return data.getvalue()


def test_regular_files_are_unpacked_below_the_folder_and_nothing_else(tmp_path: Path) -> None:
    root = tmp_path / "p"
    root.mkdir()
    outside = str(tmp_path / "outside.py")
    blob = archive(
        ("a.py", b"x"), ("deep/er/b.py", b"y"), ("deep/c.py", b""), ("../out.py", b"1"), (outside, b"2"), ("deep/../../out.py", b"3"),
        ("link", str(tmp_path)), ("link/out.py", b"4"), ("..dots/d.py", b"z"),
    )  # fmt: skip
    tree.unpack(blob, root)
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"p/a.py", "p/deep/er/b.py", "p/deep/c.py", "p/link/out.py", "p/..dots/d.py"}
    assert (root / "deep/er/b.py").read_bytes() == b"y"
    assert not (root / "link").is_symlink()


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
