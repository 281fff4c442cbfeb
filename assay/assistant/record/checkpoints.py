"""What Assay wrote into a project, so that it can be taken back: before each change the files as they were, and behind it as they became, as objects in this user's cache.

Nothing of it is kept in the project or its repository: a reference there would be published by whoever mirrors it, and the index may be in use. A change is begun in the log before the first file is touched and ended
behind the last one, so one that was cut off is taken back like any other. Lines that people wrote since stay, where they do not touch what is taken back.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

KEPT = 200  # changes of a project; older ones are forgotten, with their objects
SIZE_LIMIT = 64 << 20  # bytes of one file
_LOG = "log.jsonl"


class NotWritten(Exception):
    """Nothing was written; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of a change: its name relative to the project's root (POSIX), and its content before and after by digest; "" where it is not there."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One change: when it was written (seconds since 1970), what for, which files. `undone`: it was taken back; `is_whole`: it came to its end."""

    id: str
    at: float
    title: str
    files: tuple[Kept, ...]
    is_whole: bool = True
    undone: bool = False


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A change that was taken back. `was_there`: something of it stood in the files; else they were as before it already: an editor has not saved it, or somebody took it back by hand."""

    change: Checkpoint
    was_there: bool


class Checkpoints:
    """Those of one project. `cache` is this user's folder for what may be deleted."""

    def __init__(self, cache: Path, root: Path) -> None:
        own = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:24]
        self._root = root.resolve()
        self._folder = cache / "checkpoints" / own

    def note(self, title: str, texts: Mapping[str, tuple[bytes | None, bytes | None]]) -> Checkpoint:
        """Keep a change that somebody else writes: an editor, whose documents are saved later. Raises NotWritten."""
        with self._alone():
            made = self._begun(title, texts)
            self._ended("done", made)
        return made

    def apply(self, title: str, texts: Mapping[str, tuple[bytes | None, bytes | None]]) -> Checkpoint:
        """Write files, each from what it is to be now to what it becomes (None: it is not there). Raises NotWritten, with nothing written, where one is not what it should be; a file that cannot be written in the middle is
        told by the same exception once those before it are as they were."""
        with self._alone():
            for name, (before, _) in texts.items():
                if _read(self._path(name)) != before:
                    raise NotWritten(f"{name} was changed meanwhile; nothing is written.")
            made = self._begun(title, texts)
            try:
                self._write(dict(texts.items()))
            except NotWritten:
                if all(_read(self._path(name)) == before for name, (before, _) in texts.items()):
                    self._note({"left": made.id})
                raise
            self._ended("done", made)
        return made

    def _begun(self, title: str, texts: Mapping[str, tuple[bytes | None, bytes | None]]) -> Checkpoint:
        """A change in the log, before the first of its files is touched."""
        kept = tuple(Kept(name, self._put(before), self._put(after)) for name, (before, after) in texts.items())
        made = Checkpoint(secrets.token_hex(6), round(time.time(), 3), title, kept, is_whole=False)
        self._note({"begun": made.id, "at": made.at, "title": title, "files": [[f.name, f.before, f.after] for f in kept]})  # fmt: skip
        return made

    def log(self) -> tuple[Checkpoint, ...]:
        """The changes, the newest first."""
        found: dict[str, dict[str, Any]] = {}
        for line in self._lines():
            match line:
                case {"begun": str(own), "at": float() | int() as at, "title": str(title), "files": [*files]}:
                    kept = tuple(Kept(*map(str, one)) for one in files if isinstance(one, list) and len(one) == 3)
                    found[own] = {"id": own, "at": float(at), "title": title, "files": kept, "is_whole": False, "undone": False}  # fmt: skip
                case {"done": str(own)} if own in found:
                    found[own]["is_whole"] = True
                case {"undone": str(own)} if own in found:
                    found[own]["undone"] = True
                case {"left": str(own)}:
                    found.pop(own, None)
        return tuple(Checkpoint(**one) for one in reversed(found.values()))

    def undo(self, count: int = 1) -> tuple[TakenBack, ...]:
        """Take back the newest changes that were not, as many as `count`, each whole or not at all. Raises NotWritten where there is none, or where people's later edits touch what would be taken back; those before it are
        taken back then."""
        done: list[TakenBack] = []
        with self._alone():
            left = [one for one in self.log() if not one.undone]
            if not left:
                raise NotWritten("There is nothing to take back in this project.")
            for one in left[:count]:
                texts = self._taken_back(one)
                self._write(texts)
                self._ended("undone", one)
                done.append(TakenBack(one, any(now != before for now, before in texts.values())))
        return tuple(done)

    def newest(self) -> Checkpoint:
        """The newest change that was not taken back. Raises NotWritten where there is none."""
        for one in self.log():
            if not one.undone:
                return one
        raise NotWritten("There is nothing to take back in this project.")

    def without(self, one: Checkpoint, shown: Mapping[str, bytes]) -> dict[str, tuple[bytes | None, bytes | None]]:
        """What each file of a change is now and would be without it, for whoever takes it back in an editor and then says so (`taken`); `shown` are documents that are not as on disk. Raises NotWritten."""
        return self._taken_back(one, shown)

    def taken(self, one: Checkpoint) -> None:
        """A change was taken back by somebody else. Raises NotWritten."""
        with self._alone():
            self._ended("undone", one)

    def _ended(self, how: str, one: Checkpoint) -> None:
        """Say in the log that a change was made or taken back. Where that cannot be written the files are right nevertheless, and the change can be taken back again."""
        with contextlib.suppress(OSError, NotWritten):
            self._note({how: one.id})
            self._forget()

    def _taken_back(
        self, one: Checkpoint, shown: Mapping[str, bytes] | None = None
    ) -> dict[str, tuple[bytes | None, bytes | None]]:
        """What each file of a change is now, and is to be."""
        found: dict[str, tuple[bytes | None, bytes | None]] = {}
        for kept in one.files:
            path = self._path(kept.name)
            now = shown[kept.name] if shown and kept.name in shown else _read(path)
            before, after = self._get(kept.before), self._get(kept.after)
            if now in (before, after):
                found[kept.name] = now, before
            elif now is None or before is None or after is None:
                why = "was deleted since" if now is None else "was edited since, and did not exist before"
                raise NotWritten(f"{kept.name} {why}; “{one.title}” is left as it is.")
            else:
                found[kept.name] = now, _merged(after, now, before, f"{kept.name} was edited in the lines that “{one.title}” wrote; it is left as it is.")  # fmt: skip
        return found

    # ---- files

    def _path(self, name: str) -> Path:
        """Where a file of the project is. Raises NotWritten for a name that leads out of it."""
        pure = PurePosixPath(name)
        path = self._root / pure
        if pure.is_absolute() or ".." in pure.parts or not name or path.is_symlink():
            raise NotWritten(f"{name} is no file of this project; nothing is written.")
        if not path.parent.resolve().is_relative_to(self._root) or ".git" in pure.parts:
            raise NotWritten(f"{name} is outside of this project; nothing is written.")
        return path

    def _write(self, texts: Mapping[str, tuple[bytes | None, bytes | None]]) -> None:
        """All of them, or, where one cannot be written, none."""
        done: list[tuple[Path, bytes | None]] = []
        try:
            for name, (before, after) in texts.items():
                path = self._path(name)
                if before != after:
                    _replace(path, after)
                    done.append((path, before))
        except OSError as error:
            for path, before in reversed(done):
                with contextlib.suppress(OSError):
                    _replace(path, before)
            raise NotWritten(f"{error.filename or 'A file'} cannot be written ({error.strerror}).") from error

    # ---- the store

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else writes into this project meanwhile."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = open(self._folder / "lock", "w")  # noqa: SIM115  closed below
        except OSError as error:
            raise NotWritten(f"No checkpoint can be kept in {self._folder} ({error.strerror}); nothing is written.") from error  # fmt: skip
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _put(self, data: bytes | None) -> str:
        if data is None:
            return ""
        digest = hashlib.sha256(data).hexdigest()
        path = self._folder / digest
        if not path.exists():
            try:
                _replace(path, zlib.compress(data), mode=0o600)
            except OSError as error:
                raise NotWritten(f"No checkpoint can be kept in {self._folder} ({error.strerror}); nothing is written.") from error  # fmt: skip
        return digest

    def _get(self, digest: str) -> bytes | None:
        if not digest:
            return None
        try:
            data = zlib.decompress((self._folder / digest).read_bytes())
        except (OSError, zlib.error) as error:
            raise NotWritten("The checkpoint is not whole any more; nothing is written.") from error
        if hashlib.sha256(data).hexdigest() != digest:
            raise NotWritten("The checkpoint is not whole any more; nothing is written.")
        return data

    def _lines(self) -> list[Any]:
        found = []
        with contextlib.suppress(OSError):
            for line in (self._folder / _LOG).read_text("utf-8", "replace").splitlines():
                with contextlib.suppress(ValueError):  # the last one may have been cut off
                    found.append(json.loads(line))
        return found

    def _note(self, event: Mapping[str, Any]) -> None:
        path = self._folder / _LOG
        try:
            descriptor = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "ab") as file:
                is_cut = file.tell() and path.read_bytes()[-1:] != b"\n"
                file.write((b"\n" if is_cut else b"") + json.dumps(event).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise NotWritten(f"No checkpoint can be kept in {self._folder} ({error.strerror}); nothing is written.") from error  # fmt: skip

    def _forget(self) -> None:
        """Drop what is older than the newest KEPT, and objects that nothing speaks of."""
        every = self.log()
        if len(every) <= KEPT * 2:
            return
        kept = every[:KEPT]
        events: list[dict[str, object]] = []
        for one in reversed(kept):
            events.append({"begun": one.id, "at": one.at, "title": one.title, "files": [[f.name, f.before, f.after] for f in one.files]})  # fmt: skip
            events.extend({word: one.id} for word, is_so in (("done", one.is_whole), ("undone", one.undone)) if is_so)
        _replace(self._folder / _LOG, "".join(json.dumps(one) + "\n" for one in events).encode(), mode=0o600)
        known = {digest for one in kept for file in one.files for digest in (file.before, file.after)}
        for path in self._folder.iterdir():
            if len(path.name) == 64 and path.name not in known:
                path.unlink(missing_ok=True)


def _read(path: Path) -> bytes | None:
    """A file's content, None where it is not there. Raises NotWritten where nobody can tell."""
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise NotWritten(f"{path.name} is larger than {SIZE_LIMIT >> 20} MB; nothing is written.")
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NotWritten(f"{path.name} cannot be read ({error.strerror}); nothing is written.") from error


def _replace(path: Path, data: bytes | None, mode: int | None = None) -> None:
    """Put a file in the place of another in one go, with the other's permissions; or take it away."""
    if data is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        was = path.stat().st_mode & 0o7777 if path.exists() else None
        with open(beside, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None or was is not None:
            beside.chmod(was if was is not None else mode or 0o600)
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _merged(base: bytes, now: bytes, before: bytes, conflict: str) -> bytes:
    """`now` with what led from `before` to `base` taken back. Raises NotWritten with the sentence where both touch the same lines."""
    from merge3 import Merge3

    merge = Merge3(base.splitlines(True), now.splitlines(True), before.splitlines(True))
    groups = list(merge.merge_groups())
    if any(group[0] == "conflict" for group in groups):
        raise NotWritten(conflict)
    return b"".join(line for group in groups for line in group[1])
