"""Which environment a project has, found where people's tools leave them, and what of this machine is mounted for it: by layout alone, nothing is run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzers import workspaces
from analyzers.environment import Environment, Told, find, wanted
from assay.assistant import settings as table
from assay.assistant.world import environment as mounted
from assay.cli import doctor
from assay.folders import folders
from sandbox.api import Interpreter

NOTHING_ACTIVATED = Told(variables={})


@pytest.fixture(autouse=True)
def usual_modes() -> Iterator[None]:
    """A server that was served in this process has narrowed what it makes."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def interpreter(prefix: Path, python: str = "3.12") -> Path:
    """An installed Python by its layout."""
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin" / f"python{python}").write_bytes(b"\x7fELF and so on")
    library = prefix / "lib" / f"python{python}"
    (library / "encodings").mkdir(parents=True)
    (library / "os.py").touch()
    (library / "encodings" / "__init__.py").touch()
    (prefix / "lib" / f"libpython{python}.so.1.0").touch()
    return prefix


def virtual(home: Path, base: Path, python: str = "3.12", **config: str) -> Path:
    """A virtual environment by its layout."""
    (home / "bin").mkdir(parents=True)
    (home / "lib" / f"python{python}" / "site-packages").mkdir(parents=True)
    (home / "bin" / "python").symlink_to(base / "bin" / f"python{python}")
    lines = {"home": str(base / "bin"), "version": f"{python}.1", **config}
    (home / "pyvenv.cfg").write_text("".join(f"{name} = {value}\n" for name, value in lines.items()))
    return home


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return interpreter(tmp_path / "pythons" / "3.12.1")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "WORKON_HOME", "POETRY_VIRTUALENVS_PATH"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "ws" / "shop"
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[project]\nname = "shop"\n\n')
    return folder


def test_a_real_environment(root: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root / ".venv")], check=True)
    found = find(root, told=NOTHING_ACTIVATED)
    assert found is not None
    assert (found.home, found.python, found.flaw) == (root / ".venv", f"3.{sys.version_info.minor}", "")
    assert found.why == f".venv in {root}"
    own = mounted.interpreter(found)
    assert own is not None
    targets = [target for target, _ in own.mounts]
    assert str(root / ".venv" / "pyvenv.cfg") in targets
    assert any(target.endswith(f"/bin/python{found.python}") and not target.startswith(str(root)) for target in targets)


@pytest.mark.parametrize("name", [".venv", "venv", "env"])
def test_in_the_project_or_as_far_up_as_the_workspace(root: Path, base: Path, name: str) -> None:
    home = virtual(root.parent / name, base)
    assert find(root, told=NOTHING_ACTIVATED) is None, "what lies above the workspace is not the project's"
    found = find(root, root.parent, NOTHING_ACTIVATED)
    assert found is not None
    assert found.home == home
    (root.parent / ".git").mkdir()
    assert find(root, workspaces.top(root), NOTHING_ACTIVATED) == found, "in a repository as far up as that"
    nearer = virtual(root / ".venv", base)
    found = find(root, root.parent, NOTHING_ACTIVATED)
    assert found is not None
    assert found.home == nearer


def test_what_is_activated_is_taken_unless_it_is_another_projects(root: Path, base: Path, tmp_path: Path) -> None:
    own = virtual(root / ".venv", base)
    activated = virtual(tmp_path / "envs" / "work", base)
    found = find(root, told=Told(variables={"VIRTUAL_ENV": str(activated)}))
    assert found is not None
    assert (found.home, found.why) == (activated, "activated (VIRTUAL_ENV)")
    other = tmp_path / "other"
    others = virtual(other / ".venv", base)
    (other / "pyproject.toml").touch()
    found = find(root, told=Told(variables={"VIRTUAL_ENV": str(others)}))
    assert found is not None
    assert found.home == own
    found = find(root, told=Told(variables={"VIRTUAL_ENV": sys.prefix}))
    assert found is not None
    assert found.home == own, "Assay's own environment holds Assay, not the project's packages"


