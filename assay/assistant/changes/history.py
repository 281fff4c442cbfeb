"""The commits of a repository since a moment, with the files that each touches: read from its objects, without running git."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .revisions import RangeError, opened, the_commit

if TYPE_CHECKING:
    from dulwich.objects import Commit
    from dulwich.repo import Repo

MOST = 2000  # commits that are looked at
_AGO = re.compile(r"(\d+)\s*(d|w|m|y)(?:ays?|eeks?|onths?|ears?)?(?:\s+ago)?$", re.IGNORECASE)
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}


@dataclass(frozen=True, slots=True)
class Touched:
    """A commit: its id, the first line of its message, who wrote it, when (seconds since 1970), and the files below the project that it touches, by relative path; `is_merge`: it has several parents, and nothing of its own is told."""

    id: str
    title: str
    author: str
    at: int
    files: tuple[str, ...]
    is_merge: bool = False

    @property
    def short(self) -> str:
        """The id as people write it."""
        return self.id[:10]


def since(root: Path, when: str, now: float) -> list[Touched]:
    """The commits that lead to HEAD since a date ("2026-11-01"), for so long ("2w", "10 days ago"), or behind a commit; the newest first. Raises RangeError."""
    moment = _moment(when, now)
    with opened(root, when if moment is None else "HEAD") as repository:
        head = the_commit(repository, "HEAD")
        exclude = [the_commit(repository, when).id] if moment is None else []
        walker = repository.get_walker(include=[head.id], exclude=exclude, max_entries=MOST)
        found = []
        for entry in walker:
            commit = entry.commit
            if moment is not None and commit.commit_time < moment:
                continue
            found.append(_touched(repository, root.resolve(), commit))
        return found


def _moment(when: str, now: float) -> float | None:
    """Seconds since 1970, None where it is no moment but a commit."""
    text = when.strip().lower()
    if text == "yesterday":
        return now - 86400
    if (ago := _AGO.fullmatch(text)) is not None:
        return now - int(ago[1]) * _DAYS[ago[2].lower()] * 86400
    try:
        return datetime.datetime.fromisoformat(text).astimezone().timestamp()
    except ValueError:
        return None


def _touched(repository: Repo, root: Path, commit: Commit) -> Touched:
    from dulwich.diff_tree import tree_changes

    title = commit.message.decode("utf-8", "replace").strip().split("\n")[0][:200]
    author = commit.author.decode("utf-8", "replace").partition("<")[0].strip()
    done = Touched(commit.id.decode(), title, author, int(commit.commit_time), (), len(commit.parents) > 1)
    if done.is_merge:
        return done
    before = repository[commit.parents[0]].tree if commit.parents else None  # type: ignore[attr-defined]  # a commit's parent is one
    paths = set()
    for change in tree_changes(repository.object_store, before, commit.tree):
        for side in (change.old, change.new):
            if side is not None and side.path is not None:
                paths.add(side.path)
    top = Path(repository.path).resolve()
    inside = [whole.relative_to(root).as_posix() for path in paths if (whole := top / path.decode("utf-8", "surrogateescape")).is_relative_to(root)]  # fmt: skip
    return Touched(done.id, title, author, done.at, tuple(sorted(inside)))


__all__ = ["RangeError", "Touched", "since"]
