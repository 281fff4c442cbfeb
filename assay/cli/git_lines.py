"""Which lines of a working tree are new since a commit: read from the repository's objects, without running git, whose configuration is the workspace's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from analyzers.changed import hunks

if TYPE_CHECKING:
    from dulwich.objects import Commit
    from dulwich.repo import Repo


class RangeError(Exception):
    """No repository, or no such commit; the message is one sentence."""


def changed(root: Path, wanted: str, texts: Mapping[str, str]) -> dict[str, frozenset[int]]:
    """By file below `root`, the lines (from 1) of `texts` that differ from a commit: COMMIT, COMMIT.. for the same, or COMMIT...OTHER for where the two
    parted. A file that the commit does not have is new in all its lines. Raises RangeError."""
    from dulwich.errors import NotGitRepository
    from dulwich.repo import Repo

    try:
        repository = Repo.discover(str(root))
    except NotGitRepository:
        raise RangeError(f"{root} is in no git repository.") from None
    except Exception as error:  # noqa: BLE001  the repository is hostile input: whatever is wrong with it, it is one sentence
        raise RangeError(f"The git repository of {root} cannot be read ({type(error).__name__}).") from None
    with repository:
        try:
            base = _base(repository, wanted)
            return {name: _new_lines(repository, base, root, name, text) for name, text in texts.items()}
        except RangeError:
            raise
        except Exception as error:  # noqa: BLE001  the same
            raise RangeError(f"{wanted!r} is no commit of this repository ({type(error).__name__}).") from None


def _base(repository: Repo, wanted: str) -> Commit:
    from dulwich.graph import find_merge_base
    from dulwich.objectspec import parse_commit

    first, dots, second = wanted.partition("...")
    if not dots:
        return _commit(repository, wanted.partition("..")[0] or "HEAD")
    pair = [_commit(repository, one or "HEAD").id for one in (first, second)]
    found = find_merge_base(repository, pair)
    if not found:
        raise RangeError(f"The two commits of {wanted!r} have nothing in common.")
    commit = repository[found[0]]
    return parse_commit(repository, commit.id)


def _commit(repository: Repo, wanted: str) -> Commit:
    """A commit by its name or id, with `~N` and `^` for those before it."""
    from dulwich.objectspec import parse_commit

    found = re.fullmatch(r"([^~^]*)((?:[~^]\d*)*)", wanted)
    name, steps = found.groups() if found is not None else (wanted, "")
    commit = parse_commit(repository, "HEAD" if name in ("@", "") else name)
    for sign, count in re.findall(r"([~^])(\d*)", steps):
        for _ in range(int(count or 1) if sign == "~" else 1):
            which = int(count or 1) - 1 if sign == "^" else 0
            commit = parse_commit(repository, commit.parents[which])
    return commit


def _new_lines(repository: Repo, base: Commit, root: Path, name: str, text: str) -> frozenset[int]:
    before = _text(repository, base, (root / name).relative_to(Path(repository.path).resolve()).as_posix())
    if before is None:
        return frozenset(range(1, text.count("\n") + 2))
    lines: set[int] = set()
    for hunk in hunks(before.replace("\r\n", "\n"), text.replace("\r\n", "\n")):
        lines |= set(range(hunk.first, max(hunk.last, hunk.first) + 1))
    return frozenset(lines)


def _text(repository: Repo, base: Commit, path: str) -> str | None:
    from dulwich.object_store import tree_lookup_path
    from dulwich.objects import Blob

    try:
        _, sha = tree_lookup_path(
            repository.object_store.__getitem__, base.tree, path.encode("utf-8", "surrogateescape")
        )
    except KeyError:
        return None
    found = repository.object_store[sha]
    return found.data.decode("utf-8", "replace") if isinstance(found, Blob) else None