def test_on_another_system_the_images_python_gets_the_packages(root: Path, base: Path) -> None:
    home = virtual(root / ".venv", base)
    own = mounted.interpreter(find_in(home, root), system="darwin")
    assert own is not None
    assert (own.program, own.python) == ("", "3.12")
    assert own.mounts == (("/deps", str(home / "lib" / "python3.12" / "site-packages")),)


def test_what_the_user_names_comes_first_then_what_the_editor_has_chosen(
    root: Path, base: Path, tmp_path: Path
) -> None:
    virtual(root / ".venv", base)
    named, chosen = virtual(tmp_path / "named", base), virtual(tmp_path / "chosen", base)
    told = Told(str(named), str(chosen / "bin" / "python"), {})
    found = [find(root, told=one) for one in (told, Told("", told.chosen, {}), Told("../../named", "", {}))]
    assert [one.home if one else None for one in found] == [named, chosen, named]
    assert find(root, told=Told("nowhere", told.chosen, {})) is None, (
        "what is named and is not there is not replaced by another"
    )


def test_an_interpreter_that_was_chosen_brings_its_own_packages(root: Path, base: Path) -> None:
    (base / "lib" / "python3.12" / "site-packages").mkdir()
    found = find(root, told=Told("", str(base / "bin" / "python3.12"), {}))
    assert found is not None
    assert (found.python, found.site_packages) == ("3.12", (base / "lib" / "python3.12" / "site-packages",))
    own = virtual(root / ".venv", base)
    found = find(root, told=Told("", str(base / "bin" / "python3.12"), {}))
    assert found is not None
    assert found.home == own, "what everybody shares comes after what the project has"


def _pipenv(root: Path, base: Path, user: Path) -> Path:
    home = virtual(user / ".local/share/virtualenvs/shop-x1y2z3", base)
    (home / ".project").write_text(str(root))
    return home


def _poetry(root: Path, base: Path, user: Path) -> Path:
    import base64
    import hashlib

    mark = base64.urlsafe_b64encode(hashlib.sha256(os.path.realpath(root).encode()).digest()).decode()[:8]
    virtual(user / ".cache/pypoetry/virtualenvs/shop-AAAAAAAA-py3.12", base)  # of another folder of the same name
    return virtual(user / f".cache/pypoetry/virtualenvs/shop-{mark}-py3.12", base)


def _hatch(root: Path, base: Path, user: Path) -> Path:
    virtual(user / ".local/share/hatch/env/virtual/shop/Ab1/docs", base)
    return virtual(user / ".local/share/hatch/env/virtual/shop/Ab1/shop", base)


def _pdm(root: Path, base: Path, user: Path) -> Path:
    home = virtual(user / "pdm" / "shop", base)
    (root / ".pdm-python").write_text(f"{home}/bin/python\n")
    return home


def _named_by_a_file(root: Path, base: Path, user: Path) -> Path:
    (root / ".venv").write_text("shop\n")
    return virtual(user / ".local/share/virtualenvs/shop", base)


def _tox(root: Path, base: Path, user: Path) -> Path:
    return virtual(root / ".tox" / "py312", base)


@pytest.mark.parametrize("made", [_pipenv, _poetry, _hatch, _pdm, _named_by_a_file, _tox])
def test_where_tools_keep_it(root: Path, base: Path, tmp_path: Path, made: object) -> None:
    home = made(root, base, tmp_path / "user")  # type: ignore[operator]
    found = find(root, told=NOTHING_ACTIVATED)
    assert found is not None
    assert found.home == home


def test_conda(root: Path, tmp_path: Path) -> None:
    home = interpreter(tmp_path / "conda" / "envs" / "shop", "3.13")
    (home / "conda-meta").mkdir()
    (home / "lib" / "python3.13" / "site-packages").mkdir()
    variables = {"CONDA_PREFIX": str(home), "CONDA_DEFAULT_ENV": "shop"}
    found = find(root, told=Told(variables=variables))
    assert found is not None
    assert (found.python, found.home, found.why) == ("3.13", home, "activated (CONDA_PREFIX)")
    own = mounted.interpreter(found)
    assert own is not None
    assert (str(home / "lib"), str(home / "lib")) in own.mounts, "its program needs the libraries beside it"
    assert find(root, told=Told(variables=variables | {"CONDA_DEFAULT_ENV": "base"})) is None


