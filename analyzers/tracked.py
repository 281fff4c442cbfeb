"""What git knows of a folder, without running git: which files are its project's, and which of the user's own rules ignore what.

The index and the ignore files are read as data. Of git's configuration nothing but the name of the user's own file of excludes is looked at, in the user's own files.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

INDEX_LIMIT = 32 << 20  # bytes; some 300 000 files
TEXT_LIMIT = 512 << 10
COUNT_LIMIT = 200_000


@dataclass(frozen=True, slots=True)
class Repository:
    """`top` is the folder that holds it; `names` the tracked files below the folder that was asked for, relative to that, and `folders` those that hold one; `excluded` the patterns of info/exclude and of the
    user's own excludes."""

    top: Path
    names: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()
    excluded: tuple[str, ...] = ()


def repository(root: Path) -> Repository | None:
    """The repository around a folder; None where there is none. One that cannot be read tracks nothing."""
    top = next((folder for folder in (root, *root.parents) if os.path.lexists(folder / ".git")), None)
    if top is None:
        return None
    git = _git_folder(top)
    if git is None:
        return Repository(top)
    index = git / "index"
    names = _tracked(index, _stamp(index), root.relative_to(top).as_posix())
    folders = frozenset(name[:end] for name in names for end in _slashes(name))
    return Repository(top, names, folders, tuple(_lines(_common(git) / "info" / "exclude") + _lines(_excludes_file())))


def _git_folder(top: Path) -> Path | None:
    """`.git`, or where a worktree's or a submodule's file of that name says it is."""
    place = top / ".git"
    if place.is_dir():
        return place
    found = re.match(r"gitdir: (.+)", _text(place))
    return Path(os.path.normpath(top / found[1].strip())) if found else None


def _common(git: Path) -> Path:
    """What a worktree shares with its repository."""
    named = _text(git / "commondir").strip()
    return Path(os.path.normpath(git / named)) if named else git


@lru_cache(maxsize=64)
def _tracked(index: Path, stamp: tuple[int, int], below: str) -> frozenset[str]:
    """The files of an index below a folder; none where it cannot be read."""
    if not 0 < stamp[1] <= INDEX_LIMIT:
        return frozenset()
    from dulwich.index import Index

    lead = "" if below == "." else f"{below}/"
    try:
        names = [os.fsdecode(name) for name in Index(str(index))]
    except Exception:  # noqa: BLE001  a workspace's file: whatever is wrong with it, nothing is tracked
        return frozenset()
    return frozenset(name[len(lead) :] for name in names[:COUNT_LIMIT] if name.startswith(lead))


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
        return status.st_mtime_ns, status.st_size
    except OSError:
        return 0, 0


def _excludes_file() -> Path:
    """The user's own: what `core.excludesFile` names in their configuration, else where git looks by itself."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "git"
    for config in (Path("~/.gitconfig").expanduser(), home / "config"):
        found = re.search(r"(?mi)^\s*excludesfile\s*=\s*\"?([^\"\n]+?)\"?\s*$", _text(config))
        if found:
            return Path(found[1]).expanduser()
    return home / "ignore"


def _lines(file: Path) -> list[str]:
    return _text(file).splitlines()[:2000]


def _text(file: Path) -> str:
    try:
        if not file.is_file() or file.stat().st_size > TEXT_LIMIT:
            return ""
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""


def _slashes(name: str) -> list[int]:
    return [at for at, sign in enumerate(name) if sign == "/"]
