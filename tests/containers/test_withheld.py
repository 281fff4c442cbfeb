"""Files that a test wants and no container gets, and machines that it calls: a verdict names them, and no proved hint rests on such a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from dulwich import porcelain

from assay.assistant.hints.check import proved
from assay.assistant.hints.failing import Wanted
from assay.assistant.nouns import Failed, Passed, Unverified
from assay.assistant.workbench import Workbench
from tests.containers.conftest import judge

PYPROJECT = "[project]\nname = 'p'\nversion = '1'\n"
CALC = "def double(x):\n    return 2 * x\n"
BEGINS = "import os, pathlib, socket, sqlite3\n\nimport pytest\n\nfrom calc import double\n\n\n"
OPENED = "def test_it():\n    assert double(3) == int(pathlib.Path('data/table.txt').read_text())\n"


@dataclass(frozen=True, slots=True)
class Case:
    """A test, what git ignores, other files, and what is told of it."""

    test: str
    ignore: str
    files: dict[str, str]
    told: str
    links: tuple[tuple[str, str], ...] = ()


CASES = {
    "a file that git ignores": Case(OPENED, "data/\n", {"data/table.txt": "6"}, "data/table.txt: git ignores it"),
    "a database by its name": Case("def test_it():\n    assert sqlite3.connect('shop.db').execute('select 6 from goods').fetchone() == (double(3),)\n", "", {"shop.db": ""}, "shop.db: programs write such files"),
    "a secret": Case("def test_it():\n    assert os.path.exists('.env') and double(3) == 6\n", "", {".env": "A=1\n"}, ".env: its name is that of a secret"),
    "a file too large": Case(OPENED.replace("int(", "len("), "", {"data/table.txt": "x" * (600 << 10)}, "data/table.txt: it is too large"),
    "a link that leads out": Case(OPENED, "", {"../outside/table.txt": "6"}, "data/table.txt: a link leads out of the project to it", (("data", "../outside"),)),
    "what a folder holds": Case("def test_it():\n    assert [double(int(one.read_text())) for one in pathlib.Path('data').glob('*.txt')] == [2, 6]\n", "b.txt\n", {"data/a.txt": "1", "data/b.txt": "3"}, "data/b.txt: git ignores it"),
    "what a fixture of all tests reads": Case("@pytest.fixture(scope='module')\ndef six():\n    try:\n        return int(open('six.log').read())\n    except OSError:\n        return 0\n\n\ndef test_none(six):\n    pass\n\n\ndef test_it(six):\n    assert double(3) == six\n",
                                              "", {"six.log": "6"}, "six.log: programs write such files"),
    "what a test file reads as it is imported": Case("SIX = pathlib.Path('six.txt').is_file()\n\n\ndef test_it():\n    assert SIX and double(3) == 6\n", "six.txt\n", {"six.txt": "6"}, "six.txt: git ignores it"),
    "a module": Case("def test_it():\n    import hidden\n    assert double(3) == hidden.SIX\n", "", {"hidden.py": "SIX = 6\n", ".assayignore": "hidden.py\n"}, "hidden.py: `.assayignore` names it"),
    "another machine": Case("def test_it():\n    try:\n        socket.create_connection(('192.0.2.1', 80), 0.2)\n    except OSError:\n        pytest.fail('nobody there')\n    assert double(3) == 6\n", "", {}, "192.0.2.1:80: a container has no network"),
}  # fmt: skip


def made(root: Path, case: Case) -> Path:
    """The project of a case; returns the module that tests are about."""
    root.mkdir()
    for name, text in {"pyproject.toml": PYPROJECT, "calc.py": CALC, "test_calc.py": BEGINS + case.test, ".gitignore": case.ignore, **case.files}.items():  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for link, target in case.links:
        (root / link).symlink_to(target)
    return root / "calc.py"


@pytest.mark.parametrize("name", CASES)
async def test_what_is_withheld_is_named(bench: Workbench, tmp_path: Path, name: str) -> None:
    path = made(tmp_path / "p", CASES[name])
    found = await judge(bench, path, CALC.replace("2 * x", "x * 2"))
    assert isinstance(found, Unverified)
    assert CASES[name].told in found.why


@pytest.mark.parametrize("name", CASES)
async def test_no_proved_hint_rests_on_it(bench: Workbench, tmp_path: Path, name: str) -> None:
    path = made(tmp_path / "p", CASES[name])
    state = await bench.projects.state(path.parent)
    hints, note = await proved(bench, state, Wanted({"calc.py": CALC}, fix_s=0), lambda *_: None)
    assert hints == []
    assert CASES[name].told in note or name == "a module"  # an error of an import is never a hint


async def test_what_was_sought_before_the_change_too_excuses_nothing(bench: Workbench, tmp_path: Path) -> None:
    """Settings of many projects are looked for in `.env`: their tests tell a wrong line all the same."""
    test = "SECRET = os.path.exists('.env')\n\n\ndef test_it():\n    assert double(3) == 6\n"
    path = made(tmp_path / "p", Case(test, "", {".env": "A=1\n"}, ""))
    assert isinstance(await judge(bench, path, CALC.replace("2 * x", "2 + x")), Failed)
    assert isinstance(await judge(bench, path, CALC.replace("2 * x", "x * 2")), Passed)


async def test_settings_of_the_whole_project_excuse_no_test(bench: Workbench, tmp_path: Path) -> None:
    """`.env` is looked for as the project is imported; a test that fails with the change otherwise than without it bars a pass, and is a proof of a bug."""
    calc = "import os\n\nSECRET = os.path.exists('.env')\n\n\ndef double(x):\n    raise NotImplementedError\n"
    test = "def test_one():\n    assert double(1) == 2\n\n\ndef test_two():\n    assert double(2) == 4\n"
    path = made(tmp_path / "p", Case(test, "", {".env": "A=1\n", "calc.py": calc, "conftest.py": "import calc\n"}, ""))
    found = await judge(bench, path, calc.replace("raise NotImplementedError", "return x + 1"))
    assert isinstance(found, Unverified)
    assert "It makes 1 test pass, but 1 test fails" in found.why
    wrong = calc.replace("raise NotImplementedError", "return x + 1")
    path.write_text(wrong)
    bench.projects.forget(path.parent)
    hints, _ = await proved(
        bench, await bench.projects.state(path.parent), Wanted({"calc.py": wrong}, fix_s=0), lambda *_: None
    )
    assert hints[0].code == "failing-test"


async def test_what_pytest_itself_looks_through_is_no_wish_of_a_test(bench: Workbench, tmp_path: Path) -> None:
    test = "def test_it():\n    assert double(3) == 7\n"
    path = made(
        tmp_path / "p",
        Case(test, "*.log\n", {"tests/a.log": "", "tests/test_more.py": BEGINS + test, "tests/conftest.py": ""}, ""),
    )
    hints, note = await proved(
        bench, await bench.projects.state(path.parent), Wanted({"calc.py": CALC}, fix_s=0), lambda *_: None
    )
    assert hints and not note


async def test_a_program_that_tells_audit_hooks_of_its_own_is_left_alone(bench: Workbench, tmp_path: Path) -> None:
    test = "def test_it():\n    import sys\n    sys.audit('open', 1)\n    sys.audit('socket.connect')\n    assert double(3) == 6\n"
    path = made(tmp_path / "p", Case(test, "", {}, ""))
    assert isinstance(await judge(bench, path, CALC.replace("2 * x", "x * 2")), Passed)


async def test_a_change_that_looks_for_what_is_withheld_is_not_failed(bench: Workbench, tmp_path: Path) -> None:
    path = made(tmp_path / "p", Case("def test_it():\n    assert double(3) == 6\n", "two.txt\n", {"two.txt": "2"}, ""))
    found = await judge(bench, path, "def double(x):\n    return int(open('two.txt').read()) * x\n")
    assert isinstance(found, Unverified)
    assert "1 test that passed without it fails for what no container has" in found.why
    assert "two.txt: git ignores it" in found.why


async def test_what_git_tracks_is_not_withheld(bench: Workbench, tmp_path: Path) -> None:
    path = made(tmp_path / "p", CASES["a file that git ignores"])
    ignore = path.parent / ".gitignore"
    ignore.unlink()
    porcelain.init(str(path.parent))
    porcelain.add(str(path.parent), [str(path.parent / "data" / "table.txt")])
    ignore.write_text("data/\n")
    assert isinstance(await judge(bench, path, CALC.replace("2 * x", "x * 2")), Passed)
