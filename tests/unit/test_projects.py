"""The project as text and as an archive: readable files only, scanned anew when something changes."""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path

import pytest

from analyzers import encodings, syntax
from assay.assistant.world import projects
from assay.assistant.world.projects import Projects
from assay.assistant.world.state import State, written_over
from sandbox.runner import bundle


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "p"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("[project]\nname = 'p'\n")
    (folder / "a.py").write_text("x = 1\n")
    (folder / "data.txt").write_text("password: tr0ub4dor&3xyz\n")
    return folder


@pytest.fixture
def kept(tmp_path: Path) -> Projects:
    return Projects(tmp_path / "images.json")


def packed(state: State) -> dict[str, bytes]:
    return {name: bytes(content) for name, content in bundle.files(state.project.archive)}


async def again(kept: Projects, root: Path) -> State:
    kept.forget(root)
    return await kept.state(root)


SECRET = "token = 'Zx81kLmQpW72nVb'\r\n"


async def test_readable_files_are_packed_byte_for_byte_and_code_first(kept: Projects, root: Path) -> None:
    (root / ".env").write_text("KEY=1")
    (root / "latin.txt").write_bytes(b"caf\xe9")
    (root / "a.py").write_bytes(SECRET.encode())
    found = packed(await kept.state(root))
    assert list(found) == ["a.py", "pyproject.toml", "data.txt", "latin.txt"]
    assert found["data.txt"] == b"password: tr0ub4dor&3xyz\n"
    assert found["latin.txt"] == b"caf\xe9"
    assert found["a.py"] == SECRET.encode()


async def test_for_an_engine_elsewhere_they_are_redacted(tmp_path: Path, root: Path) -> None:
    (root / "latin.txt").write_bytes(b"caf\xe9")
    (root / "a.py").write_bytes(SECRET.encode())
    kept = Projects(tmp_path / "images.json", sent="redacted")
    found = packed(await kept.state(root))
    assert b"tr0ub4dor" not in found["data.txt"]
    assert b"Zx81" not in found["a.py"]
    assert found["latin.txt"] == b"caf\xe9"
    assert "Zx81" not in kept.sent(SECRET)


async def test_nothing_changed_is_the_same_state(kept: Projects, root: Path) -> None:
    first = await kept.state(root)
    assert await kept.state(root) is first
    assert await again(kept, root) is first


async def test_what_is_known_is_said_at_once_and_found_out_anew_behind_it(
    kept: Projects, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projects, "RESCAN_S", 0.0)
    assert kept.known(root) is None
    first = await kept.state(root)
    (root / "a.py").write_text("x = 2\n")
    assert kept.known(root) is first
    async with asyncio.timeout(20):
        while kept.known(root) is first:
            await asyncio.sleep(0.01)
    now = kept.known(root)
    assert now is not None
    assert (now.texts["a.py"], now.revision == first.revision) == ("x = 2\n", False)


