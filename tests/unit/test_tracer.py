"""What the tracer in a container sees executed, on modules made here; and which of a project's own options for pytest are kept."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sandbox.runner.options import project_options, pytests_own
from sandbox.runner.tracer import Tracer

CODE = """\
LIMIT = 3


def f(x):
    if x: return 1
    return 2 if x is None else LIMIT


class Box:
    size = 4

    def get(self):
        return self.size


class Other:
    def __init__(self):
        self.size = 5
"""


def piece(line: int, at: tuple[int, int, int, int] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "path": "m.py",
        "lines": [line, line],
        "at": at,
        "names": [],
        "owner": "",
        "scope": "",
        "is_top": bool(more),
        **more,
    }


@pytest.fixture
def module(tmp_path: Path) -> ModuleType:
    path = tmp_path / "m.py"
    path.write_text(CODE)
    made = ModuleType("m")
    exec(compile(CODE, str(path), "exec"), made.__dict__)
    return made


def seen(
    tmp_path: Path,
    work: Callable[[], object],
    *pieces: dict[str, Any],
    records: bool = False,
    watched: tuple[str, ...] = (),
    observes: bool = False,
) -> Tracer:
    tracer = Tracer(str(tmp_path), list(pieces), records=records, watched=watched, observes=observes)
    before = sys.gettrace()
    tracer.start()
    try:
        work()
    finally:
        tracer.stop()
        sys.settrace(before)
    return tracer


def test_a_line_and_the_parts_of_one(tmp_path: Path, module: ModuleType) -> None:
    test, body = piece(5, (5, 7, 5, 8)), piece(5, (5, 10, 5, 18))
    two, limit = piece(6, (6, 11, 6, 12)), piece(6, (6, 31, 6, 36))
    pieces = (test, body, two, limit, piece(6))
    assert seen(tmp_path, lambda: module.f(1), *pieces).hit == {0, 1}
    assert seen(tmp_path, lambda: module.f(None), *pieces).hit == {0, 2, 4}
    assert seen(tmp_path, lambda: module.f(0), *pieces).hit == {0, 3, 4}


def test_the_same_line_of_another_file_is_another_piece(tmp_path: Path, module: ModuleType) -> None:
    other = ModuleType("n")
    exec(compile(CODE, str(tmp_path / "n.py"), "exec"), other.__dict__)
    pieces = (piece(5), piece(5, path="n.py", is_top=False), piece(9, names=["Box"], owner="Box", path="n.py"))
    assert seen(tmp_path, lambda: module.f(1), *pieces).hit == {0}
    assert seen(tmp_path, lambda: other.f(1), *pieces).hit == {1}
    assert seen(tmp_path, lambda: (module.f(1), other.Box().get()), *pieces).hit == {0, 2}


def test_a_name_of_the_module_counts_where_it_is_used(tmp_path: Path, module: ModuleType) -> None:
    limit = piece(1, names=["LIMIT"])
    assert seen(tmp_path, lambda: module.f(1), limit).hit == set()
    assert seen(tmp_path, lambda: module.f(0), limit).hit == {0}


def test_a_member_is_its_classes_own(tmp_path: Path, module: ModuleType) -> None:
    size = piece(10, names=["size"], scope="Box")
    assert seen(tmp_path, module.Other, size).hit == set()
    assert seen(tmp_path, lambda: module.Box().get(), size).hit == {0}


def test_a_definition_is_executed_when_it_is_entered(tmp_path: Path, module: ModuleType) -> None:
    assert seen(tmp_path, lambda: module.Box().get(), piece(9, names=["Box"], owner="Box")).hit == {0}
    assert seen(tmp_path, module.Other, piece(9, names=["Box"], owner="Box")).hit == set()


def test_the_lines_of_watched_files(tmp_path: Path, module: ModuleType) -> None:
    assert seen(tmp_path, lambda: (module.f(1), module.Other()), watched=("m.py",)).lines == {"m.py": {5, 18}}
    assert seen(tmp_path, lambda: module.f(0), watched=("m.py", "n.py")).lines == {"m.py": {5, 6}, "n.py": set()}
    assert seen(tmp_path, lambda: module.f(0), watched=("n.py",)).lines == {"n.py": set()}


def test_the_functions_that_are_entered(tmp_path: Path, module: ModuleType) -> None:
    entered = seen(tmp_path, lambda: (module.f(0), module.Box().get()), records=True).entered
    assert entered == {("m.py", "f"), ("m.py", "Box.get")}


@pytest.mark.parametrize(
    ("name", "text", "with_plugins", "alone"),
    [
        ("pytest.ini", "[pytest]\naddopts = -x -n 4 --cov=m --doctest-glob=*.rst --asyncio-mode auto tests\n",
         ["--doctest-glob=*.rst", "--asyncio-mode", "auto"], ["--doctest-glob=*.rst", "--asyncio-mode", "auto"]),
        ("pytest.ini", "[pytest]\naddopts = --db=sqlite --fixtures-dir data --cache-url=x --html-out=y --html=z --maxfail 2 -vvx -n4 -p no:x\n",
         ["--db=sqlite", "--fixtures-dir", "data", "--cache-url=x", "--html-out=y", "-p", "no:x"],
         ["--db=sqlite", "--fixtures-dir", "data", "--cache-url=x", "--html-out=y", "-p", "no:x"]),
        ("pytest.ini", "[pytest]\naddopts = --cov --slow a --cov-fail-under=90 -rA --color=yes -lq\n", ["--slow", "-l"], ["--slow", "-l"]),
        ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = ['-q', '-k', 'not slow', '--strict-markers', '-W', 'error']\n",
         ["-k", "not slow", "--strict-markers", "-W", "error"], ["-k", "not slow"]),
        ("setup.cfg", "[tool:pytest]\naddopts = --reruns 3 --import-mode=importlib\n", ["--import-mode=importlib"], ["--import-mode=importlib"]),
        ("tox.ini", "[pytest\n", [], []),
        ("pytest.ini", "[pytest]\naddopts = 'open\n", [], []),
    ],
)  # fmt: skip
def test_a_projects_options(tmp_path: Path, name: str, text: str, with_plugins: list[str], alone: list[str]) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / name).write_text(text)
    files = ["a/test_m.py", "a/test_n.py"]
    assert project_options(tmp_path, files, has_plugins=True) == with_plugins
    assert project_options(tmp_path, files, has_plugins=False) == alone


def test_what_pytest_knows_by_itself() -> None:
    """Where an option was not understood, they are given without those of plugins and of conftest.py."""
    options = [
        "--db=sqlite",
        "-k",
        "not slow",
        "--fixtures-dir",
        "data",
        "--import-mode=importlib",
        "--strict-markers",
        "-l",
    ]
    assert pytests_own(options) == ["-k", "not slow", "--import-mode=importlib", "-l"]


ENDS = """\
import asyncio, functools

