"""Which Python and which packages a project really has: read from files where people's tools leave them; nothing is run.

A virtual environment is known by its `pyvenv.cfg` and its layout, conda's by `conda-meta`. What a workspace's files name is taken only where it looks like an environment or an interpreter.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import files

HERE = (".venv", "venv", "env", ".env")  # where people make them
CONFIG_LIMIT = 64 << 10  # bytes of a pyvenv.cfg or a .pth
PTH_LIMIT = 200  # .pth files, and lines of one
COUNT_LIMIT = 400  # environments that a tool keeps for all projects
ELF = b"\x7fELF"


@dataclass(frozen=True, slots=True)
class Environment:
    """`home` is its folder, `python` the version of its Python ("3.12"), `program` how it starts it, `base` the prefix of the interpreter that it rests on, by every name that leads there.

    `site_packages` are the folders of its packages, `paths` what its `.pth` files add: folders, wherever they are. `why` says how it was found, `flaw` why it cannot be used in a container ("" where it can)."""

    home: Path
    python: str
    program: Path
    base: tuple[Path, ...]
    site_packages: tuple[Path, ...]
    paths: tuple[Path, ...] = ()
    why: str = ""
    flaw: str = ""

    @property
    def is_here(self) -> bool:
        """Whether its Python is installed on this machine; else an image has to bring it."""
        return self.program != Path()

    @property
    def told(self) -> str:
        """Which one it is, and why that one, for a person."""
        return (
            f"Python {self.python} of {self.home} ({self.why})"
            if self.is_here
            else f"Python {self.python} ({self.why})"
        )

    @property
    def stamp(self) -> tuple[int, ...]:
        """Changes when packages come or go."""
        return tuple(_mtime(one) for one in (self.home / "pyvenv.cfg", *self.site_packages))


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of environments outside a project: the user's setting, the interpreter that the editor has chosen, and the process's variables."""

    setting: str = ""
    chosen: str = ""
    variables: Mapping[str, str] | None = None


NOTHING = Told()


def find(root: Path, top: Path | None = None, told: Told = NOTHING) -> Environment | None:
    """The environment of the project at `root`; folders around it are looked at as far as `top` (`workspaces.top`). None where it has none."""
    if told.setting:
        named = Path(os.path.normpath(root / Path(told.setting).expanduser()))
        return of(named, "named by `project.environment`") or _of_program(named, "named by `project.environment`")
    chosen = Path(told.chosen).expanduser() if told.chosen else None
    if (
        chosen is not None
        and chosen.parent.name == "bin"
        and (found := of(chosen.parent.parent, "chosen in the editor"))
    ):
        return found
    around = list(_around(root, top))
    places = _variables(root, around, told.variables if told.variables is not None else os.environ)
    places = [*places, *_inside(around), *_kept(root, around)]
    found = next((found for home, why in places if (found := of(home, why))), None)
    if found is None and chosen is not None:  # an interpreter that everybody shares comes after what the project has
        return _of_program(chosen, "chosen in the editor")
    if found is None and (asked := wanted(root)) is not None:
        return _bare(*asked)
    return found


def _bare(python: str, why: str) -> Environment:
    """A project's Python without packages: an installed one, else one that is not here."""
    program = next(
        (prefix / "bin" / f"python{python}" for prefix in installed() if is_interpreter(prefix, python)), None
    )
    if program is None:
        return Environment(Path(), python, Path(), (), (), (), why)
    prefix = program.parent.parent
    return Environment(prefix, python, program, (prefix,), (), (), why)


def installed() -> Iterator[Path]:
    """The prefixes of the Pythons that are here: those of the system, pyenv, uv and hatch."""
    yield from (Path("/usr"), Path("/usr/local"))
    data = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser()
    for kept in (Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser() / "versions", data / "uv" / "python"):
        yield from reversed(list(_some(kept)))
    for home in reversed(list(_some(data / "hatch" / "pythons"))):
        yield home / "python"


def of(home: Path, why: str = "") -> Environment | None:
    """The environment in this folder; None where it is none, or cannot be read."""
    try:
        return _of(home, why)
    except OSError:
        return None


def _of(home: Path, why: str) -> Environment | None:
    config = _config(home / "pyvenv.cfg")
    is_conda = (home / "conda-meta").is_dir()
    if config is None and not is_conda:
        return None
    real = home.resolve()
    for lib in sorted(home.glob("lib/python3.*"), key=lambda one: _minor(one.name), reverse=True):
        site, python = lib / "site-packages", lib.name[len("python") :]
        if not re.fullmatch(r"3\.\d+", python) or not site.is_dir() or not site.resolve().is_relative_to(real):
            continue
        names = (f"python{python}", "python3", "python")
        program = next((p for n in names if os.path.lexists(p := home / "bin" / n)), home / "bin" / names[0])
        bases = _bases(program, config, python) if config is not None else (home,)
        gone = (config or {}).get("home", "")
        flaw = (
            ""
            if bases or sys.platform != "linux"
            else f"the Python {python} that it rests on is not there any more ({gone})"
        )
        if not os.path.lexists(program):
            flaw = f"it has no {program}"
        folders = (site, *_system(bases, python, config or {}))
        if not flaw and (closed := next((one for one in (home / "bin", lib, site) if not _is_open(one)), None)):
            flaw = f"only its owner may read {closed}, and containers run as nobody (`chmod -R o+rX {home}`)"
        return Environment(home, python, program, bases, folders, tuple(_added(folders)), why, flaw)
    return None  # one of Windows among others: nothing of it runs in a container