def test_paths_of_editable_installs(root: Path, base: Path) -> None:
    site = virtual(root / ".venv", base) / "lib" / "python3.12" / "site-packages"
    (root / "lib" / "kit").mkdir(parents=True)
    (root / "src").mkdir()
    (site / "_shop.pth").write_text(
        f"# made by a tool\nimport os; os.system('touch pwned')\n{root / 'src'}\n/nowhere\n"
    )
    (site / "__editable___kit_1_0_finder.py").write_text(
        f"import sys\nMAPPING: dict[str, str] = {{'kit': '{root / 'lib' / 'kit'}'}}\n"
    )
    found = find(root, told=NOTHING_ACTIVATED)
    assert found is not None
    assert found.paths == (root / "src", root / "lib")


def test_one_whose_python_is_gone_is_named(root: Path, tmp_path: Path) -> None:
    virtual(root / ".venv", tmp_path / "gone" / "3.12.0")
    found = find(root, told=NOTHING_ACTIVATED)
    assert found is not None
    assert "the Python 3.12 that it rests on is not there any more" in found.flaw
    assert mounted.interpreter(found) is None


def test_one_that_only_its_owner_may_read_is_named(root: Path, base: Path) -> None:
    home = virtual(root / ".venv", base)
    (home / "bin").chmod(0o700)
    assert "only its owner may read" in find_in(home, root).flaw
    assert f"chmod -R o+rX {home}" in find_in(home, root).flaw
    (home / "bin").chmod(0o755)
    assert find_in(home, root).flaw == ""


def test_a_link_that_a_tool_keeps_for_a_version_is_followed_and_kept(root: Path, base: Path, tmp_path: Path) -> None:
    minor = tmp_path / "pythons" / "3.12"
    minor.symlink_to(base)
    found = find_in(virtual(root / ".venv", minor), root)
    assert found.base == (minor, base), "by both names: the environment names the first"


def find_in(home: Path, root: Path) -> Environment:
    found = find(root, told=NOTHING_ACTIVATED)
    assert found is not None
    assert found.home == home
    return found


def test_nothing_that_merely_calls_itself_so_is_mounted(root: Path, base: Path, tmp_path: Path) -> None:
    secret = tmp_path / "user" / ".ssh"
    secret.mkdir(parents=True)
    (secret / "id_rsa").write_text("key")
    home = virtual(root / ".venv", base)
    # its site-packages lead elsewhere
    (home / "lib/python3.12/site-packages").rmdir()
    (home / "lib/python3.12/site-packages").symlink_to(secret)
    assert find(root, told=NOTHING_ACTIVATED) is None
    # its program folder does
    (home / "lib/python3.12/site-packages").unlink()
    (home / "lib/python3.12/site-packages").mkdir()
    (home / "bin/python").unlink()
    (home / "bin").rmdir()
    (home / "bin").symlink_to(secret)
    (secret / "python").symlink_to(base / "bin" / "python3.12")
    own = mounted.interpreter(find_in(home, root))
    assert own is None or str(secret) not in [source for _, source in own.mounts]
    # the interpreter that it names is none
    (home / "bin").unlink()
    (home / "bin").mkdir()
    (home / "bin/python").symlink_to(secret / "bin" / "python3.12")
    (home / "pyvenv.cfg").write_text(f"home = {secret / 'bin'}\n")
    assert find_in(home, root).base == ()
    # or is one by its names alone, whose library leads elsewhere
    fake = interpreter(tmp_path / "fake")
    library = fake / "lib" / "python3.12"
    (library / "encodings" / "__init__.py").unlink()
    (library / "encodings").rmdir()
    (library / "os.py").unlink()
    library.rmdir()
    library.symlink_to(secret)
    (home / "pyvenv.cfg").write_text(f"home = {fake / 'bin'}\n")
    assert find_in(home, root).base == ()


