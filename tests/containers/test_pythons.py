"""A project's tests run with its own Python, packages and pytest, whatever Assay runs on; and where they cannot run, the verdict says why."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from analyzers.environment import is_interpreter
from assay import compose
from assay.assistant.nouns import Verdict
from assay.assistant.shapes import state
from assay.assistant.workbench import Workbench
from assay.folders import folders
from sandbox import build, engine
from tests.containers.conftest import judge

pytestmark = pytest.mark.usefixtures("alone_with_images")

CALC = "def pick(x, y):\n    if x > y:\n        return x - y\n    return [x, y] if x else [y]\n\n\ndef named(**more):\n    return more\n\n\ndef call(x):\n    return named(size=x)\n"
TESTS = """\
import sys

import helper
from calc import call, pick


def test_pick():
    assert pick(3, 1) == helper.TWO
    assert pick(1, 3) == [1, 3]


def test_call():
    assert call(2) == {"size": 2}


def test_python():
    assert ".".join(map(str, sys.version_info[:2])) == %r
    assert sys.executable.startswith(%r)
"""
OLDEST = 9
PURE = ("pytest", "_pytest", "pluggy", "iniconfig", "packaging", "pygments")


def pythons() -> list[Path]:
    """One installed Python of each minor version that is here, by its prefix."""
    places = [
        *Path("~/.pyenv/versions").expanduser().glob("3.*"),
        *Path("~/.local/share/uv/python").expanduser().glob("cpython-3*"),
        Path("/usr"),
        Path("/usr/local"),
    ]
    found: dict[str, Path] = {}
    for prefix in sorted(places, reverse=True):
        for program in (prefix / "bin").glob("python3.*"):
            minor = program.name.removeprefix("python")
            if minor[2:].isdigit() and int(minor[2:]) >= OLDEST and is_interpreter(prefix, minor):
                found.setdefault(minor, prefix)
    return [prefix / "bin" / f"python{minor}" for minor, prefix in sorted(found.items())]


def project(root: Path, program: Path) -> Path:
    """A project whose environment rests on this Python, with a package in it that its tests need."""
    home = root / ".venv"
    made = subprocess.run(
        [program, "-I", "-m", "venv", "--without-pip", home], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"{program} makes no environments: {made.stderr.strip()}")
    (site,) = home.glob("lib/python3.*/site-packages")
    (site / "helper.py").write_text("TWO = 2\n")
    (root / "pyproject.toml").write_text("[project]\nname = 'p'\nversion = '1'\n")
    (root / "calc.py").write_text(CALC)
    (root / "test_calc.py").write_text(TESTS % (program.name.removeprefix("python"), str(home)))
    return site


def harness(verdict: Verdict) -> str:
    return next((check.counts.harness for check in verdict.checks if check.counts is not None), "")


@pytest.mark.parametrize("program", pythons(), ids=lambda one: one.name)
async def test_the_projects_python_runs_them(bench: Workbench, tmp_path: Path, program: Path) -> None:
    project(tmp_path, program)
    right = await judge(bench, tmp_path / "calc.py", CALC.replace("x - y", "-y + x"))
    assert state(right) == "passed", right.why
    assert harness(right).startswith(f"Python {program.name.removeprefix('python')}.")
    wrong = await judge(bench, tmp_path / "calc.py", CALC.replace("x - y", "x + y"))
    assert state(wrong) == "failed", wrong
    by_keyword = await judge(bench, tmp_path / "calc.py", CALC.replace("size=x", "size=x + 0"))
    assert state(by_keyword) == "passed", by_keyword
    one_way = await judge(bench, tmp_path / "calc.py", CALC.replace("[y]", "[y, y]"))
    assert state(one_way) != "passed", "the other way of the expression is never taken"


async def test_a_path_into_the_project_is_there_before_pytest_starts(bench: Workbench, tmp_path: Path) -> None:
    """An editable install is a path in a `.pth` file; Python leaves out what is not there as it starts, and the project's files come later."""
    site = project(tmp_path, Path(sys.executable).resolve())
    inner = tmp_path / "parts" / "kinds"
    (inner / "kinds").mkdir(parents=True)
    (inner / "kinds" / "__init__.py").write_text("class OldWarning(Warning):\n    pass\n")
    (site / "__editable__.kinds.pth").write_text(f"{inner}\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings =\n    error\n    ignore::kinds.OldWarning\n")
    verdict = await judge(bench, tmp_path / "calc.py", CALC.replace("x - y", "-y + x"))
    assert state(verdict) == "passed", verdict