def is_interpreter(prefix: Path, python: str) -> bool:
    """Whether an installed Python of that version lies there: its program and its standard library, not merely folders of these names."""
    library = prefix / "lib" / f"python{python}"
    return (
        _starts_with(prefix / "bin" / f"python{python}", ELF)
        and library.resolve().name == f"python{python}"
        and (library / "os.py").is_file()
        and (library / "encodings" / "__init__.py").is_file()
    )


def wanted(root: Path, ours: int = sys.version_info[1]) -> tuple[str, str] | None:
    """The Python that a project without an environment asks for and ours (3.`ours`) is not, as "3.12", and which file says so; None where ours will do."""
    for folder in (root, *root.parents[:3]):
        for line in (_text(folder / ".python-version") or "").splitlines()[:1]:
            if found := re.match(r"(?:cpython-|pypy)?3\.(\d+)", line.strip()):
                return (f"3.{found[1]}", ".python-version") if int(found[1]) != ours else None
    asked = re.search(
        r"(?m)^(?:requires-python|python)\s*=\s*[\"']([^\"'\n]+)[\"']", _text(root / "pyproject.toml") or ""
    )
    if asked is None:
        return None
    least = max((int(n) for n in re.findall(r"(?:>=|~=|==|\^|~)\s*3\.(\d+)", asked[1])), default=0)
    exact = [int(n) + 1 for n in re.findall(r"==\s*3\.(\d+)", asked[1])]
    below = min([*exact, *(int(n) for n in re.findall(r"<\s*3\.(\d+)", asked[1]))], default=99)
    if least <= ours < below:
        return None
    return f"3.{least if least > ours else below - 1}", "requires-python"


def _around(root: Path, top: Path | None) -> Iterator[Path]:
    """The project's folder and those around it, as far as the workspace's."""
    yield root
    if top is not None and root != top and root.is_relative_to(top):
        for folder in root.parents:
            yield folder
            if folder == top:
                return


def _variables(root: Path, around: list[Path], variables: Mapping[str, str]) -> list[tuple[Path, str]]:
    """What is activated where the process was started, unless it is another project's."""
    found = []
    if name := variables.get("VIRTUAL_ENV"):
        home = Path(name)
        is_others = home.parent not in around and files.has_root_mark(home.parent)
        if not is_others and not _is_ours(home):
            found.append((home, "activated (VIRTUAL_ENV)"))
    if (name := variables.get("CONDA_PREFIX")) and variables.get("CONDA_DEFAULT_ENV") != "base":
        found.append((Path(name), "activated (CONDA_PREFIX)"))
    if name := variables.get("UV_PROJECT_ENVIRONMENT"):
        found.append((root / name, "named by UV_PROJECT_ENVIRONMENT"))
    return found


def _is_ours(home: Path) -> bool:
    """Whether Assay itself runs from there: it holds our packages, not the project's."""
    return os.path.realpath(home) == os.path.realpath(sys.prefix)


def _inside(around: list[Path]) -> Iterator[tuple[Path, str]]:
    for folder in around:
        for name in HERE:
            home = folder / name
            if name == ".venv" and home.is_file():  # pipenv and virtualenvwrapper: the file names it
                named = (_text(home) or "").strip()
                if named and "\n" not in named:
                    yield Path(os.path.normpath(folder / Path(named).expanduser())), f"named by {home}"
                    yield Path("~/.local/share/virtualenvs").expanduser() / Path(named).name, f"named by {home}"
            else:
                yield home, f"{name} in {folder}"
        if program := (_text(folder / ".pdm-python") or "").strip():
            yield Path(program).parent.parent, f"named by {folder / '.pdm-python'}"


def _kept(root: Path, around: list[Path]) -> Iterator[tuple[Path, str]]:
    """Those that tools keep for a project elsewhere."""
    data = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    for home in _some(Path(os.environ.get("WORKON_HOME") or data / "virtualenvs").expanduser()):
        if (_text(home / ".project") or "").strip() in map(str, around):
            yield home, "pipenv's"
    for folder in around:
        if name := _name(folder):
            kept = Path(os.environ.get("POETRY_VIRTUALENVS_PATH") or cache / "pypoetry" / "virtualenvs")
            wanted = f"{_poetrys(name)}-{_hashed(folder)}-py"
            for home in _some(kept, wanted):
                yield home, "poetry's"
            for home in _some(data / "hatch" / "env" / "virtual" / name):
                for inner in sorted(_some(home), key=lambda one: one.name != name):
                    yield inner, "hatch's"
    for folder in around:
        for place in (".tox", ".nox"):
            for home in reversed(list(_some(folder / place))):
                yield home, f"{place[1:]}'s {home.name}"