def plain(x):
    if x is None:
        raise KeyError(
            "none")
    return x

@functools.cache
def outer(x):
    try:
        plain(x)
    except KeyError:
        return "caught"
    return int(x)

def many(x):
    yield x
    return "end"

def broken(x):
    return x.nothing

class Own(ValueError):
    pass

def own():
    raise Own

async def waits():
    await asyncio.sleep(0.001)
    return 1

def swallows():
    try:
        raise KeyError
    finally:
        try:
            raise ValueError
        except ValueError:
            pass

async def fails():
    await broken_later()

async def broken_later():
    await asyncio.sleep(0)
    raise Own
"""


def test_how_calls_end(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_text(ENDS)
    made = ModuleType("m")
    exec(compile(ENDS, str(path), "exec"), made.__dict__)

    def work() -> None:
        for call in (
            lambda: made.plain(None),
            lambda: made.plain("text"),
            lambda: made.plain(1),
            lambda: made.outer(None),
            lambda: made.outer("x"),
            lambda: list(made.many(1)),
            lambda: made.broken(1),
            made.own,
            lambda: asyncio.run(made.waits()),
            made.swallows,
            lambda: asyncio.run(made.fails()),
        ):
            with contextlib.suppress(Exception):
                call()

    found = {
        line: (types, raised, yields)
        for line, types, raised, yields in seen(tmp_path, work, watched=("m.py",), observes=True).observed()["m.py"]
    }
    key = ["KeyError", "LookupError", "Exception", "BaseException", "object"]
    assert found[3] == (["int", "str"], [[key, 5, True]], False)
    types, raised, _ = found[9]
    assert types == ["str"] and [(kinds[0], line, is_own) for kinds, line, is_own in raised] == [
        ("ValueError", 15, True)
    ]
    assert found[17] == ([], [], True)
    assert [(kinds[0], line) for kinds, line, _ in found[21][1]] == [("AttributeError", 22)]
    assert found[27][1][0][0][:2] == ["Own", "ValueError"]
    assert found[30] == ([], [], False), "waiting is no yielding"
    assert found[34][1] == [], "which of the two left, nobody can say"
    assert [kinds[0] for kinds, _, _ in found[43][1]] == ["Own"]


def test_the_lines_are_told_beside_how_calls_end(tmp_path: Path, module: ModuleType) -> None:
    tracer = seen(tmp_path, lambda: module.f(1), watched=("m.py",), observes=True)
    assert tracer.lines == {"m.py": {5}}
    assert seen(tmp_path, lambda: module.f(1), watched=("m.py",)).observed() == {}