async def test_a_scan_that_failed_is_begun_again(kept: Projects, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(projects.files, "walk", lambda *_: (_ for _ in ()).throw(OSError("gone")))
        with pytest.raises(OSError, match="gone"):
            await kept.state(root)
        assert kept.known(root) is None
    assert "a.py" in (await kept.state(root)).texts


async def test_changed_code_is_carried_by_the_job_not_by_a_new_archive(kept: Projects, root: Path) -> None:
    first = await kept.state(root)
    (root / "a.py").write_text("x = 2\n")
    (root / "b.py").write_text("y = 1\n")
    second = await again(kept, root)
    assert second.project is first.project
    assert second.revision != first.revision
    assert written_over(second, {"c.py": "z = 1\n"}) == (("a.py", "x = 2\n"), ("b.py", "y = 1\n"), ("c.py", "z = 1\n"))
    (root / "a.py").unlink()
    assert ("a.py", None) in written_over(await again(kept, root), {})


async def test_many_changes_make_a_new_archive(kept: Projects, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await kept.state(root)
    for number in range(projects.DELTA_LIMIT + 1):
        (root / f"m{number}.py").write_text("x = 1\n")
    second = await again(kept, root)
    assert second.project.digest != first.project.digest
    assert written_over(second, {}) == ()


def reached(state: State, name: str) -> bytes:
    """The file as a container has it: out of the archive, or written over it by the job."""
    over = dict(written_over(state, {}))
    return encodings.encoded(over[name] or "") if name in over else packed(state)[name]


@pytest.mark.parametrize("head", [b"# -*- coding: latin-1 -*-\n", b"# no encoding is named\n"])
async def test_a_python_file_in_another_encoding_reaches_the_container_after_it_changed(
    kept: Projects, root: Path, head: bytes
) -> None:
    """What its first line names is carried as text, what nothing names as the bytes that it is."""
    for content in (b"x = '\xe9'\n", b"x = '\xe8\xe8'\n", b"x = 1\n"):
        (root / "latin.py").write_bytes(head + content)
        assert reached(await again(kept, root), "latin.py") == head + content


class Slow(Projects):
    """One whose scan is done when the test says so."""

    def __init__(self, images: Path) -> None:
        super().__init__(images)
        self.has_looked, self.go = threading.Event(), threading.Event()

    def _scan(self, root: Path, older: State | None) -> State:
        state = super()._scan(root, older)
        self.has_looked.set()
        self.go.wait(10)
        return state


async def test_a_file_that_is_saved_during_a_scan_is_seen_by_the_next_request(tmp_path: Path, root: Path) -> None:
    kept = Slow(tmp_path / "images.json")
    scanning = asyncio.create_task(kept.state(root))
    await asyncio.to_thread(kept.has_looked.wait, 10)
    (root / "a.py").write_text("x = 'saved while it was scanned'\n")
    kept.forget(root)
    kept.go.set()
    await scanning
    assert (await kept.state(root)).texts["a.py"] == "x = 'saved while it was scanned'\n"


@pytest.mark.parametrize("name", ["server.log", "app.sqlite3", "app.db-wal", ".coverage", "run.pid", "x.py.swp"])
async def test_what_programs_write_all_the_time_makes_no_new_archive(kept: Projects, root: Path, name: str) -> None:
    (root / name).write_text("1")
    first = await kept.state(root)
    (root / name).write_text("1, 2")
    assert (await again(kept, root)).project is first.project
    assert name not in packed(first)


async def test_changed_data_makes_a_new_archive(kept: Projects, root: Path) -> None:
    first = await kept.state(root)
    (root / "data.txt").write_text("other\n")
    assert (await again(kept, root)).project.digest != first.project.digest


async def test_what_does_not_fit_is_left_out_and_counted(
    kept: Projects, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projects, "ARCHIVE_LIMIT", 60)
    (root / "large.csv").write_text("1," * 100)
    state = await kept.state(root)
    assert (state.left_out, "large.csv" in packed(state)) == ({"large.csv": "archive-limit"}, False)


async def test_an_ignore_file_that_changes_changes_the_rules(kept: Projects, root: Path) -> None:
    await kept.state(root)
    assert (await kept.rules(root)).allows("a.py")
    (root / ".gitignore").write_text("a.py\n")
    assert "a.py" not in (await again(kept, root)).texts
    assert not (await kept.rules(root)).allows("a.py")


async def test_a_file_that_goes_while_it_is_read_is_empty(kept: Projects, root: Path) -> None:
    assert projects._read(root / "gone.py") == b""


async def test_a_document_that_is_too_long_is_not_told_to_jedi_on_each_key(tmp_path: Path) -> None:
    made = Projects(tmp_path / "images")
    long = "x = 1\n" * (syntax.PARSE_LIMIT // 6 + 1)
    world = made.world(tmp_path, {"a.py": "y = 1\n", "b.py": "z = 1\n", "c.py": long})
    assert world.where(str(tmp_path / "a.py"), "").others == {str(tmp_path / "b.py"): "z = 1\n"}


async def test_a_world_is_of_one_moment_and_says_what_it_left_out(tmp_path: Path) -> None:
    """What is saved later is in the next one; open documents stand over the files; what was left out has its rule."""
    made = Projects(tmp_path / "images")
    root = tmp_path / "p"
    root.mkdir()
    (root / "pyproject.toml").write_text("")
    (root / "a.py").write_text("x = 1\n")
    (root / "run.log").write_text("noise\n")
    first = await made.whole(made.world(root, {"b.py": "y = 1\n"}))
    assert first.texts == {"a.py": "x = 1\n", "b.py": "y = 1\n"}
    assert first.state.left_out == {"run.log": "written"}
    (root / "a.py").write_text("x = 2\n")
    made.forget(root)
    second = await made.whole(first)
    assert (first.texts["a.py"], second.texts["a.py"]) == ("x = 1\n", "x = 2\n")
    assert first.mark(str(root / "b.py")) != second.mark(str(root / "b.py"))
    assert second.mark(str(root / "b.py")) == made.known_of(second).mark(str(root / "b.py"))
    unknown = made.world(tmp_path / "other")
    assert unknown.mark("") != unknown.mark(""), "nothing is known of it, and that is equal to nothing"
    assert (unknown.name_of(str(root / "a.py")), first.name_of(str(root / "a.py"))) == ("", "a.py")


async def test_what_is_known_of_a_folder_ends_with_it_while_it_is_scanned_too(tmp_path: Path) -> None:
    slow, root = Slow(tmp_path / "images"), tmp_path / "p"
    root.mkdir()
    (root / "pyproject.toml").write_text("")
    waiting = asyncio.create_task(slow.state(root))
    await asyncio.to_thread(slow.has_looked.wait, 10)
    slow.close_folder(tmp_path)
    slow.go.set()
    assert (await waiting).root == root, "whoever waits for it has it all the same"
    assert root not in slow._states


async def test_packages_that_come_are_another_project_though_no_file_of_it_changed(kept: Projects, root: Path) -> None:
    first = await kept.state(root)
    assert first.project.interpreter is None
    made = await asyncio.create_subprocess_exec(sys.executable, "-m", "venv", "--without-pip", str(root / ".venv"))
    assert await made.wait() == 0
    second = await again(kept, root)
    assert second.project.interpreter is not None
    assert (second.project.archive, second.revision == first.revision) == (first.project.archive, False)
    assert kept.world(root).environment is not None
    (site,) = (root / ".venv").glob("lib/python3.*/site-packages")
    (site / "new.py").touch()
    third = await again(kept, root)
    assert third.project != second.project
    assert await again(kept, root) is third


async def test_the_first_look_waits_for_what_starts_a_container_and_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "a.py").write_text("A = 1\n")
    held = Projects(tmp_path / "images.json")
    begun = held.hold()
    looking = asyncio.create_task(held.state(tmp_path))
    await asyncio.sleep(0.05)
    assert not looking.done()
    begun.set()
    assert "a.py" in (await looking).texts
    monkeypatch.setattr(projects, "HELD_S", 0.01)
    forgotten = Projects(tmp_path / "images.json")
    forgotten.hold()
    assert "a.py" in (await forgotten.state(tmp_path)).texts
