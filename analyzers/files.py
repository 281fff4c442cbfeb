"""The workspace's files that may be read: what git tracks, else what is not ignored; not secret, not too large. Nothing outside is followed, nothing is executed."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from . import tracked

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

ASSAYS, GITS = ".assayignore", ".gitignore"
# Written by setuptools-scm, hatch-vcs and their like, kept out of git, and imported by the package, which is lost without them.
GENERATED = frozenset({"_version.py", "__version__.py", "version.py"})
# Never source, whatever is in them; the others are source where git tracks something in them, or where they are packages.
NEVER = frozenset(
    """
.git .hg .svn .venv .env node_modules __pycache__ .tox .nox .mypy_cache .ruff_cache .pytest_cache .idea .vscode .eggs site-packages .direnv .ssh .aws .gnupg .kube .docker .config
""".split()
)
SKIPPED_FOLDERS = NEVER | {"venv", "env", "dist", "build"}
SECRET_NAMES = (
    ".env", ".env.*", "*.pem", "*.key", "*.p12", "*.pfx", "*.keystore", "id_rsa*", "id_ed25519*", "id_ecdsa*",
    ".netrc", ".pypirc", ".npmrc", "credentials*", "secrets.*", "*.kdbx", ".htpasswd", ".git-credentials", ".dockercfg", "*.keytab", "*.tfvars",
)  # fmt: skip
CODE = (".py", ".pyi")  # a module is called what it is about: credentials.py holds no credentials but by mistake
FILE_LIMIT = 512 << 10  # bytes
TRACKED_LIMIT = 4 << 20  # bytes of a file that git tracks: tests read such
COUNT_LIMIT = 4000
ROOT_MARKS = (
    "pyproject.toml", "setup.py", "setup.cfg", ".git", "pytest.ini", "tox.ini", "pytest.toml", "requirements.txt", "Pipfile", "manage.py", "noxfile.py", "conftest.py",
    "uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "environment.yml", ".python-version",
)  # fmt: skip
Refusal = Literal["secret", "ignored", "kept out", "outside", "too large", "refuse"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A readable file: POSIX path relative to the root, and what tells a changed one from an unchanged one."""

    name: str
    size: int
    mtime_ns: int


class Rules:
    """The rules of one workspace root, by git's index, ignore files at any level of the repository, and names; made anew with every scan."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._repository = tracked.repository(root)
        top = self._repository.top if self._repository is not None else root
        self._top, self._lead = top, root.relative_to(top).parts
        self._specs: dict[tuple[str, str], tuple[tuple[int, GitIgnoreSpec], ...]] = {}
        self._excluded = _spec(self._repository.excluded) if self._repository and self._repository.excluded else None
        self._secret = _spec(SECRET_NAMES)
        self._packages: dict[str, bool] = {}
        self._ignored: dict[tuple[str, str], bool] = {}  # folders, by source

    def allows(self, name: str) -> bool:
        """Whether the file at this relative POSIX path may be read into a prompt or a container."""
        return self.refusal(name) is None

    def refusal(self, name: str) -> Refusal | None:
        """By which rule a file may not be read; None where it may."""
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            return "outside"
        if self._is_secret(path):
            return "secret"
        if path.name == ".git" or not NEVER.isdisjoint(path.parts[:-1]):
            return "refuse"
        if self._is_ignored(path, ASSAYS):
            return "kept out"
        if self.is_tracked(name):
            return None
        if not all(self._is_source(folder) for folder in path.parents if folder.name in SKIPPED_FOLDERS):
            return "refuse"
        return "ignored" if path.name not in GENERATED and self._is_ignored(path, GITS) else None

    def allows_folder(self, name: str) -> bool:
        """Whether anything below this folder may be read."""
        path = PurePosixPath(name)
        if path.name in NEVER or self._is_ignored(path, ASSAYS, ending="/"):
            return False
        if self._repository is not None and name in self._repository.folders:
            return True
        is_refuse = path.name in SKIPPED_FOLDERS and not self._is_source(path)
        return not is_refuse and not self._is_ignored(path, GITS, ending="/")

    def is_tracked(self, name: str) -> bool:
        """Whether git has it: then it is the project's, whatever it is called."""
        return self._repository is not None and name in self._repository.names

    def limit(self, name: str) -> int:
        """How many bytes of a file are read at most."""
        return TRACKED_LIMIT if self.is_tracked(name) else FILE_LIMIT

    def _is_secret(self, path: PurePosixPath) -> bool:
        found = bool(self._secret.match_file(path.name))
        return found and not (path.suffix in CODE and path.name.startswith(("credentials", "secrets.")))

    def _is_source(self, folder: PurePosixPath) -> bool:
        """Whether a folder with a name of refuse is a package, or holds what git tracks."""
        name = str(folder)
        if name not in self._packages:
            place = self._root / name
            is_package = (place / "__init__.py").is_file() and not os.path.lexists(place / "pyvenv.cfg")
            holds = self._repository is not None and name in self._repository.folders
            self._packages[name] = folder.name not in NEVER and (is_package or holds)
        return self._packages[name]

    def _is_ignored(self, path: PurePosixPath, source: str, ending: str = "") -> bool:
        """Whether ignore files of this name exclude it or a folder around it; as in git, the nearest one that says something of it decides."""
        name = "/".join((*self._lead, *path.parts))
        if ending:
            return self._is_folder_ignored(name, source)
        return self._is_folder_ignored(name.rpartition("/")[0], source) or self._excludes(name, source)

    def _is_folder_ignored(self, name: str, source: str) -> bool:
        """Whether this folder is excluded, or one around it below the root."""
        if name.count("/") < len(self._lead) or not name:
            return False
        if (name, source) not in self._ignored:
            parts, around = name.split("/"), False
            for count in range(len(self._lead) + 1, len(parts) + 1):  # from the top: folders may be deeper than calls
                folder = "/".join(parts[:count])
                if (folder, source) not in self._ignored:
                    self._ignored[folder, source] = around or self._excludes(f"{folder}/", source)
                around = self._ignored[folder, source]
        return self._ignored[name, source]

    def _excludes(self, name: str, source: str) -> bool:
        for start, spec in self._specs_of(name.rstrip("/").rpartition("/")[0], source):
            if (said := spec.check_file(name[start:]).include) is not None:
                return bool(said)
        return source == GITS and self._excluded is not None and bool(self._excluded.check_file(name).include)

    def _specs_of(self, folder: str, source: str) -> tuple[tuple[int, GitIgnoreSpec], ...]:
        """The ignore files of a folder and of those around it, the nearest first, each with where the names begin that it speaks of."""
        key = (folder, source)
        if key not in self._specs:
            lines = _ignore_lines(self._top / folder / source)
            around = self._specs_of(folder.rpartition("/")[0], source) if folder else ()
            own = ((len(folder) + bool(folder), _spec(lines)),) if lines else ()
            self._specs[key] = (*own, *around)
        return self._specs[key]