async def test_the_projects_pytest_runs_them(bench: Workbench, tmp_path: Path) -> None:
    site = project(tmp_path, Path(sys.executable).resolve())
    own = Path(pytest.__file__).parents[1]
    for name in PURE:
        shutil.copytree(own / name, site / name)
    for found in own.glob("pytest-*.dist-info"):
        shutil.copytree(found, site / found.name)
    verdict = await judge(bench, tmp_path / "calc.py", CALC.replace("x - y", "-y + x"))
    assert state(verdict) == "passed", verdict
    assert harness(verdict).endswith(f"pytest {pytest.__version__} of the project")
    (site / "pytest" / "__init__.py").write_text("raise RuntimeError('half installed')\n")
    (site / "later.py").touch()  # as every installation does: the folder changes
    broken = await judge(bench, tmp_path / "calc.py", CALC.replace("x - y", "x + -y"))
    assert state(broken) == "unverified"
    assert "half installed" in broken.why


async def test_nothing_of_an_environment_runs_on_the_host(bench: Workbench, tmp_path: Path) -> None:
    site = project(tmp_path, Path(sys.executable).resolve())
    canary = tmp_path / "canary"
    attack = f"import os; os.path.isdir({str(tmp_path)!r}) and open({str(canary)!r}, 'w')"
    (site / "evil.pth").write_text(f"{attack}\n")
    (site / "sitecustomize.py").write_text(f"{attack}\n")
    program = tmp_path / ".venv" / "bin" / "python3.99"
    program.write_text(f"#!/bin/sh\ntouch {canary}\n")
    program.chmod(0o755)
    verdict = await judge(bench, tmp_path / "calc.py", CALC.replace("x - y", "-y + x"))
    assert state(verdict) == "passed", verdict
    assert not canary.exists()


async def test_an_images_python_stands_for_one_that_does_not_start_in_a_container(
    bench: Workbench, tmp_path: Path
) -> None:
    """As one that was built for a newer system: its packages are there all the same, and editable installs in the project."""
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    base = tmp_path / "elsewhere" / python
    (base / "bin").mkdir(parents=True)
    (base / "lib").mkdir()
    shutil.copy("/bin/ls", base / "bin" / f"python{python}")  # it knows nothing of our options, and says so
    (base / "lib" / f"python{python}").symlink_to(Path(os.__file__).parent)
    site = project(tmp_path, Path(sys.executable).resolve())
    config = tmp_path / ".venv" / "pyvenv.cfg"
    config.write_text(f"home = {base / 'bin'}\nversion = {python}.1\n")
    for name in ("python", "python3", f"python{python}"):
        (tmp_path / ".venv" / "bin" / name).unlink(missing_ok=True)
        (tmp_path / ".venv" / "bin" / name).symlink_to(base / "bin" / f"python{python}")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "editable.py").write_text("THREE = 3\n")
    (site / "inner.pth").write_text(f"{tmp_path / 'inner'}\n")
    (tmp_path / "test_calc.py").write_text(
        "import editable, helper\nfrom calc import pick\n\n\ndef test_it():\n    assert pick(editable.THREE, helper.TWO) == 1\n"
    )
    for _ in range(2):
        verdict = await judge(bench, tmp_path / "calc.py", CALC.replace("x - y", "-y + x"))
        assert state(verdict) == "passed", verdict


@pytest.mark.parametrize("fetch", [True, False])
async def test_a_python_that_nothing_brings_is_named(docker_url: str, tmp_path: Path, *, fetch: bool) -> None:
    where = folders()
    settings, _ = compose.load_settings(where, editor={"sandbox": {"pool": 1}, "project": {"fetch": fetch}})
    bench = compose.workbench(settings, where)
    project(tmp_path, Path(sys.executable).resolve())
    shutil.rmtree(tmp_path / ".venv")
    (tmp_path / ".python-version").write_text("3.97\n")
    verdict = await judge(bench, tmp_path / "calc.py", CALC.replace("x - y", "-y + x"))
    assert getattr(verdict, "reason", "") == "no-sandbox"
    why = "python:3.97-slim cannot be had: " if fetch else "no image is fetched (`project.fetch`, `offline`)"
    assert verdict.why.startswith(f"The project needs Python 3.97, none is installed here, and {why}")
    assert "`uv python install 3.97`" in verdict.why
    await compose.close(bench)


