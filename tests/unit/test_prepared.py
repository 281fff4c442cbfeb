"""What functions need around them, as their text tells it, and calls that have it."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analyzers import needs, prepared, scenarios, subjects
from sandbox.runner.around import Around, Patches

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("body", "signs"),
    [
        ("print(x)", {"prints"}),
        ("sys.stderr.write(x)", {"prints"}),
        ("return input(x)", {"asks"}),
        ("return random.choice(x)", {"seeds"}),
        ("return randint(1, x)", {"seeds"}),
        ("return x.sample(2)", set()),
        ("return time.time() - x", {"clock"}),
        ("return open(x).read()", {"files"}),
        ("return Path(x).read_text()", {"files"}),
        ("shutil.copy(x, x)", {"files"}),
        ("return x + 1", set()),
    ],
)
def test_what_is_needed_is_read(body: str, signs: set[str]) -> None:
    assert needs.of([ast.parse(f"def f(x):\n    {body}\n")]).signs == signs


@pytest.mark.parametrize(
    "body",
    [
        'return os.environ["A_B"]',
        'return os.getenv("A_B", "")',
        'return environ.get("A_B")',
        'return "A_B" in os.environ',
    ],
)
def test_variables_are_those_that_are_read(body: str) -> None:
    assert needs.of([ast.parse(f"def f():\n    {body}\n")]).variables == ("A_B",)


def test_forms_and_names_of_files_are_those_that_the_code_speaks_of() -> None:
    found = needs.of([ast.parse("def f(p):\n    return json.loads(p.with_suffix('.conf').read_text())\n")])
    assert (found.formats, found.suffix) == (("json",), ".conf")


def test_what_a_helper_needs_is_needed() -> None:
    (_, found) = subjects.of_text(
        "def show(x):\n    print(x)\n\n\ndef all_of(xs):\n    for x in xs:\n        show(x)\n"
    )
    assert found.needs.signs == {"prints"}


def test_each_way_is_there_as_far_as_the_call_and_as_what_is_before_it() -> None:
    (found,) = subjects.of_text("def save(path, text):\n    open(path, 'w').write(text)\n")
    ways = prepared.ways(found, 60, 0, touches=True)
    assert ways == prepared.ways(found, 60, 0, touches=True) and len(set(ways)) == len(ways)
    steps = [scenarios.steps(one) for one in ways]
    calls = [one for one in steps if one[-1].startswith("save(str(tmp_path / 'given.txt')")]
    looked = [one for one in steps if one[-1].endswith(("read_text()", "iterdir())"))]
    assert calls and looked and all(one[0] == "" for one in steps)
    assert all(one[:-1] in steps for one in calls if len(one) > 2)


def ways_of(subject: subjects.Subject) -> tuple[str, ...]:
    return prepared.ways(subject, 9, 0, touches=True)


def test_paths_are_those_whose_types_say_so_else_those_whose_names_do() -> None:
    typed, named, first, none = subjects.of_text(
        "def typed(a: str, b: Path):\n    b.write_text(a)\n\n\ndef named(n, config_file):\n    open(config_file)\n\n\n"
        "def first(s: str):\n    open(s)\n\n\ndef none(n: int):\n    open(n)\n"
    )
    assert any(re.search(r"typed\('[^']*', tmp_path / 'given.txt'\)", one) for one in ways_of(typed))
    assert any(re.search(r"named\([^,]+, str\(tmp_path / 'given.txt'\)\)", one) for one in ways_of(named))
    assert any("first(str(tmp_path" in one for one in ways_of(first))
    assert ways_of(none) == ()


def test_around_a_call_is_what_it_names_and_nothing_afterwards(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    around, namespace = Around(), {"time": 3}
    around.begin("f(tmp_path, monkeypatch.x, capsys.x, random.seed(0), time.x)", namespace)
    folder = namespace["tmp_path"]
    assert isinstance(folder, Path) and folder.is_dir() and namespace["time"] == 3
    (folder / "a").write_text("x")
    print("told")
    printed = namespace["capsys"]
    assert printed.readouterr() == ("told\n", "") and printed.readouterr().out == ""  # type: ignore[attr-defined]
    around.end()
    assert namespace == {"time": 3} and not folder.exists() and sys.stdout is not None
    print("told")
    assert capsys.readouterr().out == "told\n"
    around.begin("f(1)", namespace)
    assert around.folder == "" and namespace == {"time": 3}
    around.end()


def test_what_was_changed_for_a_call_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SET", "before")
    monkeypatch.delenv("UNSET", raising=False)
    patches, clock = Patches(), time.time
    patches.setenv("SET", "now")
    patches.setenv("UNSET", "now")
    patches.delenv("SET")
    patches.setattr("time.time", lambda: 1.0)
    assert (os.environ["UNSET"], time.time(), "SET" in os.environ) == ("now", 1.0, False)
    with pytest.raises(KeyError):
        patches.delenv("SET")
    patches.undo()
    assert os.environ["SET"] == "before" and "UNSET" not in os.environ and time.time is clock


def test_two_folders_are_two_and_chance_has_a_seed() -> None:
    copied, drawn, typed = subjects.of_text(
        "def copied(src_dir, dst_dir):\n    os.listdir(src_dir)\n\n\ndef drawn(n=2, *, flag=False):\n    return random.randint(0, n)\n\n\n"
        "def typed(path, mode='r', *, strict=False):\n    return json.load(open(path))\n"
    )
    ways = prepared.ways(copied, 60, 0, touches=True)
    assert any(
        "(tmp_path / 'other').mkdir()" in one and "copied(str(tmp_path), str(tmp_path / 'other'))" in one
        for one in ways
    )
    seeded = prepared.ways(drawn, 60, 0, touches=False, calls=["drawn(3)", "drawn()"])
    assert seeded and all(one.startswith("[repr(random.seed(") for one in seeded)
    opened = prepared.ways(typed, 90, 0, touches=True)
    assert any("typed(str(tmp_path / 'given.json'), strict=" in one for one in opened)
    assert any(".write_text('not json')" in one for one in opened)


KEPT = """
import os, pathlib
from sandbox.runner import elsewhere
pathlib.Held = type("Held", (), {"scandir": staticmethod(os.scandir), "listdir": os.listdir, "other": 1})
elsewhere._stand_in({"listdir": lambda *folder: ["listed"], "scandir": lambda *folder: ["scanned"]})
held = pathlib.Held()
assert (os.listdir("/"), os.scandir("/")) == (["listed"], ["scanned"])
assert (held.listdir("/"), held.scandir("/"), held.other) == (["listed"], ["scanned"], 1)
"""


def test_what_python_keeps_of_the_system_is_replaced_where_it_is_kept() -> None:
    done = subprocess.run([sys.executable, "-c", KEPT], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr  # in a process of its own, which nothing else shares
