"""Projects that stand in one repository or workspace: which folder holds them all, and which of the others one of them imports. Read from files, nothing is run."""

from __future__ import annotations

import fnmatch
import itertools
import os
import tomllib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

LEVELS = 6  # folders above a project that may declare it a member
SIZE_LIMIT = 1 << 20
PARTS_LIMIT = 4  # of a pattern of members
MEMBERS_LIMIT = 12  # other projects that come along
OWN = ("pyproject.toml", "setup.py", "setup.cfg")
# Of folders above a project: what pytest reads there on its way up.
STEERING = (
    "pytest.toml",
    ".pytest.toml",
    "pytest.ini",
    ".pytest.ini",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
    "conftest.py",
)


def top(root: Path, opened: Path | None = None) -> Path | None:
    """The outermost folder that belongs with the project at `root`: the one that was `opened`, its repository's, or the workspace's that names it a member (uv's or hatch's). None where it stands alone."""
    repository = next((one for one in (root, *root.parents) if os.path.lexists(one / ".git")), None)
    found = [one for one in (opened, repository, declared(root)) if one is not None and root.is_relative_to(one)]
    return min(found, key=lambda one: len(one.parts), default=None)


def beside(root: Path, around: Path, imported: Iterable[Path]) -> tuple[tuple[Path, Path], ...]:
    """Of the folders that code is `imported` from, those of other projects below `around`, each as (project, folder); without an environment that says so, `members` gives them."""
    found: dict[Path, Path] = {}
    for folder in imported:
        if folder.is_relative_to(root) or not folder.is_relative_to(around) or root.is_relative_to(folder):
            continue
        if not _is_inside(folder, around):
            continue
        inside = [one for one in (folder, *folder.parents) if one.is_relative_to(around) and one != around]
        project = next((one for one in inside if any((one / name).is_file() for name in OWN)), folder)
        if not root.is_relative_to(project) and _is_inside(project, around):
            found.setdefault(project, folder)
    return tuple(found.items())[:MEMBERS_LIMIT]


def declared(root: Path) -> Path | None:
    """The folder above a project whose pyproject.toml names it a member of its workspace."""
    return next((one for one in root.parents[:LEVELS] if _is_member(one, root)), None)


def members(root: Path) -> Iterator[Path]:
    """The folders that the other members of a declared workspace are imported from; those below the project where it is the workspace itself."""
    top = root if _declared(root)[0] else declared(root)
    if top is None:
        return
    for pattern in _declared(top)[0]:
        for folder in _fitting(top, pattern):
            if folder != root and folder.is_dir() and _is_member(top, folder) and _is_inside(folder, top):
                yield folder / "src" if (folder / "src").is_dir() else folder


def inside(root: Path) -> tuple[str, ...]:
    """Names of folders below a workspace's root that its members are imported from."""
    found = (one for one in members(root) if one.is_relative_to(root)) if _declared(root)[0] else ()
    return tuple(one.relative_to(root).as_posix() for one in found)[:MEMBERS_LIMIT]


def steering(root: Path, around: Path) -> Iterator[str]:
    """Names, from `around`, of what steers pytest in the folders above the project."""
    for folder in root.parents:
        if not folder.is_relative_to(around):
            return
        for file in (folder / name for name in STEERING):
            if file.is_file() and _is_inside(file, around):
                yield file.relative_to(around).as_posix()


def _is_member(top: Path, folder: Path) -> bool:
    included, excluded = _declared(top)
    if not included or not folder.is_relative_to(top):
        return False
    name = folder.relative_to(top).as_posix()
    return any(_fits(name, one) for one in included) and not any(_fits(name, one) for one in excluded)


def _fits(name: str, pattern: str) -> bool:
    """Each part by itself: `*` is one folder."""
    parts, wanted = name.split("/"), pattern.strip("/").removeprefix("./").split("/")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def _is_inside(path: Path, around: Path) -> bool:
    """Whether a path stays there, links followed."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(around))


def _fitting(top: Path, pattern: str) -> list[Path]:
    """Folders by a pattern of members, as many as are looked at."""
    parts = pattern.strip("/").removeprefix("./").split("/")
    if (
        pattern.startswith("/")
        or len(parts) > PARTS_LIMIT
        or any(part in ("", ".", "..") or "**" in part for part in parts)
    ):
        return []
    try:
        return sorted(itertools.islice(top.glob("/".join(parts)), 4 * MEMBERS_LIMIT))
    except (ValueError, IndexError, OSError, NotImplementedError):
        return []


def _declared(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The patterns of the members that a folder's pyproject.toml names, and of those that it excludes."""
    file = folder / "pyproject.toml"
    try:
        status = file.stat()
    except OSError:
        return (), ()
    return _read(file, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=64)
def _read(file: Path, _mtime_ns: int, size: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    try:
        tool = tomllib.loads(file.read_text("utf-8", "replace")).get("tool", {}) if size <= SIZE_LIMIT else {}
        for name in ("uv", "rye", "hatch"):
            found = tool.get(name, {}).get("workspace", {})
            if isinstance(found.get("members"), list):
                lists = found["members"], found.get("exclude", [])
                included, excluded = (tuple(one for one in names if isinstance(one, str)) for names in lists)
                return included, excluded
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        pass
    return (), ()