def walk(
    root: Path,
    rules: Rules,
    depth: Literal["whole", "flat"] = "whole",
    left_out: dict[str, Refusal] | None = None,
    most: int = COUNT_LIMIT,
) -> Iterator[Entry]:
    """Readable files below `root` in a stable order, at most `most`. Links that stay inside are followed to what may be read there, and other
    file systems (/proc, network mounts) are not entered. A "flat" walk stays in `root` itself. `left_out` is told of links that lead out, of files too large, and of modules that git ignores.
    """
    count = 0
    device = _device(root)
    told: dict[str, Refusal] = {} if left_out is None else left_out
    real = Path(os.path.realpath(root))
    folders = [""]
    while folders and count < most:
        folder = folders.pop()
        try:
            entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
        except OSError:
            continue
        below = []
        for entry in entries:
            name = f"{folder}/{entry.name}".lstrip("/")
            if entry.is_symlink() and not _is_followed(name, root, real, rules, told):
                continue
            if entry.is_dir():
                if depth == "whole" and rules.allows_folder(name) and _device(root / name) == device:
                    below.append(name)
            elif entry.is_file():
                if (why := rules.refusal(name)) is not None:
                    if why == "ignored" and name.endswith(CODE):
                        told[name] = why
                    continue
                try:
                    status = entry.stat()
                except OSError:
                    continue  # gone since it was listed
                if status.st_size > rules.limit(name):
                    told[name] = "too large"
                    continue
                count += 1
                yield Entry(name, status.st_size, status.st_mtime_ns)
                if count >= most:
                    return
        folders += reversed(below)


def entry(root: Path, name: str) -> Entry | None:
    """A file as `walk` gives it, whatever the rules say of it; None where it is not there, or too large."""
    try:
        status = (root / name).stat()
    except OSError:
        return None
    return Entry(name, status.st_size, status.st_mtime_ns) if status.st_size <= TRACKED_LIMIT else None


def _is_followed(name: str, root: Path, real: Path, rules: Rules, left_out: dict[str, Refusal]) -> bool:
    """Whether a link leads to a file or folder of the project that may be read, and not into a circle."""
    target = Path(os.path.realpath(root / name))
    if not target.is_relative_to(real) or target == real:
        left_out[name] = "outside"
        return False
    inside = target.relative_to(real).as_posix()
    if name == inside or f"{name}/".startswith(f"{inside}/") or len(PurePosixPath(name).parts) > LINKED_DEPTH:
        return False
    return rules.allows_folder(inside) if target.is_dir() else rules.allows(inside)


LINKED_DEPTH = 12  # folders; two links into each other's folders would go on for ever


def _device(folder: Path) -> int:
    try:
        return folder.lstat().st_dev
    except OSError:
        return -1


def has_root_mark(folder: Path) -> bool:
    """Whether `folder` looks like a project's root."""
    return any(os.path.exists(folder / mark) for mark in ROOT_MARKS)  # noqa: PTH110  it never raises


def project_root(path: Path) -> Path:
    """The nearest folder above `path` that looks like a project's root, else the file's own folder."""
    for folder in path.parents:
        if has_root_mark(folder):
            return folder
    return path.parent


def _ignore_lines(file: Path) -> list[str]:
    """An ignore file's patterns; none where it is a link, unreadable, or absurdly large."""
    try:
        status = file.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > FILE_LIMIT:
            return []
        return file.read_text("utf-8", "replace").splitlines()[:2000]
    except OSError:
        return []


def _spec(lines: tuple[str, ...] | list[str]) -> GitIgnoreSpec:
    import pathspec

    try:
        return pathspec.GitIgnoreSpec.from_lines(lines)
    except (ValueError, re.error):  # one pattern is malformed: the others still count
        return pathspec.GitIgnoreSpec.from_lines([line for line in lines if _is_pattern(line)])


def _is_pattern(line: str) -> bool:
    import pathspec

    try:
        pathspec.GitIgnoreSpec.from_lines([line])
    except (ValueError, re.error):
        return False
    return True
