"""What was written into a project can be taken back, byte for byte, under people's edits, and after a kill."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from assay.assistant.record import checkpoints
from assay.assistant.record.checkpoints import Checkpoints, NotWritten


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "p").mkdir()
    return tmp_path / "p"


@pytest.fixture
def kept(tmp_path: Path, root: Path) -> Checkpoints:
    return Checkpoints(tmp_path / "cache", root)


def test_a_change_is_written_and_taken_back(kept: Checkpoints, root: Path) -> None:
    (root / "a.py").write_bytes(b"x = 1\r\n")
    kept.apply("two files", {"a.py": (b"x = 1\r\n", b"x = 2\r\n"), "sub/b.py": (None, b"new")})
    assert ((root / "a.py").read_bytes(), (root / "sub/b.py").read_bytes()) == (b"x = 2\r\n", b"new")
    (taken,) = kept.undo()
    done = taken.change
    assert taken.was_there
    assert (done.title, [one.name for one in done.files]) == ("two files", ["a.py", "sub/b.py"])
    assert (root / "a.py").read_bytes() == b"x = 1\r\n"
    assert not (root / "sub/b.py").exists()
    assert [one.undone for one in kept.log()] == [True]
    with pytest.raises(NotWritten, match="nothing to take back"):
        kept.undo()


def test_what_was_changed_meanwhile_is_left_alone(kept: Checkpoints, root: Path) -> None:
    (root / "a.py").write_bytes(b"mine")
    with pytest.raises(NotWritten, match="changed meanwhile"):
        kept.apply("x", {"a.py": (b"other", b"new")})
    with pytest.raises(NotWritten, match="changed meanwhile"):
        kept.apply("x", {"a.py": (None, b"new")})
    assert (root / "a.py").read_bytes() == b"mine"
    assert kept.log() == ()


def test_a_change_that_cannot_be_written_is_none(kept: Checkpoints, root: Path) -> None:
    (root / "a.py").write_bytes(b"mine")
    name = "n" * 252 + ".py"  # the file that is put in its place has a longer one
    with pytest.raises(NotWritten, match="cannot be written"):
        kept.apply("x", {"a.py": (b"mine", b"new"), name: (None, b"new")})
    assert ((root / "a.py").read_bytes(), kept.log()) == (b"mine", ())


def test_what_an_editor_has_not_saved_is_not_told_as_taken_back(kept: Checkpoints, root: Path) -> None:
    (root / "a.py").write_bytes(b"mine")
    kept.note("x", {"a.py": (b"mine", b"new")})
    (taken,) = kept.undo()
    assert not taken.was_there
    assert (root / "a.py").read_bytes() == b"mine"


def test_a_full_disk_is_told_in_the_words_of_a_person(
    kept: Checkpoints, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "a.py").write_bytes(b"mine")
    kept.note("before", {})
    opened = os.open

    def full(path: str, *rest: int) -> int:
        if str(path).endswith("log.jsonl"):
            raise OSError(28, "No space left on device")
        return opened(path, *rest)

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(NotWritten, match="No space left"):
        kept.apply("x", {"a.py": (b"mine", b"new")})
    assert (root / "a.py").read_bytes() == b"mine"


def test_edits_since_stay_where_they_are_others(kept: Checkpoints, root: Path) -> None:
    before = b"".join(b"line %d\n" % n for n in range(20))
    after = before.replace(b"line 3\n", b"line 3\nours\n")
    (root / "a.py").write_bytes(before)
    kept.apply("x", {"a.py": (before, after)})
    (root / "a.py").write_bytes(after.replace(b"line 15\n", b"theirs\n"))
    kept.undo()
    assert (root / "a.py").read_bytes() == before.replace(b"line 15\n", b"theirs\n")


def test_edits_in_the_same_lines_keep_the_change(kept: Checkpoints, root: Path) -> None:
    (root / "a.py").write_bytes(b"one\n")
    kept.apply("x", {"a.py": (b"one\n", b"two\n"), "b.py": (None, b"b")})
    (root / "a.py").write_bytes(b"three\n")
    with pytest.raises(NotWritten, match="edited in the lines"):
        kept.undo()
    assert ((root / "a.py").read_bytes(), (root / "b.py").read_bytes()) == (b"three\n", b"b")


@pytest.mark.parametrize("name", ["../out.py", "/etc/out.py", "", "link/out.py", "linked.py", ".git/config"])
def test_nothing_is_written_outside_of_the_project(kept: Checkpoints, root: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "other").mkdir()
    (root / "link").symlink_to(tmp_path / "other")
    (root / "linked.py").symlink_to(tmp_path / "other" / "x.py")
    with pytest.raises(NotWritten):
        kept.apply("x", {name: (None, b"new")})
    assert list((tmp_path / "other").iterdir()) == []


def test_permissions_stay(kept: Checkpoints, root: Path) -> None:
    (root / "run.py").write_bytes(b"a")
    (root / "run.py").chmod(0o755)
    kept.apply("x", {"run.py": (b"a", b"b")})
    kept.undo()
    assert (root / "run.py").stat().st_mode & 0o777 == 0o755


def test_a_file_that_cannot_be_written_leaves_the_others_as_they_were(kept: Checkpoints, root: Path) -> None:
    (root / "a.py").write_bytes(b"a")
    (root / "folder.py").write_bytes(b"a")
    with pytest.raises(NotWritten):
        kept.apply("x", {"a.py": (b"a", b"b"), "folder.py/b.py": (None, b"b")})
    assert (root / "a.py").read_bytes() == b"a"


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("has_git", [True, False])
def test_random_changes_with_edits_between_are_taken_back_byte_for_byte(
    kept: Checkpoints, root: Path, seed: int, has_git: bool
) -> None:
    chance = random.Random(seed)
    names = ["a.py", "b/c.py", "d.txt"]
    if has_git:
        for words in (["init", "-q"], ["add", "-A"]):
            subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)
    ends = [b"\n", b"\r\n"]
    base = {name: b"".join(b"%s %d%s" % (name.encode(), n, chance.choice(ends)) for n in range(200)) for name in names}
    for name, data in base.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(data)
    theirs = dict(base)
    for number in range(20):
        name = chance.choice(names)
        now = (root / name).read_bytes()
        rows = now.splitlines(keepends=True)
        at = 10 * (number % 18) + 3  # each change in a part of its own
        kept.apply(f"change {number}", {name: (now, b"".join([*rows[:at], b"ours %d\n" % number, *rows[at:]]))})
        if has_git and number % 5 == 0:
            subprocess.run(["git", "add", "-A"], cwd=root, check=True, capture_output=True)
        other = chance.choice(names)
        spot = b"%s %d" % (other.encode(), 195 - chance.randrange(3))
        for texts in (theirs,):
            texts[other] = texts[other].replace(spot, b"theirs %d" % number)
        (root / other).write_bytes((root / other).read_bytes().replace(spot, b"theirs %d" % number))
    kept.undo(20)
    assert {name: (root / name).read_bytes() for name in names} == theirs
    if has_git:
        told = subprocess.run(["git", "for-each-ref"], cwd=root, check=True, capture_output=True).stdout
        assert told == b"", "nothing of it is in the repository"


def test_a_kill_in_the_middle_loses_nothing(tmp_path: Path, root: Path, kept: Checkpoints) -> None:
    names = [f"f{n}.py" for n in range(40)]
    for name in names:
        (root / name).write_bytes(b"before\n" * 200)
    program = (
        "import sys, os, pathlib\n"
        "from assay.assistant.record import checkpoints as c\n"
        "root, cache, at = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])\n"
        "real, count = c._replace, [0]\n"
        "def dying(path, data, mode=None):\n"
        "    if path.suffix == '.py':\n"
        "        count[0] += 1\n"
        "        if count[0] == at: os.kill(os.getpid(), 9)\n"
        "    real(path, data, mode)\n"
        "c._replace = dying\n"
        "names = [f'f{n}.py' for n in range(40)]\n"
        "c.Checkpoints(cache, root).apply('cut off', {n: (b'before\\n' * 200, b'after\\n') for n in names})\n"
    )
    for at in (1, 17, 40):
        done = subprocess.run([sys.executable, "-c", program, str(root), str(tmp_path / "cache"), str(at)], check=False)
        assert done.returncode == -signal.SIGKILL
        assert sum((root / name).read_bytes() == b"after\n" for name in names) == at - 1
        (cut,) = [one for one in kept.log() if not one.undone]
        assert not cut.is_whole
        kept.undo()
        assert all((root / name).read_bytes() == b"before\n" * 200 for name in names)


def test_a_log_that_was_cut_off_is_read_and_written_on(kept: Checkpoints, root: Path, tmp_path: Path) -> None:
    kept.apply("first", {"a.py": (None, b"a")})
    (log,) = (tmp_path / "cache").rglob("log.jsonl")
    with log.open("ab") as file:
        file.write(b'{"begun": "half')
    kept.apply("second", {"b.py": (None, b"b")})
    assert [one.title for one in kept.log()] == ["second", "first"]


def test_old_changes_are_forgotten(kept: Checkpoints, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(checkpoints, "KEPT", 3)
    before = None
    for number in range(8):
        kept.apply(str(number), {"a.py": (before, after := b"%d" % number)})
        before = after
    assert [one.title for one in kept.log()][:3] == ["7", "6", "5"]
    assert len(kept.log()) <= 6
    objects = [path for path in (tmp_path / "cache").rglob("*") if len(path.name) == 64]
    assert len(objects) <= 8
    kept.undo(2)


def test_an_object_that_is_not_whole_is_not_written(kept: Checkpoints, root: Path, tmp_path: Path) -> None:
    (root / "a.py").write_bytes(b"a")
    kept.apply("x", {"a.py": (b"a", b"b")})
    for path in (tmp_path / "cache").rglob("*"):
        if len(path.name) == 64:
            path.write_bytes(b"?")
    with pytest.raises(NotWritten, match="not whole"):
        kept.undo()
    assert (root / "a.py").read_bytes() == b"b"


def test_only_its_owner_reads_it(kept: Checkpoints, tmp_path: Path) -> None:
    kept.apply("x", {"a.py": (None, b"secret")})
    for path in (tmp_path / "cache").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0 or path.name == "lock" or path.name == "checkpoints", path
    assert os.stat(next((tmp_path / "cache" / "checkpoints").iterdir())).st_mode & 0o077 == 0
