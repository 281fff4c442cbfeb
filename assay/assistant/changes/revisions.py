"""What differs between a working tree, its index and a commit: read from the repository's objects, without running git, whose configuration is the workspace's.

Of dulwich objects, references and the index are used, and nothing that looks at filters, hooks or attributes.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from analyzers import encodings, files
from analyzers.changed import hunks

from .patch import Patched

if TYPE_CHECKING:
    from dulwich.objects import Commit
    from dulwich.repo import Repo


FILE_LIMIT = 4 << 20  # bytes of a file that is looked at as text


class RangeError(Exception):
    """No repository, or no such commit; the message is one sentence."""


def changed(root: Path, wanted: str, texts: Mapping[str, str]) -> dict[str, frozenset[int]]:
    """By file below `root`, the lines (from 1) of `texts` that differ from a commit: COMMIT, COMMIT.. for the same, or COMMIT...OTHER for where the two
    parted. A file that the commit does not have is new in all its lines. Raises RangeError."""
    with opened(root, wanted) as repository:
        base = _base(repository, wanted)
        return {name: _new_lines(repository, base, root, name, text) for name, text in texts.items()}


def staged(root: Path) -> list[Patched]:
    """The files below `root` that the index holds otherwise than the last commit, or with no commit yet, all of it. Raises RangeError."""
    with opened(root, "HEAD") as repository:
        before = _tree(repository, the_commit(repository, "HEAD")) if _has_commit(repository) else {}
        after = {path: bytes(entry.sha) for path, entry in repository.open_index().items() if hasattr(entry, "sha")}
        changed_paths = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
        return _patched(
            repository,
            root,
            changed_paths,
            lambda path: _blob(repository, before.get(path)),
            lambda path: _blob(repository, after.get(path)),
        )


def against(root: Path, wanted: str, documents: Mapping[str, str] = MappingProxyType({})) -> list[Patched]:
    """The files below `root` that are otherwise than in a commit, in open `documents` (relative path → text) or on disk: those that the commit or the index has, and new ones that are
    not ignored. Raises RangeError."""
    with opened(root, wanted) as repository:
        before, top = _tree(repository, _base(repository, wanted)), Path(repository.path).resolve()
        new = [_inside(top, root / entry.name) for entry in files.walk(root, files.Rules(root))]
        every = sorted({*before, *repository.open_index(), *new})
        return _patched(
            repository,
            root,
            every,
            lambda path: _blob(repository, before.get(path)),
            lambda path: _now(root, top, path, documents),
        )


def sides(repository: Repo, root: Path, commit: Commit) -> list[Patched]:
    """What a commit with a parent makes of the text files below `root`, against the first one."""
    from dulwich.diff_tree import tree_changes

    parent = the_commit(repository, commit.parents[0].decode())
    old, new = dict[bytes, bytes](), dict[bytes, bytes]()
    for change in tree_changes(repository.object_store, parent.tree, commit.tree):
        for side, found in ((change.old, old), (change.new, new)):
            if side is not None and side.path is not None and side.sha is not None and stat.S_ISREG(side.mode or 0):
                found[side.path] = bytes(side.sha)
    return _patched(
        repository,
        root,
        sorted({*old, *new}),
        lambda path: _blob(repository, old.get(path)),
        lambda path: _blob(repository, new.get(path)),
    )


@contextmanager
def opened(root: Path, wanted: str) -> Iterator[Repo]:
    """The repository around a folder. Whatever goes wrong inside the block is a RangeError: a repository is hostile input."""
    from dulwich.errors import NotGitRepository
    from dulwich.repo import Repo

    try:
        repository = Repo.discover(str(root))
    except NotGitRepository:
        raise RangeError(f"{root} is in no git repository.") from None
    except Exception as error:  # noqa: BLE001  hostile input: whatever is wrong with it, it is one sentence
        raise RangeError(f"The git repository of {root} cannot be read ({type(error).__name__}).") from None
    with repository:
        try:
            yield repository
        except RangeError:
            raise
        except Exception as error:  # noqa: BLE001  the same
            raise RangeError(f"{wanted!r} is no commit of this repository ({type(error).__name__}).") from None


def _patched(
    repository: Repo,
    root: Path,
    paths: Iterable[bytes],
    before: Callable[[bytes], bytes | None],
    after: Callable[[bytes], bytes | None],
) -> list[Patched]:
    """The text files below `root` whose two sides differ by more than their line ends."""
    top, found = Path(repository.path).resolve(), list[Patched]()
    for path in paths:
        whole = top / os.fsdecode(path)
        if not whole.is_relative_to(root):
            continue
        sides = before(path), after(path)
        if sides[0] == sides[1]:
            continue
        texts = [None if data is None else _decoded(data) for data in sides]
        if any(text is None and data is not None for text, data in zip(texts, sides, strict=True)):
            continue  # no text, or too large to be one
        if _plain(texts[0]) != _plain(texts[1]):
            found.append(Patched(whole.relative_to(root).as_posix(), texts[0], texts[1]))
    return found


def _plain(text: str | None) -> str | None:
    """Without Windows' line ends, which git may have put in or taken out."""
    return None if text is None else text.replace("\r\n", "\n")


def _decoded(data: bytes) -> str | None:
    """The text without a byte order mark, which editors leave out; None for what is none."""
    try:
        is_text = len(data) <= FILE_LIMIT and b"\0" not in data
        return encodings.decoded(data).removeprefix("\ufeff") if is_text else None
    except UnicodeDecodeError:
        return None


def _now(root: Path, top: Path, path: bytes, documents: Mapping[str, str]) -> bytes | None:
    """A file as the editor has it, else as it is on disk."""
    whole = top / os.fsdecode(path)
    text = documents.get(whole.relative_to(root).as_posix()) if whole.is_relative_to(root) else None
    return encodings.encoded(text) if text is not None else _on_disk(top, path)


def _on_disk(top: Path, path: bytes) -> bytes | None:
    """A file's content; None for what is none. A link is not followed: its target is not what the commit holds."""
    whole = top / os.fsdecode(path)
    try:
        return whole.read_bytes() if whole.is_file() and not whole.is_symlink() else None
    except OSError:
        return None


def _inside(top: Path, path: Path) -> bytes:
    return os.fsencode(path.relative_to(top).as_posix())


def _tree(repository: Repo, commit: Commit) -> dict[bytes, bytes]:
    """The files of a commit by path, as ids of their blobs."""
    found = repository.object_store.iter_tree_contents(commit.tree)
    return {
        bytes(one.path): bytes(one.sha)
        for one in found
        if one.path is not None and one.sha is not None and stat.S_ISREG(one.mode or 0)
    }


def _has_commit(repository: Repo) -> bool:
    try:
        return bool(repository.head())
    except KeyError:
        return False


def _blob(repository: Repo, sha: bytes | None) -> bytes | None:
    from dulwich.objects import Blob, ObjectID

    found = repository.object_store[ObjectID(sha)] if sha is not None else None
    return found.data if isinstance(found, Blob) else None


def _base(repository: Repo, wanted: str) -> Commit:
    from dulwich.graph import find_merge_base
    from dulwich.objectspec import parse_commit

    first, dots, second = wanted.partition("...")
    if not dots:
        return the_commit(repository, wanted.partition("..")[0] or "HEAD")
    pair = [the_commit(repository, one or "HEAD").id for one in (first, second)]
    found = find_merge_base(repository, pair)
    if not found:
        raise RangeError(f"The two commits of {wanted!r} have nothing in common.")
    commit = repository[found[0]]
    return parse_commit(repository, commit.id)


def the_commit(repository: Repo, wanted: str) -> Commit:
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
