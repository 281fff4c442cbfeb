"""The workspace's files that may be read: not ignored, not secret, not too large. Nothing is followed or executed."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathspec import PathSpec

IGNORE_FILES = (".gitignore", ".assayignore")
# Written by setuptools-scm, hatch-vcs and their like, kept out of git, and imported by the package, which is lost without them.
GENERATED = frozenset({"_version.py", "__version__.py", "version.py"})
_SKIPPED = """
.git .hg .svn .venv venv env .env node_modules __pycache__ .tox .nox .mypy_cache .ruff_cache .pytest_cache .idea .vscode
.eggs dist build site-packages .direnv .ssh .aws .gnupg .kube .docker .config
"""
SKIPPED_FOLDERS = frozenset(_SKIPPED.split())
SECRET_NAMES = (
    ".env", ".env.*", "*.pem", "*.key", "*.p12", "*.pfx", "*.keystore", "id_rsa*", "id_ed25519*", "id_ecdsa*",
    ".netrc", ".pypirc", ".npmrc", "credentials*", "secrets.*", "*.kdbx", ".htpasswd", ".git-credentials", ".dockercfg", "*.keytab", "*.tfvars",
)  # fmt: skip
FILE_LIMIT = 512 << 10  # bytes
COUNT_LIMIT = 4000
ROOT_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", ".git", "pytest.ini", "tox.ini")


@dataclass(frozen=True, slots=True)
class Entry:
    """A readable file: POSIX path relative to the root, and what tells a changed one from an unchanged one."""

    name: str
    size: int
    mtime_ns: int


class Rules:
    """The ignore rules of one workspace root; cheap to ask, made anew with every scan."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._specs: dict[tuple[str, tuple[str, ...]], PathSpec | None] = {}
        self._secret = _spec(SECRET_NAMES)

    def allows(self, name: str) -> bool:
        """Whether the file at this relative POSIX path may be read into a prompt or a container."""
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or SKIPPED_FOLDERS & set(path.parts[:-1]):
            return False
        return not self._secret.match_file(path.name) and not self._is_ignored(path)

    def allows_folder(self, name: str) -> bool:
        """Whether anything below this folder may be read."""
        path = PurePosixPath(name)
        return path.name not in SKIPPED_FOLDERS and not self._is_ignored(path, ending="/")

    def _is_ignored(self, path: PurePosixPath, ending: str = "") -> bool:
        sources = IGNORE_FILES[1:] if path.name in GENERATED else IGNORE_FILES
        for folder in reversed(path.parents):
            spec = self._spec_of(str(folder), sources)
            if spec is not None and spec.match_file(str(path.relative_to(folder)) + ending):
                return True
        return False

    def _spec_of(self, folder: str, sources: tuple[str, ...]) -> PathSpec | None:
        key = (folder, sources)
        if key not in self._specs:
            lines = [line for name in sources for line in _ignore_lines(self._root / folder / name)]
            self._specs[key] = _spec(lines) if lines else None
        return self._specs[key]


def walk(root: Path, rules: Rules, depth: Literal["whole", "flat"] = "whole") -> Iterator[Entry]:
    """Readable files below `root` in a stable order, at most COUNT_LIMIT; links are neither followed nor listed, and other
    file systems (/proc, network mounts) are not entered. A "flat" walk stays in `root` itself.
    """
    count = 0
    device = _device(root)
    folders = [""]
    while folders and count < COUNT_LIMIT:
        folder = folders.pop()
        try:
            entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
        except OSError:
            continue
        below = []
        for entry in entries:
            name = f"{folder}/{entry.name}".lstrip("/")
            if entry.is_symlink():
                continue
            if entry.is_dir(follow_symlinks=False):
                if depth == "whole" and rules.allows_folder(name) and _device(root / name) == device:
                    below.append(name)
            elif entry.is_file(follow_symlinks=False) and rules.allows(name):
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:
                    continue  # gone since it was listed
                if status.st_size <= FILE_LIMIT:
                    count += 1
                    yield Entry(name, status.st_size, status.st_mtime_ns)
                    if count >= COUNT_LIMIT:
                        return
        folders += reversed(below)


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


def site_packages(root: Path, environment: str = "") -> Path | None:
    """The site-packages of the project's own virtual environment, found by its layout; nothing in it is run.

    `environment` is its folder, absolute or relative to `root`; empty looks for the usual names.
    """
    for name in (environment,) if environment else (".venv", "venv", "env"):
        home = root / Path(name).expanduser()
        if os.path.isfile(home / "pyvenv.cfg"):  # noqa: PTH113  it never raises
            found = sorted(home.glob("lib/python3.*/site-packages"))
            if found and found[-1].resolve().is_relative_to(home.resolve()):
                return found[-1]
    return None


def _ignore_lines(file: Path) -> list[str]:
    """An ignore file's patterns; none where it is a link, unreadable, or absurdly large."""
    try:
        status = file.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > FILE_LIMIT:
            return []
        return file.read_text("utf-8", "replace").splitlines()[:2000]
    except OSError:
        return []


def _spec(lines: tuple[str, ...] | list[str]) -> PathSpec:
    import pathspec

    try:
        return pathspec.PathSpec.from_lines("gitignore", lines)
    except (ValueError, re.error):  # one pattern is malformed: the others still count
        return pathspec.PathSpec.from_lines("gitignore", [line for line in lines if _is_pattern(line)])


def _is_pattern(line: str) -> bool:
    import pathspec

    try:
        pathspec.PathSpec.from_lines("gitignore", [line])
    except (ValueError, re.error):
        return False
    return True
