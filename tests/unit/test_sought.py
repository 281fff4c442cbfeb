"""What the runner notes of files and machines that are asked for, in a process of its own: an audit hook cannot be taken away."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.api import Interpreter, Project, ProjectUnavailable
from sandbox.stand_ins import StandIns

PROGRAM = """
import contextlib, json, os, pathlib, socket, sqlite3, sys
sys.path.insert(0, sys.argv[2])
from sandbox.runner.sought import Sought
sought = Sought(os.getcwd())
with contextlib.suppress(Exception):
    exec(sys.argv[1])
first = sought.told()
sought.begin()
pathlib.Path('again').exists()
pathlib.Path('first').exists()
print(json.dumps([first, sought.told(), sought.told()]))
"""


@pytest.mark.parametrize(
    ("code", "noted"),
    [
        ("open('a/b.txt')", ["a/b.txt"]),
        ("os.path.exists('a'); os.path.isfile('b'); pathlib.Path('c').is_dir()", ["a", "b", "c"]),
        ("sqlite3.connect('file:shop.db?mode=ro', uri=True).execute('select 1')", ["shop.db"]),
        ("os.listdir('there')", ["there/"]),
        ("open('new.txt', 'w').close(); open('there/x.txt').close()", []),
        ("os.path.exists('/nowhere'); os.path.exists('../up'); open('a/__pycache__/b.pyc')", []),
        ("socket.create_connection(('192.0.2.1', 9), 0.01)", ["//192.0.2.1:9"]),
        ("socket.create_connection(('127.0.0.1', 9), 0.01)", []),
        ("sys.audit('open', 1); sys.audit('socket.connect'); os.path.exists('z')", ["z"]),
    ],
)
def test_what_is_not_there_is_noted(tmp_path: Path, code: str, noted: list[str]) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "x.txt").touch()
    here = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, code, here], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    first, second, third = json.loads(done.stdout)
    assert first.get("names", []) == noted
    assert second["names"] == ["again", "first"]
    assert len(second["sought"]) == 2 and not {*second["sought"]} & {*first.get("sought", ())}, (
        "by number, each name once"
    )
    assert third == {"sought": second["sought"], "names": []}


OWN = Interpreter("/p/bin/python", "3.12", (("/p", "/p"),), (1,), "/p/site-packages")


@pytest.mark.parametrize(
    ("own", "said", "is_taken"),
    [
        (OWN, "It does not run. It said: GLIBC_2.38 not found", True),
        (OWN, "It does not run.", False),  # it may only have been slow
        (Interpreter("", "3.12", ()), "It said: no", False),
        (Interpreter("/p/bin/python", "3.12", ()), "It said: no", False),
    ],
)
def test_one_stands_for_a_python_that_began_and_ended(own: Interpreter, said: str, is_taken: bool) -> None:
    stand_ins, project = StandIns(), Project("d", b"", interpreter=own)
    assert stand_ins.take(project, ProjectUnavailable(said)) is is_taken
    other = stand_ins.of(project).interpreter
    assert other is not None
    assert (other == own) is not is_taken
    assert stand_ins.needed(other) == (f"{said}; and" if is_taken else "")