@pytest.mark.parametrize(
    ("folder", "where"),
    [
        ("/home/me/shop", "/home/me/shop"), ("/work/shop", "/work/shop"), ("/usr/lib/python3", ""), ("/etc/shop", ""), ("/", ""),
        ("/shop", ""), ("/opt/assay/harness", ""), ("/proc/1", ""),
    ],
)  # fmt: skip
def test_a_project_stands_where_it_stands_here_unless_that_is_the_systems(folder: str, where: str) -> None:
    assert mounted.place(Path(folder)) == where


@pytest.mark.parametrize(
    ("asked", "python"),
    [(">=3.12", "3.12"), (">=3.9", None), (">=3.9,<3.11", "3.10"), ("^3.13", "3.13"), ("~=3.11", None), ("==3.10.*", "3.10"), ("<4", None), ("whatever", None)],
)  # fmt: skip
def test_the_python_that_a_project_without_one_asks_for(root: Path, asked: str, python: str | None) -> None:
    (root / "pyproject.toml").write_text(f"[project]\nrequires-python = '{asked}'\n")
    assert wanted(root, 11) == ((python, "requires-python") if python else None)
    (root / ".python-version").write_text("3.13.0\n")
    assert wanted(root, 11) == ("3.13", ".python-version")
    assert wanted(root, 13) is None
    assert wanted(root.parent) is None


def test_it_is_one_that_is_installed_or_what_is_missing_is_told(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    (root / ".python-version").write_text("3.99\n")
    found = find(root, told=NOTHING_ACTIVATED)
    assert found is not None
    assert (found.python, found.why, found.is_here, found.flaw) == ("3.99", ".python-version", False, "")
    assert mounted.interpreter(found) == Interpreter("", "3.99", ()), "an image has to bring it"
    prefix = interpreter(tmp_path / "pyenv" / "versions" / "3.99.1", "3.99")
    found = find(root, told=NOTHING_ACTIVATED)
    assert found is not None
    assert (found.python, found.program, found.flaw) == ("3.99", prefix / "bin" / "python3.99", "")
    own = mounted.interpreter(found)
    assert own is not None
    assert str(prefix / "lib" / "python3.99") in dict(own.mounts)


@pytest.mark.parametrize(
    ("files", "set_to", "state", "said"),
    [
        ({"uv.lock": '[[package]]\nname = "attrs"\nversion = "1"\n'}, True, "ok", "the packages of uv.lock are made a layer"),
        ({"uv.lock": '[[package]]\nname = "attrs"\nversion = "1"\n'}, False, "note", "the packages of uv.lock are not fetched"),
        ({".python-version": "3.99\n"}, True, "missing", "needs Python 3.99 (.python-version), and none is installed here"),
        ({}, True, "note", "has no virtual environment"),
    ],
)  # fmt: skip
def test_what_doctor_says_of_a_project_without_one(
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str],
    set_to: bool,
    state: str,
    said: str,
) -> None:
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    for name, text in files.items():
        (root / name).write_text(text)
    monkeypatch.chdir(root)
    settings, _ = table.load(Path("/nowhere"), editor={"project.fetch": set_to})
    (found,) = doctor._project(settings, folders(), lambda name: None, "3.11")
    assert (found.state, said in found.detail) == (state, True)


def test_doctor_tells_what_comes_along_and_what_does_not(
    root: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = root.parent
    (top / "pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["*"]\n')
    site = virtual(top / ".venv", base) / "lib" / "python3.12" / "site-packages"
    for name in ("ws/rates", "elsewhere"):
        (tmp_path / name / "src").mkdir(parents=True)
        (tmp_path / name / "pyproject.toml").touch()
        (site / f"{Path(name).name}.pth").write_text(f"{tmp_path / name / 'src'}\n")
    monkeypatch.chdir(root)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    settings, _ = table.load(Path("/nowhere"))
    found, lost = doctor._project(settings, folders(), lambda name: None, "3.11")
    assert found.detail.endswith(f"mounted read-only; of {top} comes along: rates")
    assert lost.detail == f"{tmp_path / 'elsewhere' / 'src'}: outside of the workspace, so no container gets it"
