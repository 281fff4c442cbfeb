"""The project's files in one piece: what was packed is unpacked, below its folder and nowhere else."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from sandbox.runner import bundle


def test_files_are_unpacked_below_the_folder_and_nothing_else(tmp_path: Path) -> None:
    root = tmp_path / "p"
    root.mkdir()
    outside = str(tmp_path / "outside.py")
    blob = bundle.pack(
        [("a.py", b"x"), ("deep/er/b.py", b"y" * 100_000), ("deep/c.py", b""), ("../out.py", b"1"), (outside, b"2"), ("deep/../../out.py", b"3"),
         ("..dots/d.py", b"z"), ("", b"4"), ("deep/", b"5"), ("no\0name", b"6"), ("odd \udcff name.py", b"7")]
    )  # fmt: skip
    bundle.unpack(blob, root)
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"p/a.py", "p/deep/er/b.py", "p/deep/c.py", "p/..dots/d.py", "p/odd \udcff name.py"}
    assert (root / "deep/er/b.py").read_bytes() == b"y" * 100_000


def test_what_was_packed_comes_out_in_its_order() -> None:
    given = [("b.py", b"one"), ("a.py", b""), ("\u00e4.py", "\u00e4".encode())]
    assert [(name, bytes(content)) for name, content in bundle.files(bundle.pack(given))] == given
    assert list(bundle.files(bundle.pack([]))) == []


@pytest.mark.parametrize(
    "blob",
    [b"", b"\0", struct.pack(">I", 2) + b"{}x", struct.pack(">I", 10) + b'[["a", 5]]x', struct.pack(">I", 11) + b'[["a", -1]]', struct.pack(">I", 9) + b"[[1, 0]] "],
    ids=["nothing", "half a length", "no index", "longer than it is", "less than nothing", "no name"],
)  # fmt: skip
def test_what_is_no_bundle_is_said(blob: bytes) -> None:
    with pytest.raises(ValueError):
        list(bundle.files(blob))