async def test_an_image_brings_the_python_that_is_not_installed(
    bench: Workbench, docker_url: str, tmp_path: Path
) -> None:
    """Its name tells which one it is; this one says so of another, for no registry is asked here."""
    client = engine.connect(docker_url)
    name, data = build.image_name("3.98"), io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        text = f"FROM {build.image_name()}\n".encode()
        member = tarfile.TarInfo("Dockerfile")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    data.seek(0)
    build.run(client, data, name, {}, {"assay.python": "3.98"})
    try:
        (tmp_path / "calc.py").write_text("def double(x):\n    return 2 * x\n")
        (tmp_path / "test_calc.py").write_text(
            "from calc import double\n\n\ndef test_it():\n    assert double(3) == 6\n"
        )
        (tmp_path / ".python-version").write_text("3.98\n")
        verdict = await judge(bench, tmp_path / "calc.py", "def double(x):\n    return x * 2\n")
        assert state(verdict) == "passed", verdict
    finally:
        client.remove_image(name, force=True)  # a warm container has it still
        client.close()


@pytest.mark.parametrize(
    ("files", "reason", "why"),
    [
        ({"conftest.py": "from _pytest.monkeypatch import never_there\n"}, "baseline-red",
         ("1 test file that may reach it could not be run: test_calc.py: pytest 9.2.0 did not start: ImportError while loading conftest", "cannot import name 'never_there'")),
        ({"conftest.py": "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef database():\n    raise RuntimeError('no database')\n"}, "no-tests",
         ("3 tests that may reach it fail before they could execute it: test_calc.py::", "RuntimeError: no database")),
        ({"test_calc.py": "import calc, absent\n\n\ndef test_it():\n    assert calc.pick(3, 1) == 2\n"}, "baseline-red",
         ("1 test file that may reach it could not be run: test_calc.py: it could not be collected: ", "No module named 'absent'")),
    ],
    ids=["pytest does not start", "a fixture of all fails", "a test file cannot be imported"],
)  # fmt: skip
async def test_what_keeps_tests_from_running_is_told(
    bench: Workbench, tmp_path: Path, files: dict[str, str], reason: str, why: tuple[str, str]
) -> None:
    project(tmp_path, Path(sys.executable).resolve())
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    verdict = await judge(bench, tmp_path / "calc.py", CALC.replace("x - y", "-y + x"))
    assert getattr(verdict, "reason", "") == reason, verdict.why
    assert verdict.why.startswith(why[0])
    assert why[1] in verdict.why
    assert all(check.counts is None or check.counts.reaching for check in verdict.checks), "0 of 0 is no answer"


async def test_a_broken_conftest_concerns_the_tests_below_it_alone(bench: Workbench, tmp_path: Path) -> None:
    project(tmp_path, Path(sys.executable).resolve())
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "conftest.py").write_text("import absent\n")
    (tmp_path / "more" / "test_more.py").write_text(
        "from calc import pick\n\n\ndef test_it():\n    assert pick(4, 1) == 3\n"
    )
    verdict = await judge(bench, tmp_path / "calc.py", CALC.replace("x - y", "-y + x"))
    assert state(verdict) == "passed", verdict


async def test_folders_that_pytest_passes_over_hold_no_tests(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nnorecursedirs = .git tests/types samples* sub\ntestpaths = tests sub/named\n"
    )
    (tmp_path / "sub" / "named").mkdir(parents=True)
    (tmp_path / "calc.py").write_text("def double(x):\n    return 2 * x\n")
    test = "from calc import double\n\n\ndef test_it():\n    assert double(3) == %s\n"
    for name, six in (
        ("tests/test_it.py", 6),
        ("tests/types/test_other.py", 7),
        ("samples_1/test_a.py", 8),
        ("sub/named/test_b.py", 6),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(test % six)
    verdict = await judge(bench, tmp_path / "calc.py", "def double(x):\n    return x * 2\n")
    assert verdict.why == "2 tests executing it pass.", "and none is red either way"


async def test_tests_outside_of_testpaths_are_not_the_projects(bench: Workbench, tmp_path: Path) -> None:
    project(tmp_path, Path(sys.executable).resolve())
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\ntestpaths = ['tests']\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "test_calc.py").rename(tmp_path / "tests" / "test_calc.py")
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "test_app.py").write_text(
        "from calc import pick\n\n\ndef test_it():\n    assert pick(4, 1) == 9\n"
    )
    verdict = await judge(bench, tmp_path / "calc.py", CALC.replace("x - y", "-y + x"))
    assert state(verdict) == "passed", verdict
    assert "red" not in verdict.why