def _name(folder: Path) -> str:
    text = _text(folder / "pyproject.toml") or ""
    found = re.search(r"(?ms)^\[(?:project|tool\.poetry)\]\s*$.*?^name\s*=\s*[\"']([\w.\- ]+)[\"']", text)
    return found[1] if found else ""


def _poetrys(name: str) -> str:
    """A project's name as poetry makes that of its environments of it."""
    return re.sub(r'[ $`!*@"\\\r\n\t]', "_", name.lower())[:42]


def _hashed(folder: Path) -> str:
    import base64
    import hashlib

    digest = hashlib.sha256(os.path.normcase(os.path.realpath(folder)).encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[:8]


def _some(folder: Path, beginning: str = "") -> Iterator[Path]:
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except OSError:
        return
    yield from (folder / name for name in names[:COUNT_LIMIT] if name.startswith(beginning))


def _of_program(program: Path, why: str) -> Environment | None:
    """The environment of an interpreter, or the interpreter's own packages."""
    if program.parent.name != "bin":
        return None
    if (found := of(program.parent.parent, why)) is not None:
        return found
    prefix = program.resolve().parent.parent
    for lib in prefix.glob("lib/python3.*"):
        python = lib.name[len("python") :]
        if program.resolve().name == f"python{python}" and is_interpreter(prefix, python):
            sites = tuple(one for one in (lib / "site-packages", prefix / "lib/python3/dist-packages") if one.is_dir())
            return Environment(prefix, python, program.resolve(), (prefix,), sites, tuple(_added(sites)), why)
    return None


def _bases(program: Path, config: Mapping[str, str], python: str) -> tuple[Path, ...]:
    """The prefixes by which the interpreter is known: as the environment names it, and where that is really."""
    names = [Path(config["home"]).parent] if config.get("home") else []
    link = program
    for _ in range(8):
        if not link.is_symlink():
            break
        link = Path(os.path.normpath(link.parent / link.readlink()))
        if link.parent.name == "bin" and link.parent != program.parent:
            names.append(link.parent.parent)
    names += [one.resolve() for one in names]
    return tuple(dict.fromkeys(one for one in names if is_interpreter(one, python)))


def _system(bases: tuple[Path, ...], python: str, config: Mapping[str, str]) -> Iterator[Path]:
    """The interpreter's own packages, where the environment sees them."""
    if config.get("include-system-site-packages", "").lower() == "true":
        for base in bases[:1]:
            places = (base / "lib" / f"python{python}" / "site-packages", base / "lib" / "python3" / "dist-packages")
            yield from (one for one in places if one.is_dir())


def _added(folders: tuple[Path, ...]) -> Iterator[Path]:
    """What `.pth` files add, and the folders that setuptools' import hooks of editable installs map to; lines that would be run are not."""
    for site in folders[:1]:
        for file in [one for one in _some(site) if one.suffix == ".pth"][:PTH_LIMIT]:
            for line in (_text(file) or "").splitlines()[:PTH_LIMIT]:
                if line.strip() and not line.startswith(("#", "import ", "import\t")):
                    path = Path(os.path.normpath(site / line.strip()))
                    if path.is_dir():
                        yield path
        for file in [one for one in _some(site, "__editable__") if one.name.endswith("_finder.py")][:PTH_LIMIT]:
            mapping = re.search(r"(?m)^MAPPING[^=]*= (\{.*\})$", _text(file) or "")
            for _, target in re.findall(r"'([^']+)': '([^']+)'", mapping[1] if mapping else ""):
                if (folder := Path(os.path.normpath(target))).is_dir():
                    yield folder.parent


def _config(file: Path) -> dict[str, str] | None:
    text = _text(file)
    if text is None:
        return None
    rows = (line.partition("=") for line in text.splitlines())
    return {name.strip().lower(): value.strip() for name, mark, value in rows if mark}


def _text(file: Path) -> str | None:
    try:
        if not file.is_file() or file.stat().st_size > CONFIG_LIMIT:
            return None
        return file.read_text("utf-8", "replace")
    except OSError:
        return None


def _starts_with(file: Path, mark: bytes) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(len(mark)) == mark
    except OSError:
        return False


def _is_open(folder: Path) -> bool:
    """Whether others may read a folder, and what is in it."""
    return folder.stat().st_mode & (stat.S_IROTH | stat.S_IXOTH) == stat.S_IROTH | stat.S_IXOTH


def _minor(name: str) -> int:
    found = re.fullmatch(r"python3\.(\d+)", name)
    return int(found[1]) if found else -1


def _mtime(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
